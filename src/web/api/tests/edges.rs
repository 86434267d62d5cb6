//! Where the API ends: unknown paths and methods, `HEAD` and `OPTIONS`, slashes behind paths, and old ways to ask.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use super::ApiClient;
use super::others::RemoteActor;
use crate::base::Audience;
use crate::federation::owner::publish;
use crate::store::queue::deliveries;
use crate::web::api::routes::ROUTES;
use crate::web::test_support::RemoteBob;

fn request(method: &Method, path: &str) -> TestRequest {
    TestRequest::default().method(method.clone()).uri(path)
}

#[actix_web::test]
async fn a_path_that_is_not_there_answers_what_clients_read() {
    let client = ApiClient::with("read");
    for (method, path) in [
        (Method::GET, "/api/v1/nonsense"),
        (Method::GET, "/api/v9/instance"),
        (Method::GET, "/api/v1/invites/x"),
        (Method::GET, "/api/v1/proofs"),
        (Method::GET, "/api/v1_alpha/async_refreshes/1"),
        (Method::DELETE, "/api/v1/instance"),
        (Method::PUT, "/api/v1/timelines/home"),
        (Method::GET, "/oauth/nonsense"),
        (Method::GET, "/oauth/token"),
        (Method::GET, "/oauth/token/info"),
        (Method::GET, "/oauth/authorize/native/x"),
    ] {
        let reply = client.call(request(&method, path)).await;
        assert_eq!((reply.code.as_u16(), reply.json()), (404, json!({"error": "Not Found"})), "{method} {path}");
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
    }
    let administration = client.get("/api/v1/admin/accounts").await;
    assert_eq!(
        (administration.code.as_u16(), administration.json()),
        (403, json!({"error": "This action is not allowed"}))
    );
}

#[actix_web::test]
async fn every_route_lets_browsers_ask_first_and_readers_ask_for_the_head_alone() {
    let client = ApiClient::with("read write follow push profile");
    for route in ROUTES {
        let path = route.path.replace("{}", "1");
        let asked = request(&Method::OPTIONS, &path)
            .insert_header(("Origin", "https://phanpy.example"))
            .insert_header(("Access-Control-Request-Headers", "authorization,idempotency-key"));
        let asked = client.server.call(asked).await;
        assert!(asked.code.is_success() && asked.body.is_empty(), "{path}");
        assert_eq!(asked.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(asked.header("access-control-allow-headers"), "authorization,idempotency-key", "{path}");
        assert!(asked.header("access-control-allow-methods").contains(route.method), "{path}");
        if route.method == "GET" {
            let (whole, head) = (client.get(&path).await, client.call(request(&Method::HEAD, &path)).await);
            assert_eq!((head.code, head.body.len()), (whole.code, 0), "{path}");
            assert_eq!(head.header("link"), whole.header("link"), "{path}");
            assert_eq!(head.header("content-type"), "application/json; charset=utf-8", "{path}");
            let slash = client.get(&format!("{path}/")).await;
            assert_eq!(slash.code, whole.code, "{path}/");
        }
    }
}

#[actix_web::test]
async fn a_boost_answers_nobody_and_can_be_deleted_by_its_own_id() {
    let client = ApiClient::with("read write");
    let other = RemoteActor::followed(&client.server, "eve");
    let first = client.server.post("first", Audience::Public);
    let answer = other.answers(&client.server, first.id, "and second");
    let boost = publish::boost(&client.server.node, answer).unwrap();
    let path = format!("/api/v1/statuses/{boost}");
    let shown = client.get(&path).await.json();
    assert_eq!((&shown["in_reply_to_id"], &shown["in_reply_to_account_id"]), (&json!(null), &json!(null)));
    assert_eq!(shown["reblog"]["in_reply_to_id"], json!(first.id.to_string()));
    let gone = client.form("DELETE", &path, &[]).await;
    assert_eq!(gone.code.as_u16(), 200, "{}", gone.text());
    let gone = gone.json();
    assert_eq!((&gone["id"], &gone["text"]), (&json!(boost.to_string()), &json!("")));
    assert_eq!(client.get(&path).await.code.as_u16(), 404);
    assert_eq!(client.get(&format!("/api/v1/statuses/{answer}")).await.json()["reblogged"], false, "the post stays");
    let theirs = other.boosts(&client.server, first.id);
    let theirs = format!("/api/v1/statuses/{theirs}");
    assert_eq!(client.form("DELETE", &theirs, &[]).await.code.as_u16(), 404, "others' boosts are theirs");
    assert_eq!(client.get(&theirs).await.code.as_u16(), 200);
}

#[actix_web::test]
async fn mammoths_way_to_dismiss_a_notification_dismisses_it() {
    let client = ApiClient::with("read write");
    let post = client.server.post("hello", Audience::Public);
    RemoteActor::followed(&client.server, "eve").answers(&client.server, post.id, "hello to you");
    let all = "/api/v1/notifications";
    let id = client.get(all).await.json()[0]["id"].as_str().unwrap().to_owned();
    for id in ["", "x", "0", "999", &id, &id] {
        let done = client.post("/api/v1/notifications/dismiss", &[("id", id)]).await;
        assert_eq!((done.code.as_u16(), done.text().as_str()), (200, "{}"), "{id}");
    }
    assert_eq!(client.get(all).await.json(), json!([]));
}

#[actix_web::test]
async fn only_scopes_there_are_stand_in_the_metadata() {
    let client = ApiClient::with("read");
    let said = client.get("/.well-known/oauth-authorization-server").await.json();
    let scopes: Vec<&str> =
        said["scopes_supported"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
    assert!(["read", "write:media", "read:search", "write:conversations"].iter().all(|one| scopes.contains(one)));
    assert!(
        !["read:media", "read:reports", "write:search", "read:conversations"].iter().any(|one| scopes.contains(one))
    );
}

#[actix_web::test]
async fn lists_numbers_and_forms_are_read_as_http_libraries_write_them() {
    let client = ApiClient::with("read write follow");
    let post = client.server.post("hello", Audience::Public);
    let again = client.server.post("hello again", Audience::Public);
    let both = client.get(&format!("/api/v1/statuses?id={}&id={}", post.id, again.id)).await.json();
    assert_eq!(both.as_array().unwrap().len(), 2, "a list without brackets");
    let eve = RemoteActor::followed(&client.server, "eve").id;
    for (number, ends) in [("3600.0", true), ("3600", true), ("0", false)] {
        let muted = client.post(&format!("/api/v1/accounts/{eve}/mute"), &[("duration", number)]).await.json();
        assert_eq!((&muted["muting"], muted["muting_expires_at"].is_string()), (&json!(true), ends), "{number}");
    }
    for body in ["", "--XX--\r\n", "--XX--"] {
        let request = TestRequest::post()
            .uri(&format!("/api/v1/statuses/{}/favourite", post.id))
            .insert_header(("Content-Type", "multipart/form-data; boundary=XX"))
            .set_payload(body);
        let liked = client.call(request).await;
        assert_eq!((liked.code.as_u16(), &liked.json()["favourited"]), (200, &json!(true)), "{body:?}");
    }
    let png = "\u{89}PNG";
    let named = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''x.png\r\n\r\n{png}\r\n--XX--\r\n"
    );
    let request = TestRequest::post()
        .uri("/api/v2/media")
        .insert_header(("Content-Type", "multipart/form-data; boundary=XX"))
        .set_payload(named);
    let refused = client.call(request).await.json()["error"].as_str().unwrap().to_owned();
    assert!(!refused.contains("blank"), "the file came: {refused}");
}

#[actix_web::test]
async fn pins_may_be_for_followers_and_are_ones_own() {
    let client = ApiClient::with("read write");
    let other = RemoteActor::followed(&client.server, "eve");
    let first = client.server.post("first", Audience::Public);
    let answer = other.answers(&client.server, first.id, "and second");
    let closed = client.server.post("for followers", Audience::Followers);
    let direct = client.server.post("for @nobody", Audience::Mentioned);
    RemoteBob::known_to(&client.server).follows(&client.server);
    let pin = async |id: &dyn std::fmt::Display, act: &str| {
        client.post(&format!("/api/v1/statuses/{id}/{act}"), &[]).await.code.as_u16()
    };
    assert_eq!(pin(&answer, "pin").await, 422, "somebody else's");
    assert_eq!(pin(&answer, "unpin").await, 200, "it is not pinned, and stays so");
    assert_eq!(pin(&direct.id, "pin").await, 422);
    assert_eq!((pin(&first.id, "pin").await, pin(&closed.id, "pin").await), (200, 200));
    let own = client.get("/api/v1/accounts/verify_credentials").await.json()["id"].as_str().unwrap().to_owned();
    let pinned = format!("/api/v1/accounts/{own}/statuses?pinned=true");
    assert_eq!(client.get(&pinned).await.json().as_array().unwrap().len(), 2);
    assert_eq!(client.server.get(&pinned, "*/*").await.json().as_array().unwrap().len(), 1);
    let featured = client.server.peer_get("/users/ann/collections/featured").await;
    assert!(!featured.text().contains(&closed.id.to_string()), "{}", featured.text());
    let waiting = client.server.node.store.read(|r| deliveries::waiting(r, 50)).unwrap();
    assert_eq!(waiting.len(), 1, "of the public pin alone: {waiting:?}");
}

#[actix_web::test]
async fn slashes_that_came_twice_are_one() {
    let client = ApiClient::with("read");
    for path in ["//api/v1/instance", "/api//v1/instance", "///api/v1//instance/", "/api/v1//timelines/home?limit=1"] {
        let reply = client.get(path).await;
        assert_eq!(reply.code.as_u16(), 200, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8", "{path}");
    }
    client.server.post("one", Audience::Public);
    client.server.post("two", Audience::Public);
    let link = client.get("//api/v1/timelines/home?limit=1").await.header("link").to_owned();
    assert!(link.starts_with("<https://social.example.org/api/v1/timelines/home?"), "{link}");
    let told = client.get("//api/v1/streaming/health").await;
    assert_eq!((told.code.as_u16(), told.text().as_str()), (200, "OK"));
    let unknown = client.get("//api/v1/nonsense").await;
    assert_eq!((unknown.code.as_u16(), unknown.json()), (404, json!({"error": "Not Found"})));
    let consent = client.server.get("//oauth/authorize?client_id=x", "text/html").await;
    assert_eq!(consent.header("location"), "/login?next=%2Foauth%2Fauthorize%3Fclient_id%3Dx");
    for path in ["//about", "//login", "/apis//v1", "//evil.example/api/v1/instance"] {
        assert_eq!(client.get(path).await.code.as_u16(), 404, "{path}");
    }
}
