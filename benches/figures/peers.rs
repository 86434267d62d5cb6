//! Hundreds of made-up servers behind one port, told apart by name: they show their actors, take what is delivered to them
//! and count it, at once or after a while.

use std::collections::HashMap;
use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hytte::base::Clock;
use hytte::sig::{self, Knock, OutgoingRequest, PrivateKey, Signer};
use serde_json::{Value, json};

use super::http;

/// Requests answered at once: more than the server under test sends.
const HANDS: usize = 320;
/// How long a peer keeps an idle connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// The content type of all activities.
const TYPE: &str = "application/activity+json";

/// The made-up servers.
pub struct Peers {
    address: SocketAddr,
    key: Arc<PrivateKey>,
    delay_ms: AtomicU64,
    /// How often each activity came to each host.
    seen: Mutex<HashMap<(String, String), u32>>,
}

impl Peers {
    /// Opens all servers. Their threads end with the process.
    pub fn open() -> Arc<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let peers = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            key: Arc::new(PrivateKey::generate().unwrap()),
            delay_ms: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        let listener = Arc::new(listener);
        for _ in 0..HANDS {
            let (peers, listener) = (peers.clone(), listener.clone());
            let hand = thread::Builder::new().stack_size(128 * 1024);
            let work = move || {
                while let Ok((stream, _)) = listener.accept() {
                    // Ends when the other side closes, which is no news.
                    drop(peers.answer(stream));
                }
            };
            hand.spawn(work).unwrap();
        }
        peers
    }

    /// Every answer to a POST waits so long from now on.
    pub fn delay(&self, by: Duration) {
        self.delay_ms.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The name of a server, with its port.
    pub fn host(&self, n: usize) -> String {
        format!("peer{n}.localhost:{}", self.address.port())
    }

    /// The id of the one actor of a server.
    pub fn actor(&self, n: usize) -> String {
        format!("http://{}/users/ann", self.host(n))
    }

    /// Where all of them listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A POST of `activity` to the shared inbox at `host`, signed by the actor of server `n`.
    pub fn signed(&self, n: usize, host: &str, activity: &Value) -> Vec<u8> {
        let signer = Signer { key_id: format!("{}#main-key", self.actor(n)), key: self.key.clone() };
        let body = activity.to_string();
        let outgoing = OutgoingRequest {
            method: "POST",
            scheme: "http",
            host,
            target: "/inbox",
            body: Some((TYPE, body.as_bytes())),
            extra: &[],
        };
        let headers = sig::sign(&signer, Knock::Cavage, &outgoing, Clock::system().now()).unwrap();
        http::request("POST", "/inbox", host, &headers, body.as_bytes())
    }

    /// Forgets what came.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// How many deliveries have come, and how many of them had come before.
    pub fn counts(&self) -> (usize, u32) {
        let seen = self.seen.lock().unwrap();
        (seen.len(), seen.values().map(|times| times - 1).sum())
    }

    /// Waits until `count` deliveries have come, or for a minute.
    pub fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.counts().0 < count && start.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(KEEP_ALIVE))?;
        let mut stream = BufReader::new(stream);
        loop {
            let (first, headers) = http::head(&mut stream)?;
            let body = http::body(&mut stream, &headers)?;
            let host = headers.iter().find(|(name, _)| name == "host").map_or("", |(_, value)| value);
            let mut words = first.split(' ');
            let answer = match (words.next(), words.next().unwrap_or_default()) {
                (Some("POST"), _) => self.take(host, &body),
                (_, "/users/ann") => found(TYPE, &self.document(host)),
                (_, path) if path.starts_with("/.well-known/webfinger") => found("application/jrd+json", &finger(host)),
                _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
            };
            stream.get_mut().write_all(answer.as_bytes())?;
        }
    }

    fn take(&self, host: &str, body: &[u8]) -> String {
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::SeqCst));
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        let activity: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = activity["id"].as_str().unwrap_or_default().to_owned();
        *self.seen.lock().unwrap().entry((host.to_owned(), id)).or_default() += 1;
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n".to_owned()
    }

    /// The actor of a host.
    pub fn document(&self, host: &str) -> Value {
        let id = format!("http://{host}/users/ann");
        json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": id, "type": "Person", "preferredUsername": "ann", "name": "Ann Example",
            "summary": "<p>Made up, like all of us here.</p>",
            "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"), "followers": format!("{id}/followers"),
            "endpoints": { "sharedInbox": format!("http://{host}/inbox") },
            "publicKey": { "id": format!("{id}#main-key"), "owner": id, "publicKeyPem": self.key.public_pem() },
        })
    }
}

fn finger(host: &str) -> Value {
    let link = json!({ "rel": "self", "type": TYPE, "href": format!("http://{host}/users/ann") });
    json!({ "subject": format!("acct:ann@{host}"), "links": [link] })
}

fn found(media_type: &str, document: &Value) -> String {
    let text = document.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}
