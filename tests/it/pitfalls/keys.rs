//! 10–14: whose key it is.

use serde_json::{Value, json};

use super::letters::digest_of;
use super::{act, cavage, follower, like, post, strangers, with};
use crate::harness::{Answer, Peer, Server};

/// A Like by bob whose signature names this key id.
fn signed_as(a: &Server, peer: &Peer, key_id: &str, n: usize) -> Answer {
    let (body, date) = (like(a, peer, n), a.clock.now().http_date());
    let digest = digest_of(body.as_bytes());
    let signer = hytte::sig::Signer { key_id: key_id.to_owned(), ..peer.signer("bob") };
    let cover =
        [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str()), ("digest", digest.as_str())];
    post(a, "/inbox", &cavage(&signer, &cover, ""), body.as_bytes())
}

#[test]
fn p10_key_ids_come_in_all_forms() {
    let forms = ["#main-key", "", "/main-key", "?operation=rsakey", "/keys/1", "#key-2"];
    for (n, form) in forms.iter().enumerate() {
        let (world, a, peer) = strangers();
        let bob = peer.actor("bob");
        let id = format!("{bob}{form}");
        let mut person = peer.person_document("bob");
        person["publicKey"]["id"] = json!(id);
        peer.serve("/users/bob", &person);
        let alone =
            with(person["publicKey"].clone(), json!({ "type": "Key", "@context": "https://w3id.org/security/v1" }));
        match *form {
            // GoToSocial serves a stub of the actor there, others the actor, others the key by itself.
            "/main-key" => {
                peer.serve("/users/bob/main-key", &with(person.clone(), json!({ "followers": null, "name": null })))
            }
            "?operation=rsakey" => peer.serve("/users/bob?operation=rsakey", &person),
            "/keys/1" => peer.serve("/users/bob/keys/1", &alone),
            _ => {}
        }
        let answer = signed_as(&a, &peer, &id, n);
        assert_eq!(answer.code, 202, "{form}: {}", answer.text());
        world.settle(&[&a]);
    }
}

#[test]
fn p11_keys_stand_anywhere_and_broken_ones_are_a_refusal() {
    let (world, a, peer) = strangers();
    let person = peer.person_document("bob");
    let good = person["publicKey"].clone();
    let id = good["id"].as_str().unwrap().to_owned();
    let other = with(good.clone(), json!({ "id": format!("{}#old", peer.actor("bob")) }));
    let trailing = with(
        good.clone(),
        json!({ "publicKeyPem": format!("{}\nwritten by hand\n", good["publicKeyPem"].as_str().unwrap()) }),
    );
    for (n, keys) in [json!([other, good]), json!([null, 7, "x", good]), trailing].iter().enumerate() {
        let (_, fresh, _) = (0, world.server(&format!("a{n}.test")), 0);
        peer.serve("/users/bob", &with(person.clone(), json!({ "publicKey": keys })));
        let body = like(&fresh, &peer, n);
        assert_eq!(peer.send_bytes("bob", &fresh, hytte::sig::Knock::Cavage, body.as_bytes()).code, 202, "{keys}");
        world.settle(&[&fresh]);
    }
    let broken = [
        json!("nonsense"),
        json!({ "id": id }),
        json!({ "id": id, "owner": peer.actor("bob"), "publicKeyPem": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" }),
        json!({ "id": id, "owner": peer.actor("bob"), "publicKeyPem": 7 }),
        json!([]),
        json!({ "id": "#main-key", "owner": {}, "publicKeyPem": {} }),
    ];
    for (n, keys) in broken.iter().enumerate() {
        let fresh = world.server(&format!("b{n}.test"));
        peer.serve("/users/bob", &with(person.clone(), json!({ "publicKey": keys })));
        let body = like(&fresh, &peer, n);
        assert_eq!(peer.send_bytes("bob", &fresh, hytte::sig::Knock::Cavage, body.as_bytes()).code, 401, "{keys}");
    }
    drop(a);
}

#[test]
fn p12_a_rotated_key_is_looked_up_once_and_failures_are_remembered() {
    let (world, a, peer) = strangers();
    assert_eq!(act(&world, &a, &peer, "Like", "/likes/1", &json!(a.actor())), 202);
    let old = peer.rotate_key();
    assert_eq!(act(&world, &a, &peer, "Like", "/likes/2", &json!(a.actor())), 202);
    let asked = peer.asked().len();
    for n in 3..8 {
        assert_eq!(act(&world, &a, &old, "Like", &format!("/likes/{n}"), &json!(a.actor())), 401);
    }
    assert_eq!(peer.asked().len(), asked, "the old key makes nobody look again for a while");
}

#[test]
fn p13_key_owner_and_actor_must_agree() {
    let (world, a, peer) = strangers();
    peer.person("eve");
    let evil = world.peer("evil.test");
    // Eve signs for bob: with her own key, and with one that claims to be his.
    let eves = peer.send("eve", &a, &peer.activity("Like", "bob", "/likes/1", &json!(a.actor())));
    assert_eq!(eves.code, 401, "{}", eves.text());
    let foreign = json!({
        "@context": "https://w3id.org/security/v1", "id": evil.url("/key"), "type": "Key", "owner": peer.actor("bob"),
        "publicKeyPem": evil.person_document("bob")["publicKey"]["publicKeyPem"],
    });
    evil.serve("/key", &foreign);
    let body = like(&a, &peer, 2);
    let (date, digest) = (a.clock.now().http_date(), digest_of(body.as_bytes()));
    let signer = hytte::sig::Signer { key_id: evil.url("/key"), ..evil.signer("bob") };
    let cover =
        [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str()), ("digest", digest.as_str())];
    assert_eq!(post(&a, "/inbox", &cavage(&signer, &cover, ""), body.as_bytes()).code, 401);
    // A key on the owner's own server that the owner does not list.
    let unlisted = with(foreign, json!({ "id": peer.url("/keys/9") }));
    peer.serve("/keys/9", &unlisted);
    let signer = hytte::sig::Signer { key_id: peer.url("/keys/9"), ..evil.signer("bob") };
    assert_eq!(post(&a, "/inbox", &cavage(&signer, &cover, ""), body.as_bytes()).code, 401);
}

#[test]
fn p14_both_sides_may_ask_for_signed_fetches_without_a_deadlock() {
    let (world, a, peer) = strangers();
    for path in ["/users/alice", "/actor"] {
        let key = &world.document(&a.url(path))["publicKey"];
        assert!(
            key["publicKeyPem"].as_str().is_some_and(|pem| pem.starts_with("-----BEGIN PUBLIC KEY-----")),
            "{path}"
        );
    }
    follower(&world, &a, &peer, "bob");
    let fetch = peer.asked().into_iter().find(|got| got.target == "/users/bob").unwrap();
    let signature = fetch.header("signature").expect("every fetch is signed");
    assert!(signature.contains("keyId=\"http://a.test/actor#main-key\""), "by the server's own actor: {signature}");
    let shut = world.peer("shut.test");
    shut.serve_as("/users/bob", 401, "application/json", b"{\"error\":\"Request not signed\"}".to_vec());
    let answer = shut.send("bob", &a, &shut.activity("Like", "bob", "/likes/1", &json!(a.actor())));
    assert!([401, 503].contains(&answer.code), "{}", answer.code);
    assert_eq!(
        a.node.store.read(|r| hytte::store::actors::by_uri(r, &shut.actor("bob"))).unwrap().map(|a| a.uri),
        None::<String>
    );
    let _: Value = answer.json();
}
