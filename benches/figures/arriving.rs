//! What peers send: new followers, notes of people the owner follows, and the flood of Deletes of people nobody here knows.
//! All through HTTP. The door lets 1,000 activities a second pass for long, and three seconds' worth at once: each run stays
//! within that.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Connection;
use super::machine;
use super::peers::Peers;
use super::server::{self, Server};
use super::table::{Table, median, number};

const RUNS: usize = 3;
/// New followers of one run, each on a host of its own.
const FOLLOWERS: usize = 300;
/// Notes, and Deletes, of one run.
const NOTES: usize = 2_500;
/// Followed people they come from.
pub const PEOPLE: usize = 20;
/// Connections they come over.
const CONNECTIONS: usize = 8;
/// How long the door takes to forget a run.
const DOOR: Duration = Duration::from_secs(4);
/// Bytes of the database in use: what rows and indices take, free pages left out.
const BYTES: &str = "SELECT (page_count - freelist_count) * page_size
    FROM pragma_page_count, pragma_freelist_count, pragma_page_size";
/// What waits to be applied.
pub const WAITING: &str = "SELECT count(*) FROM inbox WHERE set_aside_at IS NULL";

/// Measures what peers send.
pub fn measure(table: &mut Table) {
    let peers = Peers::open();
    let (verify, _) = machine::signatures();
    let machine = format!("{} RSA checks/s on one core", number(verify));
    follows(table, &peers, &machine);
    let server = following("arriving", &peers);
    notes(table, &peers, &server, &machine);
    deletes(table, &peers, &server);
    table.row("memory afterwards", server.memory_at_rest(), "-".to_owned());
}

/// A server whose owner follows people.
pub fn following(name: &str, peers: &Peers) -> Server {
    let mut server = Server::found(name);
    let documents: Vec<_> = (0..PEOPLE).map(|n| peers.document(&peers.host(n))).collect();
    server.seed(move |w| {
        for document in &documents {
            let id = server::know(w, document)?;
            server::follow(w, id)?;
        }
        Ok(())
    });
    server.serve();
    server
}

/// Sends all requests, a share over each connection, until told to stop or the server goes away. Returns which were
/// answered with 202.
pub fn send_all(address: SocketAddr, requests: &[Vec<u8>], accepted: &AtomicUsize) -> Vec<usize> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let hands: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut taken = Vec::new();
                    let Ok(mut connection) = Connection::open(address) else { return taken };
                    loop {
                        let n = next.fetch_add(1, Ordering::SeqCst);
                        let Some(request) = requests.get(n) else { return taken };
                        loop {
                            match connection.send(request).map(|answer| answer.code) {
                                Ok(202) => {
                                    taken.push(n);
                                    accepted.fetch_add(1, Ordering::SeqCst);
                                }
                                // Asked to come again.
                                Ok(503) => continue,
                                Ok(code) => panic!("{code} for {}", String::from_utf8_lossy(request)),
                                Err(_) => return taken,
                            }
                            break;
                        }
                    }
                })
            })
            .collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    })
}

fn per_second(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
}

fn follows(table: &mut Table, peers: &Peers, machine: &str) {
    let server = Server::start("follows");
    let (mut rates, mut cpus) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let requests: Vec<_> = (0..FOLLOWERS).map(|n| follow(peers, &server, 1000 + run * FOLLOWERS + n)).collect();
        peers.forget();
        let (cpu, start) = (server.cpu_ms(), Instant::now());
        let accepted = send_all(server.address, &requests, &AtomicUsize::new(0));
        assert_eq!(accepted.len(), FOLLOWERS);
        peers.wait_for(FOLLOWERS);
        rates.push(per_second(FOLLOWERS, start.elapsed()));
        server.wait_for_none("SELECT count(*) FROM delivery");
        assert_eq!(peers.counts(), (FOLLOWERS, 0), "an Accept each");
        cpus.push((server.cpu_ms() - cpu) / f64::from(u32::try_from(FOLLOWERS).unwrap()));
    }
    let figure = format!("{}/s, {} ms CPU each", number(median(rates)), number(median(cpus)));
    table.row("new followers: key fetched, Accept delivered", figure, machine.to_owned());
}

fn follow(peers: &Peers, server: &Server, n: usize) -> Vec<u8> {
    let actor = peers.actor(n);
    let activity = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{actor}/follows/1"), "type": "Follow",
        "actor": actor, "object": server.owner(),
    });
    peers.signed(n, &server.host(), &activity)
}

fn notes(table: &mut Table, peers: &Peers, server: &Server, machine: &str) {
    let (mut taken, mut done, mut cpus) = (Vec::new(), Vec::new(), Vec::new());
    let watch = server.watch_memory();
    let before = server.count(BYTES);
    for run in 0..RUNS {
        let requests: Vec<_> = (0..NOTES).map(|n| note(peers, server, run * NOTES + n)).collect();
        let (cpu, start) = (server.cpu_ms(), Instant::now());
        assert_eq!(send_all(server.address, &requests, &AtomicUsize::new(0)).len(), NOTES);
        taken.push(per_second(NOTES, start.elapsed()));
        server.wait_for_none(WAITING);
        done.push(per_second(NOTES, start.elapsed()));
        cpus.push((server.cpu_ms() - cpu) / f64::from(u32::try_from(NOTES).unwrap()));
        thread::sleep(DOOR);
    }
    assert_eq!(server.count("SELECT count(*) FROM home"), u64::try_from(RUNS * NOTES).unwrap(), "all are at home");
    let figure = format!("{}/s", number(median(taken)));
    table.row("verified activities (notes of followed people), accepted", figure, machine.to_owned());
    let figure = format!("{}/s, {} ms CPU each", number(median(done)), number(median(cpus)));
    table.row("  the same, until the last is applied", figure, format!("{} commits/s", number(machine::commits())));
    let bytes = (server.count(BYTES) - before) / u64::try_from(RUNS * NOTES).unwrap();
    table.row("  database per remote post, indexes and seen ids included", format!("{bytes} bytes"), "-".to_owned());
    table.row("  memory meanwhile, at most", format!("{} MB", number(watch.end())), "-".to_owned());
}

/// The id of a note.
pub fn note_id(peers: &Peers, n: usize) -> String {
    format!("{}/posts/{n}", peers.actor(n % PEOPLE))
}

/// A signed Create of a note, as Mastodon sends it.
pub fn note(peers: &Peers, server: &Server, n: usize) -> Vec<u8> {
    let (actor, id) = (peers.actor(n % PEOPLE), note_id(peers, n));
    let at = hytte::base::Clock::system().now().rfc3339();
    let (to, cc) = (["https://www.w3.org/ns/activitystreams#Public"], [format!("{actor}/followers")]);
    let content = format!(
        "<p>Note number {n}. The ferry was late again, so we walked along the quay and counted gulls. \
         <a href=\"http://{host}/tags/ferry\" class=\"mention hashtag\" rel=\"tag\">#<span>ferry</span></a></p>",
        host = peers.host(n % PEOPLE),
    );
    let object = json!({
        "id": id, "type": "Note", "summary": null, "inReplyTo": null, "published": at, "url": format!("{id}.html"),
        "attributedTo": actor, "to": to, "cc": cc, "sensitive": false, "content": content,
        "contentMap": { "en": content }, "attachment": [],
        "tag": [{ "type": "Hashtag", "href": format!("http://{}/tags/ferry", peers.host(n % PEOPLE)), "name": "#ferry" }],
        "replies": { "id": format!("{id}/replies"), "type": "Collection",
            "first": { "type": "CollectionPage", "next": format!("{id}/replies?page=1"), "items": [] } },
    });
    let activity: Value = json!({
        "@context": ["https://www.w3.org/ns/activitystreams", { "ostatus": "http://ostatus.org#",
            "sensitive": "as:sensitive", "Hashtag": "as:Hashtag", "toot": "http://joinmastodon.org/ns#" }],
        "id": format!("{id}/activity"), "type": "Create", "actor": actor, "published": at, "to": to, "cc": cc,
        "object": object,
    });
    peers.signed(n % PEOPLE, &server.host(), &activity)
}

fn deletes(table: &mut Table, peers: &Peers, server: &Server) {
    let (mut rates, mut cpus) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        let requests: Vec<_> = (0..NOTES).map(|n| delete(peers, server, 100_000 + run * NOTES + n)).collect();
        let (cpu, start) = (server.cpu_ms(), Instant::now());
        assert_eq!(send_all(server.address, &requests, &AtomicUsize::new(0)).len(), NOTES);
        rates.push(per_second(NOTES, start.elapsed()));
        cpus.push((server.cpu_ms() - cpu) / f64::from(u32::try_from(NOTES).unwrap()));
        thread::sleep(DOOR);
    }
    let figure = format!("{}/s, {} ms CPU each", number(median(rates)), number(median(cpus)));
    table.row("Deletes of people nobody knows", figure, "-".to_owned());
}

fn delete(peers: &Peers, server: &Server, n: usize) -> Vec<u8> {
    let actor = peers.actor(n);
    let activity = json!({
        "@context": "https://www.w3.org/ns/activitystreams", "id": format!("{actor}#delete"), "type": "Delete",
        "actor": actor, "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": actor,
    });
    peers.signed(n, &server.host(), &activity)
}
