//! Deliveries: one post to 500 inboxes on 500 hosts, that answer at once or take their time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::http::Connection;
use super::machine;
use super::peers::Peers;
use super::server::{self, Server};
use super::table::{Table, median, number};

/// Hosts, each with one follower.
pub const HOSTS: usize = 500;
const RUNS: usize = 3;

/// A server with followers on so many hosts.
pub fn followed(name: &str, peers: &Arc<Peers>) -> Server {
    let mut server = Server::found(name);
    let documents: Vec<_> = (0..HOSTS).map(|n| peers.document(&peers.host(n))).collect();
    server.seed(move |w| {
        for document in &documents {
            let id = server::know(w, document)?;
            server::be_followed(w, id)?;
        }
        Ok(())
    });
    server.serve();
    server
}

/// Publishes one post.
pub fn post(server: &Server, text: &str) {
    let browser = server.log_in();
    let answer = Connection::open(server.address).unwrap().send(&browser.post(text)).unwrap();
    assert_eq!(answer.code, 303, "{}", answer.text());
}

/// Measures deliveries.
pub fn measure(table: &mut Table) {
    let peers = Peers::open();
    let server = followed("leaving", &peers);
    let (_, sign) = machine::signatures();
    let machine = format!("{} RSA signatures/s, {} bare requests/s", number(sign), number(machine::requests(&peers)));
    table.row("memory with 500 followers, idle", server.memory_at_rest(), "-".to_owned());
    for delay in [0, 100] {
        peers.delay(Duration::from_millis(delay));
        let runs: Vec<Run> = (0..RUNS).map(|n| run(&peers, &server, &format!("To all, {delay}.{n}"))).collect();
        let of = |what: fn(&Run) -> f64| number(median(runs.iter().map(what).collect()));
        let what = if delay == 0 { "at once".to_owned() } else { format!("after {delay} ms") };
        let rates = format!("{}/s, {} ms CPU each", of(|r| r.rate), of(|r| r.cpu));
        table.row(&format!("deliveries to 500 hosts, answering {what}"), rates, machine.clone());
        table.row("  memory meanwhile, at most", format!("{} MB", of(|r| r.memory)), "-".to_owned());
        table.row("  memory afterwards", server.memory_at_rest(), "-".to_owned());
    }
}

struct Run {
    rate: f64,
    cpu: f64,
    memory: f64,
}

fn run(peers: &Peers, server: &Server, text: &str) -> Run {
    peers.forget();
    let (watch, cpu, start) = (server.watch_memory(), server.cpu_ms(), Instant::now());
    post(server, text);
    peers.wait_for(HOSTS);
    let took = start.elapsed().as_secs_f64();
    server.wait_for_none("SELECT count(*) FROM delivery");
    assert_eq!(peers.counts(), (HOSTS, 0), "each once");
    let hosts = f64::from(u32::try_from(HOSTS).unwrap());
    Run { rate: hosts / took, cpu: (server.cpu_ms() - cpu) / hosts, memory: watch.end() }
}
