//! Quotes as apps see them, and for whom what the owner passes on is.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};

use super::others::RemoteActor;
use super::statuses::{client, id, path, put, remove, said, write};
use crate::base::Audience;
use crate::federation::owner::publish;
use crate::store::moderation::mutes::MuteScope;

#[actix_web::test]
async fn quotes_are_shown_counted_listed_and_ruled() {
    let client = client();
    let first = said(&client, json!({"status": "Said"})).await;
    let second = said(&client, json!({"status": "Indeed", "quoted_status_id": id(&first)})).await;
    assert_eq!(
        (&second["quote"]["state"], &second["quote"]["quoted_status"]["id"]),
        (&json!("accepted"), &first["id"])
    );
    let content = second["content"].as_str().unwrap();
    let line = format!("<p class=\"quote-inline\">RE: <a href=\"{}\"", first["url"].as_str().unwrap());
    assert!(content.starts_with(&line) && content.ends_with("<p>Indeed</p>"), "{content}");
    let third = said(&client, json!({"quoted_status_id": id(&second)})).await;
    let inner = &third["quote"]["quoted_status"]["quote"];
    assert_eq!(*inner, json!({"state": "accepted", "quoted_status_id": first["id"]}));
    assert_eq!(client.get(&path(&first)).await.json()["quotes_count"], 1);
    let list = client.get(&format!("{}/quotes", path(&first))).await;
    assert_eq!((list.json().as_array().unwrap().len(), &list.json()[0]["id"]), (1, &second["id"]));
    let ruled =
        put(&client, &format!("{}/interaction_policy", path(&first)), json!({"quote_approval_policy": "followers"}))
            .await;
    let rule = json!({"automatic": ["followers"], "manual": ["public"], "current_user": "automatic"});
    assert_eq!(ruled.json()["quote_approval"], rule);
    assert_eq!(client.get(&path(&first)).await.json()["edited_at"], Value::Null, "that is no edit");
    remove(&client, &path(&first)).await;
    let left = client.get(&path(&second)).await.json();
    assert_eq!(left["quote"], json!({"state": "deleted", "quoted_status": null}));
    let inner = client.get(&path(&third)).await.json()["quote"]["quoted_status"]["quote"].clone();
    assert_eq!(inner, json!({"state": "deleted", "quoted_status_id": null}));
}

#[actix_web::test]
async fn the_owner_can_take_one_of_their_posts_out_of_another() {
    let client = client();
    let first = said(&client, json!({"status": "Said"})).await;
    let second = said(&client, json!({"status": "Indeed", "quoted_status_id": id(&first)})).await;
    let revoked = client.post(&format!("{}/quotes/{}/revoke", path(&first), id(&second)), &[]).await;
    assert_eq!(
        (revoked.code.as_u16(), &revoked.json()["quote"]),
        (200, &json!({"state": "revoked", "quoted_status": null}))
    );
}

#[actix_web::test]
async fn quotes_of_people_kept_away_say_so() {
    let client = client();
    let eve = RemoteActor::followed(&client.server, "eve");
    let theirs = eve.says(&client.server, "Well", json!({}));
    let post = said(&client, json!({"status": "Indeed", "quoted_status_id": theirs.to_string()})).await;
    let quote = async || client.get(&path(&post)).await.json()["quote"].clone();
    assert_eq!(quote().await["state"], "accepted");
    publish::mute(&client.server.node, eve.id, MuteScope::Everything, None).unwrap();
    let muted = quote().await;
    assert_eq!((&muted["state"], &muted["quoted_status"]["id"]), (&json!("muted_account"), &json!(theirs.to_string())));
    publish::block(&client.server.node, eve.id).unwrap();
    assert_eq!(quote().await, json!({"state": "blocked_account", "quoted_status": null}));
}

#[actix_web::test]
async fn what_is_passed_on_is_for_those_the_owner_writes_for() {
    let client = client();
    let first = said(&client, json!({"status": "One"})).await;
    client.form("PATCH", "/api/v1/accounts/update_credentials", &[("source[privacy]", "private")]).await;
    let boost = client.post(&format!("{}/reblog", path(&first)), &[]).await.json();
    assert_eq!(boost["visibility"], "private", "as posts are, when nothing is said");
    client.form("PATCH", "/api/v1/accounts/update_credentials", &[("source[privacy]", "direct")]).await;
    let second = said(&client, json!({"status": "Two", "visibility": "public"})).await;
    let boost = client.post(&format!("{}/reblog", path(&second)), &[]).await.json();
    assert_eq!(boost["visibility"], "private", "the narrowest there is");
    let closed = said(&client, json!({"status": "For followers", "visibility": "private"})).await;
    let quoting = json!({"status": "See", "visibility": "public", "quoted_status_id": id(&closed)});
    let quoting = said(&client, quoting).await;
    assert_eq!((&quoting["visibility"], &quoting["quote"]["state"]), (&json!("private"), &json!("accepted")));
    let eve = RemoteActor::followed(&client.server, "eve");
    let theirs = eve.says_to(&client.server, "Only us", json!({"to": [format!("{}/followers", eve.uri)]}));
    let refused = write(&client, json!({"status": "See", "quoted_status_id": theirs.to_string()})).await;
    assert_eq!(refused.code.as_u16(), 422, "what others say to their followers stays there");
}

#[actix_web::test]
async fn both_sides_of_a_private_talk_are_at_home() {
    let client = client();
    let eve = RemoteActor::followed(&client.server, "eve");
    let owner = "https://social.example.org/users/ann";
    let to_ann = json!({"to": [owner], "tag": [{"type": "Mention", "href": owner, "name": "@ann@example.org"}]});
    let theirs = eve.says_to(&client.server, "Psst", to_ann.clone());
    client.server.post("@eve@there.example yes?", Audience::Mentioned);
    RemoteActor::stranger(&client.server, "mallory").says_to(&client.server, "Buy", to_ann);
    let home = client.get("/api/v1/timelines/home").await.json();
    let home: Vec<&Value> = home.as_array().unwrap().iter().collect();
    assert_eq!((home.len(), &home[1]["id"], &home[1]["visibility"]), (2, &json!(theirs.to_string()), &json!("direct")));
}
