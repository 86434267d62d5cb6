//! Emoji of the owner's own: brought in by the form, used, renamed, removed; what readers see and peers are told.

use hytte::base::Audience;
use serde_json::Value;

use crate::composing::{Browser, png};
use crate::harness::{Server, World};
use crate::proofs::be_followed_by;

fn emoji_of(note: &Value) -> Option<&Value> {
    note["tag"].as_array()?.iter().find(|tag| tag["type"] == "Emoji")
}

fn number(browser: &Browser<'_>) -> String {
    let page = browser.get("/settings/emoji");
    let (_, rest) = page.split_once("name=\"id\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn shown(world: &World, a: &Server, post: &str) -> String {
    world.get(&a.url(&format!("/@alice/{post}")), "text/html").text()
}

#[test]
fn an_emoji_of_ones_own_from_the_form_to_the_readers() {
    let world = World::new();
    let a = world.server("a.test");
    let peer = world.peer("peer.test");
    be_followed_by(&world, &a, &peer, "bob");
    let browser = Browser::of(&a);
    let add = |code: &str| {
        browser.send("/settings/emoji/add", &[("code", None, code.as_bytes()), ("picture", Some("x.png"), &png(7))])
    };
    assert_eq!(add("no good").code, 400);
    assert_eq!(add(":cabin:").code, 303);
    assert!(add("cabin").text().contains("There is an emoji :cabin: already"));
    let post = a.post("home at the :cabin: (not a :shed:)", Audience::Public);
    world.settle(&[&a]);
    let note = peer.got_type("Create").pop().unwrap()["object"].clone();
    let tag = emoji_of(&note).expect("peers are told of it").clone();
    assert_eq!((&tag["name"], &tag["icon"]["mediaType"]), (&":cabin:".into(), &"image/png".into()));
    assert!(tag["updated"].is_string(), "{tag}");
    assert!(note["content"].as_str().unwrap().contains(":cabin:"), "the words stay words");
    let own = world.document(tag["id"].as_str().unwrap());
    assert_eq!((&own["type"], &own["icon"]["url"]), (&"Emoji".into(), &tag["icon"]["url"]));
    assert_eq!(world.get(tag["icon"]["url"].as_str().unwrap(), "*/*").header("content-type"), Some("image/png"));
    let page = shown(&world, &a, &post.to_string());
    assert!(page.contains("alt=\":cabin:\"") && page.contains(":shed:"), "{page}");

    // Another name: what was said keeps its words, what is said from now on uses the new one.
    let id = number(&browser);
    assert_eq!(
        browser.send("/settings/emoji/rename", &[("id", None, id.as_bytes()), ("code", None, b"hut")]).code,
        303
    );
    a.post("the :hut:, once a :cabin:", Audience::Public);
    world.settle(&[&a]);
    let note = peer.got_type("Create").pop().unwrap()["object"].clone();
    let names: Vec<_> = note["tag"].as_array().unwrap().iter().map(|tag| tag["name"].clone()).collect();
    assert_eq!(names, [":hut:"]);
    assert_eq!(emoji_of(&note).unwrap()["id"], tag["id"], "it is the same emoji");

    assert_eq!(browser.send("/settings/emoji/remove", &[("id", None, id.as_bytes())]).code, 303);
    assert!(!browser.get("/settings/emoji").contains("/settings/emoji/rename"));
    assert_eq!(world.get(tag["id"].as_str().unwrap(), "application/activity+json").code, 404);
    a.post("no :hut: any more", Audience::Public);
    world.settle(&[&a]);
    assert!(emoji_of(&peer.got_type("Create").pop().unwrap()["object"]).is_none());
}
