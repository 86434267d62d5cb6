//! A server with made-up people, posts and images, for tests and for looking at: `cargo test --lib sample -- --ignored`
//! serves it at http://127.0.0.1:8099.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use crate::base::config::Origin;
use crate::base::id::{ActorId, PostId, RequestId};
use crate::base::interaction_policy::Interaction;
use crate::base::{Audience, Clock, Config, Time};
use crate::federation::owner::identity::{self, ProfileChange};
use crate::federation::owner::publish::{self, NewPost, PostChange};
use crate::federation::{Node, media, owner::login};
use crate::media::ImagePurpose;
use crate::net::dns::NameSource;
use crate::store::actors::{self, Actor, ActorField, CustomEmoji};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::interaction_requests_in::{self, InteractionRequestIn};
use crate::store::posts::quotes::{self, StoredQuote};
use crate::store::posts::reactions::{self, Reaction, ReactionEmoji};
use crate::store::posts::{self, Post};
use crate::store::{
    Store,
    actors::follows,
    moderation::{blocks, host_blocks, reports},
    peers::{hosts, relays},
    posts::{likes, polls},
    queue::{deliveries, inbox},
    timelines::home_timeline,
};

/// A server at `host`, its clock in hand, in a new folder.
pub fn empty(host: &str) -> Node {
    let folder =
        std::env::temp_dir().join(format!("hytte-page-{}-{}", std::process::id(), login::random_token().unwrap()));
    let clock = Clock::manual(Time::parse("2026-11-20T08:00:00Z").unwrap());
    let store = Store::open(&folder, clock).unwrap();
    let origin = Origin { scheme: "http".into(), host: host.into(), domain: host.into() };
    identity::create_node(&store, &origin).unwrap();
    Node::open(Config::default(), store, NameSource::Test(Default::default())).unwrap()
}

/// A server whose owner is called `sigrid`.
pub fn owned(host: &str) -> Node {
    let node = empty(host);
    identity::name_owner(&node.store, "sigrid").unwrap();
    node
}

/// Somebody on another server.
pub fn person(node: &Node, username: &str, host: &str, name: &str) -> ActorId {
    let (username, host, name) = (username.to_owned(), host.to_owned(), name.to_owned());
    node.store
        .write(move |w| {
            let own = actors::by_id(w, crate::store::node::owner(w)?)?;
            let base = format!("https://{host}/users/{username}");
            let actor = Actor {
                uri: base.clone(),
                kind: "Person".into(),
                inbox: format!("{base}/inbox"),
                shared_inbox: Some(format!("https://{host}/inbox")),
                outbox: None,
                followers: Some(format!("{base}/followers")),
                following: None,
                featured: None,
                featured_tags: None,
                url: format!("https://{host}/@{username}"),
                username,
                host,
                name,
                bio: String::new(),
                bio_source: None,
                icon: None,
                image: None,
                fields: Vec::new(),
                approves_followers: false,
                ..own
            };
            actors::upsert(w, &actor)
        })
        .unwrap()
}

/// A post by another actor, on the home timeline.
pub fn post(node: &Node, by: ActorId, html: &str, change: impl FnOnce(&mut Post) + Send + 'static) -> PostId {
    let html = html.to_owned();
    node.store
        .write(move |w| {
            let author = actors::by_id(w, by)?;
            let id = posts::next_id(w, w.now)?;
            let mut post = Post {
                id,
                uri: format!("{}/statuses/{id}", author.uri),
                actor_id: by,
                kind: "Note".into(),
                boost_of: None,
                audience: Audience::Public,
                reply_to: None,
                reply_to_uri: None,
                context_uri: None,
                title: None,
                warning: None,
                content: html,
                source: None,
                language: Some("en".into()),
                sensitive: false,
                url: Some(format!("{}/{id}", author.url)),
                emoji: Vec::new(),
                metadata: Default::default(),
                published_at: w.now,
                edited_at: None,
                received_at: w.now,
            };
            change(&mut post);
            posts::insert(w, &post, &[], &[])?;
            home_timeline::add(w, id)?;
            Ok(id)
        })
        .unwrap()
}

/// Makes a poll of another actor's post, open for `end` if it ends at all.
pub fn poll(node: &Node, id: PostId, options: &[(&str, u64)], multiple: bool, end: Option<Duration>) {
    let choice = |(text, votes): &(&str, u64)| polls::PollOption { text: (*text).to_owned(), votes: *votes };
    let options = options.iter().map(choice).collect();
    let put = move |w: &crate::store::Write<'_>| {
        let (end_at, checked_at) = (end.map(|end| w.now.plus(end)), w.now);
        let (voters, hides, look_at, mine) = (None, false, None, Vec::new());
        let poll = polls::StoredPoll {
            post_id: id,
            options,
            multiple,
            voters,
            hides_counts: hides,
            end_at,
            checked_at,
            next_upkeep_at: look_at,
            own_choices: mine,
        };
        polls::put(w, &poll)
    };
    node.store.write(put).unwrap();
}

/// Words of the owner's.
pub fn say(node: &Node, text: &str, audience: Audience, reply_to: Option<PostId>) -> PostId {
    publish::post(node, draft(text, audience, reply_to)).unwrap()
}

fn draft(text: &str, audience: Audience, reply_to: Option<PostId>) -> NewPost {
    NewPost { reply_to, ..NewPost::new(text, audience) }
}

fn later(node: &Node, minutes: u64) {
    node.clock().advance(Duration::from_secs(60 * minutes));
}

/// A made-up landscape as PNG.
fn landscape(seed: u32) -> Vec<u8> {
    let (w, h) = (1200u32, 800u32);
    let picture = image::RgbImage::from_fn(w, h, |x, y| {
        let (fx, fy) = (f64::from(x) / 90.0 + f64::from(seed), f64::from(y) / f64::from(h));
        let far = 0.45 + 0.08 * (fx * 0.7).sin() + 0.05 * (fx * 1.9).sin();
        let near = 0.68 + 0.05 * (fx * 0.5 + 2.0).sin() + 0.015 * (fx * 5.0).sin();
        let lerp = |a: [f64; 3], b: [f64; 3], t: f64| [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t);
        let warm = f64::from(seed % 3) * 30.0;
        let colour = if fy < far {
            lerp([90.0 + warm, 130.0, 180.0], [250.0, 205.0 - warm, 165.0], fy / far)
        } else if fy < near {
            lerp([95.0, 110.0, 135.0], [60.0, 85.0, 95.0], (fy - far) / (near - far))
        } else {
            lerp([50.0, 70.0, 50.0], [25.0, 38.0, 28.0], (fy - near) / (1.0 - near))
        };
        image::Rgb(colour.map(|c| c as u8))
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The server on an ordinary day.
pub fn lived_in(host: &str) -> Node {
    let node = owned(host);
    let icon = media::store_profile_image(&node, &landscape(7), ImagePurpose::Avatar).unwrap();
    let image = media::store_profile_image(&node, &landscape(3), ImagePurpose::Header).unwrap();
    identity::set_profile(
        &node,
        ProfileChange {
            name: "Sigrid Lie".into(),
            bio: "Carpenter and reader. I write about wood, weather and what the neighbours' goats are up to.\n\nHer/hers. Norsk and English.".into(),
            fields: vec![
                ("Place".into(), "Gudbrandsdalen".into()),
                ("Workshop".into(), "https://sigrid.example/workshop".into()),
            ],
            icon: Some(icon),
            image: Some(image),
            approves_followers: true,
            discoverable: true,
            indexable: true,
            automated: false,
        },
    )
    .unwrap();
    let owner = node.owner().unwrap();
    let anna = person(&node, "anna", "fjell.social", "Anna Berg :hut:");
    let bo = person(&node, "bo", "mastodon.example", "Bo");
    let chi = person(&node, "chidinma_okafor_long_name", "a-rather-long-server-name.example.org", "Chidinma Okafor");
    let dag = person(&node, "dag", "pixelfed.example", "Dag 📷");
    let ema = person(&node, "ema", "lemmy.example", "Ema");
    node.store
        .write(move |w| {
            for who in [anna, bo, chi] {
                follows::upsert(w, owner, who, &format!("https://x.example/f/{who}"), None)?;
                follows::accept(w, owner, who)?;
                follows::upsert(w, who, owner, &format!("https://x.example/g/{who}"), None)?;
                follows::accept(w, who, owner)?;
            }
            follows::upsert(w, owner, dag, "https://x.example/f/dag", None)?;
            follows::upsert(w, ema, owner, "https://x.example/g/ema", None)?;
            let mut anna = actors::by_id(w, anna)?;
            anna.bio = "<p>Mountain guide. Bread on Sundays.</p>".into();
            anna.fields = vec![ActorField {
                name: "Hut".into(),
                value: "<a href=\"https://hut.example\" rel=\"nofollow noopener\"><span class=\"invisible\">https://</span>hut.example</a>".into(),
                source: None,
            }];
            anna.emoji = vec![CustomEmoji { code: "hut".into(), url: "https://fjell.social/hut.png".into() }];
            actors::upsert(w, &anna)?;
            Ok(())
        })
        .unwrap();

    later(&node, 60);
    say(&node, "The first snow has come, and stayed. #snow #winter", Audience::Public, None);
    later(&node, 300);
    post(
        &node,
        bo,
        "<p>Does anyone know how to get birch tar out of a wool jumper? Asking for a friend who is me.</p>",
        |_| {},
    );
    later(&node, 900);
    let media = [4, 9, 11].map(|n| {
        media::store_image(&node, &landscape(n), "Snow-covered hills at dusk, a line of pines in front").unwrap()
    });
    publish::post(
        &node,
        NewPost { media: media.to_vec(), ..draft("Three evenings from the same window.", Audience::Public, None) },
    )
    .unwrap();
    later(&node, 700);
    post(
        &node,
        chi,
        "<p>I have been thinking about how we talk about maintenance. Nobody claps when a roof does not leak.</p><p>And yet most of the work in the world is of that kind: the roof, the pump, the path kept clear, the library that still compiles. I wrote a few pages on it, with a list of what I would like to read next: <a href=\"https://example.org/on-maintenance\" rel=\"nofollow noopener\"><span class=\"invisible\">https://</span><span class=\"ellipsis\">example.org/on-maint</span><span class=\"invisible\">enance</span></a></p>",
        |_| {},
    );
    later(&node, 60);
    let election = post(
        &node,
        anna,
        "<p>I stayed up far too late and I regret nothing. The count in our valley took until four.</p>",
        |p| p.warning = Some("local politics, long".into()),
    );
    later(&node, 300);
    let media =
        media::store_image(&node, &landscape(6), "My finished bench: a plank of pine on two round legs, by a window")
            .unwrap();
    let bench = publish::post(&node, NewPost { media: vec![media], ..draft("The bench is done. Pine, linseed oil, nine mortises of which eight are square.\n\nIt does not wobble. I checked. #woodwork", Audience::Public, None) }).unwrap();
    later(&node, 30);
    let reply = post(
        &node,
        anna,
        "<p><span class=\"h-card\"><a href=\"http://x/@sigrid\" class=\"u-url mention\">@<span>sigrid</span></a></span> Which one is not square? I want to see it.</p>",
        move |p| {
            p.reply_to = Some(bench);
            p.reply_to_uri = Some("x".into());
        },
    );
    later(&node, 10);
    let own = say(&node, "@anna@fjell.social The ninth. It faces the wall.", Audience::Public, Some(reply));
    later(&node, 5);
    let third = post(&node, anna, "<p>Wise.</p>", move |p| {
        p.reply_to = Some(own);
        p.reply_to_uri = Some("x".into());
    });
    later(&node, 5);
    let other = post(&node, bo, "<p>That is a beautiful bench. What oil is it, cold-pressed?</p>", move |p| {
        p.reply_to = Some(bench);
        p.reply_to_uri = Some("x".into());
    });
    say(
        &node,
        "One thing I would do differently: start from the window, not from the wall.",
        Audience::Public,
        Some(bench),
    );
    later(&node, 20);
    say(&node, "Only for the people I know: the key is under the third stone.", Audience::Followers, None);
    let asked = post(&node, chi, "<p>Which part of a house do you mend first?</p>", |p| p.kind = "Question".into());
    let parts =
        [("The roof, always the roof", 41), ("The stove :stove:", 12), ("What squeaks loudest", 7), ("I move", 0)];
    poll(&node, asked, &parts, false, Some(Duration::from_secs(200_000)));
    let asked = post(&node, anna, "<p>What do you take on the trip?</p>", |p| p.kind = "Question".into());
    poll(&node, asked, &[("<p>Oranges</p>", 9), ("Coffee", 11), ("A book that is too long", 3)], true, None);
    publish::vote(&node, asked, vec![1, 2]).unwrap();
    let options = vec!["Skis".to_owned(), "A sledge".to_owned(), "On foot".to_owned()];
    let asked =
        crate::social::poll::NewPoll { options, multiple: false, length: Duration::from_secs(90_000), hides: false };
    publish::post(
        &node,
        NewPost { poll: Some(asked), ..draft("How do I get to the cabin on Saturday?", Audience::Public, None) },
    )
    .unwrap();
    let dags = post(&node, dag, "<p>Contact sheet</p>", |p| p.sensitive = true);
    node.store
        .write(move |w| {
            for n in 0..2 {
                attachments::add(
                    w,
                    &PostAttachment {
                        id: crate::base::id::MediaId(0),
                        post_id: Some(dags),
                        media_type: "image/jpeg".into(),
                        url: Some(format!("https://pixelfed.example/{n}.jpg")),
                        file: None,
                        preview: None,
                        alt: "A strip of negatives".into(),
                        width: Some(900),
                        height: Some(600),
                        blurhash: None,
                        focus: None,
                        still: None,
                        seconds: None,
                    },
                    n,
                )?;
            }
            let id = posts::next_id(w, w.now)?;
            let booster = actors::by_id(w, bo)?;
            let mut boost = posts::by_id(w, dags)?;
            boost.id = id;
            boost.uri = format!("{}/boost/{id}", booster.uri);
            boost.actor_id = bo;
            boost.kind = "Announce".into();
            boost.boost_of = Some(dags);
            boost.content = String::new();
            boost.sensitive = false;
            boost.url = None;
            posts::insert(w, &boost, &[], &[])?;
            home_timeline::add(w, id)?;
            for who in [anna, bo, chi, dag] {
                likes::add(w, who, bench, &format!("https://x.example/like/{who}"))?;
                notifications::add(w, NotificationKind::Like, who, Some(bench))?;
            }
            likes::add(w, owner, election, "https://x.example/like/own")?;
            notifications::add(w, NotificationKind::Boost, chi, Some(bench))?;
            notifications::add(w, NotificationKind::Follow, anna, None)?;
            notifications::add(w, NotificationKind::Follow, chi, None)?;
            crate::store::node::see_notifications(w, crate::base::id::NotificationId(4))?;
            notifications::add(w, NotificationKind::FollowRequest, ema, None)?;
            notifications::add(w, NotificationKind::Mention, anna, Some(third))?;
            notifications::add(w, NotificationKind::Mention, bo, Some(other))?;
            inbox::store(w, "https://lemmy.example/activities/77", ema, "{\"type\": \"Undo\", \"object\": 7}")?;
            Ok(())
        })
        .unwrap();
    node.store
        .write(move |w| {
            for row in inbox::claim(w, 9, Duration::from_secs(9))? {
                inbox::set_aside(w, row.id, "its object is a number, which names nothing")?;
            }
            for _ in 0..6 {
                hosts::record_failure(w, "mastodon.example", "the connection timed out after 5 seconds")?;
            }
            deliveries::hold_back(w, "fjell.social", w.now.plus(Duration::from_secs(5400)))
        })
        .unwrap();
    later(&node, 14);

    node
}

/// The same server on a busy day: everything the pages can show, to be looked at.
fn busy(host: &str) -> Node {
    let node = lived_in(host);
    let filip = person(&node, "filip", "akkoma.example", "Filip");
    let gro = person(&node, "gro", "gotosocial.example", "Gro");
    let kettle = say(&node, "The kettle sings in G.", Audience::Public, None);
    later(&node, 3);
    let kettle_uri = node.store.read(|r| posts::by_id(r, kettle)).unwrap().uri;
    let edit = PostChange { text: "The kettle sings in G sharp. #stove".into(), ..PostChange::default() };
    publish::edit(&node, kettle, edit).unwrap();
    let said = post(&node, filip, "<p>A house is a slow instrument. You play it by living in it.</p>", |_| {});
    publish::post(&node, NewPost { quote: Some(said), ..draft("This, all winter.", Audience::Public, None) }).unwrap();
    let theirs = post(&node, gro, "<p>Somebody has to write that song down:</p>", |_| {});
    let answer = post(&node, gro, "<p>G sharp? Ours is flat.</p>", move |p| p.reply_to = Some(kettle));
    let title = Some("How to make a bench that does not wobble".to_owned());
    let text = "Three legs never wobble. Four legs need **a flat floor**, patience or a saw.\n\n## The saw\n\n- Shim\n- Mark\n- Cut once";
    let summary = Some("What nine mortises have taught me.".to_owned());
    let draft = NewPost { title, summary, markdown: Some(true), ..draft(text, Audience::Public, None) };
    publish::post(&node, draft).unwrap();
    let furnish = move |w: &crate::store::Write<'_>| {
        quotes::put(w, &granted(theirs, kettle, &kettle_uri))?;
        for (who, emoji) in [(filip, "🎉"), (gro, "🎉"), (gro, "❤️")] {
            let (sign, uri) =
                (ReactionEmoji { name: emoji.into(), url: None }, format!("https://x.example/{who}/{emoji}"));
            reactions::add(w, &Reaction { post_id: kettle, actor_id: who, emoji: sign, uri })?;
        }
        let object_uri = posts::by_id(w, answer)?.uri;
        interaction_requests_in::put(
            w,
            &InteractionRequestIn {
                id: RequestId(0),
                interaction: Interaction::Reply,
                actor_id: gro,
                target_id: kettle,
                object_uri,
                post_id: Some(answer),
                request_uri: None,
                state: interaction_requests_in::RequestState::Pending,
                created_at: w.now,
            },
        )?;
        reports::receive(
            w,
            "https://akkoma.example/flags/1",
            filip,
            &[kettle_uri],
            "The kettle is too loud after ten.",
        )?;
        relays::add(w, "https://relay.example/inbox", relays::RelayStyle::Mastodon, None, "https://x.example/follow")?;
        host_blocks::set(w, &host_blocks::HostBlockRule::manual("spam.example", host_blocks::Severity::Block, "Spam"))
    };
    node.store.write(furnish).unwrap();
    let loud = person(&node, "loud", "spam.example", "Loud");
    node.store.write(move |w| blocks::add(w, loud, None)).unwrap();
    node
}

fn granted(post_id: PostId, quoted: PostId, uri: &str) -> StoredQuote {
    StoredQuote {
        post_id,
        quoted_id: Some(quoted),
        quoted_uri: uri.to_owned(),
        needs_authorization: true,
        state: quotes::QuoteState::Accepted,
        stamp: None,
        request_uri: None,
        failed_checks: 0,
        check_at: None,
    }
}

#[test]
#[ignore = "serves until it is stopped"]
fn sample() {
    let host = "127.0.0.1:8099";
    let (lived, new) = (Arc::new(busy(host)), Arc::new(empty("localhost:8098")));
    let listen = |at: &str| std::net::TcpListener::bind(at).unwrap();
    println!("LINK {}", login::make_login_link(&lived.store, &lived.facts.origin).unwrap());
    println!("NEW {}", login::make_login_link(&new.store, &new.facts.origin).unwrap());
    actix_web::rt::System::new().block_on(async {
        let first = crate::web::serve(lived, listen(host)).unwrap();
        let second = crate::web::serve(new, listen("127.0.0.1:8098")).unwrap();
        let (a, b) = tokio::join!(first, second);
        a.and(b).unwrap();
    });
}
