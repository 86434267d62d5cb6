//! Tests that slow and blocked hosts named by remote actors cost little.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::incoming::verify::{self, SignatureRejection};
use super::test_support::TestNode;
use super::{media, remote::resolve};
use crate::net::test_support::{SeenRequest, TestPeer, activity, response};
use crate::sig::{self, Knock, OutgoingRequest, PrivateKey, ReceivedRequest, Signer};
use crate::store::moderation::host_blocks::{self, HostBlockRule, Severity};

/// Time limit of a fetch in these tests.
const WHOLE: Duration = Duration::from_millis(400);

static KEY: LazyLock<Arc<PrivateKey>> = LazyLock::new(|| Arc::new(PrivateKey::generate().unwrap()));

/// The actor `/users/bob` of whichever host is requested.
fn bob(seen: &SeenRequest) -> Vec<u8> {
    let id = format!("http://{}/users/bob", seen.header("host"));
    let pem = KEY.public_pem().replace('\n', "\\n");
    activity(&format!(
        r#"{{"id":"{id}","type":"Person","preferredUsername":"bob","inbox":"{id}/inbox",
            "publicKey":{{"id":"{id}#main-key","owner":"{id}","publicKeyPem":"{pem}"}}}}"#
    ))
}

/// A peer for all hosts: `slow.example` does not respond, `leads.example` redirects to it.
fn peer() -> TestPeer {
    TestPeer::start_raw(|seen, stream| {
        let answer = match (seen.header("host"), seen.target.as_str()) {
            ("slow.example", _) => return,
            ("leads.example", _) => response(302, &["location: http://slow.example/elsewhere"], b""),
            ("good.example", "/to-blocked") => response(302, &["location: http://blocked.example/p.png"], b""),
            (_, "/users/bob") => bob(seen),
            _ => response(404, &[], b""),
        };
        stream.write_all(&answer).unwrap_or(());
    })
}

fn home(peer: &TestPeer) -> TestNode {
    let domains = ["slow.example", "leads.example", "good.example", "other.example", "blocked.example"];
    TestNode::new(&domains, peer.address, WHOLE)
}

/// The result for a request signed with this key id.
fn knock(home: &TestNode, key_id: &str) -> Result<(), SignatureRejection> {
    let body = b"{}";
    let (scheme, host, target) = ("https", "here.example", "/inbox");
    let signer = Signer { key_id: key_id.to_owned(), key: KEY.clone() };
    let outgoing = OutgoingRequest {
        method: "POST",
        scheme,
        host,
        target,
        body: Some(("application/activity+json", body)),
        extra: &[],
    };
    let mut headers = sig::sign(&signer, Knock::Cavage, &outgoing, home.clock.now()).unwrap();
    headers.push(("host".into(), host.into()));
    let received = ReceivedRequest { method: "POST", scheme, host, target, headers: &headers, body };
    verify::signer(&home.node, &received, None).map(drop)
}

fn asked(peer: &TestPeer, host: &str) -> usize {
    peer.seen().iter().filter(|seen| seen.header("host") == host).count()
}

#[test]
fn a_server_that_hangs_keeps_nobody_elses_keys_from_being_fetched() {
    let peer = peer();
    let home = home(&peer);
    assert!(matches!(knock(&home, "http://slow.example/users/eve#main-key"), Err(SignatureRejection::Unavailable(_))));
    assert_eq!(knock(&home, "http://good.example/users/bob#main-key"), Ok(()), "another server, and well");
    assert_eq!(asked(&peer, "slow.example"), 1);
    let again = knock(&home, "http://slow.example/users/mallory#main-key").unwrap_err();
    assert!(matches!(&again, SignatureRejection::Unavailable(why) if why.contains("a moment ago")), "{again:?}");
    assert_eq!(asked(&peer, "slow.example"), 1, "it would only hang again");
    home.clock.advance(Duration::from_secs(61));
    assert!(knock(&home, "http://slow.example/users/mallory#main-key").is_err());
    assert_eq!(asked(&peer, "slow.example"), 2, "it may be well again");
}

#[test]
fn who_is_led_to_a_server_that_hangs_blames_that_server() {
    let peer = peer();
    let home = home(&peer);
    assert!(knock(&home, "http://leads.example/users/eve#main-key").is_err());
    assert_eq!((asked(&peer, "leads.example"), asked(&peer, "slow.example")), (1, 1));
    // The redirecting host is asked again, but its redirect is not followed again.
    assert!(resolve::post(&home.node, "http://leads.example/notes/1").is_err());
    assert!(resolve::post(&home.node, "http://slow.example/notes/1").is_err());
    assert_eq!((asked(&peer, "leads.example"), asked(&peer, "slow.example")), (2, 1));
}

#[test]
fn nothing_is_fetched_from_a_blocked_server_however_it_is_named() {
    let peer = peer();
    let home = home(&peer);
    let block = HostBlockRule::manual("blocked.example", Severity::Block, "");
    home.node.store.write(move |w| host_blocks::set(w, &block)).unwrap();
    for picture in [
        "http://blocked.example/p.png",
        "http://blocked.example/p.png#x",
        "http://blocked.example./p.png",
        "HTTP://BLOCKED.example/p.png",
        "http://good.example/to-blocked",
    ] {
        assert!(media::fetch_picture(&home.node, picture).is_err(), "{picture}");
    }
    assert!(knock(&home, "http://blocked.example/users/bob#main-key").is_err());
    assert!(resolve::post(&home.node, "http://good.example/to-blocked").is_err());
    assert_eq!(asked(&peer, "blocked.example"), 0);
}
