//! Files as apps see them: whole attachments, of images, video and audio, ours and others'.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::others::RemoteActor;
use crate::base::id::MediaId;
use crate::store::posts::attachments::{self, PostAttachment};

/// A file of this kind, waiting for a post.
fn loose(client: &ApiClient, media_type: &str, file: &str, preview: Option<&str>) -> MediaId {
    let file = PostAttachment {
        id: MediaId(0),
        post_id: None,
        media_type: media_type.to_owned(),
        url: None,
        file: Some(file.to_owned()),
        preview: preview.map(str::to_owned),
        alt: "a door".to_owned(),
        width: None,
        height: None,
        blurhash: None,
        focus: None,
        still: None,
        seconds: Some(3),
    };
    client.server.node.store.write(move |w| attachments::add(w, &file, 0)).unwrap()
}

#[actix_web::test]
async fn what_stands_for_a_file_is_a_picture_and_never_the_film() {
    let client = ApiClient::with("read write");
    let stands_in = client.get("/api/v1/accounts/verify_credentials").await.json()["avatar"].clone();
    let own = |name: &str| json!(format!("https://social.example.org/media/{name}"));
    for (media_type, kind, file, preview, shown) in [
        ("video/mp4", "video", "a.mp4", Some("a.webp"), own("a.webp")),
        ("video/mp4", "video", "b.mp4", None, stands_in),
        ("audio/mpeg", "audio", "c.mp3", Some("c.webp"), own("c.webp")),
        ("audio/mpeg", "audio", "d.mp3", None, Value::Null),
    ] {
        let id = loose(&client, media_type, file, preview);
        let expected = json!({
            "id": id.to_string(), "type": kind, "url": own(file), "preview_url": shown, "remote_url": null,
            "preview_remote_url": null, "text_url": null, "meta": {"original": {"duration": 3.0}},
            "description": "a door", "blurhash": null,
        });
        assert_eq!(client.get(&format!("/api/v1/media/{id}")).await.json(), expected, "{file}");
    }
}

#[actix_web::test]
async fn a_film_from_elsewhere_has_a_picture_too() {
    let client = ApiClient::with("read");
    let other = RemoteActor::followed(&client.server, "eve");
    let file = |kind: &str, url: &str| json!({"type": "Document", "mediaType": kind, "url": url});
    let files =
        json!([file("video/mp4", "https://there.example/f.mp4"), file("image/png", "https://there.example/p.png")]);
    let id = other.says(&client.server, "look", json!({ "attachment": files }));
    let shown = client.get(&format!("/api/v1/statuses/{id}")).await.json()["media_attachments"].clone();
    let (film, picture) = (&shown[0], &shown[1]);
    assert_eq!(film["url"], "https://there.example/f.mp4");
    assert_eq!(film["preview_url"], client.get("/api/v1/instance").await.json()["contact_account"]["avatar"]);
    assert!(picture["url"].as_str().unwrap().starts_with("https://social.example.org/proxy/"), "{picture}");
    assert_eq!(picture["preview_url"], picture["url"]);
}

#[actix_web::test]
async fn a_description_is_as_long_in_any_script() {
    let client = ApiClient::with("read write");
    let (words, over) = ("語".repeat(10_000), "語".repeat(10_001));
    let file = loose(&client, "image/png", "a.png", None);
    let path = format!("/api/v1/media/{file}");
    let described = client.form("PUT", &path, &[("description", &words)]).await;
    assert_eq!(described.json()["description"], *words);
    assert_eq!(client.form("PUT", &path, &[("description", &over)]).await.code.as_u16(), 422);
    let form = [("status", "with"), ("media_ids[]", &file.to_string())];
    let post = client.post("/api/v1/statuses", &form).await.json()["id"].as_str().unwrap().to_owned();
    let edit = async |words: &str| {
        let file = json!({"id": file.to_string(), "description": words});
        let said = json!({"status": "with", "media_ids": [file["id"]], "media_attributes": [file]});
        client.call(TestRequest::put().uri(&format!("/api/v1/statuses/{post}")).set_json(said)).await
    };
    let other = "話".repeat(10_000);
    let edited = edit(&other).await;
    assert_eq!(edited.json()["media_attachments"][0]["description"], *other, "{}", edited.code);
    assert_eq!(edit(&over).await.code.as_u16(), 422, "not cut without a word");
    assert_eq!(
        client.get(&format!("/api/v1/statuses/{post}")).await.json()["media_attachments"][0]["description"],
        *other
    );
    let eve = RemoteActor::followed(&client.server, "eve");
    let picture = json!({"type": "Image", "url": "https://there.example/p.png", "name": words});
    let theirs = eve.says(&client.server, "look", json!({ "attachment": [picture] }));
    let shown = client.get(&format!("/api/v1/statuses/{theirs}")).await.json();
    assert_eq!(shown["media_attachments"][0]["description"], *words, "others', too");
}
