//! What a status said before, version by version, and what an edit leaves behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use serde_json::{Value, json};

use super::statuses::{client, id, path, put, said, upload};
use super::tags::{arrives, somebody};
use crate::web::test_support::TestResponse;

const MINUTE: Duration = Duration::from_mins(1);

#[actix_web::test]
async fn history_tells_files_poll_and_cover_of_each_edition() {
    let client = client();
    let (one, two) = (upload(&client, 1), upload(&client, 2));
    let post = said(&client, json!({"status": "Doors", "media_ids": [one, two], "sensitive": true})).await;
    let history = async || client.get(&format!("{}/history", path(&post))).await.json();
    let edit = async |body: Value| -> TestResponse {
        client.server.node.clock().advance(MINUTE);
        put(&client, &path(&post), body).await
    };
    let media = json!([{"id": one, "description": "A red door"}]);
    edit(json!({"status": "Doors", "media_ids": [one], "media_attributes": media, "sensitive": true})).await;
    edit(json!({"status": "Doors", "sensitive": false})).await;
    edit(json!({"status": "Doors", "poll": {"options": ["a", "b"], "expires_in": 600}})).await;
    edit(json!({"status": "Doors", "poll": {"options": ["a", "b", "c"], "expires_in": 600}})).await;
    edit(json!({"status": "No doors"})).await;
    let told = history().await;
    let told: Vec<Value> = told.as_array().unwrap().clone();
    let files = |n: usize| -> Vec<(&str, &str)> {
        let all = told[n]["media_attachments"].as_array().unwrap();
        all.iter().map(|file| (id(file), file["description"].as_str().unwrap_or_default())).collect()
    };
    assert_eq!(files(0), [(one.as_str(), "A door"), (two.as_str(), "A door")]);
    assert_eq!(files(1), [(one.as_str(), "A red door")]);
    assert_eq!((2..6).map(|n| files(n).len()).collect::<Vec<_>>(), [0, 0, 0, 0]);
    let covered: Vec<_> = told.iter().map(|one| one["sensitive"] == true).collect();
    assert_eq!(covered, [true, true, false, false, false, false]);
    let asked: Vec<_> = told.iter().map(|one| one["poll"]["options"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!(asked, [0, 0, 0, 2, 3, 0]);
    assert_eq!(told[4]["poll"], json!({"options": [{"title": "a"}, {"title": "b"}, {"title": "c"}]}));
    let theirs = client.server.get(&format!("{}/history", path(&post)), "*/*").await.json();
    assert_eq!(theirs[0]["media_attachments"], json!([]), "what was taken off is nobody else's to see");
}

#[actix_web::test]
async fn what_an_edit_took_off_can_be_put_back() {
    let client = client();
    let file = upload(&client, 1);
    let post = said(&client, json!({"status": "A door", "media_ids": [file]})).await;
    let bare = put(&client, &path(&post), json!({"status": "No door"})).await.json();
    assert_eq!(bare["media_attachments"], json!([]));
    let back = put(&client, &path(&post), json!({"status": "A door again", "media_ids": [file]})).await;
    assert_eq!((back.code.as_u16(), &back.json()["media_attachments"][0]["id"]), (200, &json!(file)));
}

#[actix_web::test]
async fn whom_an_edit_names_no_more_is_not_named_and_the_others_stand_in_order() {
    let client = client();
    for name in ["zoe", "ada"] {
        somebody(&client, name, "a.example");
    }
    let names = |status: &Value| -> Vec<String> {
        status["mentions"].as_array().unwrap().iter().map(|one| one["acct"].as_str().unwrap().to_owned()).collect()
    };
    let post = said(&client, json!({"status": "Hello @zoe@a.example and @ada@a.example"})).await;
    assert_eq!(names(&post), ["zoe@a.example", "ada@a.example"]);
    let edited = put(&client, &path(&post), json!({"status": "Hello @ada@a.example"})).await.json();
    assert_eq!(names(&edited), ["ada@a.example"]);
}

#[actix_web::test]
async fn earlier_files_of_others_are_told_as_they_were() {
    let client = client();
    let ada = somebody(&client, "ada", "a.example");
    let file =
        |n: u32| json!([{"type": "Document", "mediaType": "image/png", "url": format!("https://a.example/{n}.png")}]);
    let note = "https://a.example/users/ada/notes/1";
    let first = arrives(&client, ada, "Look", json!({"id": note, "attachment": file(1)}));
    let later = client.server.node.clock().now().plus(MINUTE).rfc3339();
    let again = arrives(&client, ada, "Look", json!({"id": note, "attachment": file(2), "updated": later}));
    assert_eq!(first, again);
    let told = client.get(&format!("/api/v1/statuses/{first}/history")).await.json();
    let urls: Vec<&Value> =
        told.as_array().unwrap().iter().map(|one| &one["media_attachments"][0]["remote_url"]).collect();
    assert_eq!(urls, [&json!("https://a.example/1.png"), &json!("https://a.example/2.png")]);
}
