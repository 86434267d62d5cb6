//! What client apps read: home, notifications, search and hashtags, with ten thousand, a hundred thousand and a million stored
//! posts. The posts are written by the store's own functions, so that every index and prepared table is as in life; the
//! same each time. A list must cost the same however much lies behind it: the last rows say by how much it does not.
//!
//! Each is asked for in three ways, for the server keeps what it has just shown until something is written, and for a second at
//! most: over and over, as any other server is measured that keeps what it has read (`web/api/response_cache.rs`); in other words each
//! time, so that the answer is put together from statuses shown before (`web/api/status_cache.rs`); and each time after a write, so that
//! everything is read and made anew.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hytte::base::id::{ActorId, ListId, MediaId, PostId, first_at};
use hytte::base::{Audience, Clock, Result, Time};
use hytte::store::notifications::{self, NotificationKind};
use hytte::store::posts::attachments::{self, PostAttachment};
use hytte::store::posts::post_metadata::PostMetadata;
use hytte::store::posts::{self, Post, PostHashtag, PostMention};
use hytte::store::timelines::lists::{self, ListReplies, StoredList};
use hytte::store::{self, Write, actors, posts::likes, timelines::home_timeline};

use super::http::{self, Connection};
use super::peers::Peers;
use super::server::{self, Server};
use super::table::{Table, number};

/// Stored posts, boosts among them.
const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];
/// People the owner follows, who wrote them.
const PEOPLE: usize = 300;
/// Posts written in one transaction.
const BATCH: usize = 20_000;
/// Every so many posts there is a notification.
const PER_NOTIFICATION: usize = 10;
/// Time from one post to the next: a million make two years.
const STEP: Duration = Duration::from_secs(60);
/// Requests that warm up, and those each of which is timed.
const WARM: usize = 40;
const TIMED: usize = 500;
/// How long it is asked over all connections at once, and over how many.
const LONG: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 4;
/// What a server in Go, warm, answers a second on two cores: 20 posts, and 40 at its best.
const GO: [(usize, f64); 2] = [(20, 2_700.0), (40, 1_400.0)];

/// What is asked: name, path; `MIDDLE` stands for the id of a post in the middle of all.
const ASKED: [(&str, &str); 10] = [
    ("home, 40 posts", "/api/v1/timelines/home?limit=40"),
    ("home, 20 posts", "/api/v1/timelines/home?limit=20"),
    ("home, 40 posts from the middle", "/api/v1/timelines/home?limit=40&max_id=MIDDLE"),
    ("notifications, 40", "/api/v1/notifications?limit=40"),
    ("notifications in groups, 40", "/api/v2/notifications?limit=40"),
    ("a list of 30 people, 40 posts", "/api/v1/timelines/list/1?limit=40"),
    ("hashtag, 40 posts", "/api/v1/timelines/tag/weather?limit=40"),
    ("search, 20 posts with a frequent word", "/api/v2/search?q=gulls&type=statuses&limit=20"),
    ("search, 20 posts with two words, one rare", "/api/v2/search?q=quay+numberless&type=statuses&limit=20"),
    ("search, 20 accounts", "/api/v2/search?q=ann&type=accounts&limit=20"),
];

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Way {
    Again,
    OtherWords,
    AfterWrite,
}

impl Way {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Again, "again"), (Self::OtherWords, "in other words"), (Self::AfterWrite, "after a write")];
}

/// One figure of one size. After writes, which go to the disk one by one, `rate` is what two cores can do in that CPU time.
struct Seen {
    p50: f64,
    p99: f64,
    rate: f64,
    cpu: f64,
}

/// Figures by name and way.
type All = HashMap<(&'static str, Way), Seen>;

/// One request after the other, each in the way it is asked.
struct Questions {
    host: String,
    headers: Vec<(String, String)>,
    path: String,
    way: Way,
    count: AtomicU32,
}

/// Measures what apps read.
pub fn measure(table: &mut Table) {
    let peers = Peers::open();
    let mut server = Server::found("reading");
    let documents: Vec<_> = (0..PEOPLE).map(|n| peers.document(&peers.host(n))).collect();
    let people = server.seed(move |w| {
        let mut people = Vec::new();
        for document in &documents {
            let id = server::know(w, document)?;
            server::follow(w, id)?;
            people.push(id);
        }
        let friends =
            StoredList { id: ListId(1), title: "Friends".to_owned(), replies: ListReplies::List, exclusive: false };
        let friends = lists::add(w, &friends)?;
        for id in people.iter().step_by(10) {
            lists::add_member(w, friends, *id)?;
        }
        Ok(people)
    });
    let token =
        server.run(&["token", "--scopes", "read write"]).split_whitespace().last().unwrap_or_default().to_owned();
    let begin = Clock::system().now().minus(STEP * u32::try_from(SIZES[2]).unwrap());
    let mut all: Vec<All> = Vec::new();
    let mut written = 0;
    for size in SIZES {
        let start = Instant::now();
        while written < size {
            let (from, to, people) = (written, (written + BATCH).min(size), people.clone());
            server.seed(move |w| fill(w, &people, begin, from..to));
            written = to;
        }
        eprintln!("  {} posts stored after {:.0} s", whole(size), start.elapsed().as_secs_f64());
        server.serve();
        all.push(look(table, &server, &token, size, first_at(at(begin, size / 2))));
        table.row("  memory then", server.memory_at_rest(), "-".to_owned());
        server.stop();
    }
    for (name, _) in ASKED {
        for (way, said) in Way::ALL {
            let (Some(few), Some(many)) = (all[0].get(&(name, way)), all[2].get(&(name, way))) else { continue };
            let ratio = |of: fn(&Seen) -> f64| format!("{:.2}", of(many) / of(few));
            let figure =
                format!("{} by CPU, {} by p50, {} by p99", ratio(|s| s.cpu), ratio(|s| s.p50), ratio(|s| s.p99));
            table.row(&format!("a million posts to ten thousand: {name}, {said}"), figure, "1.00 is flat".to_owned());
        }
    }
}

fn whole(n: usize) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|part| std::str::from_utf8(part).unwrap()).collect();
    groups.join(",")
}

fn look(table: &mut Table, server: &Server, token: &str, size: usize, middle: i64) -> All {
    let headers = [("Authorization".to_owned(), format!("Bearer {token}"))];
    let question = |path: &str, way| Questions {
        host: server.host(),
        headers: headers.to_vec(),
        path: path.replace("MIDDLE", &middle.to_string()),
        way,
        count: AtomicU32::new(0),
    };
    let bare = over_all(server, &question("/robots.txt?", Way::Again)).0;
    let mut seen = HashMap::new();
    for (name, path) in ASKED {
        for (way, said) in Way::ALL {
            let what = format!("{name}, {said}, {} stored", whole(size));
            let questions = question(path, way);
            let answer = Connection::open(server.address).unwrap().send(&questions.next()).unwrap();
            if answer.code != 200 {
                table.row(&what, format!("answered {}", answer.code), "-".to_owned());
                continue;
            }
            let figure = ask(server, &questions);
            let said = told(&figure, name, way, answer.body.len());
            table.row(&what, said, format!("robots.txt {}/s", number(bare)));
            seen.insert((name, way), figure);
        }
    }
    seen
}

fn told(figure: &Seen, name: &str, way: Way, bytes: usize) -> String {
    let is_go = |(posts, _): &&(usize, f64)| name == format!("home, {posts} posts");
    let times = GO.iter().find(is_go).map(|(_, rate)| format!(", {:.1} × a server in Go", figure.rate / rate));
    let measured = if way == Way::AfterWrite { "by CPU" } else { "measured" };
    format!(
        "p50 {} ms, p99 {} ms, {} ms CPU each, {}/s {measured}{}, {} KB",
        number(figure.p50),
        number(figure.p99),
        number(figure.cpu),
        number(figure.rate),
        times.unwrap_or_default(),
        bytes / 1000,
    )
}

impl Questions {
    fn get(&self, path: &str) -> Vec<u8> {
        http::request("GET", path, &self.host, &self.headers, b"")
    }

    fn next(&self) -> Vec<u8> {
        match self.way {
            Way::OtherWords => self.get(&format!("{}&n={}", self.path, self.count.fetch_add(1, Ordering::Relaxed))),
            Way::Again | Way::AfterWrite => self.get(&self.path),
        }
    }

    /// The smallest write an app makes all the time: how far its owner has read.
    fn write(&self) -> Vec<u8> {
        let path = format!("/api/v1/markers?home[last_read_id]={}", self.count.fetch_add(1, Ordering::Relaxed));
        http::request("POST", &path, &self.host, &self.headers, b"")
    }
}

fn ask(server: &Server, questions: &Questions) -> Seen {
    let mut connection = Connection::open(server.address).unwrap();
    let mut send = |request: Vec<u8>| assert_eq!(connection.send(&request).unwrap().code, 200);
    let mut once = || {
        if questions.way == Way::AfterWrite {
            send(questions.write());
        }
        let (request, start) = (questions.next(), Instant::now());
        send(request);
        start.elapsed().as_secs_f64() * 1000.0
    };
    for _ in 0..WARM {
        once();
    }
    let before = server.cpu_ms();
    let mut times: Vec<f64> = (0..TIMED).map(|_| once()).collect();
    times.sort_by(f64::total_cmp);
    let with_writes = server.cpu_ms() - before;
    let (rate, cpu) = if questions.way == Way::AfterWrite {
        let before = server.cpu_ms();
        (0..TIMED).for_each(|_| send(questions.write()));
        let writes = server.cpu_ms() - before;
        let cpu = (with_writes - writes) / f64::from(u32::try_from(TIMED).unwrap());
        (2000.0 / cpu, cpu)
    } else {
        over_all(server, questions)
    };
    Seen { p50: times[TIMED / 2], p99: times[TIMED * 99 / 100], rate, cpu }
}

/// Requests a second over all connections, and the server's CPU time for each in ms.
fn over_all(server: &Server, questions: &Questions) -> (f64, f64) {
    let (before, start) = (server.cpu_ms(), Instant::now());
    let answered: usize = thread::scope(|scope| {
        let hand = || {
            let mut connection = Connection::open(server.address).unwrap();
            let mut answered = 0;
            while start.elapsed() < LONG {
                assert_eq!(connection.send(&questions.next()).unwrap().code, 200);
                answered += 1;
            }
            answered
        };
        let hands: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(hand)).collect();
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    let answered = f64::from(u32::try_from(answered).unwrap());
    (answered / start.elapsed().as_secs_f64(), (server.cpu_ms() - before) / answered)
}

fn at(begin: Time, n: usize) -> Time {
    begin.plus(STEP * u32::try_from(n).unwrap())
}

/// Writes posts `which` of the people, and what comes with them.
fn fill(w: &Write<'_>, people: &[ActorId], begin: Time, which: std::ops::Range<usize>) -> Result<()> {
    let authors = actors::by_ids(w, people)?;
    let owner = actors::by_id(w, store::node::owner(w)?)?;
    let id = |n: usize| PostId(first_at(at(begin, n)));
    for n in which {
        let own = n % 50 == 0;
        let author = if own { &owner } else { &authors[n * 7 % authors.len()] };
        let other = &authors[n * 11 % authors.len()];
        let published_at = at(begin, n);
        let uri = format!("{}/posts/{n}", author.uri);
        // Every eighth is a boost of a post that is none.
        let boost_of = (n % 8 == 7 && !own && n > 100).then(|| id((n - 64) / 8 * 8 + 1));
        let reply = (n % 10 == 3 && n > 100).then(|| n - 3 - (n - 3) % 8);
        let parent = reply.map(|p| {
            if p % 50 == 0 {
                format!("{}/posts/{p}", owner.uri)
            } else {
                format!("{}/posts/{p}", authors[p * 7 % authors.len()].uri)
            }
        });
        let post = Post {
            id: id(n),
            url: Some(format!("{uri}.html")),
            actor_id: author.id,
            kind: if boost_of.is_some() { "Announce" } else { "Note" }.to_owned(),
            boost_of,
            audience: Audience::Public,
            reply_to: reply.filter(|_| boost_of.is_none()).map(id),
            reply_to_uri: parent.filter(|_| boost_of.is_none()),
            context_uri: None,
            title: None,
            warning: (n % 12 == 5).then(|| "weather".to_owned()),
            content: if boost_of.is_some() { String::new() } else { content(n, &other.uri) },
            source: own.then(|| "as typed".to_owned()),
            language: Some("en".to_owned()),
            sensitive: n % 12 == 5,
            emoji: Vec::new(),
            metadata: PostMetadata::default(),
            published_at,
            edited_at: (n % 40 == 9).then_some(published_at),
            received_at: published_at,
            uri,
        };
        let names = n % 5 == 1 && boost_of.is_none();
        let mention = PostMention { uri: other.uri.clone(), handle: other.handle(), url: other.url.clone() };
        let tag = PostHashtag { name: "weather".to_owned(), display_name: "Weather".to_owned() };
        let mentions = if names { vec![mention] } else { Vec::new() };
        let tags = if n % 4 == 2 && boost_of.is_none() { vec![tag] } else { Vec::new() };
        posts::insert(w, &post, &mentions, &tags)?;
        home_timeline::add(w, post.id)?;
        for list in lists::of_member(w, author.id)? {
            lists::add_post(w, list.id, post.id, None)?;
        }
        if n % 6 == 4 && boost_of.is_none() {
            attachments::add(w, &picture(&post, n), 0)?;
        }
        if n % 3 == 0 && boost_of.is_none() {
            likes::add(w, other.id, post.id, &format!("{}/likes/{n}", other.uri))?;
        }
        if n % PER_NOTIFICATION == 0 {
            notify(w, n, id(n / 50 * 50), other.id)?;
        }
    }
    Ok(())
}

fn content(n: usize, named: &str) -> String {
    let rare = if n % 400 == 1 { " numberless" } else { "" };
    format!(
        "<p>Post number {n}{rare}: the ferry was late again, so we walked along the quay and counted gulls. <a href=\"{named}\" \
         class=\"u-url mention\">@<span>ann</span></a> says that it will rain until the weekend, which is as well, for the \
         roof has been mended.</p><p><a href=\"https://example.org/{n}\" rel=\"nofollow noopener\" target=\"_blank\">a link\
         </a></p>"
    )
}

fn picture(post: &Post, n: usize) -> PostAttachment {
    PostAttachment {
        id: MediaId(0),
        post_id: Some(post.id),
        media_type: "image/jpeg".to_owned(),
        url: Some(format!("http://peer1.localhost/media/{n}.jpg")),
        file: None,
        preview: None,
        alt: "Gulls on a quay, and behind them the ferry, late".to_owned(),
        width: Some(1600),
        height: Some(1200),
        blurhash: Some("LEHV6nWB2yk8pyo0adR*.7kCMdnj".to_owned()),
        focus: None,
        still: None,
        seconds: None,
    }
}

/// Somebody did something with a post of the owner's.
fn notify(w: &Write<'_>, n: usize, about: PostId, who: ActorId) -> Result<()> {
    let kinds = [NotificationKind::Like, NotificationKind::Boost, NotificationKind::Mention];
    notifications::add(w, kinds[n / PER_NOTIFICATION % kinds.len()], who, Some(about))
}
