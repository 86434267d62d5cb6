//! What holds for every route: any caller gets an answer that clients can read, and nobody gets more than their token says.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::{Method, header};
use actix_web::test::TestRequest;

use super::ApiClient;
use crate::federation::owner::oauth;
use crate::web::api::routes::{ROUTES, RequiredAccess};
use crate::web::test_support::TestResponse;

/// What may stand in a path: an id of nothing, none at all, too large a one, and words.
const PARTS: [&str; 4] = ["1", "0", "99999999999999999999", "no%20id%00"];

/// Endless ones are streams: their tests are elsewhere.
fn is_stream(path: &str) -> bool {
    path.starts_with("/api/v1/streaming")
}

async fn ask(client: &ApiClient, token: Option<&str>, method: &str, path: &str) -> TestResponse {
    let mut request = TestRequest::default().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
    if let Some(token) = token {
        request = request.insert_header((header::AUTHORIZATION, format!("Bearer {token}")));
    }
    client.server.call(request).await
}

#[actix_web::test]
async fn every_route_answers_anything_in_a_way_clients_can_read() {
    let client = ApiClient::with("read write follow push profile");
    for route in ROUTES.iter().filter(|route| !is_stream(route.path)) {
        for part in PARTS {
            let path = route.path.replace("{}", part);
            for query in ["", "?limit=-1&max_id=x&min_id=99999999999999999999&since_id=&offset=-7&q=%00&id[]=x&id[]=1"]
            {
                let reply = ask(&client, Some(&client.token), route.method, &format!("{path}{query}")).await;
                assert!(reply.code.as_u16() < 500, "{} {path}{query}: {} {}", route.method, reply.code, reply.text());
            }
            if !route.path.contains("{}") {
                break;
            }
        }
    }
}

#[actix_web::test]
async fn no_route_does_anything_for_a_token_that_may_not() {
    let client = ApiClient::with("push");
    let other = oauth::create_personal_token(&client.server.node, "another", "write:reports").unwrap();
    for route in ROUTES.iter().filter(|route| !is_stream(route.path)) {
        let path = route.path.replace("{}", "1");
        for bad in ["nonsense", "", "é"] {
            let answer = ask(&client, Some(bad), route.method, &path).await.code.as_u16();
            let open = match route.need {
                RequiredAccess::Nothing => true,
                RequiredAccess::Optional(_) => bad != "nonsense",
                _ => false,
            };
            assert!(
                answer == 401 || open || route.path.starts_with("/oauth/"),
                "{} {path}: {answer} for “{bad}”",
                route.method
            );
        }
        if matches!(route.need, RequiredAccess::Scope(_) | RequiredAccess::Scopes(_)) {
            let poor = if matches!(route.need, RequiredAccess::Scope("push")) { &other } else { &client.token };
            let refused = ask(&client, Some(poor), route.method, &path).await;
            let said = refused.json()["error"].clone();
            assert_eq!(
                (refused.code.as_u16(), said),
                (403, "This action is outside the authorized scopes".into()),
                "{path}"
            );
            let stranger = ask(&client, None, route.method, &path).await;
            assert_eq!(stranger.code.as_u16(), 401, "{} {path}", route.method);
        }
    }
}

#[actix_web::test]
async fn where_no_token_is_needed_a_stale_one_does_no_harm() {
    let client = ApiClient::with("read");
    for (method, path) in [
        ("GET", "/api/v1/instance"),
        ("GET", "/api/v2/instance"),
        ("GET", "/api/v1/custom_emojis"),
        ("GET", "/api/v1/instance/rules"),
        ("POST", "/api/v1/apps?client_name=App&redirect_uris=app://x"),
    ] {
        let reply = ask(&client, Some("bogus"), method, path).await;
        assert_eq!(reply.code.as_u16(), 200, "{method} {path}: {}", reply.text());
        let reply = client.server.call(
            TestRequest::default()
                .method(method.parse().unwrap())
                .uri(&format!("{path}{}access_token=bogus", if path.contains('?') { '&' } else { '?' })),
        );
        assert_eq!(reply.await.code.as_u16(), 200, "{method} {path}, in the query");
    }
    let form = "--x\r\nContent-Disposition: form-data; name=\"client_name\"\r\n\r\nApp\r\n--x\r\n\
                Content-Disposition: form-data; name=\"redirect_uris\"\r\n\r\napp://x\r\n--x--\r\n";
    let form = TestRequest::post()
        .uri("/api/v1/apps")
        .insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=x"))
        .insert_header((header::AUTHORIZATION, "Bearer bogus"))
        .set_payload(form);
    let app = client.server.call(form).await;
    assert_eq!(app.code.as_u16(), 200, "{}", app.text());
    // Megalodon and others send the token that is to end as their bearer, and some send it twice.
    let app = app.json();
    let (id, secret) = (app["client_id"].as_str().unwrap(), app["client_secret"].as_str().unwrap());
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let token = client.server.call(TestRequest::post().uri("/oauth/token").set_form(form)).await.json();
    let token = token["access_token"].as_str().unwrap();
    for _ in 0..2 {
        let form = [("client_id", id), ("client_secret", secret), ("token", token)];
        let end = TestRequest::post().uri("/oauth/revoke").set_form(form);
        let end = client.server.call(end.insert_header((header::AUTHORIZATION, format!("Bearer {token}")))).await;
        assert_eq!(end.code.as_u16(), 200, "{}", end.text());
    }
    assert_eq!(ask(&client, Some("bogus"), "GET", "/api/v1/timelines/public").await.code.as_u16(), 401);
}
