//! Lists: made, changed, filled, read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::others::RemoteActor;
use crate::base::Audience;
use crate::base::id::PostId;
use crate::federation::owner::publish;
use crate::store::{actors, timelines::lists};
use crate::web::test_support::TestResponse;

const SCOPES: &str = "read write";

/// A `PUT` or `DELETE` with this form.
async fn send(client: &ApiClient, request: TestRequest, path: &str, form: &[(&str, &str)]) -> TestResponse {
    client.call(request.uri(path).set_form(form)).await
}

async fn made(client: &ApiClient, form: &[(&str, &str)]) -> String {
    let reply = client.post("/api/v1/lists", form).await;
    assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn put_in(client: &ApiClient, list: &str, who: &RemoteActor) -> TestResponse {
    client.post(&format!("/api/v1/lists/{list}/accounts"), &[("account_ids[]", &who.id.to_string())]).await
}

/// The ids a timeline shows.
async fn ids(client: &ApiClient, path: &str) -> Vec<PostId> {
    let reply = client.get(path).await;
    assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
    reply.json().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[actix_web::test]
async fn a_list_is_made_renamed_and_taken_away() {
    let client = ApiClient::with(SCOPES);
    assert_eq!(client.get("/api/v1/lists").await.json(), json!([]));
    let id = made(&client, &[("title", " Close  friends ")]).await;
    let fresh = json!({"id": id, "title": "Close friends", "replies_policy": "list", "exclusive": false});
    assert_eq!(client.get("/api/v1/lists").await.json(), json!([fresh]));
    let path = format!("/api/v1/lists/{id}");
    let changed = send(&client, TestRequest::put(), &path, &[("replies_policy", "none"), ("exclusive", "true")]).await;
    let expected = json!({"id": id, "title": "Close friends", "replies_policy": "none", "exclusive": true});
    assert_eq!((changed.json(), client.get(&path).await.json()), (expected.clone(), expected));
    let gone = send(&client, TestRequest::delete(), &path, &[]).await;
    assert_eq!((gone.code.as_u16(), gone.json()), (200, json!({})));
    for path in [path.clone(), format!("{path}/accounts"), format!("/api/v1/timelines/list/{id}")] {
        assert_eq!(client.get(&path).await.code.as_u16(), 404, "{path}");
    }
    assert_ne!(made(&client, &[("title", "x")]).await, id, "an id is never used again");
}

#[actix_web::test]
async fn what_makes_no_list_is_refused_and_leaves_nothing() {
    let client = ApiClient::with(SCOPES);
    let long = "é".repeat(10_000);
    for (form, error) in [
        (vec![], "Validation failed: Title can't be blank"),
        (vec![("title", " \u{a0}\t")], "Validation failed: Title can't be blank"),
        (vec![("title", long.as_str())], "Validation failed: Title is too long (maximum is 256 characters)"),
        (vec![("title", "x"), ("replies_policy", "all")], "'all' is not a valid replies_policy"),
    ] {
        let reply = client.post("/api/v1/lists", &form).await;
        assert_eq!((reply.code.as_u16(), reply.json()), (422, json!({ "error": error })));
    }
    assert_eq!(client.get("/api/v1/lists").await.json(), json!([]));
    for n in 0..lists::MAX_LISTS {
        made(&client, &[("title", &n.to_string())]).await;
    }
    let reply = client.post("/api/v1/lists", &[("title", "one more")]).await;
    let error = "Validation failed: You have reached the maximum number of lists";
    assert_eq!((reply.code.as_u16(), reply.json()["error"].clone()), (422, error.into()));
    let under = ApiClient::with("read:statuses");
    for path in ["/api/v1/lists", "/api/v1/lists/1", "/api/v1/timelines/list/1", "/api/v1/accounts/1/lists"] {
        assert_eq!(under.get(path).await.code.as_u16(), 403, "{path}");
    }
    for path in ["/api/v1/lists/0", "/api/v1/lists/x", "/api/v1/lists/99999999999999999999", "/api/v1/accounts/7/lists"]
    {
        assert_eq!(client.get(path).await.code.as_u16(), 404, "{path}");
    }
}

#[actix_web::test]
async fn only_the_followed_come_into_a_list_and_they_leave_with_the_follow() {
    let client = ApiClient::with(SCOPES);
    let house = &client.server;
    let (bo, cy, stranger) =
        (RemoteActor::followed(house, "bo"), RemoteActor::followed(house, "cy"), RemoteActor::stranger(house, "sue"));
    let (id, other) = (made(&client, &[("title", "a")]).await, made(&client, &[("title", "b")]).await);
    let path = format!("/api/v1/lists/{id}/accounts");
    let both = format!("account_ids[]={}&account_ids[]={}", bo.id, stranger.id);
    let refused = client.post(&format!("{path}?{both}"), &[]).await;
    assert_eq!((refused.code.as_u16(), refused.json()["error"].clone()), (404, "Record not found".into()));
    assert_eq!(client.get(&path).await.json(), json!([]), "all of them, or none");
    for who in [&bo, &cy] {
        let reply = put_in(&client, &id, who).await;
        assert_eq!((reply.code.as_u16(), reply.json()), (200, json!({})));
    }
    let again = put_in(&client, &id, &bo).await;
    let error = "Validation failed: Account has already been taken";
    assert_eq!((again.code.as_u16(), again.json()["error"].clone()), (422, error.into()));
    let names = |reply: TestResponse| -> Vec<Value> {
        reply.json().as_array().unwrap().iter().map(|one| one["username"].clone()).collect()
    };
    let first = client.get(&format!("{path}?limit=1")).await;
    let link = first.header("link").to_owned();
    assert_eq!(names(first), ["cy"]);
    assert!(link.contains(&format!("max_id={}", cy.id)) && link.contains(&format!("since_id={}", cy.id)), "{link}");
    assert_eq!(names(client.get(&format!("{path}?limit=1&max_id={}", cy.id)).await), ["bo"]);
    let all = client.get(&format!("{path}?limit=0")).await;
    assert_eq!(all.header("link"), "");
    assert_eq!(names(all), ["cy", "bo"]);
    put_in(&client, &other, &bo).await;
    let of_bo = client.get(&format!("/api/v1/accounts/{}/lists", bo.id)).await.json();
    assert_eq!((of_bo[0]["title"].clone(), of_bo[1]["title"].clone()), ("a".into(), "b".into()));
    // masto.js sends JSON with DELETE.
    let body = json!({ "account_ids": [cy.id.to_string(), stranger.id.to_string()] });
    let out = client.call(TestRequest::delete().uri(&path).set_json(body)).await;
    assert_eq!((out.code.as_u16(), out.json()), (200, json!({})));
    assert_eq!(names(client.get(&path).await), ["bo"]);
    let before = bo.says(house, "before the end", json!({}));
    let timeline = format!("/api/v1/timelines/list/{id}");
    assert_eq!(ids(&client, &timeline).await, [before]);
    publish::unfollow(&house.node, bo.id).unwrap();
    assert_eq!((names(client.get(&path).await), ids(&client, &timeline).await), (vec![], vec![]));
    assert_eq!(client.get(&format!("/api/v1/accounts/{}/lists", bo.id)).await.json(), json!([]));
}

#[actix_web::test]
async fn a_list_is_read_like_home() {
    let client = ApiClient::with(SCOPES);
    let house = &client.server;
    let (bo, cy, stranger) =
        (RemoteActor::followed(house, "bo"), RemoteActor::followed(house, "cy"), RemoteActor::stranger(house, "sue"));
    let old = bo.says(house, "before the list", json!({}));
    let id = made(&client, &[("title", "a")]).await;
    put_in(&client, &id, &bo).await;
    let timeline = format!("/api/v1/timelines/list/{id}");
    assert_eq!(ids(&client, &timeline).await, [old], "what they said lately comes with them");
    let of_stranger = stranger.says(
        house,
        "hello",
        json!({ "tag": [], "to": [
        "https://www.w3.org/ns/activitystreams#Public", "https://social.example.org/users/ann"] }),
    );
    let (new, boost) = (bo.says(house, "a new one", json!({})), bo.boosts(house, of_stranger));
    let of_cy = cy.says(house, "not in the list", json!({}));
    let shown = client.get(&timeline).await;
    assert_eq!(ids(&client, &timeline).await, [boost, new, old]);
    assert_eq!(shown.json()[0]["reblog"]["id"], of_stranger.to_string());
    assert!(shown.header("link").contains("min_id="), "{}", shown.header("link"));
    assert_eq!(ids(&client, &format!("{timeline}?max_id={boost}&limit=1")).await, [new]);
    assert_eq!(ids(&client, &format!("{timeline}?min_id={old}&limit=1")).await, [new]);
    assert_eq!(ids(&client, &format!("{timeline}?since_id={old}&limit=1")).await, [boost]);
    assert_eq!(ids(&client, "/api/v1/timelines/home").await, [of_cy, boost, new, old]);
    house
        .node
        .store
        .write(move |w| {
            crate::store::moderation::mutes::set(w, bo.id, crate::store::moderation::mutes::MuteScope::Home, None)
        })
        .unwrap();
    assert_eq!(ids(&client, &timeline).await, Vec::<PostId>::new(), "the muted are muted here, too");
}

#[actix_web::test]
async fn the_policy_says_whose_answers_a_list_shows() {
    let client = ApiClient::with(SCOPES);
    let house = &client.server;
    let people = ["bo", "cy", "di"].map(|name| RemoteActor::followed(house, name));
    let [bo, cy, di] = &people;
    let own = house.post("mine", Audience::Public).id;
    let (of_cy, of_di) = (cy.says(house, "c", json!({})), di.says(house, "d", json!({})));
    let stranger = RemoteActor::stranger(house, "sue");
    let of_stranger = stranger.answers(house, own, "to the owner");
    let id = made(&client, &[("title", "a"), ("replies_policy", "followed")]).await;
    put_in(&client, &id, bo).await;
    let post = bo.says(house, "b", json!({}));
    let to_self = bo.answers(house, post, "and");
    let to_owner = bo.answers(house, own, "to you");
    let (to_cy, to_di) = (bo.answers(house, of_cy, "to cy"), bo.answers(house, of_di, "to di"));
    bo.answers(house, of_stranger, "to nobody we follow");
    put_in(&client, &id, cy).await;
    let timeline = format!("/api/v1/timelines/list/{id}");
    let policy = async |word: &str| {
        send(&client, TestRequest::put(), &format!("/api/v1/lists/{id}"), &[("replies_policy", word)]).await;
        let mut seen = ids(&client, &timeline).await;
        seen.retain(|id| *id != of_cy);
        seen
    };
    assert_eq!(policy("followed").await, [to_di, to_cy, to_owner, to_self, post]);
    assert_eq!(policy("list").await, [to_cy, to_owner, to_self, post]);
    assert_eq!(policy("none").await, [to_owner, to_self, post]);
}

#[actix_web::test]
async fn an_exclusive_list_keeps_its_members_from_home() {
    let client = ApiClient::with(SCOPES);
    let house = &client.server;
    let (bo, cy) = (RemoteActor::followed(house, "bo"), RemoteActor::followed(house, "cy"));
    let id = made(&client, &[("title", "noisy"), ("exclusive", "true")]).await;
    put_in(&client, &id, &bo).await;
    let owner = house.node.owner().unwrap();
    let owner = RemoteActor { id: owner, ..bo.clone() };
    assert_eq!(put_in(&client, &id, &owner).await.code.as_u16(), 200, "the owner may be in a list");
    let of_cy = cy.says(house, "c", json!({}));
    let (of_bo, boost) = (bo.says(house, "b", json!({})), bo.boosts(house, of_cy));
    let own = house.post("mine", Audience::Public).id;
    assert_eq!(ids(&client, "/api/v1/timelines/home").await, [own, of_cy]);
    assert_eq!(ids(&client, &format!("/api/v1/timelines/list/{id}")).await, [own, boost, of_bo]);
    send(&client, TestRequest::put(), &format!("/api/v1/lists/{id}"), &[("exclusive", "false")]).await;
    let later = bo.says(house, "at home again", json!({}));
    assert_eq!(ids(&client, "/api/v1/timelines/home").await, [later, own, of_cy]);
    assert!(house.node.store.read(|r| actors::by_id(r, bo.id)).is_ok());
}
