//! Tests: what visitors must not see or do on any page; and that forms come from our own pages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use crate::base::Audience;
use crate::federation::owner::login;
use crate::federation::owner::publish::{self, NewPost};
use crate::store::posts::Post;
use crate::web::auth;
use crate::web::test_support::{TestResponse, TestServer};

const SECRETS: [&str; 2] = ["for followers alone", "for one alone"];

fn house() -> (TestServer, Post, Vec<Post>) {
    let house = TestServer::new();
    let open = house.post("out in the open #snow", Audience::Public);
    let answer = |text: &str, audience| {
        let draft = NewPost { reply_to: Some(open.id), ..NewPost::new(format!("{text} #snow"), audience) };
        let id = publish::post(&house.node, draft).unwrap();
        house.node.store.read(|r| crate::store::posts::by_id(r, id)).unwrap()
    };
    let hidden = vec![answer(SECRETS[0], Audience::Followers), answer(SECRETS[1], Audience::Mentioned)];
    (house, open, hidden)
}

fn said(reply: &TestResponse) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}

fn cookie(house: &TestServer) -> (String, String) {
    let value = login::open_session(&house.node.store, "a test").unwrap();
    let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
    (format!("{}={value}", auth::SESSION_COOKIE), csrf)
}

#[actix_web::test]
async fn private_posts_are_nowhere_a_stranger_can_look() {
    let (house, open, hidden) = house();
    let permalink = format!("/@ann/{}", open.id);
    for path in ["/@ann", &permalink, "/@ann/feed.atom", "/tags/snow", "/about", "/privacy-policy"] {
        let reply = house.get(path, "text/html").await;
        assert_eq!(reply.code, StatusCode::OK, "{path}");
        for secret in SECRETS {
            assert!(!said(&reply).contains(secret), "{path} tells {secret}");
        }
    }
    assert!(said(&house.get("/@ann/feed.atom", "*/*").await).contains("out in the open"));
    assert!(said(&house.get("/tags/Snow", "*/*").await).contains("out in the open"));
    let nothing = house.get("/@ann/1", "text/html").await;
    assert_eq!(nothing.code, StatusCode::NOT_FOUND);
    for post in &hidden {
        let reply = house.get(&format!("/@ann/{}", post.id), "text/html").await;
        assert_eq!((reply.code, said(&reply)), (nothing.code, said(&nothing)), "the same as none at all");
    }
}

#[actix_web::test]
async fn the_owners_pages_send_strangers_to_the_log_in() {
    let (house, open, _) = house();
    let (post, edit) = (format!("/post/{}", open.id), format!("/post/{}/edit", open.id));
    let person = format!("/people/{}", open.actor_id);
    let report = format!("{person}/report");
    let pages = [
        "/notifications",
        "/settings",
        "/queue",
        "/find",
        "/following",
        "/followers",
        "/requests",
        "/compose",
        "/around",
        "/settings/relays",
    ];
    let away = ["/blocks", "/servers", "/servers/check?host=a.example", "/servers/domain_blocks.csv", "/reports"];
    let away = away.into_iter().chain(["/servers/list/1", "/moving", "/texts", report.as_str()]);
    for path in pages.into_iter().chain(away).chain([post.as_str(), &edit, &person]) {
        let reply = house.get(path, "text/html").await;
        assert_eq!(reply.code, StatusCode::SEE_OTHER, "{path}");
        assert!(reply.header("location").starts_with("/login?next=%2F"), "{path}: {}", reply.header("location"));
    }
    assert_eq!(house.get("/", "text/html").await.header("location"), "/@ann");
}

#[actix_web::test]
async fn the_owner_sees_what_strangers_do_not() {
    let (house, open, hidden) = house();
    let (cookie, _) = cookie(&house);
    let get =
        async |path: String| house.call(TestRequest::get().uri(&path).insert_header(("Cookie", cookie.as_str()))).await;
    let home = get("/".into()).await;
    assert_eq!(home.code, StatusCode::OK);
    assert!(home.header("cache-control").contains("private"));
    let thread = get(format!("/post/{}", open.id)).await;
    for secret in SECRETS {
        assert!(said(&thread).contains(secret), "{secret}");
        assert!(said(&home).contains(secret), "{secret}");
    }
    for post in hidden {
        let reply = get(format!("/@ann/{}", post.id)).await;
        assert_eq!(reply.code, StatusCode::OK);
        assert!(reply.header("cache-control").contains("private"), "no cache may keep it");
    }
}

#[actix_web::test]
async fn a_form_needs_its_token_and_its_origin() {
    let (house, open, _) = house();
    let (cookie, csrf) = cookie(&house);
    let path = format!("/post/{}/like", open.id);
    let send = async |fields: &[(&str, &str)], headers: &[(&'static str, &'static str)]| {
        let mut request = TestRequest::post().uri(&path).insert_header(("Cookie", cookie.as_str())).set_form(fields);
        for header in headers {
            request = request.insert_header(*header);
        }
        house.call(request).await
    };
    let good = [("csrf", csrf.as_str()), ("back", "/post/7#p7")];
    assert_eq!(send(&[("csrf", "AAAA")], &[]).await.code, StatusCode::FORBIDDEN);
    assert_eq!(send(&[], &[]).await.code, StatusCode::FORBIDDEN);
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        assert_eq!(send(&good, &[header]).await.code, StatusCode::FORBIDDEN, "{header:?}");
    }
    let done = send(&good, &[("Origin", "https://social.example.org"), ("Sec-Fetch-Site", "same-origin")]).await;
    assert_eq!((done.code, done.header("location")), (StatusCode::SEE_OTHER, "/post/7#p7"));
    let away = send(&[("csrf", csrf.as_str()), ("back", "//evil.example/")], &[]).await;
    assert_eq!(away.header("location"), "/", "never to another server");
}

#[actix_web::test]
async fn every_page_is_sent_with_strict_headers() {
    let (house, _, _) = house();
    for path in ["/@ann", "/login", "/about", "/nothing/here", "/@ann/1"] {
        let reply = house.get(path, "text/html").await;
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; img-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'; base-uri 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        let html = said(&reply);
        assert!(!html.contains("style=\"") && !html.contains("onclick") && !html.contains("<script>"), "{path}");
    }
}

#[actix_web::test]
async fn the_feed_is_asked_for_again_cheaply() {
    let (house, _, _) = house();
    let first = house.get("/@ann/feed.atom", "*/*").await;
    assert_eq!(first.header("content-type"), "application/atom+xml; charset=utf-8");
    let again = TestRequest::get().uri("/@ann/feed.atom").insert_header(("If-None-Match", first.header("etag")));
    assert_eq!(house.call(again).await.code, StatusCode::NOT_MODIFIED);
    let since =
        TestRequest::get().uri("/@ann/feed.atom").insert_header(("If-Modified-Since", first.header("last-modified")));
    assert_eq!(house.call(since).await.code, StatusCode::NOT_MODIFIED);
    let xml = said(&first);
    assert!(xml.starts_with("<?xml") && xml.contains("<content type=\"html\">&lt;p&gt;out in the open"), "{xml}");
}

#[actix_web::test]
async fn a_login_link_opens_once_and_leads_home() {
    let (house, _, _) = house();
    let link = login::make_login_link(&house.node.store, &house.node.facts.origin).unwrap();
    let path = link.strip_prefix("https://social.example.org").unwrap();
    let reply = house.get(path, "text/html").await;
    assert_eq!((reply.code, reply.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = reply.header("set-cookie");
    for part in ["hytte_session=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=7776000"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert_eq!(house.get(path, "text/html").await.code, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn the_password_opens_and_a_wrong_one_does_not() {
    let (house, _, _) = house();
    login::set_password(&house.node.store, "nine goats on a roof").unwrap();
    let send = async |password: &str| {
        let form = [("password", password), ("next", "/find?q=%40bo")];
        house.call(TestRequest::post().uri("/login").set_form(form)).await
    };
    let wrong = send("eight goats").await;
    assert_eq!(wrong.code, StatusCode::BAD_REQUEST);
    assert!(said(&wrong).contains("That is not the password.") && wrong.header("set-cookie").is_empty());
    let right = send("nine goats on a roof").await;
    assert_eq!((right.code, right.header("location")), (StatusCode::SEE_OTHER, "/find?q=%40bo"));
    assert!(right.header("set-cookie").starts_with("hytte_session="));
}

#[actix_web::test]
async fn what_was_typed_is_not_lost_when_something_is_wrong_with_it() {
    let (house, _, _) = house();
    let (cookie, csrf) = cookie(&house);
    let form =
        [("csrf", csrf.as_str()), ("text", "  "), ("warning", "a <long> warning"), ("audience", "quiet"), ("alt", "")];
    let reply = house.call(TestRequest::post().uri("/compose").insert_header(("Cookie", cookie)).set_form(form)).await;
    assert_eq!(reply.code, StatusCode::BAD_REQUEST);
    let html = said(&reply);
    assert!(html.contains("role=\"alert\"") && html.contains("a &lt;long&gt; warning"), "{html}");
    assert!(html.contains("<option value=\"quiet\" selected>"), "{html}");
}

#[actix_web::test]
async fn a_visit_from_another_server_leads_to_find_and_nowhere_else() {
    let (house, _, _) = house();
    let (cookie, _) = cookie(&house);
    let path = "/authorize_interaction?uri=https%3A%2F%2Fevil.example%2F";
    let owner = house.call(TestRequest::get().uri(path).insert_header(("Cookie", cookie))).await;
    assert_eq!(owner.header("location"), "/find?q=https%3A%2F%2Fevil.example%2F");
    let stranger = house.get(path, "text/html").await;
    assert!(stranger.header("location").starts_with("/login?next=%2Ffind"));
}
