//! Streams over real sockets on loopback, as an app hears them. Nothing sleeps: each read waits for its frame.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hearing;
mod hostile;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use actix_http::ws::{OpCode, Parser};
use actix_web::dev::ServerHandle;
use actix_web::web::BytesMut;
use actix_web::{App, HttpServer, web};
use serde_json::Value;

use super::StreamHub;
use crate::base::Audience;
use crate::base::id::PostId;
use crate::federation::owner::{oauth, publish};
use crate::store::posts::{self, Post};
use crate::store::{actors, timelines::home_timeline};
use crate::web::test_support::{RemoteBob, TestServer};

/// No frame takes longer.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// A server with a real server in front, whose hub is in hand.
struct StreamingServer {
    house: TestServer,
    hub: web::Data<StreamHub>,
    address: SocketAddr,
    handle: ServerHandle,
}

impl StreamingServer {
    fn new() -> Self {
        let house = TestServer::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hub = web::Data::new(StreamHub::default());
        let configure = crate::web::configure_app_with(house.node.clone(), hub.clone());
        let server = HttpServer::new(move || App::new().configure(configure.clone()));
        let server = server.disable_signals().workers(1).listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { house, hub, address, handle }
    }

    fn token(&self, scopes: &str) -> String {
        oauth::create_personal_token(&self.house.node, "test", scopes).unwrap()
    }

    /// Something that waits, on a thread that may.
    async fn wait<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        web::block(work).await.unwrap()
    }

    /// A socket for this query, opened.
    async fn socket(&self, query: &str) -> TestListener {
        let (ear, head) = self.knock(query, "").await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        ear
    }

    async fn knock(&self, query: &str, headers: &str) -> (TestListener, String) {
        let request = format!(
            "GET /api/v1/streaming{query} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        self.request(request).await
    }

    /// Sends a request; what is heard behind the head of its answer, and the head.
    async fn request(&self, request: String) -> (TestListener, String) {
        let address = self.address;
        self.wait(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
            stream.set_write_timeout(Some(READ_TIMEOUT)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut ear = TestListener { stream, buffer: BytesMut::new() };
            let head = ear.until(b"\r\n\r\n");
            (ear, head)
        })
        .await
    }

    /// Waits until so many listen.
    async fn until(&self, count: usize) {
        let watch = crate::base::time::Stopwatch::start();
        while self.hub.count() != count {
            assert!(watch.elapsed() < READ_TIMEOUT, "{} listen", self.hub.count());
            actix_web::rt::task::yield_now().await;
        }
    }

    /// The owner posts.
    async fn post(&self, text: &str, audience: Audience) -> PostId {
        let (node, text) = (self.house.node.clone(), text.to_owned());
        self.wait(move || publish::post(&node, publish::NewPost::new(&text, audience)).unwrap()).await
    }
}

/// Bob's post arrives, for everyone, on the home timeline.
fn bob_says(house: &TestServer, text: &str) -> PostId {
    let text = text.to_owned();
    let said = house.node.store.write(move |w| {
        let id = posts::next_id(w, w.now)?;
        let own = crate::store::node::owner(w)?;
        let pattern = posts::by_actor(w, own, posts::Viewer::Owner, posts::PostPage::first(1))?;
        let post = Post {
            id,
            uri: format!("https://b.example/posts/{id}"),
            actor_id: actors::id_by_uri(w, RemoteBob::URI)?.unwrap(),
            content: text,
            ..posts::by_id(w, pattern[0])?
        };
        posts::insert(w, &post, &[], &[])?;
        home_timeline::add(w, id)?;
        Ok(id)
    });
    said.unwrap()
}

/// The listening end.
struct TestListener {
    stream: TcpStream,
    buffer: BytesMut,
}

impl TestListener {
    fn more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        let read = self.stream.read(&mut chunk).expect("something comes in time");
        self.buffer.extend_from_slice(&chunk[..read]);
        read > 0
    }

    /// What comes up to and with `end`.
    fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|part| part == end) {
                return String::from_utf8(self.buffer.split_to(at + end.len()).to_vec()).unwrap();
            }
            if !self.more() {
                return String::from_utf8_lossy(&self.buffer.split()).into_owned();
            }
        }
    }

    /// The next frame; None at the end.
    fn frame(&mut self) -> Option<(OpCode, Vec<u8>)> {
        loop {
            if let Some((_, code, payload)) = Parser::parse(&mut self.buffer, false, 1 << 24).unwrap() {
                return Some((code, payload.unwrap_or_default().to_vec()));
            }
            if !self.more() {
                return None;
            }
        }
    }

    /// The next message.
    fn next(&mut self) -> Value {
        let (code, payload) = self.frame().expect("the socket is open");
        assert_eq!(code, OpCode::Text);
        serde_json::from_slice(&payload).unwrap()
    }

    fn say(&mut self, code: OpCode, payload: &[u8]) {
        self.part(code, payload, true);
    }

    fn part(&mut self, code: OpCode, payload: &[u8], is_last: bool) {
        let mut bytes = BytesMut::new();
        Parser::write_message(&mut bytes, payload, code, is_last, true);
        self.stream.write_all(&bytes).unwrap();
    }

    fn tell(&mut self, wish: &Value) {
        self.say(OpCode::Text, wish.to_string().as_bytes());
    }

    /// Waits until all that was said has been understood.
    fn settle(&mut self) {
        self.say(OpCode::Ping, b"?");
        assert_eq!(self.frame(), Some((OpCode::Pong, b"?".to_vec())));
    }

    /// The code it is closed with.
    fn closed(&mut self) -> u16 {
        loop {
            match self.frame() {
                Some((OpCode::Close, code)) => {
                    assert_eq!(self.frame(), None, "nothing comes behind a close");
                    return u16::from_be_bytes([code[0], code[1]]);
                }
                Some(_) => {}
                None => return 0,
            }
        }
    }
}

/// Runs `work` with an ear, away from the server's thread.
async fn with<T: Send + 'static>(
    mut ear: TestListener,
    work: impl FnOnce(&mut TestListener) -> T + Send + 'static,
) -> (TestListener, T) {
    web::block(move || {
        let done = work(&mut ear);
        (ear, done)
    })
    .await
    .unwrap()
}

fn payload(frame: &Value) -> Value {
    serde_json::from_str(frame["payload"].as_str().unwrap()).unwrap()
}
