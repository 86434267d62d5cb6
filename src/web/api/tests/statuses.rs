//! Writing: now, later, anew and otherwise; polls, quotes, and what is refused with nothing left behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Cursor;
use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::tags::{arrives, somebody};
use crate::base::Audience;
use crate::federation::{
    media,
    owner::{publish, scheduling},
    upkeep,
};
use crate::store::posts::drafts;
use crate::text::MAX_NOTE_CHARS;
use crate::web::test_support::TestResponse;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn client() -> ApiClient {
    ApiClient::with("read write follow")
}

pub(super) fn upload(client: &ApiClient, shade: u8) -> String {
    let mut bytes = Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([shade, 30, 40]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    media::store_image(&client.server.node, &bytes.into_inner(), "A door").unwrap().to_string()
}

pub(super) async fn write(client: &ApiClient, said: Value) -> TestResponse {
    client.call(TestRequest::post().uri("/api/v1/statuses").set_json(said)).await
}

pub(super) async fn said(client: &ApiClient, said: Value) -> Value {
    let reply = write(client, said).await;
    assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
    reply.json()
}

pub(super) async fn put(client: &ApiClient, path: &str, said: Value) -> TestResponse {
    client.call(TestRequest::put().uri(path).set_json(said)).await
}

pub(super) async fn remove(client: &ApiClient, path: &str) -> TestResponse {
    client.call(TestRequest::delete().uri(path)).await
}

pub(super) fn id(status: &Value) -> &str {
    status["id"].as_str().unwrap()
}

pub(super) fn path(status: &Value) -> String {
    format!("/api/v1/statuses/{}", id(status))
}

fn in_time(client: &ApiClient, from_now: Duration) -> String {
    client.server.node.clock().now().plus(from_now).rfc3339_millis()
}

#[actix_web::test]
async fn a_post_says_all_that_an_app_can_say() {
    let client = client();
    let files = [upload(&client, 1), upload(&client, 2)];
    let order = json!([files[1], files[0]]);
    let post = said(
        &client,
        json!({"status": "Doors #Red", "media_ids": order, "sensitive": true, "spoiler_text": "Paint", "language": "nb",
            "visibility": "unlisted", "quote_approval_policy": "nobody"}),
    )
    .await;
    assert_eq!(post["media_attachments"][0]["id"], *files[1]);
    assert_eq!(post["media_attachments"][1]["id"], *files[0]);
    assert_eq!(
        (&post["spoiler_text"], &post["language"], &post["visibility"], &post["sensitive"]),
        (&json!("Paint"), &json!("nb"), &json!("unlisted"), &json!(true))
    );
    assert_eq!(post["application"], json!({"name": "test", "website": null}));
    assert_eq!(post["quote_approval"], json!({"automatic": [], "manual": [], "current_user": "automatic"}));
    let (content, tag) = (post["content"].as_str().unwrap(), post["tags"][0]["url"].as_str().unwrap());
    assert!(content.contains(&format!("href=\"{tag}\" class=\"mention hashtag\"")), "{content} {tag}");
    let answer = said(&client, json!({"status": "Blue", "in_reply_to_id": id(&post)})).await;
    assert_eq!((&answer["in_reply_to_id"], &answer["in_reply_to_account_id"]), (&post["id"], &post["account"]["id"]));
    let bold = said(&client, json!({"status": "**bold**", "content_type": "text/markdown"})).await;
    assert_eq!(bold["content"], "<p><strong>bold</strong></p>");
    let alone = said(&client, json!({"spoiler_text": "Only this"})).await;
    assert_eq!((&alone["content"], &alone["spoiler_text"]), (&json!("<p>Only this</p>"), &json!("")));
}

#[actix_web::test]
async fn what_cannot_be_said_is_refused_in_words_and_leaves_nothing() {
    let client = client();
    let (file, used) = (upload(&client, 1), upload(&client, 2));
    said(&client, json!({"status": "x", "media_ids": [used]})).await;
    let limits = client.get("/api/v2/instance").await.json()["configuration"].clone();
    assert_eq!(limits["statuses"]["max_characters"], MAX_NOTE_CHARS);
    let most = limits["polls"]["max_options"].as_u64().unwrap();
    let options = |n: u64| (0..n).map(|n| format!("option {n}")).collect::<Vec<_>>();
    let poll = |options: Vec<String>, expires: Value| json!({"options": options, "expires_in": expires});
    let long = "x".repeat(10_000);
    let five: Vec<String> = (0..5).map(|_| file.clone()).chain(["7".to_owned()]).collect();
    for (said, code, word) in [
        (json!({}), 422, "Text can't be blank"),
        (json!({"status": "  "}), 422, "Text can't be blank"),
        (json!({"status": long}), 422, "limit of 5000 exceeded"),
        (json!({"status": "x", "spoiler_text": "y".repeat(5000)}), 422, "limit of 5000 exceeded"),
        (json!({"status": "x", "visibility": "local"}), 422, "Visibility"),
        (json!({"status": "x", "quote_approval_policy": "some"}), 422, "Quote approval policy"),
        (json!({"status": "x", "in_reply_to_id": "7"}), 404, "reply to does not appear to exist"),
        (json!({"status": "x", "in_reply_to_id": "no id"}), 404, "reply to does not appear to exist"),
        (json!({"status": "x", "quoted_status_id": "7"}), 404, "quote does not appear to exist"),
        (json!({"status": "x", "media_ids": [used]}), 422, "Media not found"),
        (json!({"status": "x", "media_ids": ["nonsense"]}), 422, "Media not found"),
        (json!({"status": "x", "media_ids": five}), 422, "Media not found"),
        (json!({"status": "x", "poll": poll(options(1), json!(3600))}), 422, "2 to 8"),
        (json!({"status": "x", "poll": poll(options(most + 1), json!(3600))}), 422, "2 to 8"),
        (json!({"status": "x", "poll": poll(options(2), json!(299))}), 422, "five minutes"),
        (json!({"status": "x", "poll": poll(options(2), json!("soon"))}), 422, "Expires at"),
        (json!({"status": "x", "poll": poll(options(2), json!(-5))}), 422, "Expires at"),
        (json!({"status": "x", "poll": poll(options(2), Value::Null)}), 422, "Expires at"),
        (json!({"status": "x", "poll": poll(vec!["a".into(), "b".repeat(101)], json!(3600))}), 422, "100 characters"),
        (json!({"status": "x", "media_ids": [file], "poll": poll(options(2), json!(3600))}), 422, "a poll or pictures"),
        (json!({"status": "x", "scheduled_at": "tomorrow"}), 422, "Scheduled at"),
        (json!({"status": "x", "scheduled_at": in_time(&client, MINUTE * 4)}), 422, "five minutes from now"),
    ] {
        let reply = write(&client, said.clone()).await;
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(reply.code.as_u16() == code && error.contains(word), "{said}: {} {error}", reply.code);
    }
    let home = client.get("/api/v1/timelines/home").await.json();
    assert_eq!(home.as_array().unwrap().len(), 1, "nothing came of it");
    let fits = format!("{} https://example.org/{}", "é".repeat(MAX_NOTE_CHARS - 24), "a".repeat(900));
    said_fits(&client, &fits).await;
    let over = write(&client, json!({"status": format!("x{fits}")})).await;
    assert_eq!(over.code.as_u16(), 422, "one too many");
    assert!(said(&client, json!({"status": "free", "media_ids": [file]})).await["media_attachments"][0].is_object());
}

async fn said_fits(client: &ApiClient, text: &str) {
    said(client, json!({"status": text})).await;
}

#[actix_web::test]
async fn the_same_request_twice_is_one_post_for_an_hour() {
    let client = client();
    let file = upload(&client, 1);
    let ask = |text: &str, more: Value| {
        let mut body = json!({"status": text});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.call(TestRequest::post().uri("/api/v1/statuses").insert_header(("Idempotency-Key", "k1")).set_json(body))
    };
    let first = ask("once", json!({"media_ids": [file]})).await.json();
    let again = ask("once", json!({"media_ids": [file]})).await;
    assert_eq!((again.code.as_u16(), again.json()["id"].clone()), (200, first["id"].clone()));
    client.server.node.clock().advance(MINUTE * 61);
    assert_ne!(ask("once", json!({})).await.json()["id"], first["id"]);
    client.server.node.clock().advance(MINUTE * 61);
    let when = in_time(&client, MINUTE * 10);
    let waiting = ask("later", json!({"scheduled_at": when})).await.json();
    assert_eq!(ask("later", json!({"scheduled_at": when})).await.json()["id"], waiting["id"]);
    assert_eq!(client.get("/api/v1/scheduled_statuses").await.json().as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn long_names_of_requests_count_to_their_end() {
    let client = client();
    let ask = |key: String| {
        let request = TestRequest::post().uri("/api/v1/statuses").insert_header(("Idempotency-Key", key));
        client.call(request.set_json(json!({"status": "long"})))
    };
    let long = "k".repeat(300);
    let first = ask(format!("{long}1")).await.json();
    assert_eq!(ask(format!("{long}1")).await.json()["id"], first["id"]);
    assert_ne!(ask(format!("{long}2")).await.json()["id"], first["id"]);
    let short = client.call(
        TestRequest::post()
            .uri("/api/v1/statuses")
            .insert_header(("Idempotency-Key", "as it was"))
            .set_json(json!({"status": "later", "scheduled_at": in_time(&client, MINUTE * 10)})),
    );
    assert_eq!(short.await.json()["params"]["idempotency"], "as it was");
}

#[actix_web::test]
async fn a_post_waits_for_its_time_and_comes_once() {
    let client = client();
    let node = &client.server.node;
    let parent = said(&client, json!({"status": "Parent"})).await;
    let file = upload(&client, 1);
    let when = in_time(&client, MINUTE * 60);
    let waiting = said(
        &client,
        json!({"status": "Later", "media_ids": [file], "in_reply_to_id": id(&parent), "visibility": "private",
            "spoiler_text": "Soon", "scheduled_at": when}),
    )
    .await;
    assert_eq!((&waiting["scheduled_at"], &waiting["params"]["text"]), (&json!(when), &json!("Later")));
    assert_eq!(waiting["params"]["in_reply_to_id"].to_string(), id(&parent));
    assert_eq!(waiting["media_attachments"][0]["id"], *file);
    assert_eq!(waiting["params"]["visibility"], "private");
    // A day goes by: the file is held, no other post may take it.
    let one = format!("/api/v1/scheduled_statuses/{}", id(&waiting));
    let moved = in_time(&client, MINUTE * 60 * 50);
    assert_eq!(put(&client, &one, json!({"scheduled_at": in_time(&client, MINUTE)})).await.code.as_u16(), 422);
    assert_eq!(put(&client, &one, json!({"scheduled_at": moved})).await.json()["scheduled_at"], *moved);
    assert_eq!(write(&client, json!({"status": "thief", "media_ids": [file]})).await.code.as_u16(), 422);
    node.clock().advance(MINUTE * 60 * 49);
    let mut diary = upkeep::JobSchedule::new(node.clock().now());
    node.clock().advance(MINUTE * 59);
    upkeep::step(node, &mut diary).unwrap();
    assert!(!scheduling::publish_next_due(node).unwrap(), "not yet");
    assert_eq!(client.get(&one).await.json()["id"], waiting["id"]);
    node.clock().advance(MINUTE * 2);
    assert!(scheduling::publish_next_due(node).unwrap());
    assert!(!scheduling::publish_next_due(node).unwrap(), "only once");
    let home = client.get("/api/v1/timelines/home").await.json();
    let came = &home[0];
    assert_eq!(home.as_array().unwrap().len(), 2);
    assert_eq!((&came["content"], &came["visibility"]), (&json!("<p>Later</p>"), &json!("private")));
    assert_eq!((&came["in_reply_to_id"], &came["media_attachments"][0]["id"]), (&parent["id"], &json!(file)));
    assert_eq!(client.get(&one).await.code.as_u16(), 404);
    assert_eq!(client.get("/api/v1/scheduled_statuses").await.json(), json!([]));
    let past = said(&client, json!({"status": "Now", "scheduled_at": "2020-01-01T00:00:00.000Z"})).await;
    assert_eq!(past["content"], "<p>Now</p>", "what has passed is now");
}

#[actix_web::test]
async fn what_could_not_be_published_stays_with_its_reason() {
    let client = client();
    let node = &client.server.node;
    let parent = said(&client, json!({"status": "Parent"})).await;
    let when = in_time(&client, MINUTE * 10);
    let waiting = said(&client, json!({"status": "Answer", "in_reply_to_id": id(&parent), "scheduled_at": when})).await;
    assert_eq!(remove(&client, &path(&parent)).await.code.as_u16(), 200);
    node.clock().advance(MINUTE * 11);
    assert!(scheduling::publish_next_due(node).unwrap() && !scheduling::publish_next_due(node).unwrap());
    let kept = node.store.read(|r| drafts::get(r, id(&waiting).parse()?)).unwrap();
    assert!(kept.error.is_some_and(|why| why.contains("not there any more")));
    let list = client.get("/api/v1/scheduled_statuses").await.json();
    assert_eq!(list[0]["id"], waiting["id"]);
    let one = format!("/api/v1/scheduled_statuses/{}", id(&waiting));
    let gone = remove(&client, &one).await;
    assert_eq!((gone.code.as_u16(), gone.text()), (200, "{}".to_owned()));
    assert_eq!(client.get("/api/v1/scheduled_statuses").await.json(), json!([]));
}

#[actix_web::test]
async fn an_edit_changes_words_files_and_poll_and_history_tells_of_it() {
    let client = client();
    let (one, two) = (upload(&client, 1), upload(&client, 2));
    let post = said(&client, json!({"status": "First", "media_ids": [one]})).await;
    let alone = client.get(&format!("{}/history", path(&post))).await.json();
    assert_eq!((alone.as_array().unwrap().len(), &alone[0]["content"]), (1, &json!("<p>First</p>")));
    client.server.node.clock().advance(MINUTE);
    let edited = put(
        &client,
        &path(&post),
        json!({"status": "Second", "spoiler_text": "Warm", "media_ids": [two, one],
            "media_attributes": [{"id": one, "description": "A new door", "focus": "0.5,-0.5"}]}),
    )
    .await
    .json();
    assert_eq!((&edited["content"], &edited["spoiler_text"]), (&json!("<p>Second</p>"), &json!("Warm")));
    assert_eq!(edited["media_attachments"][0]["id"], *two);
    assert_eq!(edited["media_attachments"][1]["description"], "A new door");
    assert_eq!(edited["media_attachments"][1]["meta"]["focus"], json!({"x": 0.5, "y": -0.5}));
    assert!(edited["edited_at"].is_string());
    let history = client.get(&format!("{}/history", path(&post))).await.json();
    let said_then: Vec<&Value> = history.as_array().unwrap().iter().map(|edit| &edit["content"]).collect();
    assert_eq!(said_then, [&json!("<p>First</p>"), &json!("<p>Second</p>")]);
    let source = client.get(&format!("{}/source", path(&post))).await.json();
    assert_eq!(source, json!({"id": id(&post), "text": "Second", "spoiler_text": "Warm"}));
    client.server.node.clock().advance(MINUTE);
    let bare = put(&client, &path(&post), json!({"status": "Third"})).await.json();
    assert_eq!((&bare["media_attachments"], &bare["spoiler_text"]), (&json!([]), &json!("")));
    client.server.node.clock().advance(MINUTE);
    let asks = json!({"options": ["a", "b"], "expires_in": 600, "multiple": true});
    let asked = put(&client, &path(&post), json!({"status": "Third?", "poll": asks})).await.json();
    assert_eq!((&asked["poll"]["options"][1]["title"], &asked["poll"]["multiple"]), (&json!("b"), &json!(true)));
    let no_more = put(&client, &path(&post), json!({"status": "Third."})).await.json();
    assert_eq!(no_more["poll"], Value::Null);
    for (said, code) in [
        (json!({"status": ""}), 422),
        (json!({"status": "x".repeat(10_000)}), 422),
        (json!({"status": "x", "media_ids": ["99"]}), 422),
    ] {
        assert_eq!(put(&client, &path(&post), said).await.code.as_u16(), code);
    }
    assert_eq!(put(&client, "/api/v1/statuses/7", json!({"status": "x"})).await.code.as_u16(), 404);
    assert_eq!(client.get(&path(&post)).await.json()["content"], "<p>Third.</p>");
}

#[actix_web::test]
async fn what_is_deleted_can_be_written_anew_with_its_files() {
    let client = client();
    let file = upload(&client, 1);
    let post = said(&client, json!({"status": "Tpyo", "media_ids": [file]})).await;
    let gone = remove(&client, &path(&post)).await.json();
    assert_eq!((&gone["text"], &gone["media_attachments"][0]["id"]), (&json!("Tpyo"), &json!(file)));
    assert!(gone.get("content").is_none());
    assert_eq!(client.get(&path(&post)).await.code.as_u16(), 404);
    let anew = said(&client, json!({"status": "Typo", "media_ids": [file]})).await;
    assert_eq!(anew["media_attachments"][0]["id"], *file);
    remove(&client, &format!("{}?delete_media=true", path(&anew))).await;
    assert_eq!(write(&client, json!({"status": "x", "media_ids": [file]})).await.code.as_u16(), 422);
    let poll = json!({"options": ["a", "b"], "expires_in": "600", "hide_totals": true});
    let asked = said(&client, json!({"status": "?", "poll": poll})).await;
    assert_eq!(asked["poll"]["options"][0], json!({"title": "a", "votes_count": null}));
    assert_eq!(remove(&client, &path(&asked)).await.json()["poll"]["options"][1]["title"], "b");
}

#[actix_web::test]
async fn boosts_have_an_audience_and_votes_stand() {
    let client = client();
    let post = said(&client, json!({"status": "Boost me"})).await;
    let boost = client.post(&format!("{}/reblog", path(&post)), &[("visibility", "private")]).await.json();
    assert_eq!((&boost["visibility"], &boost["reblog"]["id"]), (&json!("private"), &post["id"]));
    let stranger = client.server.get(&path(&boost), "*/*").await;
    assert_eq!(stranger.code.as_u16(), 404, "a boost for followers is for followers");
    assert_eq!(client.post(&format!("{}/reblog", path(&post)), &[("visibility", "odd")]).await.code.as_u16(), 422);
    let closed = client.server.post("@nobody", Audience::Mentioned);
    let refused = client.post(&format!("/api/v1/statuses/{}/reblog", closed.id), &[]).await;
    assert_eq!(refused.code.as_u16(), 422);
    let poll = json!({"options": ["a", "b"], "expires_in": 600});
    let asked = said(&client, json!({"status": "?", "poll": poll})).await;
    let vote = |choices: Value| {
        let uri = format!("/api/v1/polls/{}/votes", id(&asked));
        client.call(TestRequest::post().uri(&uri).set_json(json!({"choices": choices})))
    };
    for choices in [json!([0]), json!(["x"]), json!([]), json!([9])] {
        assert_eq!(vote(choices.clone()).await.code.as_u16(), 422, "{choices}: one's own poll");
    }
    publish::delete(&client.server.node, id(&post).parse().unwrap()).unwrap();
}

#[actix_web::test]
async fn what_others_say_is_shown_as_what_it_is() {
    let client = client();
    let ada = somebody(&client, "ada", "a.example");
    let show = async |id: crate::base::id::PostId| client.get(&format!("/api/v1/statuses/{id}")).await.json();
    let tagged = r#"<p><a href="https://a.example/tags/Sn%C3%B8" class="mention hashtag">#<span>Snø</span></a> for
        <a href="https://a.example/users/ada" class="u-url mention">@<span>ada</span></a></p>"#;
    let tags = json!([{"type": "Hashtag", "name": "#Snø", "href": "https://a.example/tags/Sn%C3%B8"},
        {"type": "Mention", "name": "@ada@a.example", "href": "https://a.example/users/ada"}]);
    let post = show(arrives(&client, ada, "x", json!({"content": tagged, "tag": tags}))).await;
    assert_eq!(post["tags"], json!([{"name": "snø", "url": "https://a.example/tags/Sn%C3%B8"}]));
    assert_eq!(
        (&post["mentions"][0]["url"], &post["mentions"][0]["acct"]),
        (&json!("https://a.example/users/ada"), &json!("ada@a.example"),)
    );
    let page = "https://a.example/post/1";
    let link = json!({"type": "Page", "name": "A find", "content": null, "url": page,
        "attachment": [{"type": "Link", "href": "https://news.example/story"}]});
    let post = show(arrives(&client, ada, "x", link)).await;
    let content = post["content"].as_str().unwrap();
    assert!(content.contains("<strong>A find</strong>") && content.contains(page), "{content}");
    assert_eq!(
        (&post["card"]["url"], &post["card"]["title"]),
        (&json!("https://news.example/story"), &json!("A find"))
    );
    assert_eq!(post["media_attachments"], json!([]));
    let event = json!({"type": "Event", "name": "Ski day", "startTime": "2026-02-01T10:00:00Z", "url": page,
        "location": {"type": "Place", "name": "The hill"}});
    let post = show(arrives(&client, ada, "Bring skis", event)).await;
    let content = post["content"].as_str().unwrap();
    assert!(content.contains("1 February 2026, 10:00 · The hill") && content.contains("Bring skis"), "{content}");
    let odd =
        json!({"attachment": [{"type": "Document", "mediaType": "model/gltf", "url": "https://a.example/x.gltf"}]});
    assert_eq!(show(arrives(&client, ada, "Look", odd)).await["media_attachments"][0]["type"], "unknown");
    let closed = json!({"to": ["https://social.example.org/users/ann"], "tag": [{"type": "Mention",
        "name": "@ann@example.org", "href": "https://social.example.org/users/ann"}]});
    let closed = arrives(&client, ada, "Only you", closed);
    let refused = client.post(&format!("/api/v1/statuses/{closed}/reblog"), &[]).await;
    assert_eq!((refused.code.as_u16(), show(closed).await["visibility"].clone()), (422, json!("direct")));
}

#[actix_web::test]
async fn nobody_is_named_whom_the_app_did_not_expect() {
    let client = client();
    somebody(&client, "ada", "a.example");
    let text = "Hello @ada@a.example";
    let reply = write(&client, json!({"status": text, "allowed_mentions": []})).await;
    let found = reply.json()["unexpected_accounts"].clone();
    assert_eq!((reply.code.as_u16(), &found[0]["acct"]), (422, &json!("ada@a.example")));
    assert_eq!(
        said(&client, json!({"status": text, "allowed_mentions": [found[0]["id"]]})).await["mentions"][0]["acct"],
        "ada@a.example"
    );
}
