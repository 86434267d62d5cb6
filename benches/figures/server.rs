//! The server under test: a process of its own on a folder of its own, looked at through `/proc` and its database.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hytte::base::Clock;
use hytte::base::id::ActorId;
use hytte::social;
use hytte::store::{
    self, Store, Write,
    actors::{self, follows},
};
use rusqlite::{Connection as Database, OpenFlags};

use super::http::{self, Answer, Connection};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Memory is at rest when it has not grown or shrunk for so long.
const REST: Duration = Duration::from_secs(2);
/// Clock ticks per second in `/proc/PID/stat`: the same on every Linux.
const TICKS: f64 = 100.0;

/// The program that is measured.
pub fn program() -> PathBuf {
    std::env::var_os("HYTTE_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_hytte")), PathBuf::from)
}

/// A folder with an owner, and the server on it while it runs.
pub struct Server {
    pub address: SocketAddr,
    folder: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Makes the folder, on the disk the build is on.
    pub fn found(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let server = Self { address: (Ipv4Addr::LOCALHOST, port).into(), folder, child: None };
        server.run(&["init", &format!("me@{}", server.host()), "--scheme", "http"]);
        server
    }

    /// A founded server that runs.
    pub fn start(name: &str) -> Self {
        let mut server = Self::found(name);
        server.serve();
        server
    }

    pub fn host(&self) -> String {
        format!("hytte.localhost:{}", self.address.port())
    }

    pub fn owner(&self) -> String {
        format!("http://{}/users/me", self.host())
    }

    /// Runs a command on the folder; what it prints.
    pub fn run(&self, words: &[&str]) -> String {
        let done = Command::new(program()).args(words).env("HYTTE_DATA", &self.folder).output().unwrap();
        assert!(done.status.success(), "hytte {words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Starts serving; how long it took until it answered 200.
    pub fn serve(&mut self) -> Duration {
        let start = Instant::now();
        let child = Command::new(program())
            .args(["serve", "--allow-private", "--log", "error", "--listen", &self.address.to_string()])
            .env("HYTTE_DATA", &self.folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        while self.get("/nodeinfo/2.1").is_none_or(|answer| answer.code != 200) {
            assert!(start.elapsed() < PATIENCE, "it does not answer");
            thread::sleep(Duration::from_micros(200));
        }
        start.elapsed()
    }

    fn get(&self, target: &str) -> Option<Answer> {
        Connection::open(self.address).ok()?.send(&http::request("GET", target, &self.host(), &[], b"")).ok()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let told = Command::new("kill").arg(child.id().to_string()).status().unwrap();
            assert!(told.success() && child.wait().unwrap().success());
        }
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Does something to the store while the server does not run.
    pub fn seed<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&Write<'_>) -> hytte::base::Result<T> + Send + 'static,
    ) -> T {
        assert!(self.child.is_none());
        let store = Store::open(&self.folder, Clock::system()).unwrap();
        store.write(act).unwrap()
    }

    /// A browser that is logged in: its cookie and form token.
    pub fn log_in(&self) -> Browser {
        let link = self.run(&["login-link"]);
        let path = link.trim().split(&self.host()).nth(1).unwrap().to_owned();
        let mut connection = Connection::open(self.address).unwrap();
        let entered = connection.send(&http::request("GET", &path, &self.host(), &[], b"")).unwrap();
        let cookie = entered.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        let mut browser = Browser { cookie, csrf: String::new(), host: self.host() };
        let page = connection.send(&browser.get("/compose")).unwrap().text();
        let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        browser.csrf = token.expect("a form with its token").to_owned();
        browser
    }

    fn database(&self) -> Database {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Database::open_with_flags(self.folder.join("hytte.db"), flags).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database
    }

    /// One number from the database.
    pub fn count(&self, sql: &str) -> u64 {
        self.database().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    }

    /// A column of texts from the database.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Waits until a count is zero.
    pub fn wait_for_none(&self, sql: &str) {
        let start = Instant::now();
        while self.count(sql) > 0 {
            assert!(start.elapsed() < PATIENCE, "{sql} stays above zero");
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn proc(&self, file: &str) -> String {
        let pid = self.child.as_ref().expect("it runs").id();
        fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap()
    }

    /// CPU time used so far, in ms.
    pub fn cpu_ms(&self) -> f64 {
        let stat = self.proc("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: f64 = fields[11..13].iter().map(|field| field.parse::<f64>().unwrap()).sum();
        ticks * 1000.0 / TICKS
    }

    /// Memory in use now, in KiB: of all, and of that what is not read from the program's file.
    pub fn memory_kib(&self) -> (u64, u64) {
        let status = self.proc("status");
        (field(&status, "VmRSS:"), field(&status, "RssAnon:"))
    }

    /// Memory once it is at rest, in MB.
    pub fn memory_at_rest(&self) -> String {
        let start = Instant::now();
        let (mut last, mut since) = (self.memory_kib(), Instant::now());
        while since.elapsed() < REST && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(50));
            let now = self.memory_kib();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        mb(last)
    }

    /// Watches memory until the watch is ended.
    pub fn watch_memory(&self) -> Watch {
        let pid = self.child.as_ref().expect("it runs").id();
        let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (told, seen) = (stop.clone(), most.clone());
        let thread = thread::spawn(move || {
            while !told.load(Ordering::SeqCst) {
                let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                seen.fetch_max(field(&status, "VmRSS:"), Ordering::SeqCst);
                thread::sleep(Duration::from_millis(10));
            }
        });
        Watch { stop, most, thread }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

/// Resident memory in words.
pub fn mb((all, own): (u64, u64)) -> String {
    let mb = |kib: u64| u32::try_from(kib).map(f64::from).unwrap_or(f64::NAN) * 1024.0 / 1e6;
    format!("{:.1} MB ({:.1} without the program's file)", mb(all), mb(own))
}

/// The most memory seen while it ran.
pub struct Watch {
    stop: Arc<AtomicBool>,
    most: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Watch {
    /// In MB.
    pub fn end(self) -> f64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap();
        u32::try_from(self.most.load(Ordering::SeqCst)).map(f64::from).unwrap() * 1024.0 / 1e6
    }
}

/// What a logged-in browser sends.
#[derive(Clone)]
pub struct Browser {
    cookie: String,
    csrf: String,
    host: String,
}

impl Browser {
    fn headers(&self) -> Vec<(String, String)> {
        vec![("Cookie".to_owned(), self.cookie.clone())]
    }

    pub fn get(&self, target: &str) -> Vec<u8> {
        http::request("GET", target, &self.host, &self.headers(), b"")
    }

    /// The form that publishes a post.
    pub fn post(&self, text: &str) -> Vec<u8> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("csrf", &self.csrf)
            .append_pair("text", text)
            .append_pair("audience", "public")
            .finish();
        let mut headers = self.headers();
        headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        http::request("POST", "/compose", &self.host, &headers, form.as_bytes())
    }
}

/// Makes an actor known, as if fetched just now.
pub fn know(w: &Write<'_>, document: &serde_json::Value) -> hytte::base::Result<ActorId> {
    let document = hytte::ap::actor::ReceivedActor::read(document)?;
    let id = social::profile::store_actor(w, &document)?;
    let host = actors::by_id(w, id)?.host;
    actors::record_webfinger(w, id, &host)?;
    Ok(id)
}

/// Makes the owner follow an actor.
pub fn follow(w: &Write<'_>, who: ActorId) -> hytte::base::Result<()> {
    let owner = store::node::owner(w)?;
    follows::upsert(w, owner, who, &format!("http://bench.localhost/follow/{who}"), None)?;
    follows::accept(w, owner, who).map(drop)
}

/// Makes an actor follow the owner.
pub fn be_followed(w: &Write<'_>, who: ActorId) -> hytte::base::Result<()> {
    let owner = store::node::owner(w)?;
    follows::upsert(w, who, owner, &format!("http://bench.localhost/follower/{who}"), None)?;
    follows::accept(w, who, owner).map(drop)
}
