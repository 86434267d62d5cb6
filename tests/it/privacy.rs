//! Private posts, their pictures, answers, edits and deletions: every byte that left the machine, and every surface a
//! stranger can look at.

use hytte::base::Audience;

use crate::harness::{Answer, Peer, Server, World, request};

/// A GET with these headers.
pub fn look(a: &Server, path: &str, headers: &[(String, String)]) -> Answer {
    let host = [("Host".to_owned(), a.domain.clone())];
    request(a.address, "GET", path, &[&host, headers].concat(), b"")
}

/// A GET for a document, signed by somebody of the peer's.
pub fn signed_look(a: &Server, peer: &Peer, who: &str, path: &str) -> Answer {
    let outgoing =
        hytte::sig::Outgoing { method: "GET", scheme: "http", host: &a.domain, target: path, body: None, extra: &[] };
    let mut headers = hytte::sig::sign(&peer.signer(who), hytte::sig::Knock::Cavage, &outgoing, a.clock.now()).unwrap();
    headers.push(("Accept".into(), "application/activity+json".into()));
    look(a, path, &headers)
}

/// Every place where posts are shown to whoever asks, and those below this post.
fn surfaces(uri: &str, number: &str) -> Vec<String> {
    let post = uri.strip_prefix("http://a.test").unwrap();
    let mut paths: Vec<String> = [
        "/",
        "/@alice",
        "/@alice/feed.atom",
        "/users/alice",
        "/users/alice/outbox",
        "/users/alice/outbox?page=1",
        "/users/alice/outbox?page=true",
        "/users/alice/followers",
        "/users/alice/followers?page=1",
        "/users/alice/following",
        "/users/alice/collections/featured",
        "/users/alice/collections/tags",
        "/users/alice/liked",
        "/tags/secretword",
        "/find?q=secretword",
        "/home",
        "/notifications",
        "/search?q=secretword",
        "/nodeinfo/2.1",
        "/about",
        "/actor/outbox",
        "/.well-known/webfinger?resource=acct:alice@a.test",
        "/queue",
        "/compose",
        "/settings",
    ]
    .map(str::to_owned)
    .to_vec();
    for below in
        ["", "/activity", "/replies", "/replies?page=1", "/likes", "/shares", "/context", "/quotes", "/history"]
    {
        paths.push(format!("{post}{below}"));
    }
    paths.extend([
        format!("/@alice/{number}"),
        format!("/post/{number}"),
        format!("/@alice/{number}/embed"),
        format!("/post/{number}/history"),
    ]);
    paths.extend((1..12).map(|n| format!("/users/alice/activities/{n}")));
    paths
}

/// A private post of the owner's is found by no stranger, however they ask.
pub fn post_is_nowhere(world: &World, a: &Server, peer: &Peer, audience: Audience) {
    peer.person("eve");
    let id = a.post("secretword #secretword @bob@peer.test", audience);
    world.settle(&[a]);
    let uri = a.uri(id);
    for path in surfaces(&uri, &id.to_string()) {
        for accept in ["text/html", "application/activity+json", "*/*"] {
            let answer = look(a, &path, &[("Accept".to_owned(), accept.to_owned())]);
            // The page of a tag says its name back, to whoever typed it.
            let told =
                answer.text().replace("#secretword", "").replace("tags/secretword", "").replace("q=secretword", "");
            let echo = path.contains("secretword");
            assert!(echo || !told.contains("secretword"), "{audience} {path} {accept}");
            assert!(!told.contains(&uri), "{audience} {path} {accept}");
            assert!(answer.code < 500, "{path}: {}", answer.code);
        }
        let eve = signed_look(a, peer, "eve", &path).text();
        assert!(!eve.contains("secretword") || path.contains("secretword"), "{audience} {path}, signed by eve");
    }
    let named = signed_look(a, peer, "bob", uri.strip_prefix("http://a.test").unwrap());
    assert_eq!(named.code, 200, "who is named may read it: {}", named.text());
}
