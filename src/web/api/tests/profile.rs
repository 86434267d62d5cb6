//! The owner's profile, the server as apps read it, reports, uploads, and how often one may call.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::App;
use actix_web::http::header;
use actix_web::test::{TestRequest, call_service, init_service};
use serde_json::{Value, json};

use super::ApiClient;
use super::people::person;
use crate::base::Audience;
use crate::store::{actors, moderation::reports, node};

/// A small image.
fn png() -> Vec<u8> {
    colour([200, 30, 30])
}

fn colour(rgb: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::DynamicImage::ImageRgb8(image::RgbImage::from_pixel(60, 40, image::Rgb(rgb)));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A multipart request of texts and files.
fn multipart(request: TestRequest, texts: &[(&str, &str)], files: &[(&str, &[u8])]) -> TestRequest {
    let mut body = Vec::new();
    for (name, text) in texts {
        body.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    for (name, bytes) in files {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n");
        body.extend(head.bytes().chain(bytes.iter().copied()).chain(*b"\r\n"));
    }
    body.extend(*b"--x--\r\n");
    request.insert_header((header::CONTENT_TYPE, "multipart/form-data; boundary=x")).set_payload(body)
}

const PROFILE: &str = "/api/v1/accounts/update_credentials";

/// Whether a profile field is in the actor document, and as which member.
#[derive(Clone, Copy)]
enum Published {
    /// As this JSON pointer, with this value.
    As(&'static str, &'static str),
    /// The document has no member for it: it shapes something else of the profile.
    Elsewhere,
}

/// Every parameter of `update_credentials`: (name, value sent, where peers find it). A new one belongs here.
const PROFILE_FIELDS: [(&str, &str, Published); 16] = [
    ("display_name", "Ann B", Published::As("/name", "Ann B")),
    ("note", "about me", Published::As("/summary", "<p>about me</p>")),
    ("bot", "true", Published::As("/type", "Service")),
    ("locked", "true", Published::As("/manuallyApprovesFollowers", "true")),
    ("discoverable", "true", Published::As("/discoverable", "true")),
    ("indexable", "true", Published::As("/indexable", "true")),
    ("avatar_description", "A face", Published::As("/icon/summary", "A face")),
    ("header_description", "A ridge", Published::As("/image/summary", "A ridge")),
    ("attribution_domains[]", "Blog.example", Published::As("/attributionDomains/0", "blog.example")),
    ("fields_attributes[0][name]", "Site", Published::As("/attachment/0/name", "Site")),
    ("fields_attributes[0][value]", "cabins", Published::As("/attachment/0/value", "cabins")),
    ("hide_collections", "true", Published::Elsewhere),
    ("source[privacy]", "private", Published::Elsewhere),
    ("source[sensitive]", "true", Published::Elsewhere),
    ("source[language]", "nb", Published::Elsewhere),
    ("source[quote_policy]", "nobody", Published::Elsewhere),
];

#[actix_web::test]
async fn every_field_of_the_profile_is_in_the_actor_document() {
    let client = ApiClient::with("read write");
    let texts: Vec<(&str, &str)> = PROFILE_FIELDS.iter().map(|(name, value, _)| (*name, *value)).collect();
    let request = multipart(TestRequest::patch().uri(PROFILE), &texts, &[("avatar", &png()), ("header", &png())]);
    let changed = client.call(request).await;
    assert_eq!(changed.code.as_u16(), 200, "{}", changed.text());
    let document = client.server.node.store.read(crate::social::document::owner_actor).unwrap();
    for (name, _, published) in PROFILE_FIELDS {
        if let Published::As(pointer, expected) = published {
            let found = document.pointer(pointer).unwrap_or(&Value::Null);
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            assert_eq!(text, expected, "{name} at {pointer} of {document}");
        }
    }
    for image in ["/icon/url", "/image/url"] {
        assert!(document.pointer(image).unwrap().as_str().unwrap().contains("/media/"), "{image}");
    }
    // The source names every parameter the endpoint reads, so that a new one cannot be left out of the table.
    let source = include_str!("../people/profile.rs");
    for word in source.split('"').skip(1).step_by(2) {
        let reads = |call: &str| source.contains(&format!("{call}(\"{word}\"")) && !word.is_empty();
        if ["params.text", "params.flag", "params.has", "described", "params.items", "params.list", "word"]
            .iter()
            .any(|c| reads(c))
        {
            let plain =
                |name: &str| name.replace(['[', ']', '/', '0'], " ").split_whitespace().next().map(str::to_owned);
            let last = word.split('/').next_back().unwrap();
            let known =
                PROFILE_FIELDS.iter().any(|(name, _, _)| plain(name).as_deref() == Some(word) || name.contains(last));
            assert!(known, "{word} is read by update_credentials and not in PROFILE_FIELDS");
        }
    }
}

#[actix_web::test]
async fn a_profile_changes_in_parts_and_wrong_ones_change_nothing() {
    let client = ApiClient::with("read write");
    let texts = [
        ("display_name", "Ann B"),
        ("bot", "true"),
        ("avatar_description", "Me"),
        ("fields_attributes[0][name]", "Site"),
        ("fields_attributes[0][value]", "https://ann.example"),
        ("source[privacy]", "private"),
        ("source[sensitive]", "true"),
        ("source[language]", "nb"),
        ("source[quote_policy]", "nobody"),
        ("hide_collections", "1"),
        ("attribution_domains[]", "Blog.example"),
    ];
    let request = multipart(TestRequest::patch().uri(PROFILE), &texts, &[("avatar", &png()), ("header", &png())]);
    let changed = client.call(request).await;
    assert_eq!(changed.code.as_u16(), 200, "{}", changed.text());
    let whole = changed.json();
    assert_eq!((&whole["display_name"], &whole["bot"]), (&"Ann B".into(), &true.into()));
    assert_eq!(whole["avatar_description"], "Me");
    assert!(
        whole["avatar"].as_str().unwrap().contains("/media/") && whole["header"].as_str().unwrap().contains("/media/")
    );
    let source = &whole["source"];
    assert_eq!(
        (&source["privacy"], &source["sensitive"], &source["language"], &source["quote_policy"]),
        (&"private".into(), &true.into(), &"nb".into(), &"nobody".into())
    );
    assert_eq!((&source["hide_collections"], &source["attribution_domains"]), (&true.into(), &json!(["blog.example"])));
    assert_eq!(source["fields"][0], json!({ "name": "Site", "value": "https://ann.example", "verified_at": null }));
    let preferences = client.get("/api/v1/preferences").await.json();
    assert_eq!(preferences["posting:default:sensitive"], true);
    assert_eq!(preferences["posting:default:quote_policy"], "nobody");

    let before = client.get("/api/v1/accounts/verify_credentials").await.json();
    let long = "x".repeat(10_000);
    for (name, value) in [
        ("display_name", long.as_str()),
        ("note", &long),
        ("source[privacy]", "everyone"),
        ("source[quote_policy]", "x"),
        ("source[language]", "<b>"),
        ("avatar", "no picture"),
        ("avatar_description", &long),
        ("fields_attributes[0][value]", &long),
    ] {
        let form = [("locked", "true"), ("source[sensitive]", "false"), (name, value)];
        let refused = client.call(TestRequest::patch().uri(PROFILE).set_form(form)).await;
        assert_eq!(refused.code.as_u16(), 422, "{name}: {}", refused.text());
    }
    let bad = multipart(TestRequest::patch().uri(PROFILE), &[("locked", "true")], &[("avatar", b"no picture")]);
    assert_eq!(client.call(bad).await.code.as_u16(), 422);
    assert_eq!(client.get("/api/v1/accounts/verify_credentials").await.json(), before, "nothing of these was kept");

    let fields =
        json!({ "fields_attributes": { "1": { "name": "b", "value": "2" }, "0": { "name": "a", "value": "1" } } });
    let ordered = client.call(TestRequest::patch().uri(PROFILE).set_json(fields)).await.json();
    let names: Vec<&Value> =
        ordered["source"]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(ordered["display_name"], "Ann B", "what is not said stays");

    for part in ["avatar", "header"] {
        let gone = client.call(TestRequest::delete().uri(&format!("/api/v1/profile/{part}"))).await;
        assert_eq!(gone.code.as_u16(), 200);
        assert!(gone.json()[part].as_str().unwrap().contains("cabin"), "a default picture, never none");
        assert_eq!(gone.json()["avatar_description"], "", "nothing is left to describe");
    }
}

#[actix_web::test]
async fn the_server_says_its_rules_and_limits_as_they_are() {
    let client = ApiClient::with("read");
    let rules = client.get("/api/v1/instance/rules").await.json();
    assert_eq!((&rules[0]["id"], rules.as_array().unwrap().len()), (&"1".into(), 1));
    client
        .server
        .node
        .store
        .write(|w| {
            let settings = node::settings(w)?;
            let (rules, about) = ("# Rules\n\nBe kind.\n- No ads.\n".to_owned(), "A cabin.\n\nMore.".to_owned());
            node::set_settings(w, &node::Settings { rules, about, ..settings })
        })
        .unwrap();
    for path in ["/api/v1/instance", "/api/v2/instance"] {
        let shown = client.get(path).await.json();
        let texts: Vec<&Value> = shown["rules"].as_array().unwrap().iter().map(|rule| &rule["text"]).collect();
        assert_eq!(texts, ["Be kind.", "No ads."], "{path}");
        assert_eq!(shown["description"], "A cabin.");
        // Clients decide by the words up to the blank; Ice Cubes by the first three characters.
        assert_eq!(shown["version"], format!("4.5.0 (compatible; hytte {})", crate::base::config::VERSION));
        let number = if path.contains("v2") { json!({ "mastodon": 7 }) } else { Value::Null };
        assert_eq!(shown["api_versions"], number, "{path}");
        let limits = &shown["configuration"];
        assert_eq!(limits["polls"]["max_expiration"], crate::social::poll::MAX_POLL_DURATION.as_secs());
        assert_eq!(limits["media_attachments"]["image_size_limit"], crate::media::MAX_IMAGE_BYTES);
        assert_eq!(limits["media_attachments"]["supported_mime_types"].as_array().unwrap().len(), 11);
    }
    let about = client.get("/api/v1/instance/extended_description").await.json();
    assert_eq!(about["content"], "<p>A cabin.</p><p>More.</p>");
    let privacy = client.get("/api/v1/instance/privacy_policy").await.json();
    assert!(privacy["content"].as_str().unwrap().contains("<h2>Visitors</h2>"));
    for (method, path) in [("GET", "accounts"), ("POST", "reports/1/resolve"), ("DELETE", "nothing"), ("PUT", "x/y")] {
        for version in ["v1", "v2"] {
            let uri = format!("/api/{version}/admin/{path}");
            let request = TestRequest::default().method(method.parse().unwrap()).uri(&uri);
            let reply = client.call(request).await;
            assert_eq!(
                (reply.code.as_u16(), reply.json()),
                (403, json!({"error": "This action is not allowed"})),
                "{uri}"
            );
        }
    }
    assert_eq!(client.get("/api/v1/donation_campaigns").await.code.as_u16(), 404);
    assert_eq!(client.get("/api/v1/emails/check_confirmation").await.json(), true);
    assert_eq!(client.get("/health").await.text(), "OK");
    let v1 = client.get("/api/v1/collections/1").await;
    assert_eq!((v1.code.as_u16(), v1.json()["error"].clone()), (404, "Not Found".into()));
}

#[actix_web::test]
async fn other_pages_embed_public_posts_alone() {
    let client = ApiClient::with("read");
    let (open, closed) =
        (client.server.post("for **all**", Audience::Public), client.server.post("hidden", Audience::Followers));
    let at = |url: &str| format!("/api/oembed?url={}", url.replace(':', "%3A").replace('/', "%2F"));
    let shown = client.server.get(&at(open.html_url()), "*/*").await;
    assert_eq!(shown.code.as_u16(), 200, "{}", shown.text());
    assert!(shown.json()["html"].as_str().unwrap().contains("for **all**"));
    for url in [closed.html_url(), "https://elsewhere.example/1", "", "https://social.example.org/@ann/x"] {
        let reply = client.server.get(&at(url), "*/*").await;
        assert!(matches!(reply.code.as_u16(), 400 | 404), "{url}");
        assert!(!reply.text().contains("hidden"));
    }
}

#[actix_web::test]
async fn a_report_is_kept_and_told_only_if_wanted() {
    let client = ApiClient::with("write:reports");
    let bob = person(&client, "bob");
    let id = bob.to_string();
    let form = [("account_id", id.as_str()), ("comment", "spam"), ("category", "violation"), ("rule_ids[]", "1")];
    let kept = client.post("/api/v1/reports", &form).await;
    assert_eq!(kept.code.as_u16(), 200, "{}", kept.text());
    let kept = kept.json();
    assert_eq!(
        (&kept["forwarded"], &kept["category"], &kept["rule_ids"]),
        (&false.into(), &"violation".into(), &json!(["1"]))
    );
    assert_eq!(kept["target_account"]["id"], id);
    let queued = || client.server.node.store.read(crate::store::queue::deliveries::count).unwrap();
    let before = queued();
    let told = client.post("/api/v1/reports", &[("account_id", &id), ("forward", "true")]).await.json();
    assert_eq!((&told["forwarded"], &told["category"]), (&true.into(), &"other".into()));
    assert_eq!(queued() - before, 1);
    let own = client.server.post("mine", Audience::Public);
    let (us, post) = (own.actor_id.to_string(), own.id.to_string());
    for (code, form) in [
        (400, vec![]),
        (404, vec![("account_id", "7")]),
        (403, vec![("account_id", us.as_str())]),
        (404, vec![("account_id", id.as_str()), ("status_ids[]", post.as_str())]),
        (422, vec![("account_id", id.as_str()), ("category", "dull")]),
    ] {
        assert_eq!(client.post("/api/v1/reports", &form).await.code.as_u16(), code, "{form:?}");
    }
    let rows = client.server.node.store.read(|r| reports::page(r, None, 10)).unwrap();
    assert_eq!(rows.len(), 2, "what was refused is not kept");
}

#[actix_web::test]
async fn uploads_are_described_recut_and_thrown_away() {
    let client = ApiClient::with("write:media write:statuses");
    let texts = [("description", "Red"), ("focus", "0.5,-0.25")];
    for path in ["/api/v1/media", "/api/v2/media"] {
        let kept = client.call(multipart(TestRequest::post().uri(path), &texts, &[("file", &png())])).await;
        assert_eq!(kept.code.as_u16(), 200, "{}", kept.text());
        let meta = &kept.json()["meta"];
        assert_eq!(meta["original"], json!({ "width": 60, "height": 40, "size": "60x40", "aspect": 1.5 }));
        assert_eq!(meta["focus"], json!({ "x": 0.5, "y": -0.25 }));
    }
    let file = client.call(multipart(TestRequest::post().uri("/api/v2/media"), &[], &[("file", &png())])).await.json();
    let at = format!("/api/v1/media/{}", file["id"].as_str().unwrap());
    assert_eq!(client.get(&at).await.json(), file);
    let put = multipart(TestRequest::put().uri(&at), &[("description", "Blue")], &[("thumbnail", &colour([0, 0, 99]))]);
    let put = client.call(put).await.json();
    assert_eq!(put["description"], "Blue");
    assert_eq!(put["preview_url"], file["preview_url"], "a picture is its own cover");
    for (texts, files) in [
        (vec![], vec![("file", b"no picture at all".to_vec())]),
        (vec![("description", "of nothing")], vec![]),
        (vec![("focus", "left")], vec![("file", png())]),
        (vec![], vec![("file", vec![0xff_u8; 20 * 1024 * 1024])]),
    ] {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let refused = client.call(multipart(TestRequest::post().uri("/api/v2/media"), &texts, &files)).await;
        assert_eq!(refused.code.as_u16(), 422, "{}", refused.text());
    }
    let words = "語".repeat(10_000);
    let long = [("description", words.as_str())];
    let long = client.call(multipart(TestRequest::post().uri("/api/v2/media"), &long, &[("file", &png())])).await;
    assert_eq!(long.json()["description"], *words, "so many characters, of any script");
    let long = "x".repeat(10_001);
    let refused = client.call(TestRequest::put().uri(&at).set_form([("description", &long)])).await;
    assert_eq!(refused.code.as_u16(), 422);
    let posted =
        client.post("/api/v1/statuses", &[("status", "with"), ("media_ids[]", file["id"].as_str().unwrap())]).await;
    assert_eq!(posted.code.as_u16(), 200, "{}", posted.text());
    assert_eq!(client.get(&at).await.code.as_u16(), 404, "once it hangs on a post");
    let used = client.call(TestRequest::delete().uri(&at)).await;
    let text = "Media attachment is currently used by a status";
    assert_eq!((used.code.as_u16(), used.json()), (422, json!({ "error": text })));
    let loose = client.call(multipart(TestRequest::post().uri("/api/v2/media"), &[], &[("file", &png())])).await.json();
    let at = format!("/api/v1/media/{}", loose["id"].as_str().unwrap());
    assert_eq!(client.call(TestRequest::delete().uri(&at)).await.json(), json!({}));
    assert_eq!(client.get(&at).await.code.as_u16(), 404);
}

/// A second of silence.
fn wav() -> Vec<u8> {
    let mut bytes = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(*b"\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0");
    bytes.resize(bytes.len() + 8_000, 0x80);
    bytes
}

#[actix_web::test]
async fn an_edit_that_is_refused_leaves_the_covers_of_recordings() {
    let client = ApiClient::with("read write");
    let song = client.call(multipart(TestRequest::post().uri("/api/v2/media"), &[], &[("file", &wav())])).await.json();
    let song = song["id"].as_str().unwrap().to_owned();
    let posted = client.post("/api/v1/statuses", &[("status", "a song"), ("media_ids[]", &song)]).await.json();
    let at = format!("/api/v1/statuses/{}", posted["id"].as_str().unwrap());
    let edit = |more: &[(&str, &str)]| {
        let texts = [("status", "a song"), ("media_ids[]", &song), ("media_attributes[0][id]", &song)];
        let cover = [("media_attributes[0][thumbnail]", colour([0, 99, 0]))];
        let cover: Vec<(&str, &[u8])> = cover.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        multipart(TestRequest::put().uri(&at), &[&texts, more].concat(), &cover)
    };
    let cover = |shown: serde_json::Value| shown["media_attachments"][0]["preview_url"].clone();
    let before = cover(client.get(&at).await.json());
    let poll = [("poll[options][]", "a"), ("poll[options][]", "b"), ("poll[expires_in]", "3600")];
    assert_eq!(client.call(edit(&poll)).await.code.as_u16(), 422);
    assert_eq!(cover(client.get(&at).await.json()), before);
    assert_eq!(client.call(edit(&[])).await.code.as_u16(), 200);
    assert_ne!(cover(client.get(&at).await.json()), before);
}

#[actix_web::test]
async fn numbers_of_others_are_what_their_server_said() {
    let client = ApiClient::with("read");
    let bob = person(&client, "bob");
    let shown = async || client.get(&format!("/api/v1/accounts/{bob}")).await.json();
    assert_eq!(shown().await["followers_count"], 0);
    client.server.node.store.write(move |w| actors::set_counts(w, bob, Some(41), Some(7), None)).unwrap();
    let now = shown().await;
    assert_eq!(
        (&now["statuses_count"], &now["followers_count"], &now["following_count"]),
        (&41.into(), &7.into(), &0.into())
    );
    assert_eq!(now["last_status_at"], Value::Null);
    let uri = "https://bob.example/users/bob";
    client
        .server
        .node
        .store
        .write(move |w| {
            let note = json!({"type": "Note", "id": format!("{uri}/1"), "attributedTo": uri, "content": "hei",
                "to": "https://www.w3.org/ns/activitystreams#Public", "published": "2025-01-02T03:04:05Z"});
            let note = crate::ap::object::Object::read(&note)?;
            crate::social::post::store_post(w, &actors::by_id(w, bob)?, &note, None)
        })
        .unwrap();
    assert_eq!(shown().await["last_status_at"], "2025-01-02");
    for asked in ["bob@bob.example", "@BOB@bob.example"] {
        let found = client.get(&format!("/api/v1/accounts/lookup?acct={asked}")).await.json();
        assert_eq!((&found["id"], &found["last_status_at"]), (&bob.to_string().into(), &"2025-01-02".into()));
    }
    for asked in ["ann", "ann@example.org", "@ann@social.example.org"] {
        let found = client.get(&format!("/api/v1/accounts/lookup?acct={asked}")).await;
        assert_eq!(found.json()["acct"], "ann", "{asked}: {}", found.text());
    }
    for wrong in ["x", "bob", "nobody@bob.example", "@@", &"x".repeat(10_000)] {
        let found = client.get(&format!("/api/v1/accounts/lookup?acct={wrong}")).await;
        assert_eq!(found.code.as_u16(), 404, "{wrong}");
    }
    let several = client.get(&format!("/api/v1/accounts?id[]={bob}&id[]=x&id[]=7")).await.json();
    assert_eq!(several.as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn answers_say_how_often_one_may_still_ask() {
    let client = ApiClient::with("read");
    let app = init_service(App::new().configure(crate::web::configure_app(client.server.node.clone()))).await;
    let ask = async |path: &str, token: bool| {
        let request = TestRequest::get().uri(path);
        let request = match token {
            true => request.insert_header((header::AUTHORIZATION, format!("Bearer {}", client.token))),
            false => request,
        };
        call_service(&app, request.to_request()).await
    };
    let says = |reply: &actix_web::dev::ServiceResponse, name: &str| {
        reply.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let first = ask("/api/v1/preferences", true).await;
    assert_eq!(
        (says(&first, "x-ratelimit-limit"), says(&first, "x-ratelimit-remaining")),
        ("3000".into(), "2999".into())
    );
    assert!(says(&first, "x-ratelimit-reset").ends_with("Z") && says(&first, "x-ratelimit-reset").len() == 24);
    let other = ask("/api/v1/instance", false).await;
    assert_eq!(says(&other, "x-ratelimit-remaining"), "2999", "somebody else");
    for _ in 1..3_000 {
        ask("/api/v1/preferences", true).await;
    }
    let over = ask("/api/v1/preferences", true).await;
    assert_eq!((over.status().as_u16(), says(&over, "x-ratelimit-remaining")), (429, "0".into()));
    assert!(says(&over, "retry-after").parse::<u64>().unwrap() <= 60);
    assert_eq!(says(&over, "access-control-allow-origin"), "*");
}

#[actix_web::test]
async fn browsers_of_other_sites_may_read_what_is_for_all() {
    let client = ApiClient::with("read");
    for path in [
        "/.well-known/webfinger?resource=acct:nobody@example.org",
        "/.well-known/nodeinfo",
        "/nodeinfo/2.0",
        "/nodeinfo/7",
        "/media/none.png",
        "/oauth/token",
        "/api/v1/nonsense",
        "/users/ann",
    ] {
        let reply = client.server.get(path, "application/activity+json").await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path} {}", reply.code);
        if path != "/users/ann" {
            let asked = TestRequest::default().method(actix_web::http::Method::OPTIONS).uri(path);
            let asked = client.server.call(asked.insert_header(("access-control-request-headers", "x-y"))).await;
            let said = (asked.code.as_u16(), asked.header("access-control-allow-headers").to_owned());
            assert_eq!(said, (204, "x-y".to_owned()), "{path}");
        }
    }
}
