//! Conversations: private threads with their people.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::bookmarks::{arrives, ids, link, says};
use crate::base::Audience;
use crate::base::id::PostId;
use crate::federation::owner::publish::{self, NewPost};
use crate::store::posts::{self, Post};
use crate::web::test_support::{RemoteBob, TestServer};

const ANN: &str = "https://social.example.org/users/ann";

/// A private note of bob's to ann.
fn whispers(house: &TestServer, number: u32, to: Option<&str>) -> Post {
    let mut more = json!({"to": ANN, "tag": [{"type": "Mention", "href": ANN, "name": "@ann@example.org"}]});
    if let Some(to) = to {
        more["inReplyTo"] = json!(to);
    }
    says(house, number, more)
}

fn answers(house: &TestServer, to: PostId, text: &str) -> PostId {
    let draft = NewPost { reply_to: Some(to), ..NewPost::new(text, Audience::Mentioned) };
    publish::post(&house.node, draft).unwrap()
}

async fn list(client: &ApiClient) -> Vec<Value> {
    client.get("/api/v1/conversations").await.json().as_array().unwrap().clone()
}

#[actix_web::test]
async fn a_private_thread_is_one_conversation_with_its_newest_post() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    assert_eq!(list(&client).await, Vec::<Value>::new());
    says(house, 9, json!({"tag": [{"type": "Mention", "href": ANN, "name": "@ann"}]}));
    assert_eq!(list(&client).await.len(), 0, "what is open is no conversation");
    let first = whispers(house, 1, None);
    let all = list(&client).await;
    assert_eq!(all.len(), 1);
    assert_eq!((&all[0]["unread"], &all[0]["accounts"][0]["acct"]), (&json!(true), &json!("bob@b.example")));
    assert_eq!(all[0]["last_status"]["id"], first.id.to_string());
    assert_eq!((&all[0]["id"], all[0]["accounts"].as_array().unwrap().len()), (&json!("1"), 1));
    let answer = answers(house, first.id, "@bob@b.example so it is");
    let all = list(&client).await;
    assert_eq!((all.len(), &all[0]["unread"]), (1, &json!(false)), "who answers has read");
    assert_eq!(all[0]["last_status"]["id"], answer.to_string());
    house.test_store.clock.advance(std::time::Duration::from_secs(60));
    let uri = house.node.store.read(|r| posts::by_id(r, answer)).unwrap().uri;
    let third = whispers(house, 2, Some(&uri));
    let all = list(&client).await;
    assert_eq!((&all[0]["id"], &all[0]["unread"]), (&json!("1"), &json!(true)));
    assert_eq!(all[0]["last_status"]["id"], third.id.to_string());
    arrives(
        house,
        json!({"type": "Delete", "id": "https://b.example/d/1", "actor": RemoteBob::URI, "object": third.uri}),
    );
    assert_eq!(list(&client).await[0]["last_status"]["id"], answer.to_string(), "what is deleted is not the newest");
    publish::delete(&house.node, answer).unwrap();
    arrives(
        house,
        json!({"type": "Delete", "id": "https://b.example/d/2", "actor": RemoteBob::URI, "object": first.uri}),
    );
    assert_eq!(list(&client).await, Vec::<Value>::new());
}

#[actix_web::test]
async fn conversations_are_read_unread_and_taken_off_the_list() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let (first, second) = (whispers(house, 1, None), whispers(house, 2, None));
    let all = list(&client).await;
    assert_eq!(all.len(), 2, "two threads");
    let id = all[1]["id"].as_str().unwrap().to_owned();
    let read = client.post(&format!("/api/v1/conversations/{id}/read"), &[]).await.json();
    assert_eq!((&read["id"], &read["unread"]), (&json!(id), &json!(false)));
    assert_eq!(read["last_status"]["id"], first.id.min(second.id).to_string());
    let unread = client.post(&format!("/api/v1/conversations/{id}/unread"), &[]).await.json();
    assert_eq!(unread["unread"], true);
    let gone = client.call(TestRequest::delete().uri(&format!("/api/v1/conversations/{id}"))).await;
    assert_eq!((gone.code.as_u16(), gone.json()), (200, json!({})));
    assert_eq!(list(&client).await.len(), 1);
    for (method, path) in [("POST", "read"), ("POST", "unread")] {
        let missing = client.post(&format!("/api/v1/conversations/{id}/{path}"), &[]).await;
        assert_eq!(missing.code.as_u16(), 404, "{method} {path}");
    }
    let missing = client.call(TestRequest::delete().uri("/api/v1/conversations/99999999999999999999")).await;
    assert_eq!((missing.code.as_u16(), missing.json()), (404, json!({"error": "Record not found"})));
    // The posts are still there, and the next one begins it anew.
    let path = format!("/api/v1/statuses/{}", first.id);
    assert_eq!(client.get(&path).await.code.as_u16(), 200);
    whispers(house, 3, Some(&first.uri));
    let all = list(&client).await;
    assert_eq!(all.len(), 2);
    assert!(!ids(&Value::from(all)).contains(&id), "an id is never used again");
    let narrow = ApiClient::with("read:accounts write:statuses");
    assert_eq!(narrow.get("/api/v1/conversations").await.code.as_u16(), 403);
    assert_eq!(narrow.post("/api/v1/conversations/1/read", &[]).await.code.as_u16(), 403);
}

#[actix_web::test]
async fn other_people_in_a_thread_make_another_conversation() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let first = whispers(house, 1, None);
    let carol = "https://c.example/users/carol";
    let both = json!([{"type": "Mention", "href": ANN, "name": "@ann@example.org"},
        {"type": "Mention", "href": carol, "name": "@carol@c.example"}]);
    says(house, 2, json!({"to": [ANN, carol], "tag": both, "inReplyTo": first.uri}));
    assert_eq!(list(&client).await.len(), 2);
    whispers(house, 3, Some("https://b.example/notes/2"));
    assert_eq!(list(&client).await.len(), 2, "the first two are among themselves again");
    let pages = client.get("/api/v1/conversations?limit=1").await;
    let next = link(pages.header("link"), "next").unwrap();
    let last = pages.json()[0]["last_status"]["id"].as_str().unwrap().to_owned();
    assert!(next.ends_with(&format!("max_id={last}")), "the ids of the newest posts: {next}");
    let rest = client.get(&next).await;
    assert_eq!(rest.json().as_array().unwrap().len(), 1);
    assert_ne!(rest.json()[0]["id"], pages.json()[0]["id"]);
}

#[actix_web::test]
async fn a_note_to_nobody_is_with_oneself_and_a_muted_thread_stays_read() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    house.post("remember the milk", Audience::Mentioned);
    let all = list(&client).await;
    assert_eq!((&all[0]["unread"], &all[0]["accounts"][0]["acct"]), (&json!(false), &json!("ann")));
    let first = whispers(house, 1, None);
    let id = list(&client).await.iter().find(|one| one["unread"] == true).unwrap()["id"].as_str().unwrap().to_owned();
    client.post(&format!("/api/v1/conversations/{id}/read"), &[]).await;
    client.post(&format!("/api/v1/statuses/{}/mute", first.id), &[]).await;
    house.test_store.clock.advance(std::time::Duration::from_secs(60));
    let later = whispers(house, 2, Some(&first.uri));
    let all = list(&client).await;
    assert_eq!((&all[0]["last_status"]["id"], &all[0]["unread"]), (&json!(later.id.to_string()), &json!(false)));
}
