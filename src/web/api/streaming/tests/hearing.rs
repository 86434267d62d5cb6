//! What apps hear, and what they do not.

use std::time::Duration;

use actix_http::ws::OpCode;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::{StreamingServer, TestListener, bob_says, payload, with};
use crate::base::Audience;
use crate::federation::owner::publish;
use crate::social::{list, moderation::filter};
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    Write, actors,
    moderation::{blocks, mutes},
    node,
    timelines::filters,
};
use crate::web::test_support::RemoteBob;

#[actix_web::test]
async fn an_app_hears_posts_edits_and_deletes_as_they_happen() {
    let open = StreamingServer::new();
    let token = open.token("read write");
    let ear = open.socket(&format!("/?access_token={token}&stream=user")).await;
    let id = open.post("Good morning", Audience::Followers).await;
    let (ear, frame) = with(ear, TestListener::next).await;
    let names: Vec<&String> = frame.as_object().unwrap().keys().collect();
    assert_eq!(names, ["event", "payload", "stream"]);
    assert_eq!((&frame["stream"], &frame["event"]), (&json!(["user"]), &json!("update")));
    let status = payload(&frame);
    assert_eq!((&status["id"], &status["content"]), (&json!(id.to_string()), &json!("<p>Good morning</p>")));
    assert_eq!(status["visibility"], "private");
    // What an app gets by asking is the same.
    let asked = open.house.call(
        TestRequest::get()
            .uri(&format!("/api/v1/statuses/{id}"))
            .insert_header(("Authorization", format!("Bearer {token}"))),
    );
    assert_eq!(asked.await.json(), status);

    let node = open.house.node.clone();
    open.house.test_store.clock.advance(Duration::from_secs(60));
    open.wait(move || {
        publish::edit(&node, id, publish::PostChange { text: "Good evening".to_owned(), ..Default::default() })
            .unwrap();
    })
    .await;
    let (ear, frame) = with(ear, TestListener::next).await;
    assert_eq!(
        (&frame["event"], &payload(&frame)["content"]),
        (&json!("status.update"), &json!("<p>Good evening</p>"))
    );
    let node = open.house.node.clone();
    open.wait(move || publish::delete(&node, id).unwrap()).await;
    let (_, frame) = with(ear, TestListener::next).await;
    assert_eq!(frame, json!({"stream": ["user"], "event": "delete", "payload": id.to_string()}));
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn one_socket_hears_many_streams_and_only_those() {
    let open = StreamingServer::new();
    let token = open.token("read");
    let (ear, head) = open.knock("", &format!("Sec-WebSocket-Protocol: {token}\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let head = head.to_lowercase();
    assert!(head.contains(&format!("sec-websocket-protocol: {}", token.to_lowercase())), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let (ear, said) = with(ear, |ear| {
        ear.tell(&json!({"type": "subscribe", "stream": "hashtag", "tag": "Birds"}));
        ear.tell(&json!({"type": "subscribe", "stream": "public:local"}));
        ear.tell(&json!({"type": "subscribe", "stream": "public:local:media"}));
        ear.tell(&json!({"type": "subscribe", "stream": "public:remote"}));
        ear.tell(&json!({"type": "unsubscribe", "stream": "user"}));
        ear.say(OpCode::Text, b"garbage {");
        ear.tell(&json!({"type": "dance", "stream": "user"}));
        ear.tell(&json!(["subscribe"]));
        ear.tell(&json!({"type": "subscribe", "stream": "everything"}));
        let unknown = ear.next();
        ear.tell(&json!({"type": "subscribe", "stream": "hashtag"}));
        // In pieces, as the protocol allows.
        ear.part(OpCode::Text, br#"{"type":"unsub"#, false);
        ear.part(OpCode::Continue, br#"scribe","stream":"public:remote"}"#, true);
        (unknown, ear.next())
    })
    .await;
    assert_eq!(said.0, json!({"error": "Unknown stream type", "status": 400}));
    assert_eq!(said.1["status"], 400);
    let (ear, ()) = with(ear, TestListener::settle).await;
    open.post("for followers #birds", Audience::Followers).await;
    open.post("quiet #birds", Audience::Quiet).await;
    let id = open.post("wrens #birds", Audience::Public).await;
    let (ear, mut frames) = with(ear, |ear| vec![ear.next(), ear.next()]).await;
    frames.sort_by_key(|frame| frame["stream"].to_string());
    assert_eq!(frames[0]["stream"], json!(["hashtag", "Birds"]));
    assert_eq!(frames[1]["stream"], json!(["public:local"]));
    for frame in &frames {
        assert_eq!((&frame["event"], &payload(frame)["id"]), (&json!("update"), &json!(id.to_string())));
    }
    let (ear, ()) = with(ear, |ear| {
        ear.tell(&json!({"type": "unsubscribe", "stream": "hashtag", "tag": "Birds"}));
        ear.settle();
    })
    .await;
    let id = open.post("again #birds", Audience::Public).await;
    let (_, frame) = with(ear, TestListener::next).await;
    assert_eq!((&frame["stream"], &payload(&frame)["id"]), (&json!(["public:local"]), &json!(id.to_string())));
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn notifications_need_their_scope() {
    let open = StreamingServer::new();
    RemoteBob::known_to(&open.house);
    let all = open.socket(&format!("?access_token={}&stream=user", open.token("read"))).await;
    let token = open.token("read:notifications");
    let notices = open.socket(&format!("?type=subscribe&stream=user:notification&access_token={token}")).await;
    let posts = open.socket(&format!("?access_token={}&stream=user", open.token("read:statuses"))).await;
    let follow = |w: &Write<'_>| {
        notifications::add(w, NotificationKind::Follow, actors::id_by_uri(w, RemoteBob::URI)?.unwrap(), None)
    };
    open.house.node.store.write(follow).unwrap();
    let (_, frame) = with(all, TestListener::next).await;
    assert_eq!((&frame["stream"], &frame["event"]), (&json!(["user"]), &json!("notification")));
    let (notices, frame) = with(notices, TestListener::next).await;
    assert_eq!(frame["stream"], json!(["user:notification"]));
    let notice = payload(&frame);
    assert_eq!((&notice["type"], &notice["account"]["acct"]), (&json!("follow"), &json!("bob@b.example")));
    let id = open.post("hello", Audience::Public).await;
    let (_, frame) = with(posts, TestListener::next).await;
    assert_eq!(
        (&frame["event"], &payload(&frame)["id"]),
        (&json!("update"), &json!(id.to_string())),
        "no notification"
    );
    // A token for notifications alone hears no posts.
    let (_, frame) = with(notices, |ear| {
        ear.tell(&json!({"type": "subscribe", "stream": "user"}));
        ear.next()
    })
    .await;
    assert_eq!(frame, json!({"error": "Access token does not have the required scopes", "status": 401}));
    open.until(0).await;
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn streams_show_what_timelines_show() {
    let open = StreamingServer::new();
    RemoteBob::known_to(&open.house);
    open.post("the first", Audience::Public).await;
    let query = format!("?access_token={}&stream=user", open.token("read"));
    let ear = open.socket(&query).await;
    let (ear, ()) = with(ear, |ear| {
        ear.tell(&json!({"type": "subscribe", "stream": "public:remote"}));
        ear.settle();
    })
    .await;
    let heard = async |mut ear: TestListener, marker: &str| {
        let mut said = Vec::new();
        let id = open.post(marker, Audience::Followers).await;
        loop {
            let (back, frame) = with(ear, TestListener::next).await;
            ear = back;
            let status = payload(&frame);
            if status["id"] == json!(id.to_string()) {
                said.sort();
                return (ear, said);
            }
            said.push(format!("{} {}", frame["stream"][0].as_str().unwrap(), status["content"].as_str().unwrap()));
        }
    };
    bob_says(&open.house, "one");
    let (ear, said) = heard(ear, "a").await;
    assert_eq!(said, ["public:remote one", "user one"]);
    let mute =
        |w: &Write<'_>| mutes::set(w, actors::id_by_uri(w, RemoteBob::URI)?.unwrap(), mutes::MuteScope::Home, None);
    open.house.node.store.write(mute).unwrap();
    bob_says(&open.house, "two");
    let (ear, said) = heard(ear, "b").await;
    assert!(!said.contains(&"user two".to_owned()), "{said:?}");
    let block = |w: &Write<'_>| blocks::add(w, actors::id_by_uri(w, RemoteBob::URI)?.unwrap(), None);
    open.house.node.store.write(block).unwrap();
    bob_says(&open.house, "three");
    let (ear, said) = heard(ear, "c").await;
    assert!(said.is_empty(), "{said:?}");
    drop(ear);
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn server_sent_events_say_the_same() {
    let open = StreamingServer::new();
    let token = open.token("read");
    let ask = |path: &str| {
        format!("GET /api/v1/streaming{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let (ear, head) = open.request(ask("/user")).await;
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for line in ["content-type: text/event-stream\r\n", "cache-control: private, no-store\r\n"] {
        assert!(head.contains(line), "{head}");
    }
    let (ear, hello) = with(ear, |ear| ear.until(b":)\n")).await;
    assert!(hello.ends_with(":)\n"), "{hello}");
    let id = open.post("Good morning", Audience::Quiet).await;
    let (ear, said) = with(ear, |ear| ear.until(b"\n\n")).await;
    let said = said.split_once("event: ").unwrap().1;
    let (name, data) = said.split_once("\ndata: ").unwrap();
    let status: Value = serde_json::from_str(data).unwrap();
    assert_eq!((name, &status["id"]), ("update", &json!(id.to_string())));
    open.hub.heartbeat(open.house.node.store.event_demand());
    let (ear, thump) = with(ear, |ear| ear.until(b":thump\n")).await;
    assert!(thump.contains(":thump\n"));
    drop(ear);
    open.hub.heartbeat(open.house.node.store.event_demand());
    open.until(0).await;
    let (_, head) = open.request(ask("/elsewhere")).await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    let health = open.house.get("/api/v1/streaming/health", "*/*").await;
    assert_eq!((health.code.as_u16(), health.text()), (200, "OK".to_owned()));
    let stranger = open.house.get("/api/v1/streaming/public/local", "*/*").await;
    assert_eq!((stranger.code.as_u16(), &stranger.json()["error"]), (401, &json!("The access token is invalid")));
    let unknown = open.house.get("/api/v1/streaming/nothing", "*/*").await;
    assert_eq!(unknown.json(), json!({"error": "Unknown channel requested"}));
    let bare = open.house.call(TestRequest::get().uri(&format!("/api/v1/streaming/hashtag?access_token={token}")));
    assert_eq!(bare.await.json(), json!({"error": "Missing tag name parameter"}));
    let (narrow, path) = (open.token("read:notifications"), "/api/v1/streaming/user");
    let narrow = open.house.call(TestRequest::get().uri(&format!("{path}?access_token={narrow}"))).await;
    assert_eq!(narrow.code.as_u16(), 401);
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn silence_costs_nothing() {
    let open = StreamingServer::new();
    let count = || open.house.node.store.read(crate::store::events::newest).unwrap();
    open.post("nobody listens", Audience::Public).await;
    assert_eq!(count(), 0);
    let ear = open.socket(&format!("?access_token={}&stream=user", open.token("read"))).await;
    open.post("somebody listens", Audience::Public).await;
    assert_eq!(count(), 1, "at home; nobody listens to all that is public");
    let (ear, _) = with(ear, TestListener::next).await;
    drop(ear);
    open.until(0).await;
    open.post("nobody listens", Audience::Public).await;
    assert_eq!(count(), 1);
    // The next one begins where it comes, not where the last one left.
    let ear = open.socket(&format!("?access_token={}&stream=user", open.token("read"))).await;
    let id = open.post("somebody listens", Audience::Public).await;
    let (ear, frame) = with(ear, TestListener::next).await;
    assert_eq!(payload(&frame)["id"], json!(id.to_string()));
    drop(ear);
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn a_list_is_heard_alone_and_apps_hear_that_filters_changed() {
    let open = StreamingServer::new();
    let token = open.token("read write");
    let make = |w: &Write<'_>| {
        let named = |title: &str| list::ListChange { title: Some(title.to_owned()), ..Default::default() };
        let (own, other) = (list::create_list(w, &named("own"))?, list::create_list(w, &named("empty"))?);
        list::add_members(w, own.id, &[node::owner(w)?])?;
        Ok((own.id, other.id))
    };
    let (own, other) = open.house.node.store.write(make).unwrap();
    let empty = open.socket(&format!("/?access_token={token}&stream=list&list={other}")).await;
    let ear = open.socket(&format!("/?access_token={token}&stream=list&list={own}")).await;
    let id = open.post("To my list", Audience::Public).await;
    let (ear, frame) = with(ear, TestListener::next).await;
    assert_eq!((&frame["stream"], &frame["event"]), (&json!(["list", own.to_string()]), &json!("update")));
    assert_eq!(payload(&frame)["id"], id.to_string());
    drop(ear);
    let user = open.socket(&format!("/?access_token={token}&stream=user")).await;
    let contexts = filters::FilterContexts::of([filters::FilterContext::Home]);
    let change = filter::FilterChange { title: Some("x".to_owned()), contexts: Some(contexts), ..Default::default() };
    open.house.node.store.write(move |w| filter::create_filter(w, &change)).unwrap();
    let (_, frame) = with(user, TestListener::next).await;
    assert_eq!(frame, json!({"stream": ["user"], "event": "filters_changed"}));
    let put = move |w: &Write<'_>| list::add_members(w, other, &[node::owner(w)?]);
    open.house.node.store.write(put).unwrap();
    let id = open.post("To the other list", Audience::Public).await;
    let (_, frame) = with(empty, TestListener::next).await;
    assert_eq!(payload(&frame)["id"], id.to_string(), "the first thing it hears");
    open.handle.stop(false).await;
}
