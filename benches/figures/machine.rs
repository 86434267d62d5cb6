//! What this machine can do without us.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hytte::sig::PrivateKey;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use rusqlite::Connection as Database;

use super::http::{self, Connection};
use super::peers::Peers;
use super::server;

/// How long each limit is measured.
const LONG: Duration = Duration::from_millis(700);

/// Runnable threads, as `uptime` shows them.
pub fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

fn per_second(mut act: impl FnMut()) -> f64 {
    let (start, mut times) = (Instant::now(), 0.0);
    while start.elapsed() < LONG {
        act();
        times += 1.0;
    }
    times / start.elapsed().as_secs_f64()
}

/// Transactions of one row each that SQLite commits to this disk, as we open it (WAL, every commit synced).
pub fn commits() -> f64 {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-commits-{}", std::process::id()));
    let rate = {
        let database = Database::open(&file).unwrap();
        database.pragma_update(None, "journal_mode", "WAL").unwrap();
        database.pragma_update(None, "synchronous", "FULL").unwrap();
        database.execute_batch("CREATE TABLE row (text TEXT)").unwrap();
        let text = "x".repeat(1000);
        per_second(|| {
            database.execute("INSERT INTO row VALUES (?1)", [&text]).unwrap();
        })
    };
    for end in ["", "-wal", "-shm"] {
        drop(fs::remove_file(format!("{}{end}", file.display())));
    }
    rate
}

/// RSA-2048 signatures ring checks on one core, and those aws-lc makes.
pub fn signatures() -> (f64, f64) {
    let key = PrivateKey::generate().unwrap();
    let message = b"(request-target): post /inbox";
    let signature = key.sign(message).unwrap();
    let pem = key.public_pem();
    let der = pkcs1(&pem);
    let bare = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &der);
    (per_second(|| bare.verify(message, &signature).unwrap()), per_second(|| drop(key.sign(message).unwrap())))
}

/// The PKCS#1 key inside the PEM of a SubjectPublicKeyInfo: for RSA-2048 the last 270 bytes.
fn pkcs1(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    der[der.len() - 270..].to_vec()
}

/// Requests a second that one bare client makes to the made-up peers, a new connection each.
pub fn requests(peers: &Peers) -> f64 {
    let address = peers.address();
    let request = http::request("POST", "/inbox", "bare.localhost", &[], &[b' '; 1000]);
    let rate = per_second(|| {
        Connection::open(address).unwrap().send(&request).unwrap();
    });
    peers.forget();
    rate
}

/// How long the program takes to say its version, in ms: what starting a process costs here.
pub fn spawn_ms() -> f64 {
    let say = || {
        Command::new(server::program()).arg("--version").stdout(Stdio::null()).status().unwrap();
    };
    1000.0 / per_second(say)
}
