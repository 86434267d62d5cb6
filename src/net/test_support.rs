//! Test support: a made-up server on loopback that answers as a test wants and records the requests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use super::{NameSource, Net, NetConfig, TestHosts, TimeLimits};

/// A request as the peer received it; header names in lower case.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl SeenRequest {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A running peer; its threads end with the test process.
pub struct TestPeer {
    pub address: SocketAddr,
    pub connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<SeenRequest>>>,
}

impl TestPeer {
    /// Starts a peer that answers with whole responses.
    pub fn start(answer: impl Fn(&SeenRequest) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_raw(move |request, stream| stream.write_all(&answer(request)).unwrap_or(()))
    }

    /// Starts a peer that writes to the connection itself.
    pub fn start_raw(answer: impl Fn(&SeenRequest, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (answer, all, count) = (Arc::new(answer), seen.clone(), connections.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, all) = (answer.clone(), all.clone());
                thread::spawn(move || {
                    serve(stream.unwrap(), |request, stream| {
                        all.lock().unwrap().push(request.clone());
                        answer(request, stream);
                    })
                });
            }
        });
        Self { address, connections, seen }
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<SeenRequest> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: impl Fn(&SeenRequest, &mut TcpStream)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        answer(&request, &mut stream);
    }
}

/// Reads one request with a Content-Length; None at the end of the connection.
pub fn read_request(reader: &mut BufReader<impl Read>) -> Option<SeenRequest> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut seen = SeenRequest { method, target, headers, body: Vec::new() };
    seen.body.resize(seen.header("content-length").parse().unwrap_or(0), 0);
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// A response with these header lines.
pub fn response(code: u16, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}

/// A document of the right type.
pub fn activity(json: &str) -> Vec<u8> {
    response(200, &["content-type: application/activity+json"], json.as_bytes())
}

/// A way out into a world of these domains.
pub fn net(world: &[(&str, SocketAddr)]) -> Net {
    patient_net(world, Duration::from_secs(10))
}

/// The same, with this limit for a whole request.
pub fn patient_net(world: &[(&str, SocketAddr)], whole: Duration) -> Net {
    let limits = TimeLimits { connect: Duration::from_millis(500), whole };
    Net::with(config(world), None, limits).unwrap()
}

pub fn config(world: &[(&str, SocketAddr)]) -> NetConfig {
    let table: HashMap<String, SocketAddr> = world.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect();
    let world: TestHosts = Arc::new(RwLock::new(table));
    let (allow_private, trial, names) = (false, false, NameSource::Test(world));
    NetConfig { user_agent: "hytte/0 (+https://here.example/)".into(), allow_private, trial, names }
}
