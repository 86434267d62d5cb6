//! Tests of what peers see of our requests, and of hostile servers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::test_support::{SeenRequest, TestPeer, activity, config, net, read_request, response};
use super::*;
use crate::base::Time;
use crate::sig::{PrivateKey, PublicKey, ReceivedRequest, SignatureError, claim};

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer {
    key_id: "https://here.example/users/a#main-key".into(),
    key: Arc::new(PrivateKey::generate().unwrap()),
});
static KEY: LazyLock<PublicKey> = LazyLock::new(|| SIGNER.key.public_key().unwrap());

fn now() -> Time {
    Time::from_secs(1_763_884_800)
}

fn get(url: &str) -> Get<'_> {
    let (accept, knock, limit) = (Expected::Activity, Knock::Cavage, JSON_LIMIT);
    Get { url, accept, signer: Some(&SIGNER), knock, limit, now: now(), gate: &|_| Ok(()) }
}

fn post(url: &str) -> PostMessage<'_> {
    let (body, content_type) = (&b"{\"type\":\"Like\"}"[..], "application/activity+json");
    PostMessage { url, body, content_type, signer: Some(&SIGNER), knock: Knock::Cavage, extra: &[], now: now() }
}

/// What the inbound half says about a request we sent to this host over http.
fn verify(seen: &SeenRequest, host: &str) -> Result<(), SignatureError> {
    let SeenRequest { method, target, headers, body } = seen;
    claim(&ReceivedRequest { method, scheme: "http", host, target, headers, body }, now())?.verify(&KEY)
}

/// A peer that only takes one format, and answers others with this status.
fn picky(only: Knock, code: u16) -> TestPeer {
    TestPeer::start(move |seen| {
        let knock = if seen.header("signature-input").is_empty() { Knock::Cavage } else { Knock::Rfc9421 };
        if knock == only { activity(r#"{"id":"http://b.example/x"}"#) } else { response(code, &[], b"no") }
    })
}

#[test]
fn requests_are_signed_for_the_host_they_go_to() {
    let peer = TestPeer::start(|_| activity("{}"));
    let net = net(&[("b.example", peer.address)]);
    for knock in [Knock::Cavage, Knock::Rfc9421] {
        net.get(Get { knock, ..get("http://b.example/users/b?page=1#x") }).unwrap();
        let extra = [("collection-synchronization".to_owned(), "x".to_owned())];
        net.post(PostMessage { knock, extra: &extra, ..post("http://b.example:3000/inbox") }).unwrap();
    }
    let seen = peer.seen();
    assert_eq!(seen.len(), 4);
    for request in &seen {
        let host = request.header("host");
        assert_eq!(host, if request.method == "GET" { "b.example" } else { "b.example:3000" });
        assert_eq!(verify(request, host), Ok(()), "{request:?}");
        assert_eq!(request.header("user-agent"), "hytte/0 (+https://here.example/)");
        let hosts = request.headers.iter().filter(|(name, _)| name == "host").count();
        assert_eq!(hosts, 1);
    }
    assert_eq!(seen[0].target, "/users/b?page=1", "no fragment");
    assert!(seen[0].header("accept").starts_with("application/ld+json; profile="));
    assert_eq!(seen[1].header("content-type"), "application/activity+json");
    assert_eq!(seen[1].header("collection-synchronization"), "x");
}

#[test]
fn the_second_knock_comes_once_and_is_remembered() {
    for code in [400, 401, 403, 404] {
        let peer = picky(Knock::Rfc9421, code);
        let net = net(&[("b.example", peer.address)]);
        assert_eq!(net.get(get("http://b.example/x")).unwrap().knock, Knock::Rfc9421);
        assert_eq!(peer.seen().len(), 2);
        let sent = net.post(post("http://b.example/inbox")).unwrap();
        assert_eq!((sent.code, sent.knock), (200, Knock::Rfc9421));
        assert_eq!(peer.seen().len(), 4);
        let sent = net.post(PostMessage { knock: Knock::Rfc9421, ..post("http://b.example/inbox") }).unwrap();
        assert_eq!((sent.code, peer.seen().len()), (200, 5), "the remembered format is tried first");
    }
    let peer = picky(Knock::Cavage, 401);
    let net = net(&[("b.example", peer.address)]);
    let sent = net.post(PostMessage { knock: Knock::Rfc9421, ..post("http://b.example/inbox") }).unwrap();
    assert_eq!((sent.code, sent.knock), (200, Knock::Cavage));
}

#[test]
fn no_second_knock_where_the_signature_is_not_the_reason() {
    for code in [202, 302, 405, 410, 413, 422, 429, 500, 502, 503] {
        let peer = picky(Knock::Rfc9421, code);
        let net = net(&[("b.example", peer.address)]);
        assert_eq!(net.post(post("http://b.example/inbox")).unwrap().code, code);
        assert_eq!(peer.seen().len(), 1, "{code}");
    }
    let peer = TestPeer::start(|_| response(401, &[], b"Who are you?"));
    let net = net(&[("b.example", peer.address)]);
    assert_eq!(net.get(Get { signer: None, ..get("http://b.example/x") }).unwrap_err().code(), Some(401));
    assert_eq!(peer.seen().len(), 1, "unsigned");
    let sent = net.post(post("http://b.example/inbox")).unwrap();
    assert_eq!((sent.code, sent.knock, sent.body_start.as_str()), (401, Knock::Cavage, "Who are you?"));
    assert!(!sent.is_accepted());
    assert_eq!(peer.seen().len(), 3, "both refused");
}

#[test]
fn redirects_are_followed_and_signed_anew() {
    let far = TestPeer::start(|_| activity(r#"{"id":"http://c.example/end"}"#));
    let near = TestPeer::start(|seen| match seen.target.as_str() {
        "/a/1" => response(301, &["location: 2?x=y"], b"moved"),
        "/a/2?x=y" => response(307, &["location: //c.example/end"], b""),
        _ => response(404, &[], b""),
    });
    let net = net(&[("b.example", near.address), ("c.example", far.address)]);
    let answer = net.get(get("http://b.example/a/1")).unwrap();
    assert_eq!(answer.url, "http://c.example/end");
    assert_eq!(verify(&near.seen()[1], "b.example"), Ok(()));
    assert_eq!(verify(&far.seen()[0], "c.example"), Ok(()));
}

#[test]
fn bad_redirects_are_not_followed() {
    let places = |seen: &SeenRequest| match seen.target.as_str() {
        "/meta" => "http://169.254.169.254/latest/meta-data/".to_owned(),
        "/zero" => "http://0.0.0.0:22/".to_owned(),
        "/mapped" => "http://[::ffff:169.254.169.254]/".to_owned(),
        "/name" => "http://meta.example/".to_owned(),
        "/file" => "file:///etc/passwd".to_owned(),
        "/self" => "/self".to_owned(),
        "/ping" => "/pong".to_owned(),
        "/pong" => "/ping".to_owned(),
        "/password" => "http://u:p@b.example/".to_owned(),
        count => format!("{count}0"),
    };
    let peer = TestPeer::start(move |seen| response(302, &[&format!("location: {}", places(seen))], b""));
    let meta = "169.254.169.254:80".parse().unwrap();
    let net = net(&[("b.example", peer.address), ("meta.example", meta)]);
    for path in ["meta", "zero", "mapped", "name", "file", "password"] {
        let url = format!("http://b.example/{path}");
        assert!(matches!(net.get(get(&url)), Err(NetError::Refused { .. })), "{path}");
    }
    for path in ["self", "ping"] {
        let url = format!("http://b.example/{path}");
        assert!(matches!(net.get(get(&url)), Err(NetError::Redirect { .. })), "{path}");
    }
    let before = peer.seen().len();
    assert!(matches!(net.get(get("http://b.example/1")), Err(NetError::Redirect { .. })));
    assert_eq!(peer.seen().len() - before, 4, "three hops");
    let jrd = Get { accept: Expected::Jrd, ..get("http://b.example/1") };
    assert!(matches!(net.get(jrd), Err(NetError::Redirect { .. })));
    assert_eq!(peer.seen().len() - before, 10, "and five for WebFinger");
    assert_eq!(net.post(post("http://b.example/1")).unwrap().code, 302, "never on delivery");
    assert_eq!(peer.seen().len() - before, 11);
    let lost = TestPeer::start(|_| response(301, &[], b""));
    let net = super::test_support::net(&[("b.example", lost.address)]);
    assert!(matches!(net.get(get("http://b.example/")), Err(NetError::Redirect { .. })));
}

/// `count` times 258 zero bytes and one more, as gzip: one literal and then copies of it, in fixed Huffman codes.
fn gzip_bomb(count: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // last block, fixed codes, literal 0
    let mut bits: Vec<u8> = vec![1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    for _ in 0..count {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    bits.extend([0; 7]);
    for chunk in bits.chunks(8) {
        bytes.push(chunk.iter().enumerate().fold(0, |byte, (at, bit)| byte | (bit << at)));
    }
    bytes
}

#[test]
fn answers_are_cut_off_at_their_limit() {
    let peer = TestPeer::start_raw(|seen, stream| {
        let bytes = match seen.target.as_str() {
            "/bomb" => response(200, &["content-encoding: gzip"], &gzip_bomb(100_000)),
            "/plain" => response(200, &[], &vec![b'x'; JSON_LIMIT + 1]),
            "/just" => response(200, &[], &vec![b'x'; JSON_LIMIT]),
            "/head" => response(200, &[&format!("x: {}", "y".repeat(100_000))], b""),
            _ => {
                let _ = stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n");
                let chunk = [&b"1000\r\n"[..], &[b'x'; 0x1000], b"\r\n"].concat();
                while stream.write_all(&chunk).is_ok() {}
                return;
            }
        };
        let _ = stream.write_all(&bytes);
    });
    let net = net(&[("b.example", peer.address)]);
    for path in ["bomb", "plain", "endless"] {
        let error = net.get(get(&format!("http://b.example/{path}"))).unwrap_err();
        assert_eq!(error, NetError::TooBig { host: "b.example".into(), limit: JSON_LIMIT }, "{path}");
    }
    assert_eq!(net.get(get("http://b.example/just")).unwrap().body.len(), JSON_LIMIT);
    let error = net.get(get("http://b.example/head")).unwrap_err();
    assert!(matches!(error, NetError::BadContent { .. }), "{error:?}");
    assert!(net.post(post("http://b.example/plain")).unwrap().is_accepted());
}

#[test]
fn slow_servers_are_left() {
    let peer = TestPeer::start_raw(|seen, stream| {
        let head = b"HTTP/1.1 200 X\r\ncontent-length: 1000000\r\ncontent-type: application/activity+json\r\n\r\n";
        let whole = [head, &[b'x'; 1000][..]].concat();
        if seen.target == "/body" {
            let _ = stream.write_all(head);
        }
        for byte in whole.iter().skip(if seen.target == "/body" { head.len() } else { 0 }) {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            let (lock, pause) = (std::sync::Mutex::new(()), std::sync::Condvar::new());
            let _ = pause.wait_timeout(lock.lock().unwrap(), Duration::from_millis(10));
        }
    });
    let limits = TimeLimits { connect: Duration::from_millis(200), whole: Duration::from_millis(300) };
    let net = Net::with(config(&[("b.example", peer.address)]), None, limits).unwrap();
    for path in ["head", "body"] {
        let error = net.get(get(&format!("http://b.example/{path}"))).unwrap_err();
        assert_eq!(error, NetError::Timeout { host: "b.example".into(), doing: "answer" }, "{path}");
        assert!(error.is_temporary());
    }
}

#[test]
fn who_took_the_time_is_to_blame_and_not_the_last_one_asked() {
    let peer = TestPeer::start_raw(|seen, stream| {
        let pause = if seen.header("host") == "b.example" { 400 } else { 2000 };
        let (lock, over) = (std::sync::Mutex::new(()), std::sync::Condvar::new());
        let _ = over.wait_timeout(lock.lock().unwrap(), Duration::from_millis(pause));
        let _ = stream.write_all(&response(302, &["location: http://victim.example/x"], b""));
    });
    let limits = TimeLimits { connect: Duration::from_millis(200), whole: Duration::from_millis(600) };
    let world = [("b.example", peer.address), ("victim.example", peer.address)];
    let net = Net::with(config(&world), None, limits).unwrap();
    let error = net.get(get("http://b.example/x")).unwrap_err();
    assert_eq!(error, NetError::Timeout { host: "b.example".into(), doing: "answer" });
    assert_eq!(peer.seen().len(), 2, "the other one was asked, for the rest of the time");
}

#[test]
fn every_hop_passes_the_gate() {
    let peer = TestPeer::start(|_| response(302, &["location: http://shut.example/x"], b""));
    let net = net(&[("b.example", peer.address), ("shut.example", peer.address)]);
    let gate = |host: &str| match host {
        "shut.example" => Err(NetError::Slow { host: host.to_owned() }),
        _ => Ok(()),
    };
    let shut = NetError::Slow { host: "shut.example".into() };
    assert_eq!(net.get(Get { gate: &gate, ..get("http://b.example/x") }).unwrap_err(), shut);
    assert_eq!(net.document(Get { gate: &gate, ..get("http://b.example/x") }, IdRule::Exact).unwrap_err(), shut);
    assert_eq!(net.fetch_range("http://b.example/x", 0, 1, &gate).unwrap_err(), shut);
    assert!(peer.seen().iter().all(|seen| seen.header("host") == "b.example"));
}

#[test]
fn failures_say_whose_they_are() {
    let peer = TestPeer::start(|_| response(503, &["retry-after: 120"], b"later"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let net = net(&[("b.example", peer.address), ("down.example", nobody)]);
    let error = net.get(get("http://nowhere.example/")).unwrap_err();
    assert_eq!(error.to_string(), "there is no server called nowhere.example");
    let error = net.get(get("http://down.example/")).unwrap_err();
    assert!(matches!(error, NetError::Connect { .. }) && error.is_temporary(), "{error}");
    let error = net.get(get("http://b.example/")).unwrap_err();
    let retry_after = Some(Duration::from_secs(120));
    assert_eq!(error, NetError::Status { host: "b.example".into(), code: 503, retry_after });
    assert_eq!(net.post(post("http://b.example/")).unwrap().retry_after, retry_after);
    let error: crate::base::Error = error.into();
    assert_eq!(error.to_string(), "b.example answered with status 503");
    let dated = TestPeer::start(|_| response(429, &["retry-after: Sun, 23 Nov 2025 08:01:00 GMT"], b""));
    let net = super::test_support::net(&[("b.example", dated.address)]);
    assert_eq!(net.post(post("http://b.example/")).unwrap().retry_after, Some(Duration::from_secs(60)));
}

#[test]
fn without_a_world_only_the_public_internet_is_asked() {
    let peer = TestPeer::start(|_| activity("{}"));
    let outside = NetConfig { names: NameSource::System, ..config(&[]) };
    let net = Net::new(outside.clone()).unwrap();
    let port = peer.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        "https://localhost/".into(),
        "https://127.0.0.1/".into(),
        "https://[::1]/".into(),
    ] {
        assert!(matches!(net.get(get(&url)), Err(NetError::Refused { .. })), "{url}");
        assert!(matches!(net.post(post(&url)), Err(NetError::Refused { .. })), "{url}");
    }
    assert_eq!(peer.seen().len(), 0);
    let open = Net::new(NetConfig { allow_private: true, ..outside.clone() }).unwrap();
    assert!(open.get(get(&format!("http://localhost:{port}/"))).is_ok());
    let trial = Net::new(NetConfig { allow_private: true, trial: true, ..outside }).unwrap();
    let error = trial.post(post(&format!("http://localhost:{port}/"))).unwrap_err();
    assert_eq!(error, NetError::Trial { host: "localhost".into() });
    assert_eq!(peer.seen().len(), 1);
}

#[test]
fn documents_prove_where_they_live() {
    let peer = TestPeer::start(|seen| {
        let id = |id: &str| activity(&format!(r#"{{"id":"{id}","type":"Person"}}"#));
        match seen.target.as_str() {
            "/own" => id("http://b.example/own"),
            "/fragment" => id("http://b.example/fragment#me"),
            "/@alias" => id("http://b.example/own"),
            "/lies" => id("http://b.example/other"),
            "/other" => id("http://b.example/third"),
            "/stolen" => id("http://c.example/own"),
            "/port" => id("http://b.example:8080/own"),
            "/scheme" => id("https://b.example/scheme"),
            "/slash" => response(301, &["location: /slash/"], b""),
            "/slash/" => id("http://b.example/slash"),
            "/away" => response(301, &["location: http://c.example/away"], b""),
            "/away-id" => id("http://b.example/away-id"),
            "/key" => id("http://b.example/own"),
            "/none" => activity(r#"{"type":"Person"}"#),
            "/word" => id("tag:x"),
            "/list" => activity("[]"),
            "/text" => activity("hello"),
            "/deep" => {
                activity(&format!(r#"{{"id":"http://b.example/deep","x":{}{}}}"#, "[".repeat(64), "]".repeat(64)))
            }
            "/json" => response(200, &["content-type: application/json"], br#"{"id":"http://b.example/json"}"#),
            "/untyped" => response(200, &[], br#"{"id":"http://b.example/untyped"}"#),
            _ => response(404, &[], b""),
        }
    });
    let there = TestPeer::start(|_| activity(r#"{"id":"http://b.example/away"}"#));
    let net = net(&[("b.example", peer.address), ("c.example", there.address)]);
    let fetch = |path: &str, rule| net.document(get(&format!("http://b.example{path}")), rule);
    for (path, id) in [("/own", "/own"), ("/fragment", "/fragment#me"), ("/@alias", "/own"), ("/slash", "/slash")] {
        let document = fetch(path, IdRule::Exact).unwrap();
        assert_eq!(document.id, format!("http://b.example{id}"));
        assert_eq!(document.value["id"], document.id);
    }
    assert_eq!(fetch("/slash/", IdRule::Exact).unwrap().id, "http://b.example/slash");
    for path in [
        "/lies", "/stolen", "/port", "/scheme", "/away", "/none", "/word", "/list", "/text", "/deep", "/json",
        "/untyped",
    ] {
        let error = fetch(path, IdRule::Exact).unwrap_err();
        assert!(matches!(error, NetError::BadContent { .. }), "{path}: {error}");
    }
    assert_eq!(fetch("/key", IdRule::SameOrigin).unwrap().id, "http://b.example/own");
    assert_eq!(fetch("/lies", IdRule::SameOrigin).unwrap().id, "http://b.example/other");
    assert!(fetch("/stolen", IdRule::SameOrigin).is_err());
    assert!(fetch("/missing", IdRule::Exact).unwrap_err().is_missing());
    assert_eq!(net.json(get("http://b.example/json")).unwrap().1["id"], "http://b.example/json");
}

#[test]
fn connections_are_used_again() {
    let peer = TestPeer::start(|_| response(202, &[], b"{}"));
    let net = net(&[("b.example", peer.address)]);
    for _ in 0..5 {
        net.post(post("http://b.example/inbox")).unwrap();
    }
    assert_eq!(peer.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_connection_the_peer_has_closed_is_not_used_again() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let closed = std::sync::Mutex::new(closed);
    let peer = TestPeer::start_raw(move |_, stream| {
        stream.write_all(&response(202, &[], b"{}")).unwrap();
        stream.shutdown(std::net::Shutdown::Both).unwrap();
        closed.lock().unwrap().send(()).unwrap();
    });
    let net = net(&[("b.example", peer.address)]);
    for _ in 0..3 {
        assert_eq!(net.post(post("http://b.example/inbox")).unwrap().code, 202);
        is_closed.recv().unwrap();
    }
}

/// A TLS server for `tls.example` that answers 202; it ends with the process.
fn tls_server() -> std::net::SocketAddr {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(folder.join("tls.example.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("tls.example.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::StreamOwned::new(connection, stream.unwrap());
            thread::spawn(move || {
                while let Some(_request) = read_request(&mut BufReader::new(&mut tls)) {
                    if tls.write_all(&response(202, &[], b"thanks")).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[test]
fn tls_is_spoken_with_those_we_have_reason_to_trust() {
    let address = tls_server();
    let world = [("tls.example", address), ("wrong.example", address)];
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    let limits = TimeLimits { connect: Duration::from_secs(5), whole: Duration::from_secs(10) };
    let trusting = Net::with(config(&world), Some(&authority), limits).unwrap();
    // the stack of a delivery thread
    let sent = thread::scope(|scope| {
        let deliver = || trusting.post(post("https://tls.example/inbox"));
        let thread = thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, deliver);
        thread.unwrap().join().unwrap().unwrap()
    });
    assert_eq!((sent.code, sent.body_start.as_str()), (202, "thanks"));
    assert_eq!(trusting.post(post("https://tls.example/inbox")).unwrap().code, 202, "on the same connection");
    let error = trusting.post(post("https://wrong.example/inbox")).unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }), "{error}");
    let wary = Net::with(config(&world), None, limits).unwrap();
    let error = wary.post(post("https://tls.example/inbox")).unwrap_err();
    assert!(matches!(error, NetError::Tls { .. }) && error.is_temporary(), "{error}");
    assert!(Net::with(config(&world), Some(Path::new("/nowhere.pem")), limits).is_err());
}
