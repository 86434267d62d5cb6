//! The owner's own acts: publishing, and looking at a long home timeline.

use std::thread;
use std::time::Instant;

use hytte::ap::activity::Activity;
use hytte::base::{Clock, Result};
use hytte::social;
use hytte::store::{Write, actors};
use serde_json::json;

use super::http::Connection;
use super::machine;
use super::peers::Peers;
use super::server::{self, Server};
use super::table::{Table, median, number};

const RUNS: usize = 5;
/// Posts of one run.
const POSTS: usize = 200;
/// Browsers that post at the same time in the second figure.
const BROWSERS: usize = 8;
/// Posts on the home timeline, and of how many people.
const HOME: usize = 10_000;
const PEOPLE: usize = 20;
/// Times the page is fetched.
const LOOKS: usize = 60;

/// Measures the owner's acts.
pub fn measure(table: &mut Table) {
    let server = Server::start("posting");
    let commits = machine::commits();
    let beside = format!("{} commits/s", number(commits));
    let alone = median((0..RUNS).map(|run| rate(&server, 1, run)).collect());
    table.row("posts, one after the other", format!("{}/s", number(alone)), beside.clone());
    let before = server.cpu_ms();
    let together = median((0..RUNS).map(|run| rate(&server, BROWSERS, RUNS + run)).collect());
    let cpu = (server.cpu_ms() - before) / f64::from(u32::try_from(RUNS * POSTS).unwrap());
    table.row(
        &format!("posts, {BROWSERS} at a time"),
        format!("{}/s, {} ms CPU each", number(together), number(cpu)),
        beside,
    );
    table.row("memory after 2,000 posts", server.memory_at_rest(), "-".to_owned());
    drop(server);
    home(table);
}

fn rate(server: &Server, browsers: usize, run: usize) -> f64 {
    let browser = server.log_in();
    let start = Instant::now();
    thread::scope(|scope| {
        for n in 0..browsers {
            let browser = browser.clone();
            scope.spawn(move || {
                let mut connection = Connection::open(server.address).unwrap();
                for post in 0..POSTS / browsers {
                    let text = format!("Post {run}.{n}.{post}: morning fog over the fjord, then sun. #weather");
                    let answer = connection.send(&browser.post(&text)).unwrap();
                    assert_eq!(answer.code, 303, "{}", answer.text());
                }
            });
        }
    });
    f64::from(u32::try_from(POSTS / browsers * browsers).unwrap()) / start.elapsed().as_secs_f64()
}

fn home(table: &mut Table) {
    let peers = Peers::open();
    let mut server = Server::found("home");
    let documents: Vec<_> = (0..PEOPLE).map(|n| peers.document(&peers.host(n))).collect();
    server.seed(move |w| {
        for document in &documents {
            let id = server::know(w, document)?;
            server::follow(w, id)?;
        }
        Ok(())
    });
    let uris: Vec<String> = (0..PEOPLE).map(|n| peers.actor(n)).collect();
    server.seed(move |w| fill(w, &uris));
    server.serve();
    let browser = server.log_in();
    let mut connection = Connection::open(server.address).unwrap();
    let looks = (0..LOOKS).map(|_| {
        let start = Instant::now();
        let answer = connection.send(&browser.get("/")).unwrap();
        assert!(answer.code == 200 && answer.body.len() > 10_000, "{}", answer.code);
        start.elapsed().as_secs_f64() * 1000.0
    });
    let looks: Vec<f64> = looks.collect();
    let nodeinfo = (0..LOOKS).map(|_| {
        let start = Instant::now();
        assert_eq!(connection.send(&browser.get("/robots.txt")).unwrap().code, 200);
        start.elapsed().as_secs_f64() * 1000.0
    });
    let bare = format!("{} ms for robots.txt", number(median(nodeinfo.collect())));
    table.row("home page, 10,000 posts", format!("{} ms", number(median(looks))), bare);
    table.row("memory then", server.memory_at_rest(), "-".to_owned());
}

fn fill(w: &Write<'_>, uris: &[String]) -> Result<()> {
    for n in 0..HOME {
        let uri = &uris[n % uris.len()];
        let sender = actors::by_uri(w, uri)?.expect("it was made known");
        let at = Clock::system().now();
        let id = format!("{uri}/posts/{n}");
        let activity = json!({
            "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{id}/activity"), "type": "Create",
            "actor": uri, "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": {
                "id": id, "type": "Note", "attributedTo": uri, "published": at.rfc3339_millis(),
                "to": ["https://www.w3.org/ns/activitystreams#Public"], "cc": [format!("{uri}/followers")],
                "content": format!("<p>Post number {n}, of middling length, with a <a href=\"https://example.org/\">link</a>.</p>"),
            },
        });
        social::receive(w, &sender, &Activity::read(activity)?)?;
    }
    Ok(())
}
