//! What the owner writes beyond a line of text: articles, Markdown, video and audio, and what can be changed later. Seen
//! from the form in a browser to the document at a peer.

use std::time::Duration;

use hytte::base::Audience;
use hytte::federation::media::{self, Upload};
use hytte::federation::owner::login;
use hytte::federation::owner::publish::{self, NewPost, PostChange};
use hytte::store::posts::attachments::AttachmentChange;
use hytte::web::auth;
use serde_json::json;

use crate::harness::{Answer, Server, World, request};

/// A browser with the owner's session.
pub struct Browser<'s> {
    server: &'s Server,
    session: String,
}

impl<'s> Browser<'s> {
    pub fn of(server: &'s Server) -> Self {
        Self { server, session: login::open_session(&server.node.store, "a test").unwrap() }
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![
            ("host".to_owned(), self.server.domain.clone()),
            ("cookie".to_owned(), format!("{}={}", auth::SESSION_COOKIE, self.session)),
        ]
    }

    pub fn get(&self, path: &str) -> String {
        request(self.server.address, "GET", path, &self.headers(), b"").text()
    }

    /// Sends a form: (name, file name or nothing, content).
    pub fn send(&self, path: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
        let csrf = auth::csrf_token(&self.server.node, &login::token_hash(&self.session));
        let mut body = Vec::new();
        for (name, file, content) in [("csrf", None, csrf.as_bytes())].iter().chain(parts) {
            let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
            body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--x--\r\n");
        let mut headers = self.headers();
        headers.push(("content-type".to_owned(), "multipart/form-data; boundary=x".to_owned()));
        request(self.server.address, "POST", path, &headers, &body)
    }
}

pub fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(90, 60, image::Rgb([shade, 30, 40]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Three seconds of sound with a secret in its head.
fn wav() -> Vec<u8> {
    let format =
        [&b"fmt \x10\0\0\0\x01\0\x01\0"[..], &8000u32.to_le_bytes(), &8000u32.to_le_bytes(), &[1, 0, 8, 0]].concat();
    let list = [&b"LIST"[..], &8u32.to_le_bytes(), b"my house"].concat();
    let data = [&b"data"[..], &24_000u32.to_le_bytes(), &[9; 24_000]].concat();
    let inside = [&b"WAVE"[..], &format, &list, &data].concat();
    [&b"RIFF"[..], &u32::try_from(inside.len()).unwrap().to_le_bytes(), &inside].concat()
}

fn friends(world: &World) -> (Server, Server) {
    let (a, b) = (world.server("a.test"), world.server("b.test"));
    let id = b.find_actor("@alice@a.test");
    publish::follow(&b.node, id).unwrap();
    world.settle(&[&a, &b]);
    (a, b)
}

#[test]
fn a_title_makes_an_article_that_every_reader_can_use() {
    let world = World::new();
    let (a, b) = friends(&world);
    let draft = NewPost {
        title: Some("The  long winter".into()),
        summary: Some("On snow.".into()),
        markdown: Some(true),
        ..NewPost::new("## One\n\n|a|b|\n|-|-|\n|1|2|\n\nHei @alice@b.test, see #Snow & `#code`.", Audience::Public)
    };
    let post = a.say(draft);
    world.settle(&[&a, &b]);
    let doc = world.document(&a.uri(post));
    assert_eq!(
        (&doc["type"], &doc["name"], &doc["summary"]),
        (&json!("Article"), &json!("The long winter"), &json!("On snow."))
    );
    assert_eq!(doc["preview"]["content"], "<p>On snow.</p>");
    assert_eq!((&doc["source"]["mediaType"], doc["sensitive"].as_bool()), (&json!("text/markdown"), Some(false)));
    let content = doc["content"].as_str().unwrap();
    assert!(
        content.contains("<h2>One</h2>") && content.contains("<td>1</td>") && content.contains("u-url mention"),
        "{content}"
    );
    let tags: Vec<&str> = doc["tag"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    assert_eq!(tags, ["@alice@b.test", "#snow"]);
    let there = b.by_uri(&a.uri(post)).unwrap();
    assert_eq!(
        (there.post.title.as_deref(), there.post.metadata.summary.as_deref()),
        (Some("The long winter"), Some("On snow."))
    );
    assert_eq!(there.post.warning, None);
    assert_eq!(b.notifications()[0].0, "mention");

    a.advance(Duration::from_secs(60));
    let edit = PostChange { text: "## Two".into(), title: Some("The short winter".into()), ..PostChange::default() };
    publish::edit(&a.node, post, edit).unwrap();
    world.settle(&[&a, &b]);
    let there = b.by_uri(&a.uri(post)).unwrap().post;
    assert_eq!(
        (there.title.as_deref(), there.content.as_str()),
        (Some("The short winter"), "<h2>Two</h2>"),
        "still Markdown"
    );
    assert_eq!(there.metadata.summary.as_deref(), Some("On snow."), "what the edit does not name stays");
    assert!(
        publish::edit(&a.node, post, PostChange { text: "x".into(), title: Some(" ".into()), ..PostChange::default() })
            .is_err()
    );
    let answer = NewPost { title: Some("Re: x".into()), reply_to: Some(post), ..NewPost::new("x", Audience::Public) };
    assert!(publish::post(&a.node, answer).is_err());
}

#[test]
fn markdown_in_a_note_is_what_mastodon_shows() {
    let world = World::new();
    let a = world.server("a.test");
    let post = a.say(NewPost { markdown: Some(true), ..NewPost::new("# Hei\n*one*\ntwo", Audience::Public) });
    let doc = world.document(&a.uri(post));
    assert_eq!((&doc["type"], doc.get("name")), (&json!("Note"), None));
    assert_eq!(doc["content"], "<p><strong>Hei</strong></p>\n<p><em>one</em><br>\ntwo</p>");
    let plain = a.say(NewPost::new("*one*", Audience::Public));
    assert_eq!(world.document(&a.uri(plain))["content"], "<p>*one*</p>", "nobody is made to write Markdown");
}

#[test]
fn a_recording_with_its_cover_goes_from_the_form_to_a_follower() {
    let world = World::new();
    let (a, b) = friends(&world);
    let browser = Browser::of(&a);
    let parts: [(&str, Option<&str>, &[u8]); 10] = [
        ("text", None, b"Listen"),
        ("audience", None, b"public"),
        ("alt", None, b"Waves"),
        ("focus", None, b""),
        ("alt", None, b"A door"),
        ("focus", None, b"tl"),
        ("image", Some("waves.wav"), &wav()),
        ("cover", Some("cover.png"), &png(10)),
        ("image", Some("door.png"), &png(200)),
        ("cover", Some(""), b""),
    ];
    let sent = browser.send("/compose", &parts);
    assert_eq!(sent.code, 303, "{}", sent.text());
    world.settle(&[&a, &b]);
    let card = a.home().remove(0);
    let doc = world.document(&card.post.uri);
    let files = doc["attachment"].as_array().unwrap();
    assert_eq!(
        (&files[0]["mediaType"], &files[0]["name"], &files[0]["duration"]),
        (&json!("audio/wav"), &json!("Waves"), &json!("PT3S"))
    );
    assert_eq!((&files[1]["name"], &files[1]["focalPoint"]), (&json!("A door"), &json!([-0.8, 0.8])));
    let cover = world.get(files[0]["icon"]["url"].as_str().unwrap(), "*/*");
    assert!(cover.code == 200 && cover.header("content-type").unwrap().starts_with("image/"));

    let url = files[0]["url"].as_str().unwrap();
    let whole = world.get(url, "*/*");
    assert_eq!(
        (whole.code, whole.header("content-type"), whole.header("accept-ranges")),
        (200, Some("audio/wav"), Some("bytes"))
    );
    assert!(!whole.body.windows(8).any(|w| w == b"my house"), "its head tells nothing");
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("content-security-policy", "default-src 'none'; sandbox")]
    {
        assert_eq!(whole.header(name), Some(value));
    }
    let path = url.strip_prefix("http://a.test").unwrap();
    let range = [("host".to_owned(), "a.test".to_owned()), ("range".to_owned(), "bytes=44-143".to_owned())];
    let piece = request(a.address, "GET", path, &range, b"");
    assert_eq!((piece.code, piece.body.as_slice()), (206, &whole.body[44..144]));
    let page = browser.get(&format!("/post/{}", card.post.id));
    assert!(page.contains(&format!("<audio class=\"film\" controls preload=\"none\" src=\"{path}\"")), "{page}");
    assert!(page.contains("class=\"u-photo at-tl\""), "{page}");

    let there = b.by_uri(&card.post.uri).unwrap();
    assert_eq!((there.attachments[0].seconds, there.attachments[0].still.is_some()), (Some(3), true));
    let page = Browser::of(&b).get(&format!("/post/{}", there.post.id));
    assert!(page.contains("src=\"/stream/") && page.contains("song-cover"), "{page}");

    let refused = browser
        .send("/compose", &[("text", None, b"x"), ("audience", None, b"public"), ("image", Some("a.svg"), b"<svg/>")]);
    assert!(refused.code == 400 && refused.text().contains("use MP4 or WebM"), "{}", refused.text());
}

#[test]
fn an_edit_adds_removes_and_describes_files() {
    let world = World::new();
    let (a, b) = friends(&world);
    let keep = |bytes: Vec<u8>, alt: &str| {
        media::store_upload(&a.node, Upload { bytes, alt: alt.to_owned(), ..Upload::default() }).unwrap()
    };
    let (first, second) = (keep(png(1), "one"), keep(png(2), "two"));
    let post = a.say(NewPost { media: vec![first, second], ..NewPost::new("Look", Audience::Public) });
    world.settle(&[&a, &b]);
    a.advance(Duration::from_secs(60));
    let browser = Browser::of(&a);
    let form = browser.get(&format!("/post/{post}/edit"));
    assert!(form.contains(&format!("name=\"alt-{first}\"")) && form.contains("multipart/form-data"), "{form}");
    let sent = browser.send(
        &format!("/post/{post}/edit"),
        &[
            ("text", None, b"Look"),
            ("keep", None, first.to_string().as_bytes()),
            (&format!("alt-{first}"), None, b"One, said better"),
            (&format!("focus-{first}"), None, b"r"),
            ("alt", None, b"Waves"),
            ("image", Some("waves.wav"), &wav()),
        ],
    );
    assert_eq!(sent.code, 303, "{}", sent.text());
    world.settle(&[&a, &b]);
    let there = b.by_uri(&a.uri(post)).unwrap();
    let seen: Vec<(&str, Option<&str>)> =
        there.attachments.iter().map(|f| (f.alt.as_str(), f.focus.as_deref())).collect();
    assert_eq!(seen, [("One, said better", Some("0.8,0")), ("Waves", None)]);
    assert!(there.post.edited_at.is_some());
    let history = Browser::of(&b).get(&format!("/post/{}/history", there.post.id));
    assert!(history.contains("two") && history.contains("One, said better"), "{history}");

    let sent = b.node.store.read(|r| hytte::store::posts::post_edits::list(r, there.post.id)).unwrap().len();
    let same = PostChange {
        text: "Look".into(),
        media: a.card(post).attachments.iter().map(|f| f.id).collect(),
        ..PostChange::default()
    };
    let before = a.card(post).post.edited_at;
    a.advance(Duration::from_secs(60));
    publish::edit(&a.node, post, same).unwrap();
    assert_eq!((a.card(post).post.edited_at, a.waiting()), (before, 0), "nothing changed, nobody is told");
    assert_eq!(sent, 1);

    let other = a.post("Another", Audience::Public);
    let stolen = PostChange {
        text: "Another".into(),
        changed_alt_texts: vec![AttachmentChange { id: first, alt: "mine now".into(), focus: None, cover: None }],
        ..PostChange::default()
    };
    publish::edit(&a.node, other, stolen).unwrap();
    assert_eq!(a.card(post).attachments[0].alt, "One, said better", "only its own files");
    world.settle(&[&a, &b]);
}
