//! Tests: blocking people and servers through the page's forms.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::StatusCode;
use actix_web::test::TestRequest;

use crate::base::id::{ActorId, MediaId};
use crate::federation::owner::login;
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::{
    actors::follows,
    moderation::{blocks, host_blocks, mutes, reports},
    node, posts,
};
use crate::web::auth;
use crate::web::page::tests::sample;
use crate::web::test_support::{TestResponse, TestServer};

/// The owner at their browser.
pub(in crate::web::page) struct OwnerBrowser {
    pub(in crate::web::page) house: TestServer,
    cookie: String,
    csrf: String,
    pub(in crate::web::page) bob: ActorId,
}

impl OwnerBrowser {
    pub(in crate::web::page) fn new() -> Self {
        let house = TestServer::new();
        let value = login::open_session(&house.node.store, "a test").unwrap();
        let csrf = auth::csrf_token(&house.node, &login::token_hash(&value));
        let bob = sample::person(&house.node, "bob", "b.example", "Bob");
        Self { cookie: format!("{}={value}", auth::SESSION_COOKIE), csrf, bob, house }
    }

    pub(in crate::web::page) async fn get(&self, path: &str) -> String {
        let reply = self.reply(TestRequest::get().uri(path)).await;
        assert_eq!(reply.code, StatusCode::OK, "{path}: {}", reply.text());
        reply.text()
    }

    pub(in crate::web::page) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> TestResponse {
        let mut form = vec![("csrf", self.csrf.as_str()), ("back", "/people/7")];
        form.extend_from_slice(fields);
        self.reply(TestRequest::post().uri(path).set_form(form)).await
    }

    async fn reply(&self, request: TestRequest) -> TestResponse {
        self.house.call(request.insert_header(("Cookie", self.cookie.as_str()))).await
    }

    fn read<T>(&self, look: impl FnOnce(&crate::store::Read<'_>) -> crate::base::Result<T>) -> T {
        self.house.node.store.read(look).unwrap()
    }
}

#[actix_web::test]
async fn a_profile_offers_to_mute_report_and_block_and_takes_it_back() {
    let desk = OwnerBrowser::new();
    let bob = desk.bob;
    let profile = format!("/people/{bob}");
    let page = desk.get(&profile).await;
    for word in ["Mute…", "Report…", "Block…", "Block b.example…", "Follow"] {
        assert!(page.contains(word), "{word}");
    }
    let done = desk.send(&format!("{profile}/mute"), &[("reach", "everything"), ("length", "week")]).await;
    assert_eq!((done.code, done.header("location")), (StatusCode::SEE_OTHER, "/people/7"));
    assert!(desk.get(&profile).await.contains("You mute them; that ends in 7 days."));
    assert!(desk.get("/blocks").await.contains("Muted; that ends in 7 days."));
    assert_eq!(desk.send(&format!("{profile}/mute"), &[("reach", "all")]).await.code, StatusCode::BAD_REQUEST);
    desk.send(&format!("{profile}/unmute"), &[]).await;
    assert!(desk.read(|r| mutes::get(r, bob)).is_none());

    desk.send(&format!("{profile}/block"), &[]).await;
    assert!(desk.read(|r| blocks::is_blocked(r, bob)));
    let page = desk.get(&profile).await;
    assert!(page.contains("You block them since") && page.contains("Unblock") && !page.contains("/follow\""), "{page}");
    assert!(desk.get("/blocks").await.contains("@bob@b.example"));
    assert_eq!(desk.send(&format!("{profile}/follow"), &[]).await.code, StatusCode::CONFLICT);
    desk.send(&format!("{profile}/unblock"), &[]).await;
    assert!(!desk.read(|r| blocks::is_blocked(r, bob)));
}

#[actix_web::test]
async fn a_server_is_looked_at_kept_away_and_let_in_again() {
    let desk = OwnerBrowser::new();
    let bob = desk.bob;
    desk.house
        .node
        .store
        .write(move |w| {
            let ann = node::owner(w)?;
            follows::upsert(w, bob, ann, "https://b.example/follows/1", None)?;
            follows::accept(w, bob, ann)?;
            notifications::add(w, NotificationKind::Follow, bob, None)
        })
        .unwrap();
    sample::post(&desk.house.node, bob, "<p>from over there</p>", |_| {});
    let look = desk.get("/servers/check?host=https://B.example/").await;
    assert!(look.contains("1 follower") && look.contains("@bob@b.example") && look.contains("1 post"), "{look}");
    assert_eq!(desk.reply(TestRequest::get().uri("/servers/check?host=a%20b")).await.code, StatusCode::BAD_REQUEST);
    let set = [("host", "b.example"), ("severity", "block"), ("comment", "spam")];
    assert_eq!(desk.send("/servers/set", &set).await.header("location"), "/servers");
    let page = desk.get("/servers").await;
    assert!(page.contains("b.example") && page.contains("blocked") && page.contains("spam"));
    assert!(!desk.get("/").await.contains("from over there"));
    assert!(!desk.get("/notifications").await.contains("Bob"));
    assert!(desk.get(&format!("/people/{bob}")).await.contains("Their server is blocked by"));
    let csv = desk.reply(TestRequest::get().uri("/servers/domain_blocks.csv")).await;
    assert!(csv.header("content-type").starts_with("text/csv") && csv.text().contains("b.example,suspend"));
    let own = desk.send("/servers/set", &[("host", "social.example.org"), ("severity", "block")]).await;
    assert!(own.code == StatusCode::BAD_REQUEST && own.text().contains("this server itself"));

    desk.send("/servers/lift", &[("host", "b.example")]).await;
    assert!(!desk.read(|r| host_blocks::of_host(r, "b.example")).is_blocked());
    assert!(desk.get("/followers").await.contains("@bob@b.example"), "the follower is there again");
}

#[actix_web::test]
async fn a_file_shows_what_it_would_cut_before_it_counts() {
    let desk = OwnerBrowser::new();
    let bob = desk.bob;
    desk.house
        .node
        .store
        .write(move |w| {
            let ann = node::owner(w)?;
            follows::upsert(w, ann, bob, "https://social.example.org/users/ann/activities/1", None)?;
            follows::accept(w, ann, bob).map(drop)
        })
        .unwrap();
    let part = |name: &str, extra: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{extra}\r\n\r\n{value}\r\n")
    };
    let body = part("csrf", "", &desk.csrf)
        + &part("file", "; filename=\"x.csv\"", "#domain,#severity\nb.example,suspend\nc.example,silence\n")
        + "--b--\r\n";
    let request = TestRequest::post().uri("/servers/import");
    let request = request.insert_header(("Content-Type", "multipart/form-data; boundary=b")).set_payload(body);
    let reply = desk.reply(request).await;
    let list = reply.header("location").to_owned();
    assert!(list.starts_with("/servers/list/"), "{}", reply.text());
    let page = desk.get(&list).await;
    assert!(page.contains("1 follow") && page.contains("@bob@b.example") && page.contains("Let this list count"));
    let id = list.rsplit('/').next().unwrap().to_owned();
    desk.send("/servers/apply", &[("list", &id), ("except", "b.example")]).await;
    let page = desk.get("/servers").await;
    assert!(page.contains("c.example") && page.contains("limited") && !page.contains("b.example"), "{page}");
}

#[actix_web::test]
async fn what_the_rules_keep_back_is_found_and_let_through_or_sent_away() {
    let desk = OwnerBrowser::new();
    let (bob, eve) = (desk.bob, sample::person(&desk.house.node, "eve", "e.example", "Eve"));
    assert!(desk.get("/settings").await.contains("People I do not follow"));
    let mut rules = vec![("not_following", "filter"), ("not_followers", "accept"), ("new_accounts", "accept")];
    rules.extend([("private_mentions", "accept"), ("limited", "drop")]);
    assert_eq!(desk.send("/settings/notices", &rules).await.code, StatusCode::BAD_REQUEST, "one is not said");
    rules.push(("bots", "accept"));
    assert_eq!(desk.send("/settings/notices", &rules).await.header("location"), "/settings?saved=yes");
    let post = sample::post(&desk.house.node, bob, "<p>hello there</p>", |_| {});
    desk.house
        .node
        .store
        .write(move |w| {
            notifications::add(w, NotificationKind::Mention, bob, Some(post))?;
            notifications::add(w, NotificationKind::Follow, eve, None)
        })
        .unwrap();
    let page = desk.get("/notifications").await;
    assert!(page.contains("otifications from 2 people") && !page.contains("hello there"), "{page}");
    let page = desk.get("/notifications/kept-back").await;
    assert!(
        page.contains("hello there") && page.contains("@eve@e.example") && page.contains("1 notification"),
        "{page}"
    );
    assert_eq!(desk.send("/notifications/kept-back/1/accept", &[]).await.code, StatusCode::SEE_OTHER);
    desk.send("/notifications/kept-back/2/dismiss", &[]).await;
    assert_eq!(desk.send("/notifications/kept-back/2/dismiss", &[]).await.code, StatusCode::NOT_FOUND);
    let page = desk.get("/notifications").await;
    assert!(page.contains("hello there") && !page.contains("Filtered notifications"), "{page}");
    assert!(desk.get("/notifications/kept-back").await.contains("No filtered notifications"));
}

#[actix_web::test]
async fn a_report_is_written_sent_and_remembered() {
    let desk = OwnerBrowser::new();
    let bob = desk.bob;
    let post = sample::post(&desk.house.node, bob, "<p>rude words</p>", |_| {});
    let page = desk.get(&format!("/people/{bob}/report")).await;
    assert!(page.contains("rude words") && page.contains("not that it is you"));
    let fields = [("comment", "look at this"), ("post", &post.to_string()), ("block", "yes")];
    assert_eq!(desk.send(&format!("/people/{bob}/report"), &fields).await.header("location"), "/reports");
    assert!(desk.get("/reports").await.contains("look at this"));
    assert!(desk.read(|r| blocks::is_blocked(r, bob)));
}

#[actix_web::test]
async fn a_report_that_came_in_waits_until_it_is_dealt_with() {
    let desk = OwnerBrowser::new();
    let (bob, mine) = (desk.bob, desk.house.post("my words", crate::base::Audience::Public));
    desk.house
        .node
        .store
        .write(move |w| {
            reports::receive(w, "https://b.example/flags/1", bob, &[mine.uri], "<script>not nice")?;
            notifications::add(w, NotificationKind::Report, bob, None)
        })
        .unwrap();
    assert!(desk.get("/notifications").await.contains("sent a report"));
    let page = desk.get("/reports").await;
    assert!(page.contains("&lt;script&gt;not nice") && page.contains("my words") && page.contains("Dealt with"));
    let id = desk.read(|r| reports::page(r, None, 1))[0].id.to_string();
    desk.send("/reports", &[("report", &id), ("do", "close")]).await;
    assert_eq!(desk.read(reports::open), 0);
    desk.send("/reports", &[("report", &id), ("do", "open")]).await;
    assert_eq!(desk.read(reports::open), 1);
}

#[actix_web::test]
async fn the_texts_of_the_house_are_the_owners_but_age_and_contact_stay() {
    let desk = OwnerBrowser::new();
    let about = desk.house.get("/about", "text/html").await.text();
    assert!(about.contains("under 13 years") && about.contains("No harassment"), "Threads looks for it");
    let policy = desk.house.get("/privacy-policy", "text/html").await.text();
    assert!(policy.contains("under 13 years") && policy.contains("analysis of visitors") && policy.contains("Contact"));
    let page = desk.get("/texts").await;
    assert!(page.contains("analysis of visitors"), "ours are there to begin from");
    let texts =
        [("about", "A cabin <in> the woods."), ("rules", "# Be kind\n\nThat is all."), ("privacy", "Nothing is kept.")];
    assert_eq!(desk.send("/texts", &texts).await.header("location"), "/texts?saved=yes");
    let about = desk.house.get("/about", "text/html").await.text();
    assert!(about.contains("A cabin &lt;in&gt; the woods.") && about.contains("<h2>Be kind</h2>"), "{about}");
    assert!(about.contains("under 13 years") && !about.contains("No harassment"));
    let policy = desk.house.get("/privacy-policy", "text/html").await.text();
    assert!(policy.contains("Nothing is kept.") && policy.contains("under 13 years") && policy.contains("Contact"));
    let info = desk.house.get("/nodeinfo/2.1", "application/json").await.json();
    assert_eq!(info["metadata"]["privacyPolicyUrl"], "https://social.example.org/privacy-policy");
    desk.send("/texts", &[("about", ""), ("rules", ""), ("privacy", "")]).await;
    assert!(desk.house.get("/about", "text/html").await.text().contains("No harassment"));
}

#[actix_web::test]
async fn the_settings_of_keeping_away_are_kept() {
    let desk = OwnerBrowser::new();
    assert!(desk.get("/settings").await.contains("Muted and blocked"));
    desk.send("/settings/away", &[("follow_moves", "yes")]).await;
    let settings = desk.read(node::settings);
    assert!(settings.follow_moves && !settings.tell_blocked);
}

#[actix_web::test]
async fn pictures_of_a_limited_server_are_not_shown_and_said_to_be_missing() {
    let desk = OwnerBrowser::new();
    let bob = desk.bob;
    let post = sample::post(&desk.house.node, bob, "<p>look</p>", |_| {});
    let picture = PostAttachment {
        id: MediaId(0),
        post_id: Some(post),
        media_type: "image/png".into(),
        url: Some("https://b.example/1.png".into()),
        file: None,
        preview: None,
        alt: String::new(),
        width: None,
        height: None,
        blurhash: None,
        focus: None,
        still: None,
        seconds: None,
    };
    desk.house.node.store.write(move |w| attachments::add(w, &picture, 0)).unwrap();
    assert!(desk.get("/").await.contains("<img"));
    desk.send("/servers/set", &[("host", "b.example"), ("severity", "limit")]).await;
    let home = desk.get("/").await;
    assert!(home.contains("1 attachment not shown: you reject media from b.example."), "{home}");
    assert!(desk.read(|r| posts::by_id(r, post)).uri.starts_with("https://b.example"));
}
