//! What an account has posted, in every selection clients ask for; and the home timeline, page by page.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::json;

use super::ApiClient;
use super::bookmarks::{ids, link, says};
use crate::base::Audience;
use crate::base::id::{MediaId, PostId};
use crate::federation::owner::publish::{self, NewPost};
use crate::store::node;
use crate::store::posts::attachments::{self, PostAttachment};
use crate::web::test_support::{RemoteBob, TestServer};

fn picture(house: &TestServer) -> MediaId {
    let file = PostAttachment {
        id: MediaId(0),
        post_id: None,
        media_type: "image/png".to_owned(),
        url: None,
        file: Some("a.png".to_owned()),
        preview: None,
        alt: String::new(),
        width: Some(10),
        height: Some(10),
        blurhash: None,
        focus: None,
        still: None,
        seconds: None,
    };
    house.node.store.write(move |w| attachments::add(w, &file, 0)).unwrap()
}

fn say(house: &TestServer, draft: NewPost) -> PostId {
    house.test_store.clock.advance(std::time::Duration::from_secs(1));
    publish::post(&house.node, draft).unwrap()
}

#[actix_web::test]
async fn a_profile_lists_what_is_asked_for_and_nothing_else() {
    let client = ApiClient::with("read write");
    let house = &client.server;
    RemoteBob::known_to(house);
    let ann = json!({"type": "Mention", "href": "https://social.example.org/users/ann", "name": "@ann"});
    let hut = json!({"type": "Hashtag", "name": "#hut", "href": "https://b.example/t/hut"});
    let theirs = says(house, 1, json!({"tag": [ann, hut]}));
    let draft = |text: &str, audience| NewPost::new(text, audience);
    let plain = say(house, draft("plain", Audience::Public));
    let pictured =
        say(house, NewPost { media: vec![picture(house), picture(house)], ..draft("two #hut", Audience::Public) });
    let answer = say(house, NewPost { reply_to: Some(theirs.id), ..draft("yes", Audience::Public) });
    let own = say(house, NewPost { reply_to: Some(plain), ..draft("and #hut then", Audience::Quiet) });
    let hidden = NewPost { media: vec![picture(house)], ..draft("for followers #hut", Audience::Followers) };
    let hidden = say(house, hidden);
    let direct = say(house, draft("to myself", Audience::Mentioned));
    let boost = publish::boost(&house.node, theirs.id).unwrap();
    publish::pin(&house.node, plain).unwrap();
    publish::pin(&house.node, pictured).unwrap();
    let account = house.node.store.read(node::owner).unwrap();
    let path = |query: &str| format!("/api/v1/accounts/{account}/statuses?{query}");
    let cases: [(&str, Vec<PostId>, Vec<PostId>); 11] = [
        ("", vec![boost, direct, hidden, own, answer, pictured, plain], vec![boost, own, answer, pictured, plain]),
        (
            "exclude_reblogs=true",
            vec![direct, hidden, own, answer, pictured, plain],
            vec![own, answer, pictured, plain],
        ),
        ("exclude_replies=1", vec![boost, direct, hidden, own, pictured, plain], vec![boost, own, pictured, plain]),
        (
            "exclude_direct=true",
            vec![boost, hidden, own, answer, pictured, plain],
            vec![boost, own, answer, pictured, plain],
        ),
        ("only_media=true", vec![hidden, pictured], vec![pictured]),
        ("tagged=hut", vec![hidden, own, pictured], vec![own, pictured]),
        ("tagged=%23HUT&only_media=true", vec![hidden, pictured], vec![pictured]),
        ("tagged=hut&exclude_replies=false&limit=1", vec![hidden], vec![own]),
        ("tagged=nothing", vec![], vec![]),
        ("pinned=true", vec![pictured, plain], vec![pictured, plain]),
        ("only_media=false&exclude_replies=&limit=0", vec![], vec![]),
    ];
    let text = |ids: &[PostId]| ids.iter().map(PostId::to_string).collect::<Vec<_>>();
    for (query, owners, strangers) in cases {
        assert_eq!(ids(&client.get(&path(query)).await.json()), text(&owners), "{query} for the owner");
        assert_eq!(ids(&house.get(&path(query), "*/*").await.json()), text(&strangers), "{query} for strangers");
    }
    // Pages of a selection are full, and lead on in the selection.
    let first = client.get(&path("only_media=true&limit=1")).await;
    let next = link(first.header("link"), "next").unwrap();
    assert!(next.contains("only_media=true"), "{next}");
    assert_eq!(ids(&client.get(&next).await.json()), text(&[pictured]));
    let bobs = format!("/api/v1/accounts/{}/statuses?tagged=hut", theirs.actor_id);
    assert_eq!(ids(&client.get(&bobs).await.json()), text(&[theirs.id]));
    for bad in [
        "/api/v1/accounts/12345/statuses",
        "/api/v1/accounts/-1/statuses",
        "/api/v1/accounts/99999999999999999999/statuses",
    ] {
        assert_eq!(client.get(bad).await.code.as_u16(), 404, "{bad}");
    }
}

#[actix_web::test]
async fn the_home_timeline_pages_both_ways_newest_first() {
    let client = ApiClient::with("read write");
    let made: Vec<String> =
        (0..7).map(|n| say(&client.server, NewPost::new(format!("post {n}"), Audience::Public)).to_string()).collect();
    let newest = |range: std::ops::Range<usize>| made[range].iter().rev().cloned().collect::<Vec<_>>();
    let home = async |query: &str| client.get(&format!("/api/v1/timelines/home?{query}")).await;
    assert_eq!(ids(&home("").await.json()), newest(0..7));
    assert_eq!(ids(&home(&format!("max_id={}&limit=2", made[4])).await.json()), newest(2..4));
    assert_eq!(ids(&home(&format!("min_id={}&limit=2", made[1])).await.json()), newest(2..4), "the page right after");
    assert_eq!(ids(&home(&format!("since_id={}&limit=2", made[1])).await.json()), newest(5..7), "still the newest");
    assert_eq!(ids(&home(&format!("since_id={}", made[4])).await.json()), newest(5..7));
    let between = format!("since_id={}&max_id={}", made[1], made[4]);
    assert_eq!(ids(&home(&between).await.json()), newest(2..4));
    assert_eq!(ids(&home("limit=-3").await.json()), newest(4..7));
    assert_eq!(ids(&home("limit=99999999999999999999999").await.json()).len(), 0, "what is no number is none");
    assert_eq!(ids(&home("max_id=&min_id=&limit=2").await.json()), newest(5..7), "empty is absent");
    let last = home(&format!("limit=2&max_id={}", made[1])).await;
    assert_eq!(ids(&last.json()), newest(0..1));
    let (next, prev) = (link(last.header("link"), "next").unwrap(), link(last.header("link"), "prev").unwrap());
    assert!(next.contains("limit=2") && next.ends_with(&format!("max_id={}", made[0])), "{next}");
    assert_eq!(ids(&client.get(&prev).await.json()), newest(1..3));
    let beyond = client.get(&next).await;
    assert_eq!((beyond.json(), beyond.header("link")), (json!([]), ""), "nothing more, and no links");
}
