//! S10–S24: who may say what.

use hytte::base::Audience;
use hytte::federation::{owner::publish, remote::resolve};
use hytte::sig::{Knock, OutgoingRequest, Signer};
use hytte::store;
use serde_json::{Value, json};

use crate::harness::{Answer, Peer, Server, request};
use crate::pitfalls::{act, cavage, create, digest_of, follower, friends, like, note, post, strangers, with};
use crate::privacy::{look, post_is_nowhere, signed_look};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// A body signed by `who` for this inbox.
fn signed_for(a: &Server, peer: &Peer, who: &str, target: &str, knock: Knock, body: &str) -> Vec<(String, String)> {
    let body = Some(("application/activity+json", body.as_bytes()));
    let outgoing = OutgoingRequest { method: "POST", scheme: "http", host: "a.test", target, body, extra: &[] };
    let mut headers = hytte::sig::sign(&peer.signer(who), knock, &outgoing, a.clock.now()).unwrap();
    headers.push(("host".into(), "a.test".into()));
    headers
}

fn code(answer: &Answer) -> u16 {
    answer.code
}

#[test]
fn s10_the_actor_is_the_owner_of_the_key_on_every_inbox() {
    let (_world, a, peer) = strangers();
    peer.person("eve");
    let bobs = like(&a, &peer, 1);
    for knock in [Knock::Cavage, Knock::Rfc9421] {
        for inbox in ["/inbox", "/users/alice/inbox", "/actor/inbox"] {
            let headers = signed_for(&a, &peer, "eve", inbox, knock, &bobs);
            assert_eq!(code(&post(&a, inbox, &headers, bobs.as_bytes())), 401, "{inbox} {knock:?}");
        }
    }
    assert_eq!(a.node.store.read(store::queue::inbox::count).unwrap(), 0);
}

#[test]
fn s11_ids_keys_and_owners_share_an_origin() {
    let (world, a, peer) = friends();
    let other = world.peer("other.test");
    let mut foreign = peer.activity("Like", "bob", "/likes/1", &json!(a.actor()));
    foreign["id"] = json!(other.url("/likes/1"));
    assert_eq!(peer.send("bob", &a, &foreign).code, 400);
    // A post with an id elsewhere, or attributed elsewhere.
    for (n, changes) in
        [json!({ "id": other.url("/notes/1") }), json!({ "attributedTo": other.actor("bob") })].into_iter().enumerate()
    {
        let object = note(&peer, "/notes/1", changes);
        peer.send("bob", &a, &peer.activity("Create", "bob", &format!("/creates/{n}"), &object));
        world.settle(&[&a]);
        assert!(a.by_uri(object["id"].as_str().unwrap()).is_none(), "{n}");
    }
    // A key of bob's that lives elsewhere, though bob lists it.
    let mut person = peer.person_document("bob");
    person["publicKey"]["id"] = json!(other.url("/keys/bob"));
    peer.serve("/users/bob", &person);
    other.serve("/keys/bob", &with(person["publicKey"].clone(), json!({ "@context": "https://w3id.org/security/v1" })));
    let body = like(&a, &peer, 3);
    let signer = Signer { key_id: other.url("/keys/bob"), ..peer.signer("bob") };
    let (date, digest) = (a.clock.now().http_date(), digest_of(body.as_bytes()));
    let cover =
        [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str()), ("digest", digest.as_str())];
    assert_eq!(post(&a, "/inbox", &cavage(&signer, &cover, ""), body.as_bytes()).code, 401);
}

#[test]
fn s12_a_signature_that_is_not_whole_is_none() {
    let (world, a, peer) = strangers();
    let body = like(&a, &peer, 1);
    let (date, digest) = (a.clock.now().http_date(), digest_of(body.as_bytes()));
    let all =
        [("(request-target)", "post /inbox"), ("host", "a.test"), ("date", date.as_str()), ("digest", digest.as_str())];
    let send = |cover: &[(&str, &str)], target: &str, body: &str| {
        let mut headers = cavage(&peer.signer("bob"), cover, "");
        for (name, value) in &all {
            if !name.starts_with('(') && !headers.iter().any(|(known, _)| known == name) {
                headers.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        post(&a, target, &headers, body.as_bytes()).code
    };
    assert_eq!(send(&all, "/inbox", &body), 202);
    for (n, (left_out, _)) in all.iter().enumerate() {
        let cover: Vec<_> = all.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, line)| *line).collect();
        assert_eq!(send(&cover, "/inbox", &body), 401, "without {left_out}");
    }
    assert_eq!(send(&[], "/inbox", &body), 401, "covering nothing");
    assert_eq!(send(&all, "/users/alice/inbox", &body), 401, "sent to another inbox");
    assert_eq!(send(&all, "/inbox", &body.replace("/likes/1", "/likes/2")), 401, "another body");
    let mut other = all;
    other[3].1 = "SHA-512=AAAA";
    assert_eq!(send(&other, "/inbox", &body), 401, "a digest of another kind alone");
    for knock in [Knock::Cavage, Knock::Rfc9421] {
        let good = signed_for(&a, &peer, "bob", "/inbox", knock, &body);
        let without = |name: &str| good.iter().filter(|(n, _)| n != name).cloned().collect::<Vec<_>>();
        for name in ["signature", "digest", "content-digest", "date", "signature-input"] {
            if good.iter().any(|(n, _)| n == name) && !(knock == Knock::Rfc9421 && name == "date") {
                assert!(
                    [400, 401].contains(&post(&a, "/inbox", &without(name), body.as_bytes()).code),
                    "{knock:?} {name}"
                );
            }
        }
    }
    let unsigned =
        [("host".to_owned(), "a.test".to_owned()), ("content-type".into(), "application/activity+json".into())];
    assert_eq!(post(&a, "/inbox", &unsigned, body.as_bytes()).code, 401);
    world.settle(&[&a]);
}

#[test]
fn s13_signatures_inside_documents_and_odd_graphs_mean_nothing() {
    let (world, a, peer) = friends();
    peer.person("eve");
    let mut forged = peer.activity("Create", "bob", "/creates/1", &peer.note("bob", "/notes/1", "<p>forged</p>"));
    forged["signature"] = json!({ "type": "RsaSignature2017", "creator": format!("{}#main-key", peer.actor("bob")),
        "created": "2026-09-21T12:00:00Z", "signatureValue": "AAAA" });
    assert_eq!(peer.send("eve", &a, &forged).code, 401);
    let hidden = peer.note("bob", "/notes/2", "<p>hidden</p>");
    for (n, (member, value)) in [
        ("@graph", json!([peer.activity("Create", "bob", "/creates/2", &hidden)])),
        ("@included", json!([hidden])),
        ("@reverse", json!({ "object": hidden })),
    ]
    .iter()
    .enumerate()
    {
        let mut like = peer.activity("Like", "bob", &format!("/likes/{n}"), &json!(a.actor()));
        like[*member] = value.clone();
        peer.send("bob", &a, &like);
    }
    let mut alias =
        peer.activity("Create", "bob", "/creates/3", &note(&peer, "/notes/3", json!({ "to": [a.actor()], "cc": [] })));
    alias["@context"] = json!({ "as": "https://www.w3.org/ns/activitystreams#", "cc": "as:to", "content": "as:bto" });
    peer.send("bob", &a, &alias);
    world.settle(&[&a]);
    assert!(a.by_uri(&peer.url("/notes/1")).is_none() && a.by_uri(&peer.url("/notes/2")).is_none());
    assert_eq!(a.by_uri(&peer.url("/notes/3")).unwrap().post.audience, Audience::Mentioned);
}

#[test]
fn s14_neighbours_are_strangers_too() {
    let (world, a, peer) = friends();
    peer.person("eve");
    follower(&world, &a, &peer, "bob");
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({ "to": [a.actor()], "cc": [] })));
    let ours = a.uri(a.post("ours", Audience::Public));
    let like_ = peer.activity("Like", "bob", "/likes/1", &json!(ours));
    peer.send("bob", &a, &like_);
    world.settle(&[&a]);
    let uri = peer.url("/notes/1");
    let wide = note(&peer, "/notes/1", json!({ "content": "<p>eve</p>", "updated": "2026-09-21T13:00:00Z" }));
    let follow = peer.got_type("Follow").pop().unwrap();
    for (n, (kind, object)) in [
        ("Update", wide.clone()),
        ("Create", wide),
        ("Delete", json!(uri)),
        ("Delete", json!({ "type": "Tombstone", "id": uri })),
        ("Delete", json!(peer.actor("bob"))),
        ("Update", peer.person_document("bob")),
        ("Undo", like_.clone()),
        ("Undo", like_["id"].clone()),
        ("Undo", json!(peer.url("/follows/bob"))),
        ("Reject", follow.clone()),
        ("Reject", follow["id"].clone()),
        ("Accept", json!(peer.url("/follows/bob"))),
        ("Block", json!(peer.actor("bob"))),
        ("Delete", json!(ours)),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(peer.send("eve", &a, &peer.activity(kind, "eve", &format!("/eve/{n}"), &object)).code < 500);
    }
    for (n, kind) in ["Add", "Remove"].iter().enumerate() {
        let featured = format!("{}/collections/featured", peer.actor("bob"));
        let activity =
            with(peer.activity(kind, "eve", &format!("/pins/{n}"), &json!(uri)), json!({ "target": featured }));
        peer.send("eve", &a, &activity);
    }
    world.settle(&[&a]);
    let card = a.by_uri(&uri).unwrap();
    assert_eq!((card.post.content.as_str(), card.post.audience), ("<p>words</p>", Audience::Mentioned));
    assert_eq!((a.follows(), a.by_uri(&ours).unwrap().likes), ((1, 1), 1));
    assert_eq!(crate::pitfalls::name_of(&a, &peer.actor("bob")), "bob");
}

#[test]
fn s15_nothing_widens_a_post_or_changes_its_author() {
    let (world, a, peer) = friends();
    let followers = format!("{}/followers", peer.actor("bob"));
    for (n, (to, audience)) in
        [(json!([a.actor()]), Audience::Mentioned), (json!([followers]), Audience::Followers)].iter().enumerate()
    {
        let path = format!("/notes/{n}");
        create(&world, &a, &peer, &note(&peer, &path, json!({ "to": to, "cc": [] })));
        for (m, kind) in ["Update", "Create", "Announce", "Update"].iter().enumerate() {
            let time = format!("2026-09-21T13:0{m}:00Z");
            let wide =
                note(&peer, &path, json!({ "updated": time, "to": [PUBLIC], "attributedTo": peer.actor("eve") }));
            act(&world, &a, &peer, kind, &format!("/wide/{n}/{m}"), &wide);
            let honest = note(&peer, &path, json!({ "updated": time, "to": [PUBLIC] }));
            act(&world, &a, &peer, kind, &format!("/honest/{n}/{m}"), &honest);
        }
        peer.serve(&path, &note(&peer, &path, json!({ "updated": "2026-09-21T14:00:00Z" })));
        drop(resolve::fetch_post(&a.node, &peer.url(&path)));
        let card = a.by_uri(&peer.url(&path)).unwrap();
        assert_eq!((card.post.audience, card.author.uri.clone()), (*audience, peer.actor("bob")), "{n}");
    }
}

#[test]
fn s16_nothing_private_before_somebody_was_let_in() {
    let (world, a, peer) = strangers();
    a.set_owner(|owner| owner.approves_followers = true);
    follower(&world, &a, &peer, "bob");
    let before = peer.got().len();
    let id = a.post("for followers", Audience::Followers);
    world.settle(&[&a]);
    assert_eq!(peer.got().len(), before, "who only asked gets nothing");
    let path = a.uri(id).replace("http://a.test", "");
    assert_eq!(signed_look(&a, &peer, "bob", &path).code, 404);
    publish::accept_follower(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    assert_eq!(signed_look(&a, &peer, "bob", &path).code, 200);
    // And what others send to their followers is not shown to one they have not let in.
    publish::follow(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    let private = note(&peer, "/notes/1", json!({ "to": [format!("{}/followers", peer.actor("bob"))], "cc": [] }));
    create(&world, &a, &peer, &private);
    assert!(a.by_uri(&peer.url("/notes/1")).is_none());
}

#[test]
fn s17_a_handle_belongs_to_whom_its_domain_names() {
    let (world, a, peer) = strangers();
    let evil = world.peer("evil.test");
    // Evil's actor says it is bob@peer.test; its own domain says so, too.
    let mut spoof = evil.person_document("bob");
    spoof["webfinger"] = json!("bob@peer.test");
    evil.serve("/users/bob", &spoof);
    let id = a.find_actor(&evil.actor("bob"));
    let handle = |id| a.node.store.read(|r| Ok(store::actors::by_id(r, id)?.handle())).unwrap();
    assert_eq!(handle(id), "bob@evil.test");
    let jrd = json!({ "subject": "acct:bob@peer.test", "links": [
        { "rel": "self", "type": "application/activity+json", "href": evil.actor("bob") }] });
    for host in [&evil, &peer] {
        for asked in ["bob@evil.test", "mallory@evil.test"] {
            let path = format!("/.well-known/webfinger?resource=acct:{asked}");
            host.serve_as(&path, 200, "application/jrd+json", jrd.to_string().into_bytes());
        }
    }
    drop(resolve::find(&a.node, "@mallory@evil.test"));
    assert_eq!(a.find_actor("@bob@peer.test"), a.find_actor(&peer.actor("bob")));
    assert_ne!(a.find_actor("@bob@peer.test"), id);
    // One domain, however it is spelled.
    for spelling in ["@bob@PEER.TEST", "@BOB@peer.test"] {
        if let Ok(resolve::Resolved::Actor(found)) = resolve::find(&a.node, spelling) {
            assert_eq!(found, a.find_actor("@bob@peer.test"), "{spelling}");
        }
    }
}

#[test]
fn s18_no_one_else_answers_for_the_author_of_a_quoted_post() {
    let (world, a, peer) = friends();
    peer.person("eve");
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({})));
    let before = a.notifications().len();
    // Stamps for requests that were never made, from people who were never asked.
    for (n, (who, kind)) in
        [("eve", "Accept"), ("eve", "Reject"), ("bob", "Accept"), ("bob", "Reject")].iter().enumerate()
    {
        let request = json!({ "type": "QuoteRequest", "id": a.url("/users/alice/activities/77"), "actor": a.actor(), "object": peer.url("/notes/1") });
        let answer = with(
            peer.activity(kind, who, &format!("/answers/{n}"), &request),
            json!({ "result": peer.url("/stamps/1") }),
        );
        assert_eq!(peer.send(who, &a, &answer).code, 202);
    }
    world.settle(&[&a]);
    assert_eq!((a.notifications().len(), a.follows().1), (before, 1));
    // A stamp that the quoting one wrote for themselves, in the quoted one's name.
    let other = world.peer("other.test");
    other.serve("/notes/9", &other.note("bob", "/notes/9", "<p>the quoted words</p>"));
    let stamp = json!({ "@context": "https://www.w3.org/ns/activitystreams", "type": "QuoteAuthorization", "id": peer.url("/stamps/1"),
        "attributedTo": other.actor("bob"), "interactingObject": peer.url("/notes/2"), "interactionTarget": other.url("/notes/9") });
    peer.serve("/stamps/1", &stamp);
    let quote =
        json!({ "content": "<p>see</p>", "quote": other.url("/notes/9"), "quoteAuthorization": peer.url("/stamps/1") });
    create(&world, &a, &peer, &note(&peer, "/notes/2", quote));
    let cookie = hytte::federation::owner::login::open_session(&a.node.store, "t").unwrap();
    let cookie = ("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE));
    let page = look(&a, &format!("/post/{}", a.by_uri(&peer.url("/notes/2")).unwrap().id), &[cookie]).text();
    assert!(page.contains("see") && !page.contains("the quoted words"));
}

#[test]
fn s19_domains_that_somebody_only_claims_are_not_shown_as_theirs() {
    let (_world, a, peer) = strangers();
    let mut person = peer.person_document("bob");
    person["attributionDomains"] = json!(["newspaper.test"]);
    peer.serve("/users/bob", &person);
    let id = a.find_actor(&peer.actor("bob"));
    let cookie = hytte::federation::owner::login::open_session(&a.node.store, "t").unwrap();
    let cookie = ("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE));
    let page = look(&a, &format!("/people/{id}"), &[cookie]);
    assert_eq!(page.code, 200);
    assert!(!page.text().contains("newspaper.test"));
}

#[test]
fn s20_a_link_shows_where_it_leads_and_nothing_is_called_verified_unseen() {
    let (_world, a, peer) = strangers();
    let mut person = peer.person_document("bob");
    person["attachment"] = json!([{ "type": "PropertyValue", "name": "Site",
        "value": "<a href=\"http://elsewhere.test/x\" rel=\"me\" class=\"verified\">elsewhere.test</a>" }]);
    peer.serve("/users/bob", &person);
    let id = a.find_actor(&peer.actor("bob"));
    let cookie = hytte::federation::owner::login::open_session(&a.node.store, "t").unwrap();
    let cookie = ("Cookie".to_owned(), format!("{}={cookie}", hytte::web::auth::SESSION_COOKIE));
    let page = look(&a, &format!("/people/{id}"), &[cookie]).text();
    assert!(page.contains("http://elsewhere.test/x") && page.contains("nofollow") && !page.contains("erified"));
}

#[test]
fn s21_the_blocked_can_only_take_things_back() {
    let (world, a, peer) = friends();
    let other = world.peer("other.test");
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({})));
    let id = a.find_actor("@carol@other.test".replace("carol", "bob").as_str());
    publish::follow(&a.node, id).unwrap();
    world.settle(&[&a]);
    let follow = other.got_type("Follow").pop().unwrap();
    other.send("bob", &a, &other.activity("Accept", "bob", "/accepts/1", &follow));
    publish::block(&a.node, a.find_actor("@bob@peer.test")).unwrap();
    world.settle(&[&a]);
    let before = a.notifications().len();
    let post = json!(a.uri(a.post("mine", Audience::Public)));
    for (n, kind) in ["Like", "Announce", "Follow"].iter().enumerate() {
        act(&world, &a, &peer, kind, &format!("/x/{n}"), if *kind == "Follow" { &Value::Null } else { &post });
    }
    create(&world, &a, &peer, &note(&peer, "/notes/2", json!({ "to": [a.actor()] })));
    // A friend boosts what the blocked one wrote.
    peer.serve("/notes/3", &note(&peer, "/notes/3", json!({ "content": "<p>by the blocked</p>" })));
    let boost =
        with(other.activity("Announce", "bob", "/boosts/1", &json!(peer.url("/notes/3"))), json!({ "to": [PUBLIC] }));
    other.send("bob", &a, &boost);
    world.settle(&[&a]);
    assert_eq!((a.notifications().len(), a.follows().0), (before, 0));
    assert!(a.home_texts().iter().all(|text| text == "mine"), "{:?}", a.home_texts());
    act(&world, &a, &peer, "Delete", "/deletes/1", &json!(peer.url("/notes/1")));
    let left = a.node.store.read(|r| store::posts::by_uri(r, &peer.url("/notes/1"))).unwrap();
    assert!(left.is_none(), "taking back is always allowed");
}

#[test]
fn s22_a_private_post_is_as_good_as_none() {
    let (world, a, peer) = friends();
    follower(&world, &a, &peer, "bob");
    peer.person("eve");
    for audience in [Audience::Followers, Audience::Mentioned] {
        post_is_nowhere(&world, &a, &peer, audience);
    }
    let id = a.post("for followers", Audience::Followers);
    world.settle(&[&a]);
    let path = a.uri(id).replace("http://a.test", "");
    let nothing = path.replace(&id.to_string(), "1");
    let shape = |answer: &Answer| {
        let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        headers.sort();
        (answer.code, answer.text(), headers)
    };
    let accept = [("Accept".to_owned(), "application/activity+json".to_owned())];
    assert_eq!(shape(&look(&a, &path, &accept)), shape(&look(&a, &nothing, &accept)), "unsigned");
    assert_eq!(
        shape(&signed_look(&a, &peer, "eve", &path)),
        shape(&signed_look(&a, &peer, "eve", &nothing)),
        "by a stranger"
    );
    let read = signed_look(&a, &peer, "bob", &path);
    assert_eq!(read.code, 200);
    assert!(read.header("cache-control").unwrap().contains("private"), "{:?}", read.headers);
    assert!(read.header("vary").unwrap().to_lowercase().contains("signature"));
}

#[test]
fn s23_media_is_attached_only_to_its_own_post() {
    let (world, a, peer) = friends();
    follower(&world, &a, &peer, "bob");
    let file = json!({ "type": "Image", "mediaType": "image/png", "url": peer.url("/1.png"), "name": "a hill" });
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({ "attachment": file })));
    let theirs = a.by_uri(&peer.url("/notes/1")).unwrap().attachments.remove(0);
    let private = a.post("private, with a picture", Audience::Followers);
    let own = store::posts::attachments::PostAttachment { post_id: Some(private), ..theirs.clone() };
    let media = a.node.store.write(move |w| store::posts::attachments::add(w, &own, 0)).unwrap();
    for media in [media, theirs.id] {
        let draft = publish::NewPost { media: vec![media], ..publish::NewPost::new("steals it", Audience::Public) };
        assert!(publish::post(&a.node, draft).is_err(), "it belongs to another post");
    }
    world.settle(&[&a]);
    assert_eq!(a.card(private).attachments.len(), 1);
}

#[test]
fn s24_nobody_has_our_keys_sign_for_them() {
    let (_world, a, peer) = strangers();
    let body = note(&peer, "/notes/1", json!({ "publicKey": { "publicKeyPem": "x" } })).to_string();
    let headers =
        [("Host".to_owned(), "a.test".to_owned()), ("Content-Type".into(), "application/activity+json".into())];
    for path in ["/users/alice/outbox", "/users/alice", "/actor", "/actor/outbox", "/users/alice/followers"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let answer = request(a.address, method, path, &headers, body.as_bytes());
            assert!([404, 405].contains(&answer.code), "{method} {path}: {}", answer.code);
        }
    }
    assert!(peer.asked().is_empty() && a.waiting() == 0);
}
