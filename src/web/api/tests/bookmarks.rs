//! Bookmarks, favourites, who liked and boosted, and muted conversations.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};

use super::ApiClient;
use crate::ap::Activity;
use crate::base::Audience;
use crate::base::id::PostId;
use crate::social;
use crate::store::posts::{self, Post};
use crate::store::retention::{self, RetentionLimits};
use crate::store::{actors, moderation::blocks};
use crate::web::test_support::{RemoteBob, TestServer};

/// Applies what bob's server sends.
pub(super) fn arrives(house: &TestServer, activity: Value) {
    let activity = Activity::read(activity).unwrap();
    let applied = house.node.store.write(move |w| {
        let bob = actors::by_uri(w, RemoteBob::URI)?.unwrap();
        social::receive(w, &bob, &activity)
    });
    applied.unwrap();
}

/// A note of bob's, named by number, with what it says beside.
pub(super) fn says(house: &TestServer, number: u32, more: Value) -> Post {
    let id = format!("https://b.example/notes/{number}");
    let published = house.node.clock().now().rfc3339();
    let mut note = json!({"type": "Note", "id": id, "attributedTo": RemoteBob::URI, "content": format!("<p>note {number}</p>"),
        "to": "as:Public", "published": published});
    note.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arrives(house, json!({"type": "Create", "id": format!("{id}/create"), "actor": RemoteBob::URI, "object": note}));
    house.node.store.read(|r| posts::by_uri(r, &id)).unwrap().unwrap()
}

fn likes(house: &TestServer, number: u32, uri: &str) {
    let id = format!("https://b.example/likes/{number}");
    arrives(house, json!({"type": "Like", "id": id, "actor": RemoteBob::URI, "object": uri}));
}

fn boosts(house: &TestServer, number: u32, uri: &str) {
    let id = format!("https://b.example/boosts/{number}");
    arrives(house, json!({"type": "Announce", "id": id, "actor": RemoteBob::URI, "object": uri, "to": "as:Public"}));
}

pub(super) fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// The path and query of a link, if the header has it.
pub(super) fn link(header: &str, rel: &str) -> Option<String> {
    let one = header.split(", ").find(|one| one.ends_with(&format!("rel=\"{rel}\"")))?;
    let url = one.split('>').next()?.trim_start_matches('<');
    url.strip_prefix("https://social.example.org").map(str::to_owned)
}

/// Follows a list from its first page on, both ways: everything once, newest first.
async fn paged(client: &ApiClient, path: &str, wanted: &[String]) {
    let (mut at, mut all) = (Some(format!("{path}?limit=2")), Vec::new());
    let mut last = String::new();
    while let Some(page) = at {
        let reply = client.get(&page).await;
        assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
        all.extend(ids(&reply.json()));
        if !reply.header("link").is_empty() {
            reply.header("link").clone_into(&mut last);
        }
        at = link(reply.header("link"), "next");
    }
    assert_eq!(all, wanted, "{path} onward");
    let (mut at, mut back) = (link(&last, "prev"), Vec::new());
    assert!(last.contains("min_id="), "{last}");
    while let Some(page) = at {
        let reply = client.get(&page).await;
        let page = ids(&reply.json());
        back = page.iter().cloned().chain(back).collect();
        at = link(reply.header("link"), "prev");
    }
    let newer = &wanted[..back.len()];
    assert_eq!(back, newer, "{path} back");
    assert!(back.len() + 2 >= wanted.len(), "{path} back to the newest: {}", back.len());
}

#[actix_web::test]
async fn bookmarks_are_kept_in_the_order_they_were_made() {
    let client = ApiClient::with("read write");
    let posted: Vec<String> =
        (0..5).map(|n| client.server.post(&format!("post {n}"), Audience::Public).id.to_string()).collect();
    let order = [3, 0, 4, 1, 2];
    for n in order {
        let marked = client.post(&format!("/api/v1/statuses/{}/bookmark", posted[n]), &[]).await;
        assert_eq!((marked.code.as_u16(), &marked.json()["bookmarked"]), (200, &Value::from(true)));
        let again = client.post(&format!("/api/v1/statuses/{}/bookmark", posted[n]), &[]).await;
        assert_eq!(again.json()["bookmarked"], true, "again is no error");
    }
    let wanted: Vec<String> = order.iter().rev().map(|n| posted[*n].clone()).collect();
    paged(&client, "/api/v1/bookmarks", &wanted).await;
    let gone = client.post(&format!("/api/v1/statuses/{}/unbookmark", posted[4]), &[]).await;
    assert_eq!(gone.json()["bookmarked"], false);
    let rest = client.get("/api/v1/bookmarks").await.json();
    assert_eq!(rest.as_array().unwrap().len(), 4);
    assert!(rest.as_array().unwrap().iter().all(|one| one["bookmarked"] == true));
    let stranger = client.server.get("/api/v1/bookmarks", "*/*").await;
    assert_eq!(stranger.code.as_u16(), 401);
    let unknown = client.post("/api/v1/statuses/7/bookmark", &[]).await;
    assert_eq!((unknown.code.as_u16(), unknown.json()), (404, json!({"error": "Record not found"})));
    let narrow = ApiClient::with("read:statuses write:statuses");
    assert_eq!(narrow.get("/api/v1/bookmarks").await.code.as_u16(), 403);
}

#[actix_web::test]
async fn what_is_bookmarked_is_not_swept_away() {
    let client = ApiClient::with("read write");
    RemoteBob::known_to(&client.server);
    // Named, so that they are kept; the notification goes, and then nothing but the bookmark holds them.
    let tag = json!([{"type": "Mention", "href": "https://social.example.org/users/ann", "name": "@ann"}]);
    let (kept, lost) =
        (says(&client.server, 1, json!({"tag": tag})), says(&client.server, 2, json!({"tag": tag.clone()})));
    client.post(&format!("/api/v1/statuses/{}/bookmark", kept.id), &[]).await;
    let bob = kept.actor_id;
    let now = client.server.node.clock().now().plus(std::time::Duration::from_secs(60));
    let terms = RetentionLimits { posts: now, relayed: now, most_relayed: 0 };
    let swept = client.server.node.store.write(move |w| {
        use crate::store::notifications::{NotificationKind, remove};
        for post in [kept.id, lost.id] {
            remove(w, NotificationKind::Mention, bob, Some(post))?;
        }
        retention::prune_posts(w, PostId(0), terms, 100)
    });
    assert_eq!(swept.unwrap().1, 1);
    assert_eq!(ids(&client.get("/api/v1/bookmarks").await.json()), [kept.id.to_string()]);
}

#[actix_web::test]
async fn favourites_come_in_the_order_they_were_liked() {
    let client = ApiClient::with("read write");
    let posted: Vec<String> =
        (0..5).map(|n| client.server.post(&format!("post {n}"), Audience::Public).id.to_string()).collect();
    let order = [2, 4, 0, 3, 1];
    for n in order {
        client.post(&format!("/api/v1/statuses/{}/favourite", posted[n]), &[]).await;
    }
    let wanted: Vec<String> = order.iter().rev().map(|n| posted[*n].clone()).collect();
    paged(&client, "/api/v1/favourites", &wanted).await;
    client.post(&format!("/api/v1/statuses/{}/unfavourite", posted[3]), &[]).await;
    let rest = client.get("/api/v1/favourites?limit=-2").await.json();
    assert_eq!(ids(&rest), [wanted[0].clone(), wanted[2].clone()], "a negative limit is its size");
    assert!(rest.as_array().unwrap().iter().all(|one| one["favourited"] == true));
}

#[actix_web::test]
async fn who_liked_and_boosted_is_told_to_whoever_may_see_the_post() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    let (open, closed) = (house.post("open", Audience::Public), house.post("closed", Audience::Followers));
    let bob = RemoteBob::known_to(house);
    bob.follows(house);
    likes(house, 1, &open.uri);
    likes(house, 2, &closed.uri);
    // Boosts of strangers count where the post is the owner's.
    boosts(house, 1, &open.uri);
    client.post(&format!("/api/v1/statuses/{}/favourite", open.id), &[]).await;
    let people = |list: Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["acct"].as_str().unwrap().to_owned()).collect()
    };
    let path = |post: &Post, what: &str| format!("/api/v1/statuses/{}/{what}", post.id);
    let liked = client.get(&path(&open, "favourited_by")).await;
    assert_eq!(people(liked.json()), ["ann", "bob@b.example"], "the newest like first");
    assert!(liked.header("link").contains("since_id="), "{}", liked.header("link"));
    assert!(!liked.header("link").contains("rel=\"next\""), "the page is not full");
    let first = client.get(&format!("{}?limit=1", path(&open, "favourited_by"))).await;
    let next = link(first.header("link"), "next").unwrap();
    assert_eq!(people(client.get(&next).await.json()), ["bob@b.example"]);
    let boosted = client.get(&path(&open, "reblogged_by")).await;
    assert_eq!(people(boosted.json()), ["bob@b.example"]);
    assert_eq!(people(client.get(&path(&closed, "favourited_by")).await.json()), ["bob@b.example"]);
    assert_eq!(people(house.get(&path(&open, "favourited_by"), "*/*").await.json()).len(), 2);
    for what in ["favourited_by", "reblogged_by"] {
        assert_eq!(house.get(&path(&closed, what), "*/*").await.code.as_u16(), 404, "{what} of a private post");
        assert_eq!(client.get(&format!("/api/v1/statuses/12345/{what}")).await.code.as_u16(), 404);
    }
    house.node.store.write(|w| blocks::add(w, actors::id_by_uri(w, RemoteBob::URI)?.unwrap(), None).map(drop)).unwrap();
    assert_eq!(people(client.get(&path(&open, "favourited_by")).await.json()), ["ann"], "the blocked are hidden");
    assert_eq!(people(client.get(&path(&open, "reblogged_by")).await.json()), Vec::<String>::new());
}

#[actix_web::test]
async fn nothing_is_heard_of_a_muted_conversation() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let mine = house.post("what do you think?", Audience::Public);
    let tag = json!([{"type": "Mention", "href": "https://social.example.org/users/ann", "name": "@ann"}]);
    let first = says(house, 1, json!({"inReplyTo": mine.uri, "tag": tag}));
    let heard = async || client.get("/api/v1/notifications").await.json().as_array().unwrap().len();
    assert_eq!(heard().await, 1);
    // By an answer in the middle of it, the whole thread.
    let muted = client.post(&format!("/api/v1/statuses/{}/mute", first.id), &[]).await.json();
    assert_eq!((&muted["id"], &muted["muted"]), (&Value::from(first.id.to_string()), &Value::from(true)));
    let second = says(house, 2, json!({"inReplyTo": first.uri, "tag": tag}));
    says(house, 3, json!({"inReplyTo": mine.uri, "tag": tag}));
    likes(house, 1, &mine.uri);
    boosts(house, 1, &mine.uri);
    assert_eq!(heard().await, 1, "nothing new");
    let seen = |id: PostId| format!("/api/v1/statuses/{id}");
    assert_eq!(client.get(&seen(second.id)).await.json()["muted"], true);
    assert_eq!(client.get(&seen(mine.id)).await.json()["muted"], true);
    let other = house.post("something else", Audience::Public);
    assert_eq!(client.get(&seen(other.id)).await.json()["muted"], false);
    likes(house, 2, &other.uri);
    assert_eq!(heard().await, 2, "elsewhere all is as before");
    let unmuted = client.post(&format!("/api/v1/statuses/{}/unmute", second.id), &[]).await.json();
    assert_eq!(unmuted["muted"], false);
    says(house, 4, json!({"inReplyTo": second.uri, "tag": tag}));
    assert_eq!(heard().await, 3);
}

#[actix_web::test]
async fn a_mute_stays_with_its_thread_when_the_first_post_comes_late_or_goes() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let tag = json!([{"type": "Mention", "href": "https://social.example.org/users/ann", "name": "@ann"}]);
    let answer = |of: u32| json!({"inReplyTo": format!("https://b.example/notes/{of}"), "tag": tag});
    let below = says(house, 2, answer(1));
    client.post(&format!("/api/v1/statuses/{}/mute", below.id), &[]).await;
    let first = says(house, 1, json!({"tag": tag}));
    let muted = async |post: &Post| client.get(&format!("/api/v1/statuses/{}", post.id)).await.json()["muted"].clone();
    assert_eq!(muted(&first).await, true, "it is the same thread");
    let beside = says(house, 3, answer(1));
    assert_eq!(muted(&beside).await, true);
    arrives(
        house,
        json!({"type": "Delete", "id": "https://b.example/d/1", "actor": RemoteBob::URI, "object": first.uri}),
    );
    assert_eq!((muted(&below).await, muted(&beside).await), (Value::from(true), Value::from(true)));
}
