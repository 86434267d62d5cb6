//! Public and hashtag timelines, followed and featured hashtags.

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use crate::ap;
use crate::base::Audience;
use crate::base::id::{ActorId, PostId};
use crate::federation::{owner::publish, upkeep};
use crate::social::{post, profile};
use crate::store::{
    actors,
    moderation::{host_blocks, mutes},
    posts,
    timelines::home_timeline,
};
use crate::text::plain_text;

/// Somebody on another server becomes known here.
pub(super) fn somebody(client: &ApiClient, name: &str, host: &str) -> ActorId {
    let uri = format!("https://{host}/users/{name}");
    let document = json!({"type": "Person", "id": uri, "preferredUsername": name, "inbox": format!("{uri}/inbox"),
        "name": format!("{} of {host}", name.to_uppercase()), "followers": format!("{uri}/followers")});
    let document = ap::ReceivedActor::read(&document).unwrap();
    client.server.node.store.write(move |w| profile::store_actor(w, &document)).unwrap()
}

/// A public post of somebody's arrives, changed as wanted.
pub(super) fn arrives(client: &ApiClient, by: ActorId, text: &str, change: Value) -> PostId {
    client.server.test_store.clock.advance(Duration::from_secs(60));
    let author = client.server.node.store.read(|r| actors::by_id(r, by)).unwrap();
    let now = client.server.node.clock().now();
    let mut note = json!({"type": "Note", "id": format!("{}/notes/{}", author.uri, now.ms()), "attributedTo": author.uri,
        "to": "https://www.w3.org/ns/activitystreams#Public", "content": format!("<p>{text}</p>"),
        "published": now.rfc3339()});
    let tags: Vec<Value> = text
        .split_whitespace()
        .filter(|word| word.starts_with('#'))
        .map(|word| json!({"type": "Hashtag", "name": word, "href": format!("https://x.example/tags/{word}")}))
        .collect();
    note["tag"] = tags.into();
    for (key, value) in change.as_object().into_iter().flatten() {
        note[key] = value.clone();
    }
    let object = ap::Object::read(&note).unwrap();
    client.server.node.store.write(move |w| post::store_post(w, &actors::by_id(w, by)?, &object, None)).unwrap()
}

/// The texts of a list of posts.
fn texts(list: &Value) -> Vec<String> {
    let text = |one: &Value| plain_text::from_html(one["content"].as_str().unwrap());
    list.as_array().unwrap().iter().map(text).collect()
}

async fn seen(client: &ApiClient, path: &str) -> Vec<String> {
    let reply = client.get(path).await;
    assert_eq!(reply.code.as_u16(), 200, "{path}: {}", reply.text());
    texts(&reply.json())
}

fn own(client: &ApiClient, text: &str, audience: Audience) -> PostId {
    client.server.test_store.clock.advance(Duration::from_secs(60));
    client.server.post(text, audience).id
}

const PICTURE: &str = "https://b.example/cat.png";

#[actix_web::test]
async fn the_public_timeline_is_what_everyone_said_to_everyone() {
    let client = ApiClient::with("read");
    let (bob, eve) = (somebody(&client, "bob", "b.example"), somebody(&client, "eve", "e.example"));
    let own_id = own(&client, "ours", Audience::Public);
    own(&client, "quiet", Audience::Quiet);
    own(&client, "closed", Audience::Followers);
    let first = arrives(&client, bob, "one", json!({}));
    let picture = json!([{"type": "Image", "mediaType": "image/png", "url": PICTURE}]);
    arrives(&client, eve, "two", json!({ "attachment": picture }));
    arrives(&client, bob, "an answer", json!({"inReplyTo": "https://b.example/notes/1"}));
    let quiet = json!({"to": "https://b.example/users/bob/followers",
        "cc": "https://www.w3.org/ns/activitystreams#Public"});
    arrives(&client, bob, "quiet, too", quiet);
    publish::boost(&client.server.node, first).unwrap();
    let public = "/api/v1/timelines/public";
    assert_eq!(seen(&client, public).await, ["two", "one", "ours"]);
    assert_eq!(seen(&client, &format!("{public}?local=true")).await, ["ours"]);
    assert_eq!(seen(&client, &format!("{public}?remote=true")).await, ["two", "one"]);
    assert_eq!(seen(&client, &format!("{public}?only_media=true")).await, ["two"]);
    assert_eq!(seen(&client, &format!("{public}?only_media=1&local=1")).await, Vec::<String>::new());
    assert_eq!(seen(&client, &format!("{public}?limit=1&max_id={first}")).await, ["ours"]);
    assert_eq!(seen(&client, &format!("{public}?limit=1&min_id={own_id}")).await, ["one"], "the next one up");
    assert_eq!(seen(&client, &format!("{public}?limit=1&since_id={own_id}")).await, ["two"], "the newest one");
    let link = client.get(&format!("{public}?limit=2&local=false")).await.header("link").to_owned();
    assert!(link.contains(&format!("limit=2&local=false&max_id={first}>; rel=\"next\"")), "{link}");
}

#[actix_web::test]
async fn strangers_do_not_learn_whom_the_owner_reads() {
    let client = ApiClient::with("read");
    let bob = somebody(&client, "bob", "b.example");
    own(&client, "ours #cats", Audience::Public);
    arrives(&client, bob, "theirs #cats", json!({}));
    for path in ["/api/v1/timelines/public", "/api/v1/timelines/tag/cats"] {
        let anyone = client.server.get(path, "*/*").await;
        assert_eq!(anyone.code.as_u16(), 200, "{path}");
        assert!(anyone.text().contains("ours") && !anyone.text().contains("theirs"), "{}", anyone.text());
        let remote = client.server.get(&format!("{path}?remote=true"), "*/*").await;
        let said = "This method requires an authenticated user";
        assert_eq!((remote.code.as_u16(), remote.json()["error"].clone()), (401, said.into()));
    }
    let instance = client.server.get("/api/v2/instance", "*/*").await.json();
    let access = json!({"local": "public", "remote": "authenticated"});
    assert_eq!(instance["configuration"]["timelines_access"]["live_feeds"], access);
}

#[actix_web::test]
async fn whom_the_owner_keeps_away_is_on_no_timeline_of_everyone() {
    let client = ApiClient::with("read");
    let people: Vec<ActorId> = ["blocked", "muted", "limited", "gone", "fine"]
        .iter()
        .map(|name| {
            let id = somebody(&client, name, &format!("{name}.example"));
            arrives(&client, id, &format!("{name} #cats"), json!({}));
            id
        })
        .collect();
    let node = &client.server.node;
    publish::block(node, people[0]).unwrap();
    publish::mute(node, people[1], mutes::MuteScope::Home, None).unwrap();
    let rule = |host: &str, severity| host_blocks::HostBlockRule::manual(host, severity, "");
    let rules =
        [rule("limited.example", host_blocks::Severity::Limit), rule("gone.example", host_blocks::Severity::Block)];
    node.store.write(move |w| rules.iter().try_for_each(|rule| host_blocks::set(w, rule))).unwrap();
    for path in ["/api/v1/timelines/public", "/api/v1/timelines/public?limit=1", "/api/v1/timelines/tag/cats"] {
        assert_eq!(seen(&client, path).await, ["fine #cats"], "{path}");
    }
    node.store.write(|w| host_blocks::remove(w, crate::base::id::HostListId(0), "limited.example")).unwrap();
    let two = seen(&client, "/api/v1/timelines/public?limit=2").await;
    assert_eq!(two, ["fine #cats", "limited #cats"], "a hole is filled from further on");
    let up = format!("/api/v1/timelines/public?limit=1&min_id={}", people[0]);
    assert_eq!(seen(&client, &up).await, ["limited #cats"]);
}

#[actix_web::test]
async fn a_hashtag_has_a_timeline_however_it_is_spelled() {
    let client = ApiClient::with("read");
    let bob = somebody(&client, "bob", "b.example");
    arrives(&client, bob, "a #Café", json!({}));
    arrives(&client, bob, "b #CAFÉ #tea", json!({}));
    arrives(&client, bob, "c #tea #milk", json!({"inReplyTo": "https://b.example/notes/1"}));
    own(&client, "d #café", Audience::Public);
    own(&client, "e #café", Audience::Quiet);
    let base = "/api/v1/timelines/tag";
    for name in ["caf%C3%A9", "CAF%C3%89", "%23Caf%C3%A9"] {
        assert_eq!(seen(&client, &format!("{base}/{name}")).await, ["d #café", "b #CAFÉ #tea", "a #Café"], "{name}");
    }
    for (query, found) in [
        ("caf%C3%A9?local=true", vec!["d #café"]),
        ("caf%C3%A9?remote=true", vec!["b #CAFÉ #tea", "a #Café"]),
        ("caf%C3%A9?any[]=milk", vec!["d #café", "c #tea #milk", "b #CAFÉ #tea", "a #Café"]),
        ("caf%C3%A9?any[]=milk&limit=2", vec!["d #café", "c #tea #milk"]),
        ("caf%C3%A9?any[]=milk&limit=2&min_id=1", vec!["b #CAFÉ #tea", "a #Café"]),
        ("caf%C3%A9?all[]=TEA", vec!["b #CAFÉ #tea"]),
        ("tea?none[]=milk", vec!["b #CAFÉ #tea"]),
        ("tea?none=milk&all=caf%C3%A9", vec!["b #CAFÉ #tea"]),
        ("tea?only_media=true", vec![]),
        ("unknown", vec![]),
        ("%27%20OR%201%3D1", vec![]),
    ] {
        assert_eq!(seen(&client, &format!("{base}/{query}")).await, found, "{query}");
    }
}

#[actix_web::test]
async fn posts_with_a_followed_hashtag_come_home_and_leave_with_it() {
    let client = ApiClient::with("read write follow");
    let (bob, eve, mo) = (
        somebody(&client, "bob", "b.example"),
        somebody(&client, "eve", "e.example"),
        somebody(&client, "mo", "m.example"),
    );
    arrives(&client, bob, "before #cats", json!({}));
    let tag = client.post("/api/v1/tags/Cats/follow", &[]).await.json();
    assert_eq!((&tag["name"], &tag["following"], &tag["featuring"]), (&json!("Cats"), &json!(true), &json!(false)));
    assert_eq!(tag["url"], "https://social.example.org/tags/cats");
    assert_eq!(tag["history"].as_array().unwrap().len(), 7);
    assert_eq!(tag["history"][0], json!({"day": "1763856000", "uses": "1", "accounts": "1"}));
    assert!(tag["id"].as_str().unwrap().parse::<u64>().unwrap() > 0);
    client.post("/api/v1/tags/dogs/follow", &[]).await;
    publish::block(&client.server.node, eve).unwrap();
    publish::mute(&client.server.node, mo, mutes::MuteScope::Home, None).unwrap();
    arrives(&client, bob, "one #CATS", json!({}));
    arrives(&client, bob, "nothing", json!({}));
    arrives(&client, eve, "blocked #cats", json!({}));
    arrives(&client, mo, "muted #cats", json!({}));
    let closed = json!({"to": "https://b.example/users/bob/followers"});
    arrives(&client, bob, "closed #cats", closed);
    arrives(&client, bob, "both #cats #dogs", json!({}));
    own(&client, "mine #cats", Audience::Public);
    let home = "/api/v1/timelines/home";
    assert_eq!(seen(&client, home).await, ["mine #cats", "both #cats #dogs", "one #CATS"]);
    let gone = client.post("/api/v1/tags/CATS/unfollow", &[]).await.json();
    assert_eq!((&gone["following"], &gone["name"]), (&json!(false), &json!("CATS")));
    assert_eq!(seen(&client, home).await, ["mine #cats", "both #cats #dogs"], "what something else brought stays");
    arrives(&client, bob, "later #cats", json!({}));
    assert_eq!(seen(&client, home).await.len(), 2);
    for name in ["a%20b", "1234", "%23", "x!"] {
        assert_eq!(client.post(&format!("/api/v1/tags/{name}/follow"), &[]).await.code.as_u16(), 404, "{name}");
    }
}

#[actix_web::test]
async fn what_only_a_hashtag_brought_home_does_not_stay_for_ever() {
    let client = ApiClient::with("read write follow");
    let bob = somebody(&client, "bob", "b.example");
    client.post("/api/v1/tags/cats/follow", &[]).await;
    let id = arrives(&client, bob, "one #cats", json!({}));
    let own = own(&client, "mine #cats", Audience::Public);
    let node = &client.server.node;
    let mut diary = upkeep::JobSchedule::new(node.clock().now());
    client.server.test_store.clock.advance(Duration::from_hours(24 * 31));
    upkeep::step(node, &mut diary).unwrap();
    let home = node.store.read(|r| home_timeline::page(r, posts::PostPage::first(9))).unwrap();
    assert_eq!(home, [own]);
    assert!(node.store.read(|r| posts::by_id(r, id)).is_err(), "and the post went, too");
}

#[actix_web::test]
async fn followed_hashtags_are_paged_by_their_rows() {
    let client = ApiClient::with("read follow");
    for name in ["a1", "b2", "c3"] {
        assert_eq!(client.post(&format!("/api/v1/tags/{name}/follow"), &[]).await.code.as_u16(), 200);
        client.post(&format!("/api/v1/tags/{name}/follow"), &[]).await;
    }
    let names = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = client.get("/api/v1/followed_tags?limit=2").await;
    let link = first.header("link").to_owned();
    assert_eq!(names(first.json()), ["c3", "b2"]);
    assert!(link.contains("limit=2&max_id=2>; rel=\"next\"") && link.contains("since_id=3>; rel=\"prev\""), "{link}");
    assert_eq!(names(client.get("/api/v1/followed_tags?max_id=2").await.json()), ["a1"]);
    assert_eq!(names(client.get("/api/v1/followed_tags?min_id=1&limit=1").await.json()), ["b2"]);
    assert_eq!(names(client.get("/api/v1/followed_tags?since_id=2").await.json()), ["c3"]);
    let anyone = client.server.get("/api/v1/tags/a1", "*/*").await.json();
    assert_eq!((anyone.get("following"), &anyone["name"], &anyone["history"]), (None, &json!("a1"), &json!([])));
    assert_eq!(client.server.get("/api/v1/followed_tags", "*/*").await.code.as_u16(), 401);
}

#[actix_web::test]
async fn hashtags_stand_on_the_profile_ten_at_most() {
    let client = ApiClient::with("read write");
    own(&client, "x #Knitting", Audience::Public);
    own(&client, "y #knitting", Audience::Quiet);
    own(&client, "z #knitting", Audience::Followers);
    let added = client.post("/api/v1/featured_tags", &[("name", "#Knitting")]).await.json();
    let day = client.server.node.clock().now().rfc3339().chars().take(10).collect::<String>();
    let expected = json!({"id": added["id"], "name": "Knitting", "url": "https://social.example.org/tags/knitting",
        "statuses_count": "2", "last_status_at": day});
    assert_eq!(added, expected);
    let me = client.get("/api/v1/accounts/verify_credentials").await.json()["id"].as_str().unwrap().to_owned();
    let of_me = format!("/api/v1/accounts/{me}/featured_tags");
    assert_eq!(client.server.get(&of_me, "*/*").await.json(), json!([expected]));
    let again = client.post("/api/v1/featured_tags", &[("name", "knitting")]).await;
    assert_eq!((again.code.as_u16(), client.post("/api/v1/featured_tags", &[]).await.code.as_u16()), (422, 400));
    assert_eq!(client.post("/api/v1/featured_tags", &[("name", "two words")]).await.code.as_u16(), 422);
    assert_eq!(client.post("/api/v1/tags/purl/feature", &[]).await.json()["featuring"], true);
    assert_eq!(client.post("/api/v1/tags/purl/feature", &[]).await.code.as_u16(), 200, "again says nothing");
    for n in 0..8 {
        client.post(&format!("/api/v1/tags/t{n}/feature"), &[]).await;
    }
    assert_eq!(client.post("/api/v1/tags/onemore/feature", &[]).await.code.as_u16(), 422);
    assert_eq!(client.post("/api/v1/tags/purl/unfeature", &[]).await.json()["featuring"], false);
    let delete = |id: &str| TestRequest::delete().uri(&format!("/api/v1/featured_tags/{id}"));
    assert_eq!(client.call(delete(added["id"].as_str().unwrap())).await.text(), "{}");
    assert_eq!(client.call(delete("42")).await.code.as_u16(), 404);
    let list = client.get("/api/v1/featured_tags").await.json();
    assert_eq!(list.as_array().unwrap().len(), 8);
    assert_eq!(list[0]["last_status_at"], Value::Null);
    assert_eq!(client.get("/api/v1/featured_tags/suggestions").await.text(), "[]");
    let bob = somebody(&client, "bob", "b.example");
    assert_eq!(client.get(&format!("/api/v1/accounts/{bob}/featured_tags")).await.text(), "[]");
}
