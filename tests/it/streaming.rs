//! What an app of the owner's hears of a world of servers, over a WebSocket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use actix_http::ws::{OpCode, Parser};
use actix_web::web::BytesMut;
use hytte::base::Audience;
use hytte::federation::owner::{oauth, publish};
use serde_json::{Value, json};

use crate::harness::{Server, World};

/// An app's open socket.
struct App {
    stream: TcpStream,
    buffer: BytesMut,
}

impl App {
    fn listening(server: &Server, stream: &str) -> Self {
        let token = oauth::create_personal_token(&server.node, "app", "read").unwrap();
        let mut socket = TcpStream::connect(server.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!(
            "GET /api/v1/streaming?stream={stream}&access_token={token} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.domain
        );
        socket.write_all(request.as_bytes()).unwrap();
        let mut app = Self { stream: socket, buffer: BytesMut::new() };
        let end = loop {
            app.more();
            if let Some(end) = app.buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                break end + 4;
            }
        };
        assert!(app.buffer.split_to(end).starts_with(b"HTTP/1.1 101"));
        app
    }

    fn more(&mut self) {
        let mut chunk = [0; 8192];
        let read = self.stream.read(&mut chunk).unwrap();
        assert!(read > 0, "the server hung up");
        self.buffer.extend_from_slice(&chunk[..read]);
    }

    /// The next event: its name, and its payload as what it is.
    fn hear(&mut self) -> (String, Value) {
        loop {
            match Parser::parse(&mut self.buffer, false, 1 << 20).unwrap() {
                Some((true, OpCode::Text, Some(text))) => {
                    let frame: Value = serde_json::from_slice(&text).unwrap();
                    let payload = frame["payload"].as_str().unwrap();
                    let payload = serde_json::from_str(payload).unwrap();
                    return (frame["event"].as_str().unwrap().to_owned(), payload);
                }
                Some(other) => panic!("{other:?}"),
                None => self.more(),
            }
        }
    }
}

#[test]
fn an_app_hears_what_comes_from_another_server_and_each_thing_once() {
    let world = World::new();
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let bob = a.find_actor("@alice@b.test");
    publish::follow(&a.node, bob).unwrap();
    world.settle(&[&a, &b]);
    let (mut home, mut talks) = (App::listening(&a, "user"), App::listening(&a, "direct"));

    let post = b.post("Good morning, @alice@a.test", Audience::Public);
    world.settle(&[&a, &b]);
    let mut heard = [home.hear(), home.hear()];
    heard.sort_by(|one, other| other.0.cmp(&one.0));
    let [(update, status), (notification, mention)] = heard;
    assert_eq!((update.as_str(), notification.as_str()), ("update", "notification"));
    assert_eq!(status["uri"], json!(b.uri(post)));
    assert_eq!((&mention["type"], &mention["status"]["id"]), (&json!("mention"), &status["id"]));

    b.advance(Duration::from_secs(5));
    publish::edit(&b.node, post, publish::PostChange { text: "Good evening".into(), ..Default::default() }).unwrap();
    world.settle(&[&a, &b]);
    let (event, edited) = home.hear();
    assert_eq!((event.as_str(), &edited["id"]), ("status.update", &status["id"]));
    assert_eq!(edited["content"], json!("<p>Good evening</p>"));

    publish::delete(&b.node, post).unwrap();
    world.settle(&[&a, &b]);
    let (event, gone) = home.hear();
    assert_eq!((event.as_str(), gone.to_string()), ("delete", status["id"].as_str().unwrap().to_owned()));

    b.post("For your ears only, @alice@a.test", Audience::Mentioned);
    world.settle(&[&a, &b]);
    let (event, talk) = talks.hear();
    assert_eq!((event.as_str(), &talk["accounts"][0]["acct"]), ("conversation", &json!("alice@b.test")));
    let (event, status) = home.hear();
    assert_eq!((event.as_str(), &status["visibility"]), ("update", &json!("direct")));
    let (event, mention) = home.hear();
    assert_eq!((event.as_str(), &mention["status"]["id"]), ("notification", &status["id"]));
}
