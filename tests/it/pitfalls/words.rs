//! 46–49: mentions and hashtags, ours and theirs.

use hytte::base::Audience;
use hytte::federation::owner::publish::{self, PostChange};
use serde_json::json;

use super::{create, follower, friends, note, strangers};

/// The handles a post of ours names.
fn names(text: &str) -> Vec<String> {
    let (world, a, peer) = strangers();
    peer.person("an-na");
    peer.person("snow__man");
    let id = a.post(text, Audience::Public);
    world.settle(&[&a]);
    let mut handles: Vec<String> = a.card(id).mentions.into_iter().map(|m| m.handle).collect();
    handles.sort();
    handles
}

#[test]
fn p46_a_mention_is_tag_and_address_and_either_is_enough_for_us() {
    let (world, a, peer) = friends();
    a.post("hello @bob@peer.test", Audience::Public);
    world.settle(&[&a]);
    let create_ = peer.got_type("Create").pop().unwrap();
    assert_eq!(
        create_["object"]["tag"][0],
        json!({ "type": "Mention", "href": peer.actor("bob"), "name": "@bob@peer.test" })
    );
    for lists in [&create_, &create_["object"]] {
        let everyone = format!("{}{}", lists["to"], lists["cc"]);
        assert!(everyone.contains(&peer.actor("bob")), "Mastodon tells only who is addressed");
    }
    let tag = json!([{ "type": "Mention", "href": a.actor(), "name": "@alice@a.test" }]);
    let public = "https://www.w3.org/ns/activitystreams#Public";
    for (n, changes) in [json!({ "tag": tag }), json!({ "to": [public, a.actor()] }), json!({ "cc": [a.actor()] })]
        .into_iter()
        .enumerate()
    {
        let before = a.notifications().len();
        create(&world, &a, &peer, &note(&peer, &format!("/notes/{n}"), changes));
        assert_eq!(a.notifications().len(), before + 1, "{n}");
    }
    let before = a.notifications().len();
    let post = a.uri(a.post("answer me", Audience::Public));
    create(&world, &a, &peer, &note(&peer, "/notes/answer", json!({ "inReplyTo": post })));
    assert_eq!(a.notifications().len(), before + 1, "an answer without any mention");
}

#[test]
fn p47_mentions_are_found_in_real_sentences() {
    for text in [
        "@bob@peer.test.",
        "@bob@peer.test, hi",
        "(@bob@peer.test)",
        "\"@bob@peer.test\"",
        "@bob@peer.test!",
        "@bob@peer.test; x",
        "to @bob@peer.test:",
    ] {
        assert_eq!(names(text), ["bob@peer.test"], "{text}");
    }
    assert_eq!(names("@an-na@peer.test and @snow__man@peer.test"), ["an-na@peer.test", "snow__man@peer.test"]);
    for text in ["write to bob@peer.test", "http://peer.test/@bob@peer.test/1", "http://x.test/@bob/@bob@peer.test"] {
        assert!(names(text).is_empty(), "{text}");
    }
}

#[test]
fn p48_names_of_any_script_are_asked_for_in_punycode() {
    let (world, a, _peer) = strangers();
    let peer = world.peer("xn--fjre-woa.test");
    follower(&world, &a, &peer, "bob");
    let by_unicode = a.find_actor("@bob@fjære.test");
    assert_eq!(by_unicode, a.find_actor(&peer.actor("bob")));
    let id = a.post("hei @bob@FJÆRE.test", Audience::Public);
    world.settle(&[&a]);
    assert_eq!(a.card(id).mentions[0].uri, peer.actor("bob"));
    let sent = peer.got_type("Create").pop().unwrap().to_string();
    assert!(sent.contains("xn--fjre-woa.test") && !sent.contains("%C3%A6"), "{sent}");
}

#[test]
fn p49_hashtags_of_all_sorts_and_an_edit_keeps_them() {
    let (world, a, peer) = friends();
    let tags = json!([{ "type": "Hashtag", "name": "\u{ff03}山小屋" }, { "type": "Hashtag", "name": "noHash" },
        { "type": "Hashtag", "name": "#Frost", "href": peer.url("/search?tag=frost") }]);
    create(&world, &a, &peer, &note(&peer, "/notes/1", json!({ "tag": tags })));
    let mut shown: Vec<String> =
        a.by_uri(&peer.url("/notes/1")).unwrap().hashtags.into_iter().map(|t| t.display_name).collect();
    shown.sort();
    assert_eq!(shown, ["Frost", "noHash", "山小屋"]);
    let id = a.post("first #snow for @bob@peer.test", Audience::Public);
    world.settle(&[&a]);
    a.advance(std::time::Duration::from_secs(60));
    let edit = PostChange { text: "second #snow for @bob@peer.test".into(), ..PostChange::default() };
    publish::edit(&a.node, id, edit).unwrap();
    world.settle(&[&a]);
    let update = peer.got_type("Update").pop().unwrap();
    let kinds: Vec<&str> =
        update["object"]["tag"].as_array().unwrap().iter().filter_map(|t| t["type"].as_str()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(update["object"]["content"].as_str().unwrap().contains("/tags/snow"));
}
