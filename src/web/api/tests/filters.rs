//! Filters of both kinds, and what they make of statuses.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::ApiClient;
use super::others::RemoteActor;
use crate::federation::owner::oauth;
use crate::store::timelines::filters;
use crate::web::test_support::TestResponse;

const SCOPES: &str = "read write";

async fn made(client: &ApiClient, form: &[(&str, &str)]) -> Value {
    let reply = client.post("/api/v2/filters", form).await;
    assert_eq!(reply.code.as_u16(), 200, "{}", reply.text());
    reply.json()
}

async fn put(client: &ApiClient, path: &str, form: &[(&str, &str)]) -> TestResponse {
    client.call(TestRequest::put().uri(path).set_form(form)).await
}

async fn delete(client: &ApiClient, path: &str) -> TestResponse {
    client.call(TestRequest::delete().uri(path)).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What of a status matches: (title, keywords, posts) of each result.
async fn matches(client: &ApiClient, id: impl std::fmt::Display) -> Vec<(Value, Value, Value)> {
    let status = client.get(&format!("/api/v1/statuses/{id}")).await.json();
    let one = |result: &Value| {
        (result["filter"]["title"].clone(), result["keyword_matches"].clone(), result["status_matches"].clone())
    };
    status["filtered"].as_array().unwrap().iter().map(one).collect()
}

#[actix_web::test]
async fn a_filter_is_made_with_its_words_changed_and_taken_away() {
    let client = ApiClient::with(SCOPES);
    assert_eq!(client.get("/api/v2/filters").await.json(), json!([]));
    let filter = made(
        &client,
        &[
            ("title", "Sport"),
            ("context[]", "home"),
            ("context[]", "thread"),
            ("filter_action", "hide"),
            ("expires_in", "3600"),
            ("keywords_attributes[][keyword]", "football"),
            ("keywords_attributes[][whole_word]", "false"),
            ("keywords_attributes[][keyword]", "cup"),
            ("keywords_attributes[][keyword]", ""),
        ],
    )
    .await;
    let (id, words) = (text(&filter["id"]).to_owned(), &filter["keywords"]);
    assert_eq!((words.as_array().unwrap().len(), &filter["statuses"]), (2, &json!([])));
    assert_eq!((&words[0]["keyword"], &words[0]["whole_word"]), (&json!("football"), &json!(false)));
    assert_eq!((&words[1]["keyword"], &words[1]["whole_word"]), (&json!("cup"), &json!(true)));
    assert_eq!(filter["expires_at"], "2025-11-23T09:00:00.000Z");
    assert_eq!((&filter["filter_action"], &filter["context"]), (&json!("hide"), &json!(["home", "thread"])));
    let path = format!("/api/v2/filters/{id}");
    let (first, second) = (text(&words[0]["id"]).to_owned(), text(&words[1]["id"]).to_owned());
    let body = json!({"title": "Sports", "expires_in": null, "keywords_attributes": [
        {"id": first, "_destroy": true}, {"id": second, "keyword": "world cup"}, {"keyword": "goal", "whole_word": false}]});
    let changed = client.call(TestRequest::put().uri(&path).set_json(body)).await;
    assert_eq!(changed.code.as_u16(), 200, "{}", changed.text());
    let shown = client.get(&path).await.json();
    assert_eq!(shown, changed.json());
    assert_eq!((&shown["title"], &shown["expires_at"]), (&json!("Sports"), &Value::Null));
    assert_eq!(shown["filter_action"], "hide", "what is not said stays");
    let words: Vec<&str> = shown["keywords"].as_array().unwrap().iter().map(|one| text(&one["keyword"])).collect();
    assert_eq!(words, ["world cup", "goal"]);
    assert_eq!(client.get("/api/v2/filters").await.json(), json!([shown]));
    let gone = delete(&client, &path).await;
    assert_eq!((gone.code.as_u16(), gone.json()), (200, json!({})));
    for path in [path.clone(), format!("{path}/keywords"), format!("/api/v2/filters/keywords/{second}")] {
        assert_eq!(client.get(&path).await.code.as_u16(), 404, "{path}");
    }
}

#[actix_web::test]
async fn words_and_posts_are_endpoints_of_their_own() {
    let client = ApiClient::with(SCOPES);
    let bo = RemoteActor::followed(&client.server, "bo");
    let post = bo.says(&client.server, "nothing special", json!({}));
    let id = text(&made(&client, &[("title", "x"), ("context[]", "home")]).await["id"]).to_owned();
    let path = format!("/api/v2/filters/{id}/keywords");
    let added = client.post(&path, &[("keyword", "one"), ("whole_word", "false")]).await.json();
    assert_eq!((&added["keyword"], &added["whole_word"]), (&json!("one"), &json!(false)));
    let own = format!("/api/v2/filters/keywords/{}", text(&added["id"]));
    let changed = put(&client, &own, &[("whole_word", "true")]).await.json();
    assert_eq!((&changed["keyword"], &changed["whole_word"]), (&json!("one"), &json!(true)));
    assert_eq!(client.get(&path).await.json(), json!([client.get(&own).await.json()]));
    assert_eq!(delete(&client, &own).await.json(), json!({}));
    assert_eq!(client.get(&path).await.json(), json!([]));
    let path = format!("/api/v2/filters/{id}/statuses");
    let form = [("status_id", &*post.to_string())];
    let added = client.post(&path, &form).await.json();
    assert_eq!(added["status_id"], post.to_string());
    assert_eq!(client.post(&path, &form).await.code.as_u16(), 422, "once is enough");
    assert_eq!(client.get(&path).await.json(), json!([added]));
    assert_eq!(matches(&client, post).await, [(json!("x"), json!([]), json!([post.to_string()]))]);
    let boost = RemoteActor::followed(&client.server, "cy").boosts(&client.server, post);
    assert_eq!(matches(&client, boost).await.len(), 1, "a boost of it, too");
    let own = format!("/api/v2/filters/statuses/{}", text(&added["id"]));
    assert_eq!(client.get(&own).await.json(), added);
    assert_eq!((delete(&client, &own).await.json(), client.get(&own).await.code.as_u16()), (json!({}), 404));
    assert_eq!(matches(&client, post).await, []);
}

#[actix_web::test]
async fn what_makes_no_filter_is_refused_and_leaves_nothing() {
    let client = ApiClient::with(SCOPES);
    let (title, home, long) = (("title", "x"), ("context[]", "home"), "x".repeat(10_000));
    let word = "keywords_attributes[][keyword]";
    let whole = "keywords_attributes[][whole_word]";
    for (form, error) in [
        (vec![home], "Title can't be blank"),
        (vec![("title", " "), home], "Title can't be blank"),
        (vec![("title", &long), home], "Title is too long (maximum is 256 characters)"),
        (vec![title], "Context None or invalid context supplied"),
        (vec![title, ("context[]", "everywhere")], "Context None or invalid context supplied"),
        (vec![title, home, ("filter_action", "burn")], "Action is not included in the list"),
        (vec![title, home, ("expires_in", "soon")], "Expires in is not a number"),
        (vec![title, home, (word, "fine"), (word, &long)], "Keyword is too long (maximum is 512 characters)"),
        (vec![title, home, (word, " \u{2003}"), (whole, "true")], "Keyword can't be blank"),
    ] {
        let reply = client.post("/api/v2/filters", &form).await;
        let expected = json!({ "error": format!("Validation failed: {error}") });
        assert_eq!((reply.code.as_u16(), reply.json()), (422, expected));
    }
    assert_eq!(client.get("/api/v2/filters").await.json(), json!([]));
    assert_eq!(client.get("/api/v1/filters").await.json(), json!([]));
    let (one, other) = (made(&client, &[title, home, (word, "a")]).await, made(&client, &[title, home]).await);
    let foreign = json!({"title": "y", "keywords_attributes": [{"id": one["keywords"][0]["id"], "keyword": "b"}]});
    let path = format!("/api/v2/filters/{}", text(&other["id"]));
    assert_eq!(client.call(TestRequest::put().uri(&path).set_json(foreign)).await.code.as_u16(), 404);
    assert_eq!(client.get(&path).await.json()["title"], "x", "all of it, or nothing");
    let many: Vec<Value> =
        (0..=filters::MAX_KEYWORDS_PER_FILTER).map(|n| json!({ "keyword": n.to_string() })).collect();
    let many = TestRequest::put().uri(&path).set_json(json!({ "keywords_attributes": many }));
    assert_eq!(client.call(many).await.code.as_u16(), 422);
    assert_eq!(client.get(&path).await.json()["keywords"], json!([]));
    let far = put(&client, &path, &[("expires_in", "99999999999999999999")]).await.json();
    assert_eq!(text(&far["expires_at"]).len(), "2125-11-23T08:00:00.000Z".len(), "{far}");
    assert_eq!(ApiClient::with("read:lists").get("/api/v2/filters").await.code.as_u16(), 403);
}

#[actix_web::test]
async fn statuses_say_what_matches() {
    let client = ApiClient::with(SCOPES);
    let house = &client.server;
    let bo = RemoteActor::followed(house, "bo");
    let keyword =
        |word: &'static str| [("context[]", "home"), ("title", "t"), ("keywords_attributes[][keyword]", word)];
    let filter = made(&client, &keyword("POLITICS")).await;
    let plain = bo.says(house, "On <b>poli</b>tics, again", json!({}));
    let inside = bo.says(house, "geopolitics", json!({}));
    let warned = bo.says(house, "well", json!({ "summary": "US Politics", "sensitive": true }));
    let pictured = bo.says(
        house,
        "look",
        json!({ "attachment": [{ "type": "Document", "mediaType": "image/png",
        "url": "https://there.example/a.png", "name": "a book on politics" }] }),
    );
    let asked = bo.says(
        house,
        "choose",
        json!({ "type": "Question", "oneOf": [
        { "type": "Note", "name": "Politics" }, { "type": "Note", "name": "Cats" }] }),
    );
    let matched = |word: &str| vec![(json!("t"), json!([word]), json!([]))];
    assert_eq!(matches(&client, plain).await, matched("politics"), "as it is written there");
    assert_eq!(matches(&client, inside).await, []);
    assert_eq!(matches(&client, warned).await, matched("Politics"));
    assert_eq!(matches(&client, pictured).await, matched("politics"));
    assert_eq!(matches(&client, asked).await, matched("Politics"));
    let status = client.get(&format!("/api/v1/statuses/{plain}")).await.json();
    let mut shallow = filter.clone();
    shallow.as_object_mut().unwrap().retain(|name, _| name != "keywords" && name != "statuses");
    assert_eq!(status["filtered"][0]["filter"], shallow);
    let boost = RemoteActor::followed(house, "cy").boosts(house, plain);
    let boost = client.get(&format!("/api/v1/statuses/{boost}")).await.json();
    assert_eq!((&boost["filtered"], &boost["reblog"]["filtered"]), (&status["filtered"], &status["filtered"]));
    let stranger = client.server.get(&format!("/api/v1/statuses/{plain}"), "*/*").await.json();
    assert_eq!(stranger.get("filtered"), None, "nobody else hears of the owner's filters");
    let home = client.get("/api/v1/timelines/home").await.json();
    let count = home.as_array().unwrap().iter().filter(|one| one["filtered"] != json!([])).count();
    assert_eq!(count, 5, "all of them are there: apps hide what is to be hidden");
    put(&client, &format!("/api/v2/filters/{}", text(&filter["id"])), &[("expires_in", "60")]).await;
    assert_eq!(matches(&client, plain).await.len(), 1);
    house.test_store.clock.advance(Duration::from_secs(61));
    assert_eq!(matches(&client, plain).await, [], "it is over");
    assert_eq!(client.get("/api/v2/filters").await.json().as_array().unwrap().len(), 1, "and can be renewed");
}

#[actix_web::test]
async fn hostile_words_mean_themselves() {
    let client = ApiClient::with(SCOPES);
    let bo = RemoteActor::followed(&client.server, "bo");
    let id = text(&made(&client, &[("context[]", "home"), ("title", "t")]).await["id"]).to_owned();
    let words = [".*", "(a+)+$", "[", "\\", "%", "_x", "'; DROP TABLE filter; --", "😀", "\u{202e}"];
    for word in words {
        let reply = client.post(&format!("/api/v2/filters/{id}/keywords"), &[("keyword", word)]).await;
        assert_eq!(reply.code.as_u16(), 200, "{word}");
    }
    let (plain, odd) =
        (bo.says(&client.server, "aaaaaaaaaaaaa b", json!({})), bo.says(&client.server, "so (a+)+$ it is", json!({})));
    assert_eq!(matches(&client, plain).await, []);
    assert_eq!(matches(&client, odd).await, [(json!("t"), json!(["(a+)+$"]), json!([]))]);
}

#[actix_web::test]
async fn only_apps_that_know_it_are_told_of_blur() {
    let mut client = ApiClient::with(SCOPES);
    let bo = RemoteActor::followed(&client.server, "bo");
    let post = bo.says(&client.server, "a cat", json!({}));
    let form =
        [("context[]", "home"), ("title", "t"), ("keywords_attributes[][keyword]", "cat"), ("filter_action", "blur")];
    assert_eq!(made(&client, &form).await["filter_action"], "blur");
    for (app, action) in [("Ice Cubes", "warn"), ("Tusky", "blur"), ("Phanpy", "blur"), ("something new", "warn")] {
        client.token = oauth::create_personal_token(&client.server.node, app, SCOPES).unwrap();
        let status = client.get(&format!("/api/v1/statuses/{post}")).await.json();
        assert_eq!(status["filtered"][0]["filter"]["filter_action"], action, "{app}");
    }
}

#[actix_web::test]
async fn older_apps_know_one_word_at_a_time() {
    let client = ApiClient::with(SCOPES);
    let form = [("phrase", "cat"), ("context[]", "home"), ("irreversible", "true"), ("whole_word", "false")];
    let old = client.post("/api/v1/filters", &form).await.json();
    let id = text(&old["id"]).to_owned();
    let expected = json!({"id": id, "phrase": "cat", "context": ["home"], "whole_word": false, "expires_at": null,
        "irreversible": true});
    assert_eq!(old, expected);
    assert_eq!(client.get("/api/v1/filters").await.json(), json!([expected]));
    let path = format!("/api/v1/filters/{id}");
    let form = [("phrase", "dog"), ("context[]", "public"), ("irreversible", "false"), ("expires_in", "60")];
    let changed = put(&client, &path, &form).await.json();
    assert_eq!((&changed["phrase"], &changed["irreversible"]), (&json!("dog"), &json!(false)));
    assert_eq!(client.get(&path).await.json(), changed);
    let new = client.get("/api/v2/filters").await.json();
    assert_eq!((&new[0]["title"], &new[0]["filter_action"]), (&json!("dog"), &json!("warn")));
    let filter = text(&new[0]["id"]).to_owned();
    client.post(&format!("/api/v2/filters/{filter}/keywords"), &[("keyword", "bird")]).await;
    assert_eq!(client.get("/api/v1/filters").await.json().as_array().unwrap().len(), 2);
    let refused = put(&client, &path, &[("phrase", "fish"), ("irreversible", "true")]).await;
    assert_eq!(refused.code.as_u16(), 422, "it would change the other word, too");
    assert_eq!(client.get(&path).await.json()["phrase"], "dog", "and nothing was half done");
    assert_eq!(put(&client, &path, &[("phrase", "fish")]).await.json()["phrase"], "fish");
    for one in client.get("/api/v1/filters").await.json().as_array().unwrap() {
        let gone = delete(&client, &format!("/api/v1/filters/{}", text(&one["id"]))).await;
        assert_eq!((gone.code.as_u16(), gone.json()), (200, json!({})));
    }
    assert_eq!(client.get("/api/v2/filters").await.json(), json!([]), "with its last word a filter goes");
    for form in [vec![("context[]", "home")], vec![("phrase", "  "), ("context[]", "home")], vec![("phrase", "x")]] {
        assert_eq!(client.post("/api/v1/filters", &form).await.code.as_u16(), 422, "{form:?}");
    }
    assert_eq!(client.get("/api/v2/filters").await.json(), json!([]));
}
