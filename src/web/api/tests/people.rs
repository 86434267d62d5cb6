//! How the owner and others stand: follows and their wishes, requests, blocks, mutes, servers, notes, recommendations.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use crate::base::id::ActorId;
use crate::social::profile;
use crate::store::actors::{self, follows};

/// Somebody of `{name}.example`, known to the server.
pub(super) fn person(client: &ApiClient, name: &str) -> ActorId {
    let uri = format!("https://{name}.example/users/{name}");
    let document = json!({"type": "Person", "id": uri, "preferredUsername": name, "inbox": format!("{uri}/inbox")});
    let document = crate::ap::ReceivedActor::read(&document).unwrap();
    client.server.node.store.write(move |w| profile::store_actor(w, &document)).unwrap()
}

/// Makes somebody a follower, in or waiting.
fn follows_us(client: &ApiClient, who: ActorId, is_in: bool) {
    let owner = client.server.node.owner().unwrap();
    let done = client.server.node.store.write(move |w| {
        follows::upsert(w, who, owner, &format!("https://x.example/follows/{who}"), None)?;
        if is_in { follows::accept(w, who, owner).map(drop) } else { Ok(()) }
    });
    done.unwrap();
}

async fn stands(client: &ApiClient, id: ActorId) -> Value {
    client.get(&format!("/api/v1/accounts/relationships?id[]={id}")).await.json()[0].clone()
}

#[actix_web::test]
async fn a_follow_has_wishes_that_asking_again_changes() {
    let client = ApiClient::with("follow");
    let bob = person(&client, "bob");
    let path = format!("/api/v1/accounts/{bob}/follow");
    let first = client.post(&path, &[("notify", "true")]).await;
    assert_eq!(first.code.as_u16(), 200, "{}", first.text());
    let shown = first.json();
    assert_eq!(
        (&shown["following"], &shown["requested"], &shown["notifying"]),
        (&true.into(), &false.into(), &true.into())
    );
    let (owner, store) = (client.server.node.owner().unwrap(), &client.server.node.store);
    store.write(move |w| follows::accept(w, owner, bob)).unwrap();
    client.post(&path, &[("reblogs", "false"), ("languages[]", "nb"), ("languages[]", "en")]).await;
    let shown = stands(&client, bob).await;
    assert_eq!(
        (&shown["showing_reblogs"], &shown["notifying"], &shown["languages"]),
        (&false.into(), &true.into(), &json!(["nb", "en"]))
    );
    client.post(&path, &[("reblogs", "1"), ("languages[]", "")]).await;
    let shown = stands(&client, bob).await;
    assert_eq!((&shown["showing_reblogs"], &shown["languages"]), (&true.into(), &json!([])));
    let wrong = client.post(&path, &[("languages[]", "<script>")]).await;
    assert_eq!(wrong.code.as_u16(), 422);
    assert_eq!(client.post(&format!("/api/v1/accounts/{bob}/unfollow"), &[]).await.json()["following"], false);
    let own = client.post(&format!("/api/v1/accounts/{owner}/follow"), &[]).await;
    assert_eq!((own.code.as_u16(), own.json()["error"].clone()), (403, "This action is not allowed".into()));
    store.write(move |w| actors::mark_gone(w, bob)).unwrap();
    assert_eq!(client.post(&path, &[]).await.code.as_u16(), 403, "nobody is there to be followed");
    assert_eq!(client.post("/api/v1/accounts/1/follow", &[]).await.code.as_u16(), 404);
    assert_eq!(client.post("/api/v1/accounts/x%27/follow", &[]).await.code.as_u16(), 404);
}

#[actix_web::test]
async fn requests_are_paged_by_their_rows_even_when_all_came_at_once() {
    let client = ApiClient::with("follow");
    let people: Vec<ActorId> = ["a", "b", "c", "d", "e"].into_iter().map(|name| person(&client, name)).collect();
    for who in &people {
        follows_us(&client, *who, false);
    }
    let (mut seen, mut path) = (Vec::new(), "/api/v1/follow_requests?limit=2".to_owned());
    loop {
        let page = client.get(&path).await;
        let rows = page.json();
        seen.extend(rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(next) = page.header("link").split(", ").find(|link| link.contains("rel=\"next\"")).map(str::to_owned)
        else {
            break;
        };
        assert!(page.header("link").contains("since_id="));
        path = next.split(['<', '>']).nth(1).unwrap().replace("https://social.example.org", "");
    }
    let expected: Vec<String> = people.iter().rev().map(ToString::to_string).collect();
    assert_eq!(seen, expected);
    let relation = client.post(&format!("/api/v1/follow_requests/{}/authorize", people[0]), &[]).await.json();
    assert_eq!((&relation["followed_by"], &relation["requested_by"]), (&true.into(), &false.into()));
    assert_eq!(stands(&client, people[1]).await["requested_by"], true);
    client.post(&format!("/api/v1/accounts/{}/remove_from_followers", people[0]), &[]).await;
    assert_eq!(stands(&client, people[0]).await["followed_by"], false);
}

#[actix_web::test]
async fn who_is_kept_away_stands_in_lists_with_the_end_of_it() {
    let client = ApiClient::with("follow read:accounts");
    let (bob, eve) = (person(&client, "bob"), person(&client, "eve"));
    let act = |id: ActorId, act: &str| format!("/api/v1/accounts/{id}/{act}");
    let muted = client.post(&act(bob, "mute"), &[("duration", "3600"), ("notifications", "false")]).await.json();
    assert_eq!((&muted["muting"], &muted["muting_notifications"]), (&true.into(), &false.into()));
    assert!(muted["muting_expires_at"].is_string());
    client.post(&act(eve, "mute"), &[("duration", "-5")]).await;
    let list = client.get("/api/v1/mutes").await;
    assert!(list.header("link").contains("since_id=") && !list.header("link").contains("next"));
    let list = list.json();
    assert_eq!((&list[0]["acct"], &list[0]["mute_expires_at"]), (&"eve@eve.example".into(), &Value::Null));
    assert_eq!(list[1]["mute_expires_at"], muted["muting_expires_at"]);
    assert_eq!(stands(&client, eve).await["muting_notifications"], true);
    assert_eq!(client.post(&act(eve, "unmute"), &[]).await.json()["muting"], false);

    assert_eq!(client.post(&act(eve, "block"), &[]).await.json()["blocking"], true);
    assert_eq!(client.get("/api/v1/blocks").await.json()[0]["id"], eve.to_string());
    assert_eq!(client.post(&act(eve, "follow"), &[]).await.code.as_u16(), 403);
    assert_eq!(client.post(&act(eve, "unblock"), &[]).await.json()["blocking"], false);
    assert_eq!(client.get("/api/v1/blocks").await.json(), json!([]));
    let own = client.server.node.owner().unwrap();
    assert_eq!(client.post(&act(own, "block"), &[]).await.code.as_u16(), 403);
}

#[actix_web::test]
async fn servers_are_kept_away_and_let_in_again() {
    let client = ApiClient::with("follow");
    let bob = person(&client, "bob");
    follows_us(&client, bob, true);
    let path = "/api/v1/domain_blocks";
    let preview = client.get("/api/v1/domain_blocks/preview?domain=bob.example").await.json();
    assert_eq!(preview, json!({ "following_count": 0, "followers_count": 1 }));
    assert_eq!(client.post(path, &[("domain", "bob.example")]).await.json(), json!({}));
    client.post(path, &[("domain", "Eve.Example")]).await;
    let page = client.get("/api/v1/domain_blocks?limit=1").await;
    assert_eq!(page.json(), json!(["eve.example"]));
    assert!(page.header("link").contains("max_id=2") && page.header("link").contains("since_id=2"));
    assert_eq!(client.get("/api/v1/domain_blocks?max_id=2").await.json(), json!(["bob.example"]));
    assert_eq!(stands(&client, bob).await["domain_blocking"], true);
    let gone = client.call(TestRequest::delete().uri(path).set_form([("domain", "bob.example")])).await;
    assert_eq!((gone.code.as_u16(), gone.json()), (200, json!({})));
    let gone = client.call(TestRequest::delete().uri("/api/v1/domain_blocks?domain=eve.example")).await;
    assert_eq!(gone.code.as_u16(), 200);
    assert_eq!(client.get(path).await.json(), json!([]));
    let shown = stands(&client, bob).await;
    assert_eq!((&shown["domain_blocking"], &shown["followed_by"]), (&false.into(), &true.into()), "as before");
    assert_eq!(client.post(path, &[]).await.code.as_u16(), 400);
    assert_eq!(client.post(path, &[("domain", "not a host")]).await.code.as_u16(), 422);
    assert_eq!(client.post(path, &[("domain", "social.example.org")]).await.code.as_u16(), 422);
}

#[actix_web::test]
async fn notes_and_recommendations_are_kept() {
    let client = ApiClient::with("write:accounts read follow");
    let bob = person(&client, "bob");
    let act = |act: &str| format!("/api/v1/accounts/{bob}/{act}");
    assert_eq!(client.post(&act("note"), &[("comment", "owes me a book")]).await.json()["note"], "owes me a book");
    assert_eq!(client.post(&act("note"), &[("comment", &"x".repeat(2_001))]).await.code.as_u16(), 422);
    assert_eq!(stands(&client, bob).await["note"], "owes me a book");
    assert_eq!(client.post(&act("note"), &[("comment", " ")]).await.json()["note"], "");
    let early = client.post(&act("pin"), &[]).await;
    assert_eq!(early.code.as_u16(), 422, "{}", early.text());
    client.post(&act("follow"), &[]).await;
    let owner = client.server.node.owner().unwrap();
    client.server.node.store.write(move |w| follows::accept(w, owner, bob)).unwrap();
    assert_eq!(client.post(&act("endorse"), &[]).await.json()["endorsed"], true);
    for path in ["/api/v1/endorsements".to_owned(), format!("/api/v1/accounts/{owner}/endorsements")] {
        assert_eq!(client.get(&path).await.json()[0]["id"], bob.to_string(), "{path}");
    }
    assert_eq!(client.get(&act("endorsements")).await.json(), json!([]));
    assert_eq!(client.get(&act("followers")).await.json()[0]["acct"], "ann", "the follower of theirs we know");
    assert_eq!(client.get(&act("following")).await.json(), json!([]));
    client.post(&act("unfollow"), &[]).await;
    assert_eq!(client.get("/api/v1/endorsements").await.json(), json!([]));
    let familiar = client.get(&format!("/api/v1/accounts/familiar_followers?id[]={bob}&id[]=1")).await.json();
    assert_eq!(familiar, json!([{ "id": bob.to_string(), "accounts": [] }]));
}

#[actix_web::test]
async fn relations_need_their_scopes() {
    let client = ApiClient::with("read write:accounts");
    let bob = person(&client, "bob");
    for act in ["follow", "unfollow", "block", "mute", "unmute", "unblock", "remove_from_followers"] {
        assert_eq!(client.post(&format!("/api/v1/accounts/{bob}/{act}"), &[]).await.code.as_u16(), 403, "{act}");
    }
    let narrow = ApiClient::with("write");
    for path in ["/api/v1/blocks", "/api/v1/mutes", "/api/v1/follow_requests", "/api/v1/domain_blocks"] {
        assert_eq!(narrow.get(path).await.code.as_u16(), 403, "{path}");
    }
}
