//! What careless and hostile clients try.

use actix_http::ws::OpCode;
use serde_json::json;

use super::{StreamingServer, TestListener, payload, with};
use crate::base::Audience;
use crate::store::access::apps;
use crate::web::api::streaming::member::MAX_STREAMS_PER_LISTENER;

#[actix_web::test]
async fn who_has_no_good_token_hears_401() {
    let open = StreamingServer::new();
    for (query, headers) in [
        ("", ""),
        ("?access_token=wrong&stream=public", ""),
        ("", "Sec-WebSocket-Protocol: wrong\r\n"),
        ("", "Authorization: Bearer wrong\r\n"),
    ] {
        let (_, head) = open.knock(query, headers).await;
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    }
    let token = open.token("read");
    let (_, head) = open.knock("/", &format!("Authorization: Bearer {token}\r\n")).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let bare = format!("GET /api/v1/streaming?access_token={token} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
    let (_, head) = open.request(bare).await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    open.until(0).await;
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn wishes_are_limited_in_size_and_number() {
    let open = StreamingServer::new();
    let query = format!("?access_token={}", open.token("read"));
    let huge = open.socket(&query).await;
    let (_, code) = with(huge, |ear| {
        // A frame of 10 MB, of which only the beginning is ever sent: that is enough.
        let mut head = vec![0x81, 0xFF];
        head.extend(10_000_000_u64.to_be_bytes());
        head.extend([1, 2, 3, 4]);
        head.extend([b' '; 12_000]);
        std::io::Write::write_all(&mut ear.stream, &head).unwrap();
        ear.closed()
    })
    .await;
    assert_eq!(code, 1009);
    let pieces = open.socket(&query).await;
    let (_, code) = with(pieces, |ear| {
        ear.part(OpCode::Text, &[b' '; 5_000], false);
        ear.part(OpCode::Continue, &[b' '; 5_000], false);
        ear.closed()
    })
    .await;
    assert_eq!(code, 1009);
    let binary = open.socket(&query).await;
    let (_, code) = with(binary, |ear| {
        ear.say(OpCode::Binary, b"{}");
        ear.closed()
    })
    .await;
    assert_eq!(code, 1003);
    let bare = open.socket(&query).await;
    let (_, code) = with(bare, |ear| {
        std::io::Write::write_all(&mut ear.stream, &[0x81, 2, b'{', b'}']).unwrap();
        ear.closed()
    })
    .await;
    assert_eq!(code, 1002, "a client masks what it says");
    let polite = open.socket(&query).await;
    let (_, code) = with(polite, |ear| {
        ear.say(OpCode::Close, &1000_u16.to_be_bytes());
        ear.closed()
    })
    .await;
    assert_eq!(code, 1000);
    let greedy = open.socket(&query).await;
    let (greedy, refused) = with(greedy, |ear| {
        let refused = (0..1_000).filter(|n| {
            ear.tell(&json!({"type": "subscribe", "stream": "hashtag", "tag": format!("t{n}")}));
            *n >= MAX_STREAMS_PER_LISTENER && ear.next()["status"] == 429
        });
        refused.count()
    })
    .await;
    assert_eq!(refused, 1_000 - MAX_STREAMS_PER_LISTENER);
    open.post("still here #t7 #t999", Audience::Public).await;
    let (_, frame) = with(greedy, TestListener::next).await;
    assert_eq!(frame["stream"], json!(["hashtag", "t7"]));
    open.until(0).await;
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn a_revoked_token_hears_no_more() {
    let open = StreamingServer::new();
    let (token, other) = (open.token("read"), open.token("read"));
    let socket = open.socket(&format!("?access_token={token}&stream=user")).await;
    let stays = open.socket(&format!("?access_token={other}&stream=user")).await;
    let events = format!("GET /api/v1/streaming/user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    let (events, _) = open.request(events).await;
    let hash = crate::federation::owner::login::token_hash(&token);
    let revoke = move |w: &crate::store::Write<'_>| apps::revoke(w, apps::token(w, &hash)?.unwrap().id);
    open.house.node.store.write(revoke).unwrap();
    open.post("secret", Audience::Followers).await;
    let (_, code) = with(socket, |ear| {
        let first = ear.frame().map(|(code, _)| code);
        assert_eq!(first, Some(OpCode::Close), "nothing is heard after the token is gone");
        ear.frame()
    })
    .await;
    assert_eq!(code, None);
    let (_, said) = with(events, |ear| ear.until(b"0\r\n\r\n")).await;
    assert!(!said.contains("secret"), "{said}");
    let (_, frame) = with(stays, TestListener::next).await;
    assert_eq!(payload(&frame)["content"], "<p>secret</p>");
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn who_says_nothing_or_reads_nothing_is_let_go() {
    let open = StreamingServer::new();
    let ears = open.house.node.store.event_demand().clone();
    let query = format!("?access_token={}&stream=user", open.token("read"));
    let (lively, silent) = (open.socket(&query).await, open.socket(&query).await);
    open.hub.heartbeat(&ears);
    open.hub.heartbeat(&ears);
    let (lively, ()) = with(lively, |ear| {
        assert_eq!(ear.frame().map(|(code, _)| code), Some(OpCode::Ping));
        ear.say(OpCode::Pong, b"");
        ear.settle();
    })
    .await;
    open.hub.heartbeat(&ears);
    open.hub.heartbeat(&ears);
    open.until(1).await;
    let (_, end) = with(silent, |ear| (ear.frame().map(|(code, _)| code), ear.frame())).await;
    assert_eq!(end, (Some(OpCode::Ping), None));
    // One that asks and never reads the answers: they do not pile up.
    let slow = open.socket(&query).await;
    let (slow, ()) = with(slow, |ear| {
        ear.stream.set_write_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let mut bytes = actix_web::web::BytesMut::new();
        actix_http::ws::Parser::write_message(&mut bytes, [b'?'; 125], OpCode::Ping, true, true);
        // Each wants an answer as long, until nothing more is taken.
        for _ in 0..1_000_000 {
            if std::io::Write::write_all(&mut ear.stream, &bytes).is_err() {
                break;
            }
        }
    })
    .await;
    let id = open.post("x", Audience::Public).await;
    let (_, frame) = with(lively, |ear| {
        loop {
            let (code, payload) = ear.frame().unwrap();
            if code == OpCode::Text {
                return serde_json::from_slice::<serde_json::Value>(&payload).unwrap();
            }
        }
    })
    .await;
    assert_eq!(payload(&frame)["id"], json!(id.to_string()), "the others hear as before");
    drop(slow);
    open.until(0).await;
    open.handle.stop(false).await;
}

#[actix_web::test]
async fn when_the_server_stops_streams_end_with_it() {
    let open = StreamingServer::new();
    let ear = open.socket(&format!("?access_token={}&stream=user", open.token("read"))).await;
    open.house.node.store.event_demand().end();
    open.house.node.store.commit_notifier().notify();
    let (_, code) = with(ear, TestListener::closed).await;
    assert_eq!(code, 1013);
    open.until(0).await;
    let (_, head) = open.knock(&format!("?access_token={}", open.token("read")), "").await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    open.handle.stop(true).await;
}
