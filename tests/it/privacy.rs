//! Private posts, their images, answers, edits and deletions: every byte that left the machine, and every surface a
//! stranger can look at.

use std::time::Duration;

use hytte::base::Audience;
use hytte::base::id::PostId;
use hytte::federation::media;
use hytte::federation::owner::publish::{self, NewPost, PostChange};
use hytte::sig;
use serde_json::json;

use crate::harness::{Answer, Peer, Server, World, request};

/// A GET with these headers.
pub fn look(a: &Server, path: &str, headers: &[(String, String)]) -> Answer {
    let host = [("Host".to_owned(), a.domain.clone())];
    request(a.address, "GET", path, &[&host, headers].concat(), b"")
}

/// A GET for a document, signed by somebody of the peer's.
pub fn signed_look(a: &Server, peer: &Peer, who: &str, path: &str) -> Answer {
    let outgoing = hytte::sig::OutgoingRequest {
        method: "GET",
        scheme: "http",
        host: &a.domain,
        target: path,
        body: None,
        extra: &[],
    };
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
    is_nowhere(a, &uri, &id.to_string(), &["secretword"], &[(peer, "eve")]);
    let named = signed_look(a, peer, "bob", path_of(&uri));
    assert_eq!(named.code, 200, "who is named may read it: {}", named.text());
}

fn path_of(uri: &str) -> &str {
    uri.strip_prefix("http://a.test").unwrap()
}

/// None of these words, nor the post's address, stands anywhere a visitor or one of these strangers can look.
fn is_nowhere(a: &Server, uri: &str, number: &str, words: &[&str], strangers: &[(&Peer, &str)]) {
    for path in surfaces(uri, number) {
        // A search and the page of a tag say back what was typed.
        let echo = path.contains("secretword");
        let leaks =
            |text: &str| words.iter().find(|word| !echo && text.contains(**word)).map(|word| (*word).to_owned());
        for accept in ["text/html", "application/activity+json", "*/*"] {
            let answer = look(a, &path, &[("Accept".to_owned(), accept.to_owned())]);
            assert_eq!(leaks(&answer.text()), None, "{path} {accept}");
            assert!(!answer.text().contains(uri), "{path} {accept}");
            assert!(answer.code < 500, "{path}: {}", answer.code);
        }
        for (peer, who) in strangers {
            let answer = signed_look(a, peer, who, &path);
            assert_eq!(leaks(&answer.text()), None, "{path}, signed by {who}@{}", peer.domain);
        }
    }
}

fn picture(seed: u32) -> Vec<u8> {
    let dots = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([(x * seed) as u8, (y * 7) as u8, seed as u8]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    dots.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A server with somebody who is named, a follower, and somebody known who is neither.
struct Scene {
    world: World,
    a: Server,
    named: Peer,
    fan: Peer,
    passer: Peer,
}

fn scene() -> Scene {
    let world = World::new();
    let a = world.server("a.test");
    let [named, fan, passer] = ["named.test", "fan.test", "passer.test"].map(|domain| world.peer(domain));
    let public = a.uri(a.post("for everyone", Audience::Public));
    fan.send("bob", &a, &fan.activity("Follow", "bob", "/follows/1", &json!(a.actor())));
    passer.send("bob", &a, &passer.activity("Like", "bob", "/likes/1", &json!(public)));
    passer.send("bob", &a, &passer.activity("Announce", "bob", "/boosts/1", &json!(public)));
    world.settle(&[&a]);
    crate::posting::follow_bob(&world, &a, &passer);
    Scene { world, a, named, fan, passer }
}

/// Words of a private story; none may reach anyone it is not for.
const WORDS: [&str; 5] = ["secretword", "secretalt", "secretreply", "secretanswer", "secretedit"];

/// Posted with an image, answered from outside, answered by the owner, edited; returns the post and its image's address.
fn tell_in_private(s: &Scene, audience: Audience) -> (PostId, String) {
    let media = media::store_image(&s.a.node, &picture(3), "secretalt").unwrap();
    let draft = NewPost { media: vec![media], ..NewPost::new("secretword #secretword @bob@named.test", audience) };
    let id = s.a.say(draft);
    s.world.settle(&[&s.a]);
    let uri = s.a.uri(id);
    let mut reply = s.named.note("bob", "/notes/1", "<p>secretreply</p>");
    reply["inReplyTo"] = json!(uri);
    reply["to"] = json!([s.a.actor()]);
    reply["cc"] = json!([]);
    reply["tag"] = json!([{ "type": "Mention", "href": s.a.actor(), "name": "@alice@a.test" }]);
    s.named.send("bob", &s.a, &s.named.activity("Create", "bob", "/creates/1", &reply));
    s.world.settle(&[&s.a]);
    let there = s.a.by_uri(&s.named.url("/notes/1")).expect("the answer came").id;
    let answer = s.a.reply("secretanswer @bob@named.test", there);
    assert!(!s.a.card(answer).post.audience.is_open());
    s.world.settle(&[&s.a]);
    let edit = PostChange {
        text: "secretedit secretword @bob@named.test".into(),
        media: vec![media],
        ..PostChange::default()
    };
    s.a.advance(Duration::from_secs(60));
    publish::edit(&s.a.node, id, edit).unwrap();
    s.world.settle(&[&s.a]);
    let file = s.a.card(id).attachments[0].file.clone().unwrap();
    (id, format!("/media/{file}"))
}

#[test]
fn every_byte_of_a_private_post_goes_only_to_whom_it_is_for() {
    for audience in [Audience::Followers, Audience::Mentioned] {
        let s = scene();
        let (id, file) = tell_in_private(&s, audience);
        let uri = s.a.uri(id);
        publish::delete(&s.a.node, id).unwrap();
        for _ in 0..48 {
            s.a.advance(Duration::from_secs(3600));
            s.world.settle(&[&s.a]);
        }
        for (peer, welcome) in [(&s.named, true), (&s.fan, audience == Audience::Followers), (&s.passer, false)] {
            let mut private = 0;
            for got in peer.asked() {
                let all = format!("{} {:?} {}", got.target, got.headers, String::from_utf8_lossy(&got.body));
                assert!(!all.contains("secretreply"), "what was written to the owner is passed on to nobody");
                if WORDS.iter().any(|word| all.contains(word)) || all.contains(&uri) || all.contains(&file) {
                    assert!(welcome && got.method == "POST", "{audience}: {} got {all}", peer.domain);
                    assert!(audience != Audience::Mentioned || got.target != "/inbox", "never a shared inbox");
                    private += 1;
                }
            }
            assert_eq!(private > 0, welcome, "{audience} {}", peer.domain);
        }
    }
}

#[test]
fn no_surface_shows_a_private_post_before_or_after_its_edit_and_deletion() {
    for audience in [Audience::Followers, Audience::Mentioned] {
        let s = scene();
        let (id, _) = tell_in_private(&s, audience);
        let uri = s.a.uri(id);
        s.named.person("eve");
        let mut strangers = vec![(&s.passer, "bob"), (&s.named, "eve")];
        if audience == Audience::Mentioned {
            strangers.push((&s.fan, "bob"));
        }
        is_nowhere(&s.a, &uri, &id.to_string(), &WORDS, &strangers);
        assert_eq!(signed_look(&s.a, &s.named, "bob", path_of(&uri)).code, 200);
        let fan = signed_look(&s.a, &s.fan, "bob", path_of(&uri)).code;
        assert_eq!(fan, if audience == Audience::Followers { 200 } else { 404 });
        // Bob's name with another actor's key.
        let key_id = s.named.signer("bob").key_id;
        let signer = sig::Signer { key_id, ..s.passer.signer("bob") };
        let outgoing = sig::OutgoingRequest {
            method: "GET",
            scheme: "http",
            host: "a.test",
            target: path_of(&uri),
            body: None,
            extra: &[],
        };
        let mut headers = sig::sign(&signer, sig::Knock::Cavage, &outgoing, s.a.clock.now()).unwrap();
        headers.push(("Accept".into(), "application/activity+json".into()));
        assert_eq!(look(&s.a, path_of(&uri), &headers).code, 404);
        publish::delete(&s.a.node, id).unwrap();
        s.world.settle(&[&s.a]);
        is_nowhere(&s.a, &uri, &id.to_string(), &WORDS, &strangers);
        for (peer, who) in &strangers {
            assert_eq!(signed_look(&s.a, peer, who, path_of(&uri)).code, 404, "gone tells that there was one");
        }
    }
}

#[test]
fn the_address_of_a_private_picture_cannot_be_guessed() {
    let s = scene();
    let (id, file) = tell_in_private(&s, Audience::Followers);
    let served = look(&s.a, &file, &[]);
    assert_eq!(served.code, 200, "who was given the address can fetch it, unsigned as Mastodon does");
    // Who has the very same bytes does not find out that they were posted.
    let digest = ring::digest::digest(&ring::digest::SHA256, &served.body);
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let ending = file.rsplit('.').next().unwrap();
    for guess in [hex.clone(), hex[..32].to_owned(), "1".into(), id.to_string()] {
        assert_eq!(look(&s.a, &format!("/media/{guess}.{ending}"), &[]).code, 404, "{guess}");
    }
    for listing in ["/media", "/media/", "/media/..", "/media/%2e%2e/hytte.db", "/proxy/", "/proxy/x/y"] {
        assert!(look(&s.a, listing, &[]).code >= 400, "{listing}");
    }
    let other = World::new().server("a.test");
    let media = media::store_image(&other.node, &picture(3), "").unwrap();
    let elsewhere = other.node.store.read(|r| hytte::store::posts::attachments::by_id(r, media)).unwrap().file.unwrap();
    assert!(!file.contains(&elsewhere), "another server calls the same picture otherwise");
    publish::delete(&s.a.node, id).unwrap();
    s.world.settle(&[&s.a]);
    assert_eq!(look(&s.a, &file, &[]).code, 404);
}
