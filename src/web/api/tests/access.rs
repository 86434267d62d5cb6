//! Ways in: apps, tokens, scopes, the page that asks the owner, and what strangers get to see.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::header;
use actix_web::test::TestRequest;
use serde_json::Value;

use super::ApiClient;
use crate::base::Audience;
use crate::federation::owner::{login, oauth};
use crate::web::auth;
use crate::web::test_support::TestServer;

#[actix_web::test]
async fn an_app_registers_is_allowed_in_and_posts() {
    let house = TestServer::new();
    let form = [
        ("client_name", "Tusky"),
        ("redirect_uris", "oauth2redirect://com.keylesspalace.tusky/"),
        ("scopes", "read write follow push"),
    ];
    let app = house.call(TestRequest::post().uri("/api/v1/apps").set_form(form)).await;
    assert_eq!(app.code.as_u16(), 200, "{}", app.text());
    let app = app.json();
    assert_eq!(app["redirect_uri"], "oauth2redirect://com.keylesspalace.tusky/");
    let (id, secret) = (app["client_id"].as_str().unwrap(), app["client_secret"].as_str().unwrap());
    let asked =
        oauth::check_authorization_request(&house.node, id, "oauth2redirect://com.keylesspalace.tusky/", "read write")
            .unwrap();
    let code = oauth::issue_code(&house.node, &asked).unwrap();
    // Mammoth sends all of it in the query, with an empty form.
    let query = format!(
        "/oauth/token?grant_type=authorization_code&code={code}&client_id={id}&client_secret={secret}&redirect_uri=oauth2redirect%3A%2F%2Fcom.keylesspalace.tusky%2F"
    );
    let exchange =
        TestRequest::post().uri(&query).insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
    let token = house.call(exchange).await;
    assert_eq!(token.code.as_u16(), 200, "{}", token.text());
    let token = token.json();
    assert_eq!((&token["scope"], &token["token_type"]), (&Value::from("read write"), &Value::from("Bearer")));
    let client = ApiClient { server: house, token: token["access_token"].as_str().unwrap().to_owned() };
    let me = client.get("/api/v1/accounts/verify_credentials/").await.json();
    assert_eq!((&me["username"], &me["acct"]), (&Value::from("ann"), &Value::from("ann")));
    assert_eq!(me["source"]["sensitive"], false);
    let posted = client.post("/api/v1/statuses", &[("status", "Hello from an app"), ("visibility", "unlisted")]).await;
    assert_eq!(posted.code.as_u16(), 200, "{}", posted.text());
    let posted = posted.json();
    assert_eq!(
        (&posted["content"], &posted["visibility"]),
        (&Value::from("<p>Hello from an app</p>"), &Value::from("unlisted"))
    );
    let home = client.get("/api/v1/timelines/home?limit=1").await;
    assert_eq!(home.json()[0]["id"], posted["id"]);
    let link = home.header("link").to_owned();
    assert!(link.contains("rel=\"next\"") && link.contains("max_id="), "{link}");
    let revoke = [("client_id", id), ("client_secret", secret), ("token", client.token.as_str())];
    assert_eq!(client.server.call(TestRequest::post().uri("/oauth/revoke").set_form(revoke)).await.code.as_u16(), 200);
    assert_eq!(client.get("/api/v1/timelines/home").await.code.as_u16(), 401);
}

#[actix_web::test]
async fn tokens_do_what_their_scopes_say_and_no_more() {
    let client = ApiClient::with("read:statuses");
    assert_eq!(client.get("/api/v1/timelines/home").await.code.as_u16(), 200);
    let refused = client.post("/api/v1/statuses", &[("status", "x")]).await;
    assert_eq!(
        (refused.code.as_u16(), refused.json()["error"].clone()),
        (403, "This action is outside the authorized scopes".into())
    );
    let none = client.server.get("/api/v1/timelines/home", "*/*").await;
    assert_eq!((none.code.as_u16(), none.json()["error"].clone()), (401, "The access token is invalid".into()));
    assert_eq!(none.header("access-control-allow-origin"), "*");
    let unknown = client.get("/api/v1/nonsense").await;
    assert_eq!((unknown.code.as_u16(), unknown.header("content-type")), (404, "application/json; charset=utf-8"));
}

#[actix_web::test]
async fn strangers_see_what_is_open_and_nothing_else() {
    let client = ApiClient::with("read");
    let (open, closed) =
        (client.server.post("for all", Audience::Public), client.server.post("secret", Audience::Followers));
    let path = |id: &crate::base::id::PostId| format!("/api/v1/statuses/{id}");
    assert_eq!(client.get(&path(&closed.id)).await.code.as_u16(), 200);
    assert_eq!(client.server.get(&path(&open.id), "*/*").await.code.as_u16(), 200);
    for at in [path(&closed.id), format!("{}/context", path(&closed.id)), path(&crate::base::id::PostId(7))] {
        let reply = client.server.get(&at, "*/*").await;
        assert_eq!((reply.code.as_u16(), reply.json()["error"].clone()), (404, "Record not found".into()), "{at}");
    }
    let account = client.get("/api/v1/accounts/verify_credentials").await.json()["id"].as_str().unwrap().to_owned();
    let list = client.server.get(&format!("/api/v1/accounts/{account}/statuses"), "*/*").await;
    assert!(list.text().contains("for all") && !list.text().contains("secret"), "{}", list.text());
}

/// A browser that is logged in: its cookie and the token of its forms.
fn browser(house: &TestServer) -> (String, String) {
    let value = login::open_session(&house.node.store, "a test").unwrap();
    let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
    (format!("{}={value}", auth::SESSION_COOKIE), csrf)
}

#[actix_web::test]
async fn the_owner_is_asked_on_a_page_and_the_app_hears_yes_or_no() {
    let house = TestServer::new();
    let (cookie, csrf) = browser(&house);
    let form = [("client_name", "Ice <b>Cubes</b>"), ("redirect_uris", "icecubesapp://"), ("scopes", "read write")];
    let app = house.call(TestRequest::post().uri("/api/v1/apps").set_form(form)).await.json();
    let id = app["client_id"].as_str().unwrap().to_owned();
    let asked = |redirect: &str| {
        format!(
            "/oauth/authorize?response_type=code&client_id={id}&redirect_uri={redirect}&scope=read+write&state=a%20b"
        )
    };
    let stranger = house.get(&asked("icecubesapp%3A%2F%2F"), "text/html").await;
    assert_eq!(stranger.code.as_u16(), 303);
    assert!(
        stranger.header("location").starts_with("/login?next=%2Foauth%2Fauthorize"),
        "{}",
        stranger.header("location")
    );
    let visit = |path: String| TestRequest::get().uri(&path).insert_header(("Cookie", cookie.clone()));
    let page = house.call(visit(asked("icecubesapp%3A%2F%2F"))).await;
    assert_eq!(page.code.as_u16(), 200);
    assert!(
        page.text().contains("Ice &lt;b&gt;Cubes&lt;/b&gt;") && page.text().contains("write, change and delete posts")
    );
    assert!(!page.header("content-security-policy").contains("form-action"), "it would stop the way back to the app");
    let slash = asked("icecubesapp%3A%2F%2F").replacen("authorize?", "authorize/?", 1);
    assert_eq!(house.call(visit(slash)).await.code.as_u16(), 200, "toot asks so");
    let elsewhere = house.call(visit(asked("https%3A%2F%2Fevil.example"))).await;
    assert_eq!(
        (elsewhere.code.as_u16(), elsewhere.header("location")),
        (400, ""),
        "nobody is led to an unknown address"
    );
    let decide = |decision: &'static str| {
        let fields = vec![
            ("csrf", csrf.clone()),
            ("response_type", "code".to_owned()),
            ("client_id", id.clone()),
            ("redirect_uri", "icecubesapp://".to_owned()),
            ("scope", "read".to_owned()),
            ("state", "a b".to_owned()),
            ("decision", decision.to_owned()),
        ];
        TestRequest::post().uri("/oauth/authorize").insert_header(("Cookie", cookie.clone())).set_form(fields)
    };
    let no = house.call(decide("deny")).await;
    assert_eq!((no.code.as_u16(), no.header("location")), (302, "icecubesapp://?error=access_denied&state=a%20b"));
    let yes = house.call(decide("allow")).await;
    assert_eq!(yes.code.as_u16(), 302);
    let way = yes.header("location").to_owned();
    let code = way.strip_prefix("icecubesapp://?code=").unwrap().strip_suffix("&state=a%20b").unwrap();
    let secret = app["client_secret"].as_str().unwrap();
    let exchange = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", &id),
        ("client_secret", secret),
        ("redirect_uri", "icecubesapp://"),
    ];
    let token = house.call(TestRequest::post().uri("/oauth/token").set_form(exchange)).await.json();
    assert_eq!(token["scope"], "read", "no more than was granted");
    let list = house.call(visit("/settings/apps".to_owned())).await;
    assert!(list.text().contains("Ice &lt;b&gt;Cubes&lt;/b&gt;"), "the owner sees which apps may act");
}

#[actix_web::test]
async fn whoever_opened_the_way_in_as_a_popup_keeps_hold_of_it_and_of_no_other_page() {
    let house = TestServer::new();
    let (cookie, _) = browser(&house);
    let form = [("client_name", "Elk"), ("redirect_uris", "https://elk.example/"), ("scopes", "read")];
    let app = house.call(TestRequest::post().uri("/api/v1/apps").set_form(form)).await.json();
    let asked = format!(
        "/oauth/authorize?response_type=code&client_id={}&redirect_uri=https%3A%2F%2Felk.example%2F",
        app["client_id"].as_str().unwrap()
    );
    let cut = async |request: TestRequest, code: u16| {
        let reply = house.call(request).await;
        assert_eq!(reply.code.as_u16(), code, "{}", reply.text());
        !matches!(reply.header("cross-origin-opener-policy"), "" | "unsafe-none")
    };
    let visit = |path: &str| TestRequest::get().uri(path);
    let wrong = TestRequest::post().uri("/login").set_form([("password", "wrong"), ("next", asked.as_str())]);
    for (request, code) in [
        (visit(&asked), 303),
        (visit(&asked).insert_header(("Cookie", cookie.clone())), 200),
        (visit("/oauth/authorize?client_id=x").insert_header(("Cookie", cookie.clone())), 400),
        (visit("/oauth/authorize/?client_id=x").insert_header(("Cookie", cookie.clone())), 400),
        (visit("/login"), 200),
        (wrong, 400),
        (visit("/login/link/of-yesterday"), 403),
    ] {
        assert!(!cut(request, code).await, "a page of another site that waits for its popup would lose it");
    }
    for (path, code) in [("/", 200), ("/settings", 200), ("/post/7", 404), ("/nowhere", 404)] {
        assert!(cut(visit(path).insert_header(("Cookie", cookie.clone())), code).await, "{path}");
    }
}
