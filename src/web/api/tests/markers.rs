//! Markers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::http::header;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use crate::base::Audience;
use crate::federation::owner::login;
use crate::store::node;
use crate::store::notifications::{self, NotificationKind};
use crate::web::auth;
use crate::web::test_support::RemoteBob;

const BOTH: &str = "/api/v1/markers?timeline[]=home&timeline[]=notifications";

#[actix_web::test]
async fn markers_are_kept_and_count_their_changes() {
    let client = ApiClient::with("read write");
    assert_eq!(client.get(BOTH).await.json(), json!({}), "none was ever set");
    assert_eq!(client.get("/api/v1/markers").await.json(), json!({}));
    let set = client.post("/api/v1/markers", &[("home[last_read_id]", "42")]).await;
    let shown = set.json();
    assert_eq!(shown.as_object().unwrap().keys().collect::<Vec<_>>(), ["home"], "what is not sent is absent");
    assert_eq!((&shown["home"]["last_read_id"], &shown["home"]["version"]), (&json!("42"), &json!(1)));
    let stamp = shown["home"]["updated_at"].as_str().unwrap();
    assert!(stamp.ends_with(".000Z") && stamp.len() == 24, "{stamp}");
    let body = json!({"home": {"last_read_id": "43"}, "notifications": {"last_read_id": 7}});
    let both = client.call(TestRequest::post().uri("/api/v1/markers").set_json(body)).await.json();
    assert_eq!((&both["home"]["version"], &both["notifications"]["last_read_id"]), (&json!(2), &json!("7")));
    let same = client.post("/api/v1/markers", &[("home[last_read_id]", "43")]).await.json();
    assert_eq!(same["home"]["version"], 2, "the same place is no change");
    let one = client.get("/api/v1/markers?timeline=home").await.json();
    assert_eq!(one, json!({"home": same["home"]}));
    assert_eq!(client.get(BOTH).await.json()["notifications"], both["notifications"]);
    for bad in ["-1", "abc", "1;2"] {
        let refused = client.post("/api/v1/markers", &[("home[last_read_id]", bad)]).await;
        assert_eq!(refused.code.as_u16(), 422, "{bad}: {}", refused.text());
    }
    assert_eq!(client.get("/api/v1/markers?timeline[]=home").await.json()["home"], same["home"], "nothing was stored");
    let narrow = ApiClient::with("read:accounts");
    assert_eq!(narrow.get(BOTH).await.code.as_u16(), 403);
}

#[actix_web::test]
async fn the_page_and_the_apps_agree_on_what_was_read() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let posts = [house.post("one", Audience::Public).id, house.post("two", Audience::Public).id];
    let told = house.node.store.write(move |w| {
        let bob = crate::store::actors::id_by_uri(w, RemoteBob::URI)?.unwrap();
        posts.iter().try_for_each(|post| notifications::add(w, NotificationKind::Like, bob, Some(*post)))
    });
    told.unwrap();
    let unseen = || house.node.store.read(notifications::unseen).unwrap();
    assert_eq!(unseen(), 2);
    client.post("/api/v1/markers", &[("notifications[last_read_id]", "1")]).await;
    assert_eq!(unseen(), 1, "the page knows what the app has read");
    client.post("/api/v1/markers", &[("notifications[last_read_id]", "0")]).await;
    assert_eq!(unseen(), 1, "never back");
    client.post("/api/v1/markers", &[("notifications[last_read_id]", "99999999999999999999")]).await;
    assert_eq!(house.node.store.read(node::seen_notification).unwrap().0, 2, "what is still to come is not seen");
    let marker = || async { client.get(BOTH).await.json()["notifications"].clone() };
    client.post("/api/v1/markers", &[("notifications[last_read_id]", "1")]).await;
    let before = marker().await;
    let more = house.post("three", Audience::Public).id;
    let told = house.node.store.write(move |w| {
        let bob = crate::store::actors::id_by_uri(w, RemoteBob::URI)?.unwrap();
        notifications::add(w, NotificationKind::Like, bob, Some(more))
    });
    told.unwrap();
    let session = login::open_session(&house.node.store, "a test").unwrap();
    let page = TestRequest::get()
        .uri("/notifications")
        .insert_header((header::COOKIE, format!("{}={session}", auth::SESSION_COOKIE)));
    assert_eq!(house.call(page).await.code.as_u16(), 200);
    let after = marker().await;
    assert_eq!((&before["last_read_id"], &after["last_read_id"]), (&json!("1"), &json!("3")), "the app knows, too");
    assert!(after["version"].as_i64() > before["version"].as_i64(), "{after}");
    assert_ne!(after, Value::Null);
}
