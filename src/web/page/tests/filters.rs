//! Tests: lists and filters through the page's forms, and what the pages then show.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::StatusCode;

use crate::base::id::ActorId;
use crate::store::notifications::{self, NotificationKind};
use crate::store::{
    actors::follows,
    node,
    timelines::{filters, lists},
};
use crate::web::page::tests::blocking::OwnerBrowser;
use crate::web::page::tests::sample;

fn follow(desk: &OwnerBrowser, who: ActorId) {
    let follow = desk.house.node.store.write(move |w| {
        let owner = node::owner(w)?;
        follows::upsert(w, owner, who, "https://social.example.org/follows/1", None)?;
        follows::accept(w, owner, who).map(drop)
    });
    follow.unwrap();
}

async fn refused(desk: &OwnerBrowser, path: &str, fields: &[(&str, &str)]) -> String {
    let reply = desk.send(path, fields).await;
    assert_eq!(reply.code, StatusCode::BAD_REQUEST, "{path}: {}", reply.text());
    reply.text()
}

async fn done(desk: &OwnerBrowser, path: &str, fields: &[(&str, &str)]) -> String {
    let reply = desk.send(path, fields).await;
    assert_eq!(reply.code, StatusCode::SEE_OTHER, "{path}: {}", reply.text());
    reply.header("location").to_owned()
}

#[actix_web::test]
async fn a_list_is_made_filled_and_read_on_the_page() {
    let desk = OwnerBrowser::new();
    let (node, bob) = (&desk.house.node, desk.bob);
    assert!(desk.get("/following").await.contains("href=\"/lists\""));
    assert!(refused(&desk, "/lists", &[("title", " ")]).await.contains("Title can't be blank"));
    let edit = done(&desk, "/lists", &[("title", "Old <b>friends</b>")]).await;
    assert!(desk.get("/lists").await.contains("Old &lt;b&gt;friends&lt;/b&gt;"));
    let put = [("act", "put"), ("handle", "@bob@b.example")];
    assert!(refused(&desk, &edit, &put).await.contains("nly people you follow"));
    assert!(
        refused(&desk, &edit, &[("act", "put"), ("handle", "@no@where.example")]).await.contains("follow it first")
    );
    follow(&desk, bob);
    assert!(desk.get(&format!("/people/{bob}")).await.contains("In no list"));
    done(&desk, &edit, &put).await;
    assert!(desk.get(&format!("/people/{bob}")).await.contains("Remove"));
    let id = node.store.read(lists::all).unwrap()[0].id;
    let post = sample::post(node, bob, "<p>Only a word</p>", |_| {});
    node.store.write(move |w| lists::add_post(w, id, post, None)).unwrap();
    let page = desk.get(&format!("/lists/{id}")).await;
    assert!(page.contains("Only a word") && page.contains("Edit the list"), "{page}");
    done(&desk, &edit, &[("act", "change"), ("title", "Friends"), ("replies", "none"), ("exclusive", "yes")]).await;
    let list = node.store.read(lists::all).unwrap().remove(0);
    assert_eq!((list.title.as_str(), list.replies, list.exclusive), ("Friends", lists::ListReplies::Nobody, true));
    let bob = bob.to_string();
    assert_eq!(
        done(&desk, &edit, &[("act", "take"), ("person", &bob)]).await,
        "/people/7",
        "back where the button was"
    );
    assert!(!desk.get(&format!("/lists/{id}")).await.contains("Only a word"));
    assert_eq!(done(&desk, &edit, &[("act", "remove")]).await, "/lists?saved=yes");
    assert!(node.store.read(lists::all).unwrap().is_empty());
}

#[actix_web::test]
async fn a_filter_is_made_changed_and_removed_on_the_page() {
    let desk = OwnerBrowser::new();
    let node = &desk.house.node;
    assert!(desk.get("/settings").await.contains("href=\"/filters\""));
    let form = [
        ("title", "Sport"),
        ("whole", "football\r\n\r\nworld cup"),
        ("parts", "goal"),
        ("context", "home"),
        ("context", "thread"),
        ("action", "hide"),
        ("length", "day"),
    ];
    assert!(refused(&desk, "/filters", &[("title", "x")]).await.contains("invalid context"));
    assert_eq!(done(&desk, "/filters", &form).await, "/filters?saved=yes");
    let made = node.store.read(filters::all).unwrap().remove(0);
    let words = |desk: &OwnerBrowser| {
        let all = desk.house.node.store.read(filters::keywords).unwrap();
        all.into_iter().map(|one| (one.id, one.keyword, one.whole)).collect::<Vec<_>>()
    };
    let before = words(&desk);
    let said: Vec<(&str, bool)> = before.iter().map(|(_, word, whole)| (word.as_str(), *whole)).collect();
    assert_eq!(said, [("football", true), ("world cup", true), ("goal", false)]);
    let path = format!("/filters/{}", made.id);
    let page = desk.get(&path).await;
    assert!(page.contains("football\nworld cup") && page.contains("ends in"), "{page}");
    let changed = [("act", "change"), ("title", "Games"), ("whole", "football"), ("parts", "goal\nteam")];
    let rest = [("context", "public"), ("action", "warn"), ("length", "kept")];
    done(&desk, &path, &[&changed[..], &rest[..]].concat()).await;
    let after = words(&desk);
    assert_eq!(after[0], before[0], "apps know the words that stay by the same ids");
    let said: Vec<&str> = after.iter().map(|(_, word, _)| word.as_str()).collect();
    assert_eq!(said, ["football", "goal", "team"]);
    let one = node.store.read(|r| filters::by_id(r, made.id)).unwrap();
    assert_eq!((one.title.as_str(), one.action, one.until_at), ("Games", filters::FilterAction::Warn, made.until_at));
    assert_eq!(done(&desk, &path, &[("act", "remove")]).await, "/filters?saved=yes");
    assert!(words(&desk).is_empty());
}

#[actix_web::test]
async fn pages_hide_fold_and_cover_what_filters_say() {
    let desk = OwnerBrowser::new();
    let (node, bob) = (&desk.house.node, desk.bob);
    let post = |text: &'static str| sample::post(node, bob, text, |_| {});
    post("<p>All about the budget</p>");
    let loud = post("<p>So much football</p>");
    let fine = post("<p>A quiet day</p>");
    desk.house.post("My own football", crate::base::Audience::Public);
    node.store.write(move |w| notifications::add(w, NotificationKind::Mention, bob, Some(loud))).unwrap();
    let everywhere = ["home", "notifications", "public", "thread", "account"].map(|place| ("context", place));
    let make = |title: &'static str, word: &'static str, action: &'static str| {
        [&[("title", title), ("whole", word), ("action", action)][..], &everywhere[..]].concat()
    };
    assert!(desk.get("/notifications").await.contains("So much football"));
    done(&desk, "/filters", &make("Money", "budget", "warn")).await;
    done(&desk, "/filters", &make("Sport", "FOOTBALL", "hide")).await;
    let home = desk.get("/").await;
    assert!(home.contains("A quiet day") && home.contains("My own football") && !home.contains("So much football"));
    let (fold, words) = (home.find("Money").unwrap(), home.find("All about the budget").unwrap());
    assert!(home.contains("<details class=\"warning sifted\">") && fold < words, "{home}");
    for path in ["/notifications".to_owned(), format!("/people/{bob}"), "/around".to_owned()] {
        assert!(!desk.get(&path).await.contains("So much football"), "{path}");
    }
    let thread = desk.get(&format!("/post/{loud}")).await;
    assert!(thread.contains("Sport") && thread.contains("So much football"), "asked for by name, it stands folded");
    assert!(!desk.get(&format!("/post/{fine}")).await.contains("sifted"));
    let visitor = desk.house.get("/@ann", "text/html").await.text();
    assert!(visitor.contains("My own football") && !visitor.contains("sifted"));
}
