//! kill -9 in the middle: what is lost, what is done twice.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::arriving::{self, WAITING};
use super::leaving::{self, HOSTS};
use super::peers::Peers;
use super::table::Table;

/// Acknowledged notes at which the server is killed; half as many more are on their way.
const NOTES: usize = 1_000;

/// Measures crashes.
pub fn measure(table: &mut Table) {
    deliveries(table);
    notes(table);
}

fn deliveries(table: &mut Table) {
    let peers = Peers::open();
    let mut server = leaving::followed("crash-leaving", &peers);
    peers.forget();
    peers.delay(Duration::from_millis(100));
    leaving::post(&server, "To all of you, come what may.");
    peers.wait_for(HOSTS / 3);
    server.kill();
    let before = peers.counts().0;
    let flying = server.count("SELECT count(*) FROM delivery WHERE lease_at IS NOT NULL");
    server.serve();
    server.wait_for_none("SELECT count(*) FROM delivery");
    // What the killed server had in flight is still being counted.
    peers.wait_for(HOSTS);
    let (came, again) = peers.counts();
    let figure = format!("{} lost, {again} came twice", HOSTS - came);
    table.row("kill -9 amid 500 deliveries", figure, format!("{before} had been answered, {flying} were in flight"));
}

fn notes(table: &mut Table) {
    let peers = Peers::open();
    let mut server = arriving::following("crash-arriving", &peers);
    let requests: Vec<_> = (0..NOTES * 3 / 2).map(|n| arriving::note(&peers, &server, n)).collect();
    let accepted = AtomicUsize::new(0);
    let (taken, waiting) = thread::scope(|scope| {
        let (address, requests, accepted) = (server.address, &requests, &accepted);
        let sender = scope.spawn(move || arriving::send_all(address, requests, accepted));
        while accepted.load(Ordering::SeqCst) < NOTES && !sender.is_finished() {
            thread::sleep(Duration::from_micros(200));
        }
        server.kill();
        (sender.join().unwrap(), server.count(WAITING))
    });
    server.serve();
    server.wait_for_none(WAITING);
    let kept: HashSet<String> = server.texts("SELECT uri FROM post").into_iter().collect();
    let lost = taken.iter().filter(|n| !kept.contains(&arriving::note_id(&peers, **n))).count();
    let twice = server.count("SELECT count(*) FROM post") - u64::try_from(kept.len()).unwrap();
    let figure = format!("{lost} of {} lost, {twice} twice", taken.len());
    table.row("kill -9 amid acknowledged notes", figure, format!("with {waiting} of them not yet applied"));
}
