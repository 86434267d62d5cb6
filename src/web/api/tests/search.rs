//! Search of people, posts and hashtags.

use serde_json::{Value, json};

use super::ApiClient;
use super::tags::{arrives, somebody};
use crate::base::Audience;
use crate::base::id::PostId;
use crate::federation::owner::publish::{self, PostChange};
use crate::store::{
    actors::{self, follows},
    moderation::mutes,
    node, posts,
};
use crate::text::plain_text;

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What a search finds: the texts of posts.
async fn found(client: &ApiClient, q: &str) -> Vec<String> {
    let reply = client.get(&format!("/api/v2/search?type=statuses&q={}", encoded(q))).await;
    assert_eq!(reply.code.as_u16(), 200, "{q}: {}", reply.text());
    let answer = reply.json();
    assert_eq!((&answer["accounts"], &answer["hashtags"]), (&json!([]), &json!([])), "all keys are there");
    texts(&answer["statuses"])
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| plain_text::from_html(one["content"].as_str().unwrap())).collect()
}

/// The handles of the people that are found.
async fn people(client: &ApiClient, q: &str) -> Vec<String> {
    let reply = client.get(&format!("/api/v1/accounts/search?q={}", encoded(q))).await;
    assert_eq!(reply.code.as_u16(), 200, "{q}: {}", reply.text());
    reply.json().as_array().unwrap().iter().map(|one| one["acct"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn posts_are_found_by_their_words() {
    let client = ApiClient::with("read write");
    let bob = somebody(&client, "bob", "b.example");
    arrives(&client, bob, "The ferry to Ålesund was late", json!({}));
    arrives(&client, bob, "A late ferry and a <a href=\"https://news.example/ferries/12\">link</a>", json!({}));
    arrives(&client, bob, "昨日東京に行った", json!({}));
    arrives(&client, bob, "behind a warning", json!({"summary": "Spoilers of Severance"}));
    let own = client.server.post("my own ferry", Audience::Followers).id;
    let (one, two) = ("The ferry to Ålesund was late", "A late ferry and a link");
    for (q, expected) in [
        ("ferry", vec!["my own ferry", two, one]),
        ("FERRY late", vec![two, one]),
        ("\"late ferry\"", vec![two]),
        ("ferry -late", vec!["my own ferry"]),
        ("ferry -\"late ferry\"", vec!["my own ferry", one]),
        ("alesund", vec![one]),
        ("severance", vec!["behind a warning"]),
        ("東京", vec!["昨日東京に行った"]),
        ("京東", vec![]),
        ("from:me", vec!["my own ferry"]),
        ("ferry from:@bob@b.example", vec![two, one]),
        ("ferry -from:me", vec![two, one]),
        ("ferry from:@nobody@b.example", vec![]),
        ("ferry has:link", vec![two]),
        ("ferry -has:link", vec!["my own ferry", one]),
        ("ferry has:media", vec![]),
        ("ferry language:en", vec!["my own ferry"]),
        ("ferry -language:en", vec![two, one]),
        ("ferry before:2020-01-01", vec![]),
        ("ferry after:2020-01-01 -is:sensitive", vec!["my own ferry", two, one]),
        ("-ferry", vec![]),
        ("news.example", vec![]),
    ] {
        assert_eq!(found(&client, q).await, expected, "{q}");
    }
    let edit = PostChange { text: "my own boat".to_owned(), ..PostChange::default() };
    publish::edit(&client.server.node, own, edit).unwrap();
    assert_eq!(found(&client, "ferry from:me").await, Vec::<String>::new());
    assert_eq!(found(&client, "boat").await, ["my own boat"]);
    publish::delete(&client.server.node, own).unwrap();
    assert_eq!(found(&client, "boat").await, Vec::<String>::new());
    let left = client.server.node.store.read(|r| posts::count_by_actor(r, bob, posts::Viewer::Owner)).unwrap();
    assert_eq!(left, 4);
    publish::mute(&client.server.node, bob, mutes::MuteScope::Home, None).unwrap();
    assert_eq!(found(&client, "ferry").await, Vec::<String>::new(), "the muted stay hidden");
    publish::unmute(&client.server.node, bob).unwrap();
    assert_eq!(found(&client, "ferry").await.len(), 2);
    client.server.node.store.write(move |w| actors::mark_gone(w, bob)).unwrap();
    assert_eq!(found(&client, "ferry").await, Vec::<String>::new());
    assert_eq!(people(&client, "bob").await, Vec::<String>::new());
}

#[actix_web::test]
async fn whatever_is_typed_is_answered() {
    let client = ApiClient::with("read");
    client.server.post("plain words", Audience::Public);
    for q in [
        "\"",
        "\"\"",
        "*",
        "a*",
        "^a",
        "(",
        ")",
        "NEAR(a b)",
        "a AND",
        "OR",
        "NOT",
        "words : a",
        "{words}: a",
        "-",
        "--",
        "+",
        "'",
        "';DROP TABLE post;--",
        "a\0b",
        "%",
        "_",
        "from:",
        "has:",
        "from:me@@",
        "before:x",
        "marks:a1",
        "🎉",
        "\u{E000}",
        "@",
        "@@",
        "@a@",
        "#",
        "##",
        "http://",
        "https://[",
        "https://no.such.example/x",
        "@a@no.such.example",
    ] {
        for path in ["/api/v2/search?q=", "/api/v1/accounts/search?q="] {
            let code = client.get(&format!("{path}{}", encoded(q))).await.code.as_u16();
            assert!(code == 200 || q.trim().is_empty() && code == 400, "{path}{q:?}: {code}");
        }
    }
    let long = "word ".repeat(2_000);
    for q in [long.as_str(), &"a\" ".repeat(3_000), &"-x ".repeat(3_000)] {
        let form = [("q", q)];
        let request = actix_web::test::TestRequest::get().uri("/api/v2/search").set_form(form);
        assert_eq!(client.call(request).await.code.as_u16(), 200);
    }
    for (query, code) in [
        ("", 400),
        ("q=", 400),
        ("q=x&limit=-5&offset=99999999999999999999", 200),
        ("q=x&limit=99999999999&max_id=abc&min_id=-1", 200),
        ("q=words&account_id=abc", 200),
        ("q=x&type=nonsense", 200),
    ] {
        let reply = client.get(&format!("/api/v2/search?{query}")).await;
        assert_eq!(reply.code.as_u16(), code, "{query}");
        let empty = json!({"accounts": [], "statuses": [], "hashtags": []});
        assert!(code == 400 || reply.json() == empty, "{query}: {}", reply.text());
    }
    assert_eq!(client.get("/api/v1/search?q=x").await.code.as_u16(), 404);
}

#[actix_web::test]
async fn pages_of_posts_go_by_offset_and_by_id() {
    let client = ApiClient::with("read");
    let bob = somebody(&client, "bob", "b.example");
    let ids: Vec<PostId> = (0..5).map(|n| arrives(&client, bob, &format!("gull {n}"), json!({}))).collect();
    let get = |query: String| {
        let client = &client;
        async move { texts(&client.get(&format!("/api/v2/search?q=gull&limit=2&{query}")).await.json()["statuses"]) }
    };
    assert_eq!(get(String::new()).await, ["gull 4", "gull 3"]);
    assert_eq!(get("offset=2&type=statuses".into()).await, ["gull 2", "gull 1"]);
    assert_eq!(get(format!("max_id={}", ids[2])).await, ["gull 1", "gull 0"]);
    assert_eq!(get(format!("min_id={}", ids[0])).await, ["gull 2", "gull 1"]);
    assert_eq!(get(format!("account_id={bob}")).await, ["gull 4", "gull 3"]);
    assert_eq!(get("account_id=7".into()).await, Vec::<String>::new());
}

#[actix_web::test]
async fn people_are_found_while_their_name_is_typed() {
    let client = ApiClient::with("read follow");
    let names = [("anna", "a.example"), ("annika", "b.example"), ("joanna", "b.example"), ("ann", "c.example")];
    let ids: Vec<_> = names.iter().map(|(name, host)| somebody(&client, name, host)).collect();
    let annika = ids[1];
    client
        .server
        .node
        .store
        .write(move |w| {
            let owner = node::owner(w)?;
            follows::upsert(w, owner, annika, "https://social.example.org/f/1", None)?;
            follows::accept(w, owner, annika).map(drop)
        })
        .unwrap();
    for (q, expected) in [
        ("ann", vec!["ann", "annika@b.example", "ann@c.example", "anna@a.example"]),
        ("@ANNI", vec!["annika@b.example"]),
        ("@ann@c", vec!["ann@c.example"]),
        ("@ann@c.example", vec!["ann@c.example"]),
        ("ann@example.org", vec!["ann"]),
        ("joanna of", vec!["joanna@b.example"]),
        ("b.example", vec!["annika@b.example", "joanna@b.example"]),
        ("nna", vec![]),
        ("zz", vec![]),
    ] {
        assert_eq!(people(&client, q).await, expected, "{q}");
    }
    let followed = client.get("/api/v1/accounts/search?q=ann&following=true").await.json();
    assert_eq!(followed.as_array().unwrap().len(), 1);
    let limited = client.get("/api/v1/accounts/search?q=ann&limit=1&offset=1").await.json();
    assert_eq!(limited[0]["acct"], "annika@b.example");
    let all = client.get("/api/v2/search?q=ann&type=accounts").await.json();
    assert_eq!((all["accounts"].as_array().unwrap().len(), &all["statuses"]), (4, &json!([])));
    assert_eq!(client.get("/api/v1/accounts/search").await.text(), "[]");
}

#[actix_web::test]
async fn hashtags_are_found_by_their_beginning() {
    let client = ApiClient::with("read");
    let bob = somebody(&client, "bob", "b.example");
    arrives(&client, bob, "#Knitting #knit #knots #other", json!({}));
    let names = |reply: Value| -> Vec<String> {
        reply["hashtags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap().to_owned()).collect()
    };
    for (q, expected) in [
        ("kni", vec!["knit", "knitting"]),
        ("#kni", vec!["kni", "knit", "knitting"]),
        ("#KNIT", vec!["KNIT", "knitting"]),
        ("knit", vec!["knit", "knitting"]),
        ("k n", vec![]),
        ("zz", vec![]),
    ] {
        let reply = client.get(&format!("/api/v2/search?type=hashtags&q={}", encoded(q))).await.json();
        assert_eq!(names(reply), expected, "{q}");
    }
    let one = client.get("/api/v2/search?q=kn&type=hashtags&limit=1&offset=1").await.json();
    assert_eq!(names(one.clone()), ["knitting"]);
    assert_eq!(one["hashtags"][0]["following"], false);
}

#[actix_web::test]
async fn strangers_find_the_owner_and_nobody_else() {
    let client = ApiClient::with("read");
    let bob = somebody(&client, "annabob", "b.example");
    let theirs = arrives(&client, bob, "a gull #birds", json!({}));
    client.server.post("my gull #birdie", Audience::Public);
    client.server.post("my quiet gull #birdquiet", Audience::Quiet);
    let secret = client.server.post("my secret gull #birdsecret", Audience::Followers);
    let seen = client.server.get("/api/v2/search?q=gull", "*/*").await.json();
    assert_eq!(texts(&seen["statuses"]), ["my gull #birdie"]);
    let tags = client.server.get("/api/v2/search?q=bird", "*/*").await.text();
    assert!(tags.contains("birdie") && !tags.contains("birds\"") && !tags.contains("birdsecret"), "{tags}");
    let accounts = client.server.get("/api/v2/search?q=ann", "*/*").await.json();
    assert_eq!(accounts["accounts"].as_array().unwrap().len(), 1, "{accounts}");
    assert_eq!(accounts["accounts"][0]["acct"], "ann");
    let at = |id: PostId| {
        let uri = client.server.node.store.read(|r| posts::by_id(r, id)).unwrap().uri;
        format!("/api/v2/search?q={}", encoded(&uri))
    };
    for id in [theirs, secret.id] {
        let answer = client.server.get(&at(id), "*/*").await.json();
        assert_eq!(answer["statuses"], json!([]));
        assert_eq!(client.get(&at(id)).await.json()["statuses"].as_array().unwrap().len(), 1, "the owner does");
    }
    for path in ["/api/v2/search?q=x&resolve=true", "/api/v2/search?q=x&offset=1", "/api/v1/accounts/search?q=x"] {
        assert_eq!(client.server.get(path, "*/*").await.code.as_u16(), 401, "{path}");
    }
    let narrow = ApiClient::with("read:statuses");
    assert_eq!(narrow.get("/api/v2/search?q=x").await.code.as_u16(), 403);
}
