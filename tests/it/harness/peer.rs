//! A made-up foreign server: serves documents, signs requests, records what it is sent.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use hytte::base::Time;
use hytte::sig::{self, Knock, OutgoingRequest, PrivateKey, ProofKey, Signer, proof};
use serde_json::{Value, json};

use super::{Answer, Server, World, request};

/// A document as served: status, content type, body.
type Served = (u16, String, Vec<u8>);

/// What the peer was sent.
#[derive(Debug, Clone)]
pub struct Got {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

#[derive(Default)]
struct Shelf {
    documents: HashMap<String, Served>,
    got: Vec<Got>,
    /// What POSTs are answered with.
    inbox_code: Option<u16>,
}

/// Keys are slow to make: the peers of one world have one each, and worlds share them.
fn key(n: usize) -> Arc<PrivateKey> {
    static POOL: Mutex<Vec<Arc<PrivateKey>>> = Mutex::new(Vec::new());
    let mut pool = POOL.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    while pool.len() <= n {
        pool.push(Arc::new(PrivateKey::generate().unwrap()));
    }
    pool[n].clone()
}

/// The server; its thread ends with the process.
#[derive(Clone)]
pub struct Peer {
    pub domain: String,
    shelf: Arc<Mutex<Shelf>>,
    key: Arc<Mutex<Arc<PrivateKey>>>,
    /// Everyone's key for integrity proofs.
    pub proof_key: Arc<ProofKey>,
}

impl Peer {
    pub(super) fn start(world: &World, domain: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        world.names.write().unwrap().insert(domain.to_owned(), listener.local_addr().unwrap());
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let shared = shelf.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shelf = shared.clone();
                std::thread::spawn(move || answer(stream, &shelf));
            }
        });
        let key = Arc::new(Mutex::new(key(world.next_peer())));
        let proof_key = Arc::new(ProofKey::from_pkcs8(&ProofKey::generate().unwrap()).unwrap());
        let peer = Self { domain: domain.into(), shelf, key, proof_key };
        peer.person("bob");
        peer
    }

    fn key(&self) -> Arc<PrivateKey> {
        self.key.lock().unwrap().clone()
    }

    /// Starts again with a new key: `bob` is served with it, and everyone signs with it. Returns the server as it was.
    pub fn rotate_key(&self) -> Self {
        let old = Self { key: Arc::new(Mutex::new(self.key())), ..self.clone() };
        *self.key.lock().unwrap() = Arc::new(PrivateKey::generate().unwrap());
        self.person("bob");
        old
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.domain)
    }

    pub fn actor(&self, name: &str) -> String {
        self.url(&format!("/users/{name}"))
    }

    /// Serves a document.
    pub fn serve(&self, path: &str, document: &Value) {
        self.serve_as(path, 200, "application/activity+json", document.to_string().into_bytes());
    }

    pub fn serve_as(&self, path: &str, code: u16, content_type: &str, body: Vec<u8>) {
        self.shelf.lock().unwrap().documents.insert(path.to_owned(), (code, content_type.to_owned(), body));
    }

    /// Whether something is served there.
    pub fn serves(&self, path: &str) -> bool {
        self.shelf.lock().unwrap().documents.contains_key(path)
    }

    /// Answers with a redirect from now on.
    pub fn redirect(&self, path: &str, to: &str) {
        self.serve_as(path, 302, &format!("text/plain\r\nLocation: {to}"), Vec::new());
    }

    /// Answers 410 from now on.
    pub fn gone(&self, path: &str) {
        self.serve_as(path, 410, "text/plain", Vec::new());
    }

    /// Answers POSTs with this status from now on.
    pub fn answer_posts(&self, code: u16) {
        self.shelf.lock().unwrap().inbox_code = Some(code);
    }

    pub fn person_document(&self, name: &str) -> Value {
        let id = self.actor(name);
        json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": id, "type": "Person", "preferredUsername": name, "name": name,
            "inbox": format!("{id}/inbox"), "outbox": format!("{id}/outbox"),
            "followers": format!("{id}/followers"), "following": format!("{id}/following"),
            "endpoints": { "sharedInbox": self.url("/inbox") },
            "url": self.url(&format!("/@{name}")),
            "summary": "", "manuallyApprovesFollowers": false,
            "publicKey": { "id": format!("{id}#main-key"), "owner": id, "publicKeyPem": self.key().public_pem() },
            "assertionMethod": [{ "id": format!("{id}#ed25519-key"), "type": "Multikey", "controller": id,
                "publicKeyMultibase": self.proof_key.multibase() }],
        })
    }

    /// Serves a person and their WebFinger.
    pub fn person(&self, name: &str) {
        self.serve(&format!("/users/{name}"), &self.person_document(name));
        let jrd = json!({
            "subject": format!("acct:{name}@{}", self.domain),
            "links": [{ "rel": "self", "type": "application/activity+json", "href": self.actor(name) }],
        });
        let path = format!("/.well-known/webfinger?resource=acct:{name}@{}", self.domain);
        self.serve_as(&path, 200, "application/jrd+json", jrd.to_string().into_bytes());
    }

    pub fn signer(&self, name: &str) -> Signer {
        Signer { key_id: format!("{}#main-key", self.actor(name)), key: self.key() }
    }

    /// The activity with `name`'s integrity proof, made at that time.
    pub fn prove(&self, name: &str, activity: &Value, now: Time) -> Value {
        proof::attach_proof(activity.clone(), &format!("{}#ed25519-key", self.actor(name)), &self.proof_key, now)
            .unwrap()
    }

    /// A signed GET by `name`.
    pub fn get(&self, name: &str, server: &Server, target: &str) -> Answer {
        let outgoing =
            OutgoingRequest { method: "GET", scheme: "http", host: &server.domain, target, body: None, extra: &[] };
        let mut headers = sig::sign(&self.signer(name), Knock::Cavage, &outgoing, server.clock.now()).unwrap();
        headers.push(("host".into(), server.domain.clone()));
        headers.push(("accept".into(), "application/activity+json".into()));
        request(server.address, "GET", target, &headers, b"")
    }

    /// Sends an activity as `name`, signed, to the shared inbox.
    pub fn send(&self, name: &str, server: &Server, activity: &Value) -> Answer {
        self.send_bytes(name, server, Knock::Cavage, activity.to_string().as_bytes())
    }

    pub fn send_bytes(&self, name: &str, server: &Server, knock: Knock, body: &[u8]) -> Answer {
        let headers = self.sign(name, server, knock, body, server.clock.now());
        request(server.address, "POST", "/inbox", &headers, body)
    }

    /// The headers of a signed POST to the shared inbox.
    pub fn sign(&self, name: &str, server: &Server, knock: Knock, body: &[u8], now: Time) -> Vec<(String, String)> {
        let outgoing = OutgoingRequest {
            method: "POST",
            scheme: "http",
            host: &server.domain,
            target: "/inbox",
            body: Some(("application/activity+json", body)),
            extra: &[],
        };
        let mut headers = sig::sign(&self.signer(name), knock, &outgoing, now).unwrap();
        headers.push(("host".into(), server.domain.clone()));
        headers
    }

    /// The headers of a signed GET.
    pub fn sign_get(&self, name: &str, server: &Server, target: &str) -> Vec<(String, String)> {
        let outgoing =
            OutgoingRequest { method: "GET", scheme: "http", host: &server.domain, target, body: None, extra: &[] };
        let mut headers = sig::sign(&self.signer(name), Knock::Cavage, &outgoing, server.clock.now()).unwrap();
        headers.push(("host".into(), server.domain.clone()));
        headers.push(("accept".into(), "application/activity+json".into()));
        headers
    }

    /// A Note by `name`, for everyone.
    pub fn note(&self, name: &str, path: &str, content: &str) -> Value {
        let actor = self.actor(name);
        json!({
            "id": self.url(path), "type": "Note", "attributedTo": actor, "content": content,
            "published": "2026-09-21T12:00:00Z",
            "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [format!("{actor}/followers")],
        })
    }

    /// An activity round an object, addressed as the object is.
    pub fn activity(&self, kind: &str, name: &str, path: &str, object: &Value) -> Value {
        let mut activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": self.url(path), "type": kind, "actor": self.actor(name), "object": object,
        });
        for list in ["to", "cc"] {
            if let Some(value) = object.get(list) {
                activity[list] = value.clone();
            }
        }
        activity
    }

    /// All POSTs so far.
    pub fn got(&self) -> Vec<Got> {
        self.shelf.lock().unwrap().got.iter().filter(|got| got.method == "POST").cloned().collect()
    }

    /// All requests so far, GETs too.
    pub fn asked(&self) -> Vec<Got> {
        self.shelf.lock().unwrap().got.clone()
    }

    /// The activities of one type among all POSTs.
    pub fn got_type(&self, kind: &str) -> Vec<Value> {
        self.got().iter().map(Got::json).filter(|activity| activity["type"] == kind).collect()
    }
}

fn answer(stream: TcpStream, shelf: &Mutex<Shelf>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(got) = read(&mut reader) {
        let (code, content_type, body) = {
            let mut shelf = shelf.lock().unwrap();
            let answer = if got.method == "POST" {
                (shelf.inbox_code.unwrap_or(202), "text/plain".to_owned(), Vec::new())
            } else {
                let missing = || (404, "text/plain".to_owned(), Vec::new());
                shelf.documents.get(&got.target).cloned().unwrap_or_else(missing)
            };
            shelf.got.push(got);
            answer
        };
        let head =
            format!("HTTP/1.1 {code} X\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Got> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(n, _)| n == "content-length").map_or(0, |(_, v)| v.parse().unwrap_or(0));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Got { method, target, headers, body })
}
