//! Tests of the ActivityPub endpoints, as peers call them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::{StatusCode, header};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::base::Audience;
use crate::federation::owner::publish;
use crate::store::{node, posts, queue::deliveries};
use crate::web::test_support::{RemoteBob, TestServer};

const BASE: &str = "https://social.example.org";

fn path(uri: &str) -> &str {
    uri.strip_prefix(BASE).unwrap()
}

#[actix_web::test]
async fn webfinger_answers_every_form_peers_ask_in() {
    let house = TestServer::new();
    let ann = [
        "acct:ann@example.org",
        "acct:ann@social.example.org",
        "acct:ANN@Example.ORG",
        "acct%3Aann%40example.org",
        "ann@example.org",
        "@ann@example.org",
        "https://social.example.org/users/ann",
        "https%3A%2F%2Fsocial.example.org%2F%40ann",
        "https://social.example.org/@ann/",
    ];
    for resource in ann {
        let reply = house.get(&format!("/.well-known/webfinger?resource={resource}"), "*/*").await;
        assert_eq!(reply.code, StatusCode::OK, "{resource}");
        assert_eq!(reply.header("content-type"), "application/jrd+json");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        let jrd = reply.json();
        assert_eq!(jrd["subject"], "acct:ann@example.org", "{resource}");
        let links = jrd["links"].as_array().unwrap();
        let me: Vec<&Value> = links.iter().filter(|link| link["rel"] == "self").collect();
        assert_eq!(me.len(), 1);
        assert_eq!(me[0]["href"], format!("{BASE}/users/ann"));
        assert_eq!(me[0]["type"], "application/activity+json");
    }
    for resource in ["acct:social.example.org@social.example.org", "https://social.example.org/actor"] {
        let jrd = house.get(&format!("/.well-known/webfinger?resource={resource}"), "*/*").await.json();
        assert_eq!(jrd["subject"], "acct:social.example.org@social.example.org", "{resource}");
        assert!(jrd["aliases"].as_array().unwrap().contains(&json!(format!("{BASE}/actor"))));
    }
    let server = house.get("/.well-known/webfinger?resource=https://social.example.org/", "*/*").await.json();
    assert_eq!(server["links"][0]["href"], format!("{BASE}/actor"));
    let refused = [
        ("", 400),
        ("?resource=", 400),
        ("?rel=self", 400),
        ("?resource=acct:bob@example.org", 404),
        ("?resource=acct:ann@example.com", 404),
        ("?resource=nonsense", 404),
        ("?resource=https://example.com/@ann", 404),
    ];
    for (query, code) in refused {
        let reply = house.get(&format!("/.well-known/webfinger{query}"), "*/*").await;
        assert_eq!(reply.code.as_u16(), code, "{query}");
        assert!(reply.json()["error"].is_string(), "{query}");
    }
}

#[actix_web::test]
async fn discovery_has_the_exact_types() {
    let house = TestServer::new();
    let nodeinfo = |v: &str| format!("application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/{v}#\"");
    for (path, media_type) in [
        ("/.well-known/host-meta", "application/xrd+xml; charset=utf-8".to_owned()),
        ("/.well-known/host-meta.json", "application/json".to_owned()),
        ("/.well-known/nodeinfo", "application/json".to_owned()),
        ("/nodeinfo/2.0", nodeinfo("2.0")),
        ("/nodeinfo/2.1", nodeinfo("2.1")),
    ] {
        let reply = house.get(path, "*/*").await;
        assert_eq!((reply.code, reply.header("content-type")), (StatusCode::OK, media_type.as_str()), "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(!reply.body.is_empty());
    }
    assert_eq!(house.get("/nodeinfo/3.0", "*/*").await.code, StatusCode::NOT_FOUND);
    let info = house.get("/nodeinfo/2.1", "*/*").await.json();
    assert_eq!(info["metadata"]["staffAccounts"], json!([format!("{BASE}/users/ann")]));
}

#[actix_web::test]
async fn one_url_two_faces() {
    let house = TestServer::new();
    for accept in [
        "application/activity+json",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\"",
        "application/ld+json; profile=\"https://www.w3.org/ns/activitystreams\", application/activity+json, text/html;q=0.1",
    ] {
        for path in ["/@ann", "/users/ann", "/@Ann"] {
            let reply = house.get(path, accept).await;
            assert_eq!((reply.code, reply.header("content-type")), (StatusCode::OK, "application/activity+json"));
            assert_eq!(reply.header("vary"), "Accept");
            assert_eq!(reply.json()["id"], format!("{BASE}/users/ann"));
        }
    }
    for accept in ["text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "*/*"] {
        let page = house.get("/@ann", accept).await;
        assert!(page.header("content-type").starts_with("text/html"), "{accept}");
        assert_eq!((page.code, page.header("vary").contains("Accept")), (StatusCode::OK, true));
        let id = house.get("/users/ann", accept).await;
        assert_eq!((id.code, id.header("location")), (StatusCode::FOUND, "https://social.example.org/@ann"));
    }
    assert_eq!(house.call(TestRequest::get().uri("/@ann")).await.code, StatusCode::OK, "without any Accept");
    let head = TestRequest::default().method(actix_web::http::Method::HEAD).uri("/users/ann");
    let head = house.call(head.insert_header((header::ACCEPT, "application/activity+json"))).await;
    assert_eq!((head.code, head.header("content-type")), (StatusCode::OK, "application/activity+json"));
    for path in ["/@bob", "/users/bob", "/users/ann/nothing", "/users/ann/collections/nothing"] {
        assert_eq!(house.peer_get(path).await.code, StatusCode::NOT_FOUND, "{path}");
    }
    let actor = house.get("/actor", "*/*").await;
    assert_eq!(
        (actor.header("content-type"), &actor.json()["type"]),
        ("application/activity+json", &json!("Application"))
    );
}

#[actix_web::test]
async fn public_documents_may_be_kept_for_a_moment() {
    let house = TestServer::new();
    let first = house.peer_get("/users/ann").await;
    assert_eq!(first.header("cache-control"), "max-age=180, public");
    let again = TestRequest::get()
        .uri("/users/ann")
        .insert_header((header::ACCEPT, "application/activity+json"))
        .insert_header((header::IF_NONE_MATCH, first.header("etag")));
    let again = house.call(again).await;
    assert_eq!((again.code, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(again.header("etag"), first.header("etag"));
}

#[actix_web::test]
async fn posts_are_shown_by_their_audience() {
    let house = TestServer::new();
    let bob = RemoteBob::known_to(&house);
    let public = house.post("Hello", Audience::Public);
    let quiet = house.post("Hush", Audience::Quiet);
    let followers = house.post("For you", Audience::Followers);
    let nobody = house.post("Dear diary", Audience::Mentioned);
    for post in [&public, &quiet] {
        for url in [&post.uri, post.html_url()].map(path) {
            let reply = house.peer_get(url).await;
            assert_eq!((reply.code, &reply.json()["id"]), (StatusCode::OK, &json!(post.uri)), "{url}");
        }
    }
    let missing = house.peer_get(&format!("{}0", path(&public.uri))).await;
    for post in [&followers, &nobody] {
        for ending in ["", "/activity", "/replies", "/likes", "/shares"] {
            let url = format!("{}{ending}", path(&post.uri));
            for reply in [house.peer_get(&url).await, bob.get(&house, &url).await] {
                assert_eq!((reply.code, &reply.body), (StatusCode::NOT_FOUND, &missing.body), "{url}");
                assert_eq!(reply.header("cache-control"), "no-store");
            }
        }
        assert_eq!(house.peer_get(path(post.html_url())).await.code, StatusCode::NOT_FOUND);
    }
    bob.follows(&house);
    let reply = bob.get(&house, path(&followers.uri)).await;
    assert_eq!((reply.code, &reply.json()["id"]), (StatusCode::OK, &json!(followers.uri)));
    assert_eq!(reply.header("vary"), "Accept, Signature");
    assert!(reply.header("cache-control").contains("private"));
    assert_eq!(bob.get(&house, path(&nobody.uri)).await.code, StatusCode::NOT_FOUND);
    let outbox = house.peer_get("/users/ann/outbox?page=true").await.text();
    assert!(outbox.contains("Hush") && !outbox.contains("For you") && !outbox.contains("Dear diary"));
}

#[actix_web::test]
async fn deleted_posts_leave_a_tombstone() {
    let house = TestServer::new();
    let post = house.post("Oops", Audience::Public);
    publish::delete(&house.node, post.id).unwrap();
    for url in [post.uri.as_str(), post.html_url()].map(path) {
        let reply = house.peer_get(url).await;
        assert_eq!(
            (reply.code, reply.header("content-type")),
            (StatusCode::GONE, "application/activity+json"),
            "{url}"
        );
        assert_eq!((&reply.json()["type"], &reply.json()["id"]), (&json!("Tombstone"), &json!(post.uri)));
    }
    assert_eq!(house.get(path(&post.uri), "text/html").await.code, StatusCode::GONE);
    let outbox = house.peer_get("/users/ann/outbox").await.json();
    assert_eq!(outbox["totalItems"], 0);
}

#[actix_web::test]
async fn activities_show_their_post_as_it_is_now() {
    let house = TestServer::new();
    let bob = RemoteBob::known_to(&house);
    bob.follows(&house);
    let post = house.post("My PIN is 1234", Audience::Followers);
    let create = format!("{}/activity", path(&post.uri));
    assert!(bob.get(&house, &create).await.text().contains("1234"));
    let edit = publish::PostChange { text: "My PIN is a secret".to_owned(), ..publish::PostChange::default() };
    house.test_store.clock.advance(std::time::Duration::from_secs(60));
    publish::edit(&house.node, post.id, edit).unwrap();
    let sent: Vec<String> = house.node.store.read(|r| deliveries::activity_uris(r, 10)).unwrap();
    assert_eq!(sent.len(), 2, "Create and Update");
    for url in sent.iter().map(|uri| path(uri)).chain([create.as_str()]) {
        let reply = bob.get(&house, url).await;
        assert_eq!(reply.code, StatusCode::OK, "{url}");
        assert!(reply.text().contains("a secret") && !reply.text().contains("1234"), "{url}");
        assert_eq!(house.peer_get(url).await.code, StatusCode::NOT_FOUND, "{url}");
    }
    publish::delete(&house.node, post.id).unwrap();
    for url in sent.iter().map(|uri| path(uri)) {
        assert_eq!(bob.get(&house, url).await.code, StatusCode::GONE, "{url}");
    }
}

#[actix_web::test]
async fn collections_are_paged_and_lists_may_be_hidden() {
    let house = TestServer::new();
    for n in 0..25 {
        house.post(&format!("Post {n}"), Audience::Public);
    }
    let outbox = house.peer_get("/users/ann/outbox").await.json();
    assert_eq!((&outbox["type"], &outbox["totalItems"]), (&json!("OrderedCollection"), &json!(25)));
    let first = house.peer_get(path(outbox["first"].as_str().unwrap())).await.json();
    assert_eq!((&first["type"], &first["partOf"]), (&json!("OrderedCollectionPage"), &outbox["id"]));
    assert_eq!(first["orderedItems"].as_array().unwrap().len(), 20);
    assert_eq!(first["orderedItems"][0]["type"], "Create");
    let second = house.peer_get(path(first["next"].as_str().unwrap())).await.json();
    assert_eq!((second["orderedItems"].as_array().unwrap().len(), second.get("next")), (5, None));
    let create = first["orderedItems"][0]["id"].as_str().unwrap();
    assert_eq!(house.peer_get(path(create)).await.json()["object"], first["orderedItems"][0]["object"]);

    RemoteBob::known_to(&house).follows(&house);
    let followers = house.peer_get("/users/ann/followers").await.json();
    assert_eq!(followers["totalItems"], 1);
    let page = house.peer_get(path(followers["first"].as_str().unwrap())).await.json();
    assert_eq!(page["orderedItems"], json!(["https://b.example/users/bob"]));
    house
        .node
        .store
        .write(|w| {
            let settings = node::Settings { show_follows: false, ..node::settings(w)? };
            node::set_settings(w, &settings)
        })
        .unwrap();
    for url in ["/users/ann/followers", "/users/ann/followers?page=true"] {
        let hidden = house.peer_get(url).await.json();
        assert_eq!((&hidden["totalItems"], hidden.get("first"), hidden.get("orderedItems")), (&json!(1), None, None));
    }
    for url in
        ["/users/ann/following", "/users/ann/collections/featured", "/users/ann/collections/tags", "/actor/outbox"]
    {
        assert_eq!(house.peer_get(url).await.json()["totalItems"], 0, "{url}");
    }
    for query in ["page=true&before=x", "page=true&before=-1", "page=true&after=99999999999999999999"] {
        let code = house.peer_get(&format!("/users/ann/outbox?{query}")).await.code;
        assert!(code.is_client_error(), "{query}: {code}");
    }
}

#[actix_web::test]
async fn answers_are_listed_below_a_post() {
    let house = TestServer::new();
    let post = house.post("A question", Audience::Public);
    for (text, audience) in [("One", Audience::Public), ("Two", Audience::Followers)] {
        let draft = publish::NewPost { reply_to: Some(post.id), ..publish::NewPost::new(text, audience) };
        publish::post(&house.node, draft).unwrap();
    }
    let replies = house.peer_get(&format!("{}/replies", path(&post.uri))).await.json();
    assert_eq!((&replies["type"], replies["first"]["items"].as_array().unwrap().len()), (&json!("Collection"), 1));
    let page = house.peer_get(path(replies["first"]["id"].as_str().unwrap())).await.json();
    assert_eq!(page["items"], replies["first"]["items"]);
    let likes = house.peer_get(&format!("{}/likes", path(&post.uri))).await.json();
    assert_eq!(likes["totalItems"], 0);
    let known = house.node.store.read(|r| posts::open_replies(r, post.id, None, 10)).unwrap();
    assert_eq!(known.len(), 1);
}
