//! How fast deliveries go out, and what they cost: `cargo bench --bench deliver`. Everything is on loopback; the peers run in
//! a process of their own, so that memory is ours alone. Beside each figure stands what the machine can do at all.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use hytte::app::RunningServer;
use hytte::base::config::Origin;
use hytte::base::{Audience, Clock, Config, Result};
use hytte::federation::{Node, owner::identity};
use hytte::net::{Knock, NameSource, PostMessage};
use hytte::sig::PrivateKey;
use hytte::store::queue::deliveries::{self, DeliveryFailure, DeliveryTarget, StoredActivity};
use hytte::store::{Store, Write, node, peers::hosts};

const HOSTS: usize = 500;
const PEERS: &str = "HYTTE_BENCH_PEERS";

fn main() {
    if std::env::var_os(PEERS).is_some() {
        return peers();
    }
    let peers = Peers::start();
    println!("{:<58}{:>12}   {:>9}  {:>9}", "", "per second", "memory", "peak");
    machine(&peers);
    let (quick, slow) = ("quick", "slow");
    deliver(&peers, "one post to 500 inboxes on 500 hosts", quick, 1, None);
    deliver(&peers, "20 posts to each of them", quick, 20, None);
    deliver(&peers, "the same, peers answer after 100 ms", slow, 1, None);
    deliver(&peers, "20 posts to each of them", slow, 20, None);
    deliver(&peers, "the same, one of the hosts hangs", slow, 20, Some("hanging"));
    deliver(&peers, "as the second, one of the hosts hangs", quick, 20, Some("hanging"));
    thread::sleep(Duration::from_secs(3));
    println!("{:<70}   {:>6.1} MB", "three seconds later, idle", memory().0 as f64 / 1024.0);
    queue();
}

/// A line of the table: what, how many in how long, memory at the end and at most.
fn row(what: &str, count: usize, took: Duration, memory: Option<(u64, u64)>) {
    let rate = count as f64 / took.as_secs_f64();
    let memory = memory.map_or(String::new(), |(now, peak)| {
        format!("{:>6.1} MB  {:>6.1} MB", now as f64 / 1024.0, peak as f64 / 1024.0)
    });
    println!("{what:<58}{rate:>12.0}   {memory}");
}

/// What this machine can do at all.
fn machine(peers: &Peers) {
    let key = Arc::new(PrivateKey::generate().unwrap());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let sign = |threads: usize| {
        let begun = Instant::now();
        thread::scope(|scope| {
            (0..threads)
                .for_each(|_| drop(scope.spawn(|| (0..1000).for_each(|_| drop(key.sign(b"message").unwrap())))));
        });
        begun.elapsed()
    };
    row("the machine: RSA-2048 signatures, one core", 1000, sign(1), None);
    row(&format!("the machine: RSA-2048 signatures, {cores} cores"), 1000 * cores, sign(cores), None);
    let home = Home::new(peers);
    let net = &home.app.node.net;
    let begun = Instant::now();
    thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || (0..500).for_each(|n| post(net, &inbox(thread * 7 + n, "quick"))));
        }
    });
    row("the machine: unsigned loopback requests, 8 threads", 4000, begun.elapsed(), None);
    let path = home.folder.join("fsync");
    let mut file = File::create(&path).unwrap();
    let begun = Instant::now();
    for _ in 0..200 {
        file.write_all(&[1; 4096]).unwrap();
        file.sync_data().unwrap();
    }
    row("the machine: fsyncs, one after the other", 200, begun.elapsed(), None);
}

fn post(net: &hytte::net::Net, url: &str) {
    let now = Clock::system().now();
    let knock = Knock::default();
    net.post(PostMessage { url, body: b"{}", content_type: "application/json", signer: None, knock, extra: &[], now })
        .unwrap();
}

fn inbox(n: usize, manner: &str) -> String {
    format!("http://h{}.example/{manner}/inbox", n % HOSTS)
}

/// Queues `posts` for all hosts, then lets the threads loose and waits until all has arrived.
fn deliver(peers: &Peers, what: &str, manner: &str, posts: usize, odd: Option<&str>) {
    let home = Home::new(peers);
    let targets = targets(0..HOSTS, |n| match odd {
        Some(odd) if n == HOSTS / 2 => odd.to_owned(),
        _ => manner.to_owned(),
    });
    for n in 0..posts {
        let targets = targets.clone();
        home.app.node.store.write(move |w| enqueue(w, n, &targets)).unwrap();
    }
    let left = if odd.is_some() { u32::try_from(posts).unwrap() } else { 0 };
    reset_peak();
    let begun = Instant::now();
    home.app.start().unwrap();
    while home.app.node.store.read(deliveries::count).unwrap() > left {
        thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    row(what, HOSTS * posts - left as usize, took, Some(memory()));
    peers.let_go();
    home.app.stop();
}

/// What the queue itself costs, without its commits.
fn queue() {
    println!("\n{:<58}{:>12}", "the queue, inside one transaction", "each");
    let line = |what: &str, took: Duration| println!("{what:<58}{:>9.3} ms", took.as_secs_f64() * 1e3);
    let home = Home::bare();
    let store = &home.app.node.store;
    let many = targets(0..30_000, |_| "quick".to_owned());
    line("queue a post for 30,000 inboxes on 30,000 hosts", timed(store, move |w| enqueue(w, 1, &many)));
    let claims = |w: &Write<'_>| (0..100).try_for_each(|_| deliveries::claim(w, Duration::from_secs(40)).map(drop));
    line("claim, 30,000 ready", timed(store, claims) / 100);
    let lose = |w: &Write<'_>| {
        for _ in 0..3_000 {
            let claim = deliveries::claim(w, Duration::from_secs(40))?.unwrap();
            deliveries::postpone(w, &claim, w.now.plus(Duration::from_secs(60)), DeliveryFailure::Unreachable, "away")?;
            (0..5).try_for_each(|_| hosts::record_failure(w, &claim.host, "away"))?;
        }
        Ok(())
    };
    line("claim, fail and open the breaker, 27,000 ready", timed(store, lose) / 3_000);
    line("claim, 3,000 hosts dead, 27,000 ready", timed(store, claims) / 100);
    let due = timed(store, |w| (0..100).try_for_each(|_| deliveries::next_due(w).map(drop)));
    line("look when the next is due", due / 100);
    let home = Home::bare();
    let store = &home.app.node.store;
    for (n, hosts) in [(0, 3_000), (1, 3_000)] {
        let dead = targets(0..hosts, |_| format!("quick/{n}"));
        store.write(move |w| enqueue(w, n, &dead)).unwrap();
    }
    store
        .write(|w| (0..3_000).try_for_each(|n| (0..5).try_for_each(|_| hosts::record_failure(w, &host(n), "away"))))
        .unwrap();
    line("claim, nothing but 3,000 dead hosts", timed(store, claims) / 100);
    let home = Home::bare();
    let store = &home.app.node.store;
    let one: Vec<DeliveryTarget> = (0..30_000)
        .map(|n| DeliveryTarget {
            urgency: 1,
            inbox: format!("http://big.example/{n}/inbox"),
            host: "big.example".into(),
        })
        .collect();
    store.write(move |w| enqueue(w, 1, &one)).unwrap();
    line("claim, 30,000 inboxes of one host, four in flight", timed(store, claims) / 100);
}

fn timed(store: &Store, act: impl FnOnce(&Write<'_>) -> Result<()> + Send + 'static) -> Duration {
    let timed = store.write(|w| {
        let begun = Instant::now();
        act(w)?;
        Ok(begun.elapsed())
    });
    timed.unwrap()
}

fn host(n: usize) -> String {
    format!("h{n}.example")
}

fn targets(hosts: std::ops::Range<usize>, manner: impl Fn(usize) -> String) -> Vec<DeliveryTarget> {
    let target =
        |n| DeliveryTarget { urgency: 1, inbox: format!("http://{}/{}/inbox", host(n), manner(n)), host: host(n) };
    hosts.map(target).collect()
}

/// Queues a public post of ordinary length.
fn enqueue(w: &Write<'_>, n: usize, targets: &[DeliveryTarget]) -> Result<()> {
    let id = deliveries::next_activity_id(w)?;
    let activity = StoredActivity {
        id,
        uri: format!("https://here.example/users/me/activities/{id}"),
        object_uri: format!("https://here.example/users/me/statuses/{n}"),
        audience: Audience::Public,
        signer: node::key_of(w, node::owner(w)?)?.uri,
        author: None,
        document: format!("{{\"content\":\"{}\"}}", "words ".repeat(300)),
    };
    deliveries::enqueue(w, &activity, targets)
}

/// A founded node in a folder that goes with it.
struct Home {
    app: RunningServer,
    folder: PathBuf,
}

impl Home {
    fn new(peers: &Peers) -> Self {
        Self::in_world((0..HOSTS).map(|n| (host(n), peers.address)).collect())
    }

    fn bare() -> Self {
        Self::in_world(HashMap::new())
    }

    fn in_world(world: HashMap<String, SocketAddr>) -> Self {
        let folder = std::env::temp_dir().join(format!("hytte-bench-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        let store = Store::open(&folder, Clock::system()).unwrap();
        let (scheme, host) = ("https".to_owned(), "here.example".to_owned());
        identity::create_node(&store, &Origin { scheme, domain: host.clone(), host }).unwrap();
        identity::name_owner(&store, "me").unwrap();
        let names = NameSource::Test(Arc::new(RwLock::new(world)));
        let node = Node::open(Config { data: folder.clone(), ..Config::default() }, store, names).unwrap();
        Self { app: RunningServer::with(node), folder }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Memory of this process in KB: now, and at most since [`reset_peak`].
fn memory() -> (u64, u64) {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn reset_peak() {
    drop(fs::write("/proc/self/clear_refs", "5"));
}

/// The process where the peers live.
struct Peers {
    process: Child,
    address: SocketAddr,
}

impl Peers {
    fn start() -> Self {
        let exe = std::env::current_exe().unwrap();
        let mut process =
            Command::new(exe).env(PEERS, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap() }
    }

    /// Hanging requests are hung up on.
    fn let_go(&self) {
        let mut stdin = self.process.stdin.as_ref().unwrap();
        stdin.write_all(b"\n").unwrap();
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// What the peers' process does: answers 202, in the manner the first word of the path says.
fn peers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let hang: Arc<(Mutex<usize>, Condvar)> = Arc::default();
    let signal = hang.clone();
    thread::spawn(move || {
        let mut byte = [0];
        while std::io::stdin().read(&mut byte).is_ok_and(|n| n > 0) {
            *signal.0.lock().unwrap() += 1;
            signal.1.notify_all();
        }
    });
    for stream in listener.incoming() {
        let (hang, stream) = (hang.clone(), stream.unwrap());
        thread::Builder::new().stack_size(128 * 1024).spawn(move || drop(answer(&stream, &hang))).unwrap();
    }
}

fn answer(stream: &TcpStream, hang: &(Mutex<usize>, Condvar)) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut body) = (String::new(), Vec::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let manner = line.split('/').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        while line.trim() != "" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        match manner.as_str() {
            "slow" => thread::sleep(Duration::from_millis(100)),
            "hanging" => {
                let count = hang.0.lock().unwrap();
                let before = *count;
                drop(hang.1.wait_while(count, |now| *now == before));
                return Ok(());
            }
            _ => {}
        }
        (&mut &*stream).write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
    }
}
