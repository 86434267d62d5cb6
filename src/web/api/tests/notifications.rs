//! Notifications: one by one and in groups, for old clients and new ones, and the rules that keep some back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::bookmarks::{ids, link, says};
use crate::base::Audience;
use crate::base::id::{ActorId, PostId};
use crate::social::profile;
use crate::store::notifications::{self, NotificationKind};
use crate::store::{actors::follows, node};
use crate::web::test_support::{RemoteBob, TestServer};

const ALL: &str = "read write follow push";

/// Somebody of `c.example`.
fn person(house: &TestServer, name: &str, more: Value) -> ActorId {
    let uri = format!("https://c.example/users/{name}");
    let mut document = json!({"@context": "https://www.w3.org/ns/activitystreams", "type": "Person", "id": uri,
        "preferredUsername": name, "inbox": format!("{uri}/inbox"), "published": "2020-01-01T00:00:00Z"});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let document = crate::ap::ReceivedActor::read(&document).unwrap();
    house.node.store.write(move |w| profile::store_actor(w, &document)).unwrap()
}

fn happens(house: &TestServer, kind: NotificationKind, who: ActorId, post: Option<PostId>) {
    house.node.store.write(move |w| notifications::add(w, kind, who, post)).unwrap();
}

fn likers(house: &TestServer, count: usize, post: PostId) -> Vec<ActorId> {
    let people: Vec<ActorId> = (0..count).map(|n| person(house, &format!("p{n}"), json!({}))).collect();
    let all = people.clone();
    house
        .node
        .store
        .write(move |w| all.iter().try_for_each(|who| notifications::add(w, NotificationKind::Like, *who, Some(post))))
        .unwrap();
    people
}

async fn types(client: &ApiClient, path: &str) -> Vec<String> {
    let list = client.get(path).await.json();
    list.as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
}

fn keys(page: &Value) -> Vec<String> {
    let groups = page["notification_groups"].as_array().unwrap();
    groups.iter().map(|group| group["group_key"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn one_notification_is_told_whole() {
    let client = ApiClient::with(ALL);
    let (post, bob) = (client.server.post("liked words", Audience::Public), person(&client.server, "bob", json!({})));
    happens(&client.server, NotificationKind::Like, bob, Some(post.id));
    happens(&client.server, NotificationKind::Follow, bob, None);
    let status = client.get(&format!("/api/v1/statuses/{}", post.id)).await.json();
    let account = client.get(&format!("/api/v1/accounts/{bob}")).await.json();
    let at = client.server.node.clock().now();
    let hour = at.secs() / 3600;
    let list = client.get("/api/v1/notifications").await;
    let follow = json!({"id": "2", "type": "follow", "created_at": at.rfc3339_millis(),
        "group_key": format!("follow-{hour}"), "account": account});
    let like = json!({"id": "1", "type": "favourite", "created_at": at.rfc3339_millis(),
        "group_key": format!("favourite-{}-{hour}", post.id), "account": account, "status": status});
    assert_eq!(list.json(), json!([follow, like]));
    assert_eq!(link(list.header("link"), "next").unwrap(), "/api/v1/notifications?limit=40&max_id=1");
    assert_eq!(link(list.header("link"), "prev").unwrap(), "/api/v1/notifications?limit=40&min_id=2");
    assert_eq!(client.get("/api/v1/notifications/1").await.json(), like);
    assert_eq!(client.get("/api/v1/notifications?min_id=1").await.json(), json!([follow]));
    assert_eq!(types(&client, "/api/v1/notifications?exclude_types[]=follow").await, ["favourite"]);
    assert_eq!(types(&client, &format!("/api/v1/notifications?account_id={bob}")).await, ["follow", "favourite"]);
    assert_eq!(types(&client, "/api/v1/notifications?account_id=7").await, Vec::<String>::new());
    assert_eq!(types(&client, "/api/v1/notifications?account_id=x").await, Vec::<String>::new());

    assert_eq!(client.post("/api/v1/notifications/dismiss", &[("id", "77")]).await.json(), json!({}));
    assert_eq!(client.post("/api/v1/notifications/1/dismiss", &[]).await.json(), json!({}));
    assert_eq!(client.post("/api/v1/notifications/1/dismiss", &[]).await.code.as_u16(), 404);
    assert_eq!(client.get("/api/v1/notifications/1").await.code.as_u16(), 404);
    assert_eq!(types(&client, "/api/v1/notifications").await, ["follow"]);
    assert_eq!(client.post("/api/v2/notifications/clear", &[]).await.json(), json!({}));
    assert_eq!(client.get("/api/v1/notifications").await.json(), json!([]));
    happens(&client.server, NotificationKind::Like, bob, Some(post.id));
    assert_eq!(client.get("/api/v1/notifications").await.json()[0]["id"], "3", "no id is used twice");
}

#[actix_web::test]
async fn a_thousand_likes_of_one_post_are_one_group() {
    let client = ApiClient::with(ALL);
    let post = client.server.post("much liked", Audience::Public);
    let people = likers(&client.server, 1000, post.id);
    let page = client.get("/api/v2/notifications").await.json();
    let at = client.server.node.clock().now();
    let key = format!("favourite-{}-{}", post.id, at.secs() / 3600);
    let newest: Vec<String> = people.iter().rev().take(8).map(ToString::to_string).collect();
    let group = json!({
        "group_key": key, "notifications_count": 1000, "type": "favourite", "most_recent_notification_id": 1000,
        "page_min_id": "1", "page_max_id": "1000", "latest_page_notification_at": at.rfc3339_millis(),
        "sample_account_ids": newest, "status_id": post.id.to_string(),
    });
    assert_eq!(page["notification_groups"], json!([group]));
    let author = node_owner(&client.server).to_string();
    assert_eq!(ids(&page["accounts"]), [newest.clone(), vec![author.clone()]].concat());
    assert_eq!(ids(&page["statuses"]), [post.id.to_string()]);
    assert!(page.get("partial_accounts").is_none());
    let small = client.get("/api/v2/notifications?expand_accounts=partial_avatars").await.json();
    assert_eq!(ids(&small["accounts"]), [newest[0].clone(), author]);
    assert_eq!(ids(&small["partial_accounts"]), newest[1..]);
    assert_eq!(client.get("/api/v2/notifications?expand_accounts=none").await.code.as_u16(), 400);

    let mut one = client.get(&format!("/api/v2/notifications/{key}")).await.json();
    let alone = one["notification_groups"][0].as_object_mut().unwrap();
    assert!(!alone.contains_key("page_min_id") && alone["notifications_count"] == 1000);
    let (mut at, mut all) = (Some(format!("/api/v2/notifications/{key}/accounts?limit=80")), Vec::new());
    while let Some(path) = at {
        let page = client.get(&path).await;
        all.extend(ids(&page.json()));
        at = link(page.header("link"), "next");
    }
    let everyone: Vec<String> = people.iter().rev().map(ToString::to_string).collect();
    assert_eq!(all, everyone);

    for (path, count) in [
        ("/api/v1/notifications/unread_count", 100),
        ("/api/v1/notifications/unread_count?limit=5000", 1000),
        ("/api/v1/notifications/unread_count?types[]=follow", 0),
        ("/api/v2/notifications/unread_count", 1),
        ("/api/v2/notifications/unread_count?grouped_types[]=reblog", 100),
    ] {
        assert_eq!(client.get(path).await.json(), json!({ "count": count }), "{path}");
    }
    client.post("/api/v1/markers", &[("notifications[last_read_id]", "990")]).await;
    assert_eq!(client.get("/api/v1/notifications/unread_count").await.json(), json!({"count": 10}));
    let each = client.get("/api/v2/notifications?grouped_types[]=follow&limit=2").await.json();
    assert_eq!(keys(&each), ["ungrouped-1000", "ungrouped-999"]);
    assert_eq!(
        client.get("/api/v2/notifications/ungrouped-999").await.json()["notification_groups"][0]["group_key"],
        "ungrouped-999"
    );

    client.post(&format!("/api/v2/notifications/{key}/dismiss"), &[]).await;
    assert_eq!(client.get("/api/v2/notifications").await.json()["notification_groups"], json!([]));
    assert_eq!(client.get(&format!("/api/v2/notifications/{key}")).await.code.as_u16(), 404);
}

fn node_owner(house: &TestServer) -> ActorId {
    house.node.store.read(node::owner).unwrap()
}

#[actix_web::test]
async fn a_group_stands_where_its_newest_row_does_and_once() {
    let client = ApiClient::with(ALL);
    let house = &client.server;
    let (first, second) = (house.post("one", Audience::Public).id, house.post("two", Audience::Public).id);
    let people: Vec<ActorId> = (0..4).map(|n| person(house, &format!("p{n}"), json!({}))).collect();
    let hour = house.node.clock().now().secs() / 3600;
    happens(house, NotificationKind::Like, people[0], Some(first));
    happens(house, NotificationKind::Like, people[0], Some(second));
    happens(house, NotificationKind::Boost, people[0], Some(first));
    happens(house, NotificationKind::Like, people[1], Some(first));
    happens(house, NotificationKind::FollowRequest, people[1], None);
    happens(house, NotificationKind::Follow, people[2], None);
    house.test_store.clock.advance(Duration::from_hours(11));
    happens(house, NotificationKind::Like, people[2], Some(second));
    house.test_store.clock.advance(Duration::from_hours(1));
    happens(house, NotificationKind::Like, people[3], Some(first));
    let wanted = [
        format!("favourite-{first}-{}", hour + 12),
        format!("favourite-{second}-{hour}"),
        format!("follow-{hour}"),
        "ungrouped-5".to_owned(),
        format!("favourite-{first}-{hour}"),
        format!("reblog-{first}-{hour}"),
    ];
    let all = client.get("/api/v2/notifications").await;
    assert_eq!(keys(&all.json()), wanted);
    let (mut at, mut found) = (Some("/api/v2/notifications?limit=2".to_owned()), Vec::new());
    while let Some(path) = at {
        let page = client.get(&path).await;
        found.extend(keys(&page.json()));
        at = link(page.header("link"), "next");
    }
    assert_eq!(found, wanted, "each once");
    let newer = client.get("/api/v2/notifications?min_id=4&limit=2").await.json();
    assert_eq!(keys(&newer), wanted[2..4], "the page right above");
    let since = client.get("/api/v2/notifications?since_id=4&limit=2").await.json();
    assert_eq!(keys(&since), wanted[..2]);

    // The newest like is taken back: the group stands where the one before it came.
    let (who, of) = (people[2], second);
    house.node.store.write(move |w| notifications::remove(w, NotificationKind::Like, who, Some(of))).unwrap();
    let page = client.get("/api/v2/notifications").await.json();
    assert_eq!(keys(&page).last().unwrap(), &wanted[1]);
    assert_eq!(page["notification_groups"][5]["most_recent_notification_id"], 2);
}

#[actix_web::test]
async fn who_is_muted_is_in_no_group_and_hides_nobody() {
    let client = ApiClient::with(ALL);
    let post = client.server.post("words", Audience::Public).id;
    let people = likers(&client.server, 3, post);
    let loud = people[2];
    client
        .server
        .node
        .store
        .write(move |w| {
            crate::store::moderation::mutes::set(w, loud, crate::store::moderation::mutes::MuteScope::Everything, None)
        })
        .unwrap();
    let page = client.get("/api/v2/notifications").await.json();
    let group = &page["notification_groups"][0];
    let told = (&group["notifications_count"], &group["most_recent_notification_id"]);
    assert_eq!(told, (&json!(2), &json!(2)), "{page}");
    assert_eq!(group["sample_account_ids"], json!([people[1].to_string(), people[0].to_string()]));
    assert_eq!(client.get("/api/v1/notifications").await.json().as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn old_clients_get_only_the_types_they_know() {
    let client = ApiClient::with(ALL);
    let (house, bob) = (&client.server, person(&client.server, "bob", json!({})));
    RemoteBob::known_to(house);
    let (ours, to_us) =
        (house.post("ours", Audience::Public).id, json!(["as:Public", "https://social.example.org/users/ann"]));
    let theirs = says(house, 1, json!({ "to": to_us })).id;
    client.post("/api/v1/notifications/clear", &[]).await;
    for (kind, post) in [
        (NotificationKind::Mention, Some(theirs)),
        (NotificationKind::Post, Some(theirs)),
        (NotificationKind::Like, Some(ours)),
        (NotificationKind::Boost, Some(ours)),
        (NotificationKind::Reaction, Some(ours)),
        (NotificationKind::Follow, None),
        (NotificationKind::FollowRequest, None),
        (NotificationKind::Accepted, None),
        (NotificationKind::Moved, None),
        (NotificationKind::Report, None),
        (NotificationKind::Poll, Some(theirs)),
        (NotificationKind::Edit, Some(theirs)),
        (NotificationKind::Request, Some(ours)),
        (NotificationKind::Quote, Some(theirs)),
        (NotificationKind::QuoteEdit, Some(ours)),
    ] {
        happens(house, kind, bob, post);
    }
    let mammoth = "/api/v1/notifications?exclude_types[]=admin.sign_up&exclude_types[]=admin.report";
    let known =
        ["update", "mention", "update", "poll", "follow_request", "follow", "reblog", "favourite", "status", "mention"];
    assert_eq!(types(&client, mammoth).await, known);
    let new = [
        "quoted_update",
        "quote",
        "update",
        "poll",
        "follow_request",
        "follow",
        "reblog",
        "favourite",
        "status",
        "mention",
    ];
    assert_eq!(types(&client, "/api/v1/notifications?supported_types[]=quote").await, new);
    assert_eq!(types(&client, "/api/v1/notifications?types[]=quote&types[]=nonsense").await, ["quote"]);
    assert_eq!(types(&client, "/api/v1/notifications?types[]=nonsense").await, Vec::<String>::new());
    assert_eq!(
        types(&client, "/api/v1/notifications?exclude_types[]=mention&exclude_types[]=update").await,
        known[3..9]
    );
    assert_eq!(client.get("/api/v1/notifications/15").await.json()["type"], "mention");
    assert_eq!(client.get("/api/v1/notifications/15?supported_types[]=quote").await.json()["type"], "quote");
    let groups = client.get("/api/v2/notifications").await.json();
    let groups: Vec<&Value> = groups["notification_groups"].as_array().unwrap().iter().map(|g| &g["type"]).collect();
    assert_eq!(groups, new);
    assert_eq!(client.get("/api/v1/notifications/unread_count").await.json(), json!({"count": 10}));
}

async fn change(client: &ApiClient, path: &str, body: Value) -> Value {
    let reply = client.call(TestRequest::patch().uri(path).set_json(body)).await;
    assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
    reply.json()
}

const POLICY: &str = "/api/v2/notifications/policy";

#[actix_web::test]
async fn the_policy_is_shown_and_changed_in_both_forms() {
    let client = ApiClient::with(ALL);
    let summary = json!({"pending_requests_count": 0, "pending_notifications_count": 0});
    let policy = |not_following: &str, bots: &str| {
        json!({"for_not_following": not_following, "for_not_followers": "accept", "for_new_accounts": "accept",
            "for_private_mentions": "accept", "for_limited_accounts": "filter", "for_bots": bots, "summary": summary})
    };
    assert_eq!(client.get(POLICY).await.json(), policy("accept", "accept"));
    assert_eq!(change(&client, POLICY, json!({"for_bots": "drop"})).await, policy("accept", "drop"));
    let old = "/api/v1/notifications/policy";
    let shown = change(&client, old, json!({"filter_not_following": true})).await;
    assert_eq!(
        shown,
        json!({"filter_not_following": true, "filter_not_followers": false, "filter_new_accounts": false,
            "filter_private_mentions": false, "filter_bots": true, "summary": summary})
    );
    assert_eq!(client.get(POLICY).await.json(), policy("filter", "drop"));
    let bad = json!({"for_not_following": "accept", "for_bots": "x".repeat(10_000)});
    let refused = client.call(TestRequest::patch().uri(POLICY).set_json(bad)).await;
    assert_eq!(refused.code.as_u16(), 422);
    assert_eq!(client.get(POLICY).await.json(), policy("filter", "drop"), "nothing is half kept");
}

#[actix_web::test]
async fn what_is_kept_back_waits_until_its_sender_is_let_in_or_sent_away() {
    let client = ApiClient::with(ALL);
    let house = &client.server;
    let post = house.post("words", Audience::Public).id;
    RemoteBob::known_to(house);
    change(&client, POLICY, json!({"for_not_following": "filter"})).await;
    let note = says(house, 1, json!({"to": ["as:Public", "https://social.example.org/users/ann"]}));
    let bob = note.actor_id;
    happens(house, NotificationKind::Like, bob, Some(post));
    let eve = person(house, "eve", json!({}));
    happens(house, NotificationKind::Follow, eve, None);
    assert_eq!(client.get("/api/v1/notifications").await.json(), json!([]));
    assert_eq!(client.get("/api/v2/notifications").await.json()["notification_groups"], json!([]));
    assert_eq!(types(&client, "/api/v1/notifications?include_filtered=true").await, ["follow", "favourite", "mention"]);
    let his = client.get(&format!("/api/v1/notifications?account_id={bob}")).await.json();
    assert_eq!((ids(&his), &his[0]["filtered"]), (vec!["2".to_owned(), "1".to_owned()], &json!(true)));
    let summary = client.get(POLICY).await.json()["summary"].clone();
    assert_eq!(summary, json!({"pending_requests_count": 2, "pending_notifications_count": 3}));

    let list = client.get("/api/v1/notifications/requests").await;
    let at = house.node.clock().now().rfc3339_millis();
    let status = client.get(&format!("/api/v1/statuses/{}", note.id)).await.json();
    let account = status["account"].clone();
    let waits = json!({"id": "1", "created_at": at, "updated_at": at, "account": account, "notifications_count": "2",
        "last_status": status});
    assert_eq!(ids(&list.json()), ["2", "1"]);
    assert_eq!(list.json()[1], waits);
    assert_eq!(list.json()[0]["last_status"], Value::Null);
    assert_eq!(client.get("/api/v1/notifications/requests/1").await.json(), waits);
    assert_eq!(link(list.header("link"), "next").unwrap(), "/api/v1/notifications/requests?limit=40&max_id=1");
    assert_eq!(client.get("/api/v1/notifications/requests/merged").await.json(), json!({"merged": true}));

    assert_eq!(client.post("/api/v1/notifications/requests/1/accept", &[]).await.json(), json!({}));
    assert_eq!(types(&client, "/api/v1/notifications").await, ["favourite", "mention"]);
    happens(house, NotificationKind::Boost, bob, Some(post));
    assert_eq!(types(&client, "/api/v1/notifications").await[0], "reblog", "from now on");
    let both = [("id[]", "2"), ("id[]", "1"), ("id[]", "99"), ("id[]", "x")];
    assert_eq!(client.post("/api/v1/notifications/requests/dismiss", &both).await.json(), json!({}));
    assert_eq!(client.get("/api/v1/notifications/requests").await.json(), json!([]));
    assert_eq!(types(&client, "/api/v1/notifications?include_filtered=true").await.len(), 3);
    for act in ["accept", "dismiss"] {
        let again = client.post(&format!("/api/v1/notifications/requests/2/{act}"), &[]).await;
        assert_eq!(again.code.as_u16(), 404);
    }
    happens(house, NotificationKind::FollowRequest, eve, None);
    assert_eq!(ids(&client.get("/api/v1/notifications/requests").await.json()), ["3"], "dismissed, not let in");
}

#[actix_web::test]
async fn each_rule_concerns_whom_it_names() {
    let client = ApiClient::with(ALL);
    let house = &client.server;
    let post = house.post("words", Audience::Public).id;
    let young = json!({"published": house.node.clock().now().minus(Duration::from_hours(24)).rfc3339()});
    let (bot, new, friend) = (
        person(house, "bot", json!({"type": "Service"})),
        person(house, "new", young.clone()),
        person(house, "friend", young),
    );
    house
        .node
        .store
        .write(move |w| {
            let ann = node::owner(w)?;
            follows::upsert(w, ann, friend, "https://social.example.org/f", None)?;
            follows::accept(w, ann, friend).map(drop)
        })
        .unwrap();
    let came = |who: ActorId| {
        house.node.store.write(move |w| notifications::remove(w, NotificationKind::Like, who, Some(post))).unwrap();
        let before = house.node.store.read(notifications::newest).unwrap();
        happens(house, NotificationKind::Like, who, Some(post));
        house.node.store.read(notifications::newest).unwrap() > before
    };
    let all = || [came(bot), came(new), came(friend)];
    assert_eq!(all(), [true, true, true]);
    for (rule, wanted) in [
        ("for_bots", [false, true, true]),
        ("for_new_accounts", [true, false, true]),
        ("for_not_following", [false, false, true]),
        ("for_not_followers", [false, false, false]),
        ("for_private_mentions", [true, true, true]),
    ] {
        change(&client, POLICY, json!({rule: "drop"})).await;
        assert_eq!(all(), wanted, "{rule}");
        change(&client, POLICY, json!({rule: "accept"})).await;
    }
    house
        .node
        .store
        .write(move |w| {
            let ann = node::owner(w)?;
            follows::upsert(w, new, ann, "https://c.example/f", None)?;
            follows::accept(w, new, ann).map(drop)
        })
        .unwrap();
    change(&client, POLICY, json!({"for_not_followers": "drop"})).await;
    assert!(!came(new), "a follower of today is none yet");
    house.test_store.clock.advance(Duration::from_hours(4 * 24));
    assert!(came(new) && !came(bot));
}

#[actix_web::test]
async fn a_private_mention_comes_through_when_it_answers_a_private_word() {
    let client = ApiClient::with(ALL);
    let house = &client.server;
    RemoteBob::known_to(house);
    change(&client, POLICY, json!({"for_private_mentions": "filter"})).await;
    let private = |number, more: Value| {
        let mut said = json!({"to": ["https://social.example.org/users/ann"]});
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        says(house, number, said)
    };
    let first = private(1, json!({}));
    assert_eq!(client.get("/api/v1/notifications").await.json(), json!([]));
    let answered = first.id.to_string();
    let form = [("status", "@bob@b.example yes?"), ("visibility", "direct"), ("in_reply_to_id", answered.as_str())];
    let ours = client.post("/api/v1/statuses", &form).await.json()["uri"].as_str().unwrap().to_owned();
    private(2, json!({"inReplyTo": ours}));
    private(3, json!({"inReplyTo": "https://b.example/notes/2"}));
    private(4, json!({"inReplyTo": "https://b.example/notes/1"}));
    says(house, 5, json!({"to": ["as:Public", "https://social.example.org/users/ann"]}));
    let list = client.get("/api/v1/notifications").await.json();
    let said: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["status"]["content"].as_str().unwrap()).collect();
    assert_eq!(said, ["<p>note 5</p>", "<p>note 3</p>", "<p>note 2</p>"]);
}

#[actix_web::test]
async fn ids_and_keys_of_nothing_are_answered_clearly() {
    let client = ApiClient::with(ALL);
    let post = client.server.post("words", Audience::Public).id;
    likers(&client.server, 1, post);
    for bad in ["0", "-1", "abc", "99999999999999999999999", "%00", &post.to_string()] {
        assert_eq!(client.get(&format!("/api/v1/notifications/{bad}")).await.code.as_u16(), 404, "{bad}");
        assert_eq!(client.get(&format!("/api/v2/notifications/{bad}")).await.code.as_u16(), 404, "{bad}");
    }
    let hour = client.server.node.clock().now().secs() / 3600;
    for key in [
        "ungrouped-".to_owned(),
        "ungrouped-x".to_owned(),
        format!("favourite-{hour}"),
        format!("follow-{post}-{hour}"),
        format!("favourite-{post}--{hour}"),
        format!("favourite-{post}-{}", "9".repeat(40)),
        format!("mention-{post}-{hour}"),
        format!("like-{post}-{hour}"),
        "x".repeat(10_000),
    ] {
        assert_eq!(client.get(&format!("/api/v2/notifications/{key}")).await.code.as_u16(), 404, "{key}");
        assert_eq!(client.post(&format!("/api/v2/notifications/{key}/dismiss"), &[]).await.json(), json!({}), "{key}");
        assert_eq!(client.get(&format!("/api/v2/notifications/{key}/accounts")).await.json(), json!([]), "{key}");
    }
    assert_eq!(
        types(&client, "/api/v1/notifications?max_id=99999999999999999999999&min_id=&limit=-3").await,
        ["favourite"]
    );
}
