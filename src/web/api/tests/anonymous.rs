//! What strangers and apps that mean no good try: codes without a secret, rows without an end, files without a token, and
//! questions about what the owner reads.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use actix_web::http::header;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::others::RemoteActor;
use crate::base::Audience;
use crate::federation::owner::login;
use crate::federation::owner::oauth::{self, AppRegistration};
use crate::federation::owner::publish::{self, NewPost};
use crate::store::access::apps::OAuthApp;
use crate::store::posts;
use crate::web::auth;
use crate::web::test_support::{TestResponse, TestServer};

const REDIRECT: &str = "evil://back";

async fn send(house: &TestServer, path: &str, form: &[(&str, &str)]) -> TestResponse {
    house.call(TestRequest::post().uri(path).set_form(form)).await
}

/// Client id and secret of a new app.
async fn app(house: &TestServer, scopes: &str) -> (String, String) {
    let form = [("client_name", "App"), ("redirect_uris", REDIRECT), ("scopes", scopes)];
    let app = send(house, "/api/v1/apps", &form).await.json();
    (app["client_id"].as_str().unwrap().to_owned(), app["client_secret"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn a_verifier_stands_for_the_secret_only_where_a_challenge_was_made() {
    let house = TestServer::new();
    let (id, secret) = app(&house, "read").await;
    let code = || {
        oauth::issue_code(&house.node, &oauth::check_authorization_request(&house.node, &id, REDIRECT, "read").unwrap())
            .unwrap()
    };
    let exchange = async |code: &str, more: &[(&str, &str)]| {
        let usual =
            [("grant_type", "authorization_code"), ("code", code), ("client_id", &id), ("redirect_uri", REDIRECT)];
        send(&house, "/oauth/token", &[&usual, more].concat()).await
    };
    // Another app has caught the code and knows the client id, which is no secret.
    for more in [&[("code_verifier", "anything")][..], &[], &[("code_verifier", "x"), ("client_secret", "y")]] {
        let reply = exchange(&code(), more).await;
        assert!(matches!(reply.code.as_u16(), 400 | 401) && !reply.text().contains("access_token"), "{more:?}");
    }
    assert_eq!(exchange(&code(), &[("client_secret", &secret)]).await.code.as_u16(), 200);
    let alone = [("grant_type", "client_credentials"), ("client_id", &id), ("code_verifier", "anything")];
    assert_eq!(send(&house, "/oauth/token", &alone).await.code.as_u16(), 401);
}

#[test]
fn strangers_apps_and_their_tokens_take_up_a_bounded_room() {
    let house = TestServer::new();
    let count =
        |table: &'static str| house.node.store.read(move |r| crate::store::access::apps::count_all(r, table)).unwrap();
    let node = &house.node;
    let register = |scopes: &str| {
        let (name, redirects) = ("App".to_owned(), vec![REDIRECT.to_owned()]);
        let asked = AppRegistration { name, redirects, scopes: scopes.to_owned(), website: None };
        oauth::register_app(node, asked).unwrap().0
    };
    let kept = register("read");
    oauth::issue_code(node, &oauth::check_authorization_request(node, &kept.client_id, REDIRECT, "read").unwrap())
        .unwrap();
    let first = register("read");
    (0..15).for_each(|_| drop(oauth::issue_app_token(node, &first, "read").unwrap()));
    assert_eq!(count("token"), 10);
    let asking = register("read");
    for _ in 0..230 {
        oauth::issue_app_token(node, &register("read"), "read").unwrap();
    }
    let known = |app: &OAuthApp| oauth::check_authorization_request(node, &app.client_id, REDIRECT, "read").is_ok();
    assert!(known(&asking) && known(&first), "the owner may just be looking for their password");
    house.test_store.clock.advance(Duration::from_mins(15));
    register("read");
    assert!(!known(&asking), "nobody let it in");
    assert!(count("app") <= 202 && count("token") <= 201, "{} {}", count("app"), count("token"));
    oauth::issue_app_token(node, &kept, "read").expect("the one the owner is letting in stays");
    (0..2_100).for_each(|_| drop(register("read")));
    assert_eq!(count("app"), 2_001, "a crowd has an end, too");
    let words = |n: usize| (0..n).map(|n| format!("read:{}", format!("{n:026b}").replace('0', "a").replace('1', "b")));
    let many = words(20_000).collect::<Vec<_>>().join(" ");
    assert_eq!(register(&many).scopes.split(' ').count(), 64);
}

#[actix_web::test]
async fn files_of_strangers_are_not_read() {
    let client = ApiClient::with("read");
    let body = "--x\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\nhi\r\n--x\r\nContent-Disposition: form-data; \
                name=\"file\"; filename=\"a.png\"\r\n\r\nbytes\r\n--x--\r\n";
    let form = |path: &str| {
        let kind = (header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        TestRequest::post().uri(path).insert_header(kind).set_payload(body)
    };
    for path in ["/api/v2/media", "/api/v1/apps", "/oauth/token"] {
        assert_eq!(client.server.call(form(path)).await.code.as_u16(), 401, "{path}");
    }
    assert_eq!(client.call(form("/api/v2/media")).await.code.as_u16(), 403, "read, and judged by its scope");
    let by_query = form(&format!("/api/v2/media?access_token={}", client.token));
    assert_eq!(client.server.call(by_query).await.code.as_u16(), 403);
}

#[actix_web::test]
async fn a_token_may_come_in_the_body_before_what_it_is_for() {
    let client = ApiClient::with("read write");
    let token = client.token.as_str();
    let part =
        |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n");
    let long = "y".repeat(200_000);
    let file = part("file; filename=a.png", &"no picture ".repeat(100_000));
    let post = |path: &str, kind: &'static str, body: String| {
        client.server.call(TestRequest::post().uri(path).insert_header((header::CONTENT_TYPE, kind)).set_payload(body))
    };
    let form = "multipart/form-data; boundary=x";
    for (token, code) in [(part("access_token", token), 422), (part("access_token", "nonsense"), 401)] {
        let reply = post("/api/v2/media", form, format!("{token}{file}--x--\r\n")).await;
        assert_eq!(reply.code.as_u16(), code, "{}", reply.text());
    }
    let late = post("/api/v2/media", form, format!("{file}{}--x--\r\n", part("access_token", token))).await;
    assert_eq!(late.code.as_u16(), 401, "what comes before it is a stranger's");
    let fields = |text: &str| part("access_token", token) + &part("status", text) + "--x--\r\n";
    let (plain, json) = ("application/x-www-form-urlencoded", "application/json");
    for (kind, body) in [
        (form, fields("one")),
        (plain, format!("status=two&access_token={token}")),
        (json, json!({"status": "three", "access_token": token}).to_string()),
    ] {
        let reply = post("/api/v1/statuses", kind, body).await;
        assert_eq!(reply.code.as_u16(), 200, "{kind}: {}", reply.text());
    }
    let huge = post("/api/v1/statuses", plain, format!("status={long}&access_token={token}")).await;
    assert_eq!(huge.code.as_u16(), 401, "nobody reads so far for a token");
    let own = client.post("/api/v1/statuses", &[("status", &long)]).await;
    assert_eq!(own.code.as_u16(), 422, "the owner's is read, and is too long: {}", own.text());
}

#[actix_web::test]
async fn strangers_do_not_learn_what_the_owner_reads() {
    let client = ApiClient::with("read write");
    let bob = RemoteActor::followed(&client.server, "bob");
    let alone = bob.says(&client.server, "read by the owner", json!({}));
    let root = bob.says(&client.server, "asked in public", json!({}));
    let secret = bob.says(&client.server, "asked quietly", json!({}));
    let answer = |to, audience| {
        let draft = NewPost { reply_to: Some(to), ..NewPost::new("an answer", audience) };
        publish::post(&client.server.node, draft).unwrap()
    };
    let open = answer(root, Audience::Public);
    answer(secret, Audience::Followers);
    let after = bob.answers(&client.server, open, "an answer to that");
    let boosted = bob.says(&client.server, "so good", json!({}));
    publish::boost(&client.server.node, boosted).unwrap();
    for (id, shown) in [(alone, 404), (secret, 404), (root, 200), (open, 200), (after, 200), (boosted, 200)] {
        for part in ["", "/context", "/history", "/favourited_by", "/reblogged_by"] {
            let path = format!("/api/v1/statuses/{id}{part}");
            assert_eq!(client.server.get(&path, "*/*").await.code.as_u16(), shown, "{path}");
            assert_eq!(client.get(&path).await.code.as_u16(), 200, "{path}");
        }
    }
    let several = format!("/api/v1/statuses?id[]={alone}&id[]={root}");
    assert_eq!(client.server.get(&several, "*/*").await.json().as_array().unwrap().len(), 1);
    let posts = format!("/api/v1/accounts/{}/statuses", bob.id);
    assert_eq!(client.server.get(&posts, "*/*").await.json(), Value::Array(Vec::new()));
    assert!(!client.get(&posts).await.json().as_array().unwrap().is_empty());
    let found = client.server.get("/api/v2/search?q=a", "*/*").await.json();
    let names: Vec<&Value> = found["accounts"].as_array().unwrap().iter().map(|one| &one["acct"]).collect();
    assert_eq!(names, ["ann"]);
}

#[actix_web::test]
async fn nobody_is_led_to_an_app_before_they_have_answered() {
    let house = TestServer::new();
    let session = login::open_session(&house.node.store, "a test").unwrap();
    let (id, _) = app(&house, "read").await;
    let ask = async |more: &str| {
        let path = format!("/oauth/authorize?client_id={id}&redirect_uri=evil%3A%2F%2Fback&scope=read&{more}");
        let cookie = (header::COOKIE, format!("{}={session}", auth::SESSION_COOKIE));
        let page = house.call(TestRequest::get().uri(&path).insert_header(cookie)).await;
        (page.code.as_u16(), page.header("location").to_owned())
    };
    assert_eq!(ask("response_type=code").await, (200, String::new()));
    let plain = "response_type=code&code_challenge=abc";
    for bad in ["response_type=token", "", plain, &format!("{plain}&code_challenge_method=plain")] {
        assert_eq!(ask(bad).await, (400, String::new()), "{bad}");
    }
}

#[actix_web::test]
async fn posts_that_answer_each_other_in_a_circle_make_a_thread_with_an_end() {
    let client = ApiClient::with("read");
    let bob = RemoteActor::followed(&client.server, "bob");
    let uri = |n: u8| format!("{}/circle/{n}", bob.uri);
    for (n, parent) in [(1, 2), (2, 3), (3, 1), (4, 4)] {
        let public = "https://www.w3.org/ns/activitystreams#Public";
        let note = json!({"type": "Note", "id": uri(n), "attributedTo": bob.uri, "content": "<p>round</p>",
            "inReplyTo": uri(parent), "to": [public]});
        bob.does(&client.server, json!({"type": "Create", "to": [public], "object": note}));
    }
    let id = |n| client.server.node.store.read(|r| posts::by_uri(r, &uri(n))).unwrap().unwrap().id.to_string();
    for (n, above, below) in [(1, vec![3, 2], vec![3, 2]), (4, vec![], vec![])] {
        let shown = client.get(&format!("/api/v1/statuses/{}/context", id(n))).await.json();
        let ids = |part: &str| -> Vec<String> {
            shown[part].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let named = |list: Vec<u8>| -> Vec<String> { list.into_iter().map(id).collect() };
        assert_eq!((ids("ancestors"), ids("descendants")), (named(above), named(below)));
    }
}

#[actix_web::test]
async fn strangers_see_who_stands_with_the_owner_in_the_open_and_nobody_else() {
    let client = ApiClient::with("read write follow");
    let house = &client.server;
    let hide = [("hide_collections", "true")];
    assert_eq!(client.form("PATCH", "/api/v1/accounts/update_credentials", &hide).await.code.as_u16(), 200);
    let (other, followed) =
        (|name: &str| RemoteActor::stranger(house, name), |name: &str| RemoteActor::followed(house, name));
    let post = house.post("hello", Audience::Public);
    let closed = house.post("for followers", Audience::Followers);
    // Read by the owner, and more: but nothing that a stranger could see.
    let (reader, silent) = (followed("reader"), other("silent"));
    reader.says(house, "for everyone, but the owner says nothing to it", json!({}));
    let near = followed("near");
    near.answers(house, closed.id, "to what is closed");
    let quiet = followed("quiet");
    let draft =
        NewPost { reply_to: Some(quiet.says(house, "asked", json!({}))), ..NewPost::new("?", Audience::Followers) };
    publish::post(&house.node, draft).unwrap();
    let spoken = other("spoken");
    publish::post(&house.node, NewPost::new("@spoken@there.example a word", Audience::Mentioned)).unwrap();
    let hidden = [&reader, &silent, &near, &quiet, &spoken];
    // In the owner's threads, above and below; boosted, boosting, liking, named.
    let (below, deep, above, middle) = (other("below"), other("deep"), followed("above"), followed("middle"));
    let first = below.answers(house, post.id, "first");
    deep.answers(house, first, "deeper");
    let root = above.says(house, "the root", json!({}));
    let draft =
        NewPost { reply_to: Some(middle.answers(house, root, "well")), ..NewPost::new("yes", Audience::Public) };
    publish::post(&house.node, draft).unwrap();
    let (boosted, boosting, liking, named) = (followed("boosted"), other("boosting"), other("liking"), other("named"));
    publish::boost(&house.node, boosted.says(house, "so good", json!({}))).unwrap();
    boosting.boosts(house, post.id);
    liking.does(house, json!({"type": "Like", "object": post.uri}));
    publish::post(&house.node, NewPost::new("as @named@there.example says", Audience::Quiet)).unwrap();
    let shown = [&below, &deep, &above, &middle, &boosted, &boosting, &liking, &named];
    let app = app(house, "read").await;
    let form = [("grant_type", "client_credentials"), ("client_id", &app.0), ("client_secret", &app.1)];
    let of_app = send(house, "/oauth/token", &form).await.json()["access_token"].as_str().unwrap().to_owned();
    let get = async |path: &str, token: Option<&str>| {
        let request = TestRequest::get().uri(path);
        let request = match token {
            Some(token) => request.insert_header((header::AUTHORIZATION, format!("Bearer {token}"))),
            None => request,
        };
        house.call(request).await
    };
    for (people, code) in [(&hidden[..], 404), (&shown[..], 200)] {
        for one in people {
            for part in ["", "/statuses", "/followers", "/following", "/featured_tags", "/endorsements"] {
                let path = format!("/api/v1/accounts/{}{part}", one.id);
                for token in [None, Some(of_app.as_str())] {
                    let reply = get(&path, token).await;
                    assert_eq!(reply.code.as_u16(), code, "{} {part} {token:?}", one.uri);
                }
                assert_eq!(client.get(&path).await.code.as_u16(), 200, "the owner sees all they know");
            }
            let name = one.uri.rsplit('/').next().unwrap();
            let lookup = format!("/api/v1/accounts/lookup?acct={name}@there.example");
            assert_eq!(get(&lookup, None).await.code.as_u16(), code, "{lookup}");
            assert_eq!(client.get(&lookup).await.code.as_u16(), 200, "{lookup}");
        }
    }
    let none = get("/api/v1/accounts/7", None).await;
    assert_eq!(get(&format!("/api/v1/accounts/{}", silent.id), None).await.json(), none.json(), "as if unknown");
    let ids: String = hidden.iter().chain(&shown).map(|one| format!("&id[]={}", one.id)).collect();
    let owner = house.node.owner().unwrap();
    let several = get(&format!("/api/v1/accounts?id[]={owner}{ids}"), Some(&of_app)).await.json();
    let names: Vec<&str> = several.as_array().unwrap().iter().filter_map(|one| one["username"].as_str()).collect();
    assert_eq!(names, ["ann", "below", "deep", "above", "middle", "boosted", "boosting", "liking", "named"]);
    // When somebody last wrote is what the owner's reading has brought here.
    below.answers(house, post.id, "something else");
    let path = format!("/api/v1/accounts/{}", below.id);
    assert_eq!(get(&path, None).await.json()["last_status_at"], Value::Null);
    assert!(client.get(&path).await.json()["last_status_at"].is_string());
}

#[actix_web::test]
async fn strangers_see_whom_the_owner_follows_when_the_owner_shows_it() {
    let client = ApiClient::with("read write follow");
    let house = &client.server;
    let (followed, picked) = (RemoteActor::followed(house, "followed"), RemoteActor::followed(house, "picked"));
    assert_eq!(client.post(&format!("/api/v1/accounts/{}/endorse", picked.id), &[]).await.code.as_u16(), 200);
    let code = async |one: &RemoteActor| house.get(&format!("/api/v1/accounts/{}", one.id), "*/*").await.code.as_u16();
    let hide = async |said: &str| {
        let form = [("hide_collections", said)];
        assert_eq!(client.form("PATCH", "/api/v1/accounts/update_credentials", &form).await.code.as_u16(), 200);
    };
    for (said, shown) in [("true", 404), ("false", 200), ("true", 404)] {
        hide(said).await;
        assert_eq!((code(&followed).await, code(&picked).await), (shown, 200), "hidden: {said}");
        let owner = house.node.owner().unwrap();
        let list = house.get(&format!("/api/v1/accounts/{owner}/endorsements"), "*/*").await.json();
        assert_eq!(list[0]["username"], "picked", "whom they recommend, they show");
    }
}
