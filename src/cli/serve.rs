//! `hytte serve` and `hytte try`: the long-running process. Stops within seconds of SIGTERM or SIGINT; everything
//! acknowledged is on disk by then.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hytte::app::RunningServer;
use hytte::base::config::Origin;
use hytte::base::{Clock, Config, Error, Result};
use hytte::control::ControlSocket;
use hytte::federation::{
    Node,
    owner::{identity, login},
};
use hytte::store::{self, Store};
use hytte::web;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{interval, timeout};

use super::{data_folder, print_text};

/// How long requests in hand may take after the signal to stop; what the workers have begun may take twice as long.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);
/// Threads of this runtime that commands and the watchdog may use; requests have their own.
const RUNTIME_BLOCKING_THREADS: usize = 5;

/// Files and connections open at once: the usual limit of 1,024 is less than the listeners of a busy owner.
const MAX_OPEN_FILES: u64 = 16_384;

/// The flags of `serve`.
#[derive(Args)]
pub struct ServeFlags {
    /// Where to listen; a proxy such as Caddy or nginx stands in front
    #[arg(long, env = "HYTTE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// A proxy whose X-Forwarded-For counts; may be given several times, or separated by commas
    #[arg(long, env = "HYTTE_TRUSTED_PROXY", value_name = "IP", value_delimiter = ',')]
    trusted_proxy: Vec<IpAddr>,
    #[command(flatten)]
    reach: data_folder::NetworkFlags,
    #[command(flatten)]
    home: data_folder::DataFolder,
}

/// The flags of `try`.
#[derive(Args)]
pub struct TryFlags {
    /// Where the trial is found: http://localhost:PORT (8080 for a new one)
    #[arg(long, env = "HYTTE_PORT")]
    port: Option<u16>,
    /// The trial's folder [default: ~/.local/share/hytte-trial]
    #[arg(long, env = "HYTTE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Serves until told to stop.
pub fn serve(args: ServeFlags) -> Result<()> {
    let config = Config { trusted_proxies: args.trusted_proxy, ..data_folder::config(&args.home.data, &args.reach) };
    let node = data_folder::open(config).map_err(in_use)?;
    let listener = listen(args.listen)?;
    run(node, listener, |node, address| {
        let origin = &node.facts.origin;
        tracing::info!("serving {} on {address}, from {}", origin.url("/"), node.store.folder().display());
        Ok(())
    })
}

/// Opens the trial, making it the first time, and serves it to this machine only.
pub fn run_trial(args: TryFlags) -> Result<()> {
    let data = args
        .data
        .or_else(default_folder)
        .ok_or_else(|| Error::invalid("there is no home folder to keep the trial in: say where with --data DIR"))?;
    let is_old = data_folder::is_trial(&data);
    if !is_old && data_folder::is_in_use(&data)? {
        return Err(Error::invalid(format!("{} is not a trial: choose another folder with --data", data.display())));
    }
    let reach = data_folder::NetworkFlags { allow_private: false };
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (node, listener) = if is_old && data.join("hytte.db").is_file() {
        let node = open_trial(&data, &reach, args.port)?;
        let port = port_of(&node.facts.origin);
        (node, listen(local(port))?)
    } else {
        // The port is ours before anything is made: a trial keeps its port for ever.
        let port = args.port.unwrap_or(8080);
        let listener = listen(local(port))?;
        data_folder::mark_trial(&data)?;
        let store = Store::open(&data, Clock::system()).map_err(in_use)?;
        identity::create_node(&store, &trial_origin(port))?;
        drop(store);
        (data_folder::open(data_folder::config(&data, &reach))?, listener)
    };
    run(node, listener, |node, _| {
        let link = login::make_login_link(&node.store, &node.facts.origin)?;
        print_text(&format!(
            "Your trial is open, in {}. Nothing you write leaves this machine.\n\nLog in here, once:   {link}\n\n\
             Ctrl-C closes it; `hytte try` opens it again.",
            node.store.folder().display()
        ))
    })
}

fn open_trial(data: &std::path::Path, reach: &data_folder::NetworkFlags, asked: Option<u16>) -> Result<Node> {
    let store = Store::open(data, Clock::system()).map_err(in_use)?;
    // A trial that was interrupted while it was made is made now.
    if let Err(Error::NotFound) = store.read(store::node::get) {
        identity::create_node(&store, &trial_origin(asked.unwrap_or(8080)))?;
    }
    drop(store);
    let node = data_folder::open(data_folder::config(data, reach)).map_err(in_use)?;
    let url = node.facts.origin.url("/");
    match asked {
        Some(port) if port != port_of(&node.facts.origin) => Err(Error::invalid(format!(
            "this trial lives at {url}: open it without --port, or make another with --data DIR"
        ))),
        _ => Ok(node),
    }
}

fn trial_origin(port: u16) -> Origin {
    let host = if port == 80 { "localhost".to_owned() } else { format!("localhost:{port}") };
    Origin { scheme: "http".to_owned(), domain: host.clone(), host }
}

fn port_of(origin: &Origin) -> u16 {
    origin.host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80)
}

/// `$XDG_DATA_HOME/hytte-trial`, else `~/.local/share/hytte-trial`.
fn default_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let share = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")))?;
    Some(share.join("hytte-trial"))
}

/// What to do when the folder's lock is taken.
fn in_use(error: Error) -> Error {
    match error {
        Error::Conflict(why) => Error::Conflict(format!("{why}: stop that one first, or choose another folder")),
        other => other,
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => "something else listens there: choose another port",
            std::io::ErrorKind::PermissionDenied => "ports below 1024 need root: choose another, and a proxy in front",
            _ => "choose another address",
        };
        Error::invalid(format!("cannot listen on {address} ({error}); {hint}"))
    })
}

/// Everything that runs: workers, pages, socket, watchdog. `greet` is called once all of it answers.
fn run(node: Node, listener: TcpListener, greet: impl FnOnce(&Node, SocketAddr) -> Result<()>) -> Result<()> {
    let address = listener.local_addr()?;
    raise_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(RUNTIME_BLOCKING_THREADS)
        .thread_keep_alive(Duration::from_secs(2))
        .build()?;
    let app = RunningServer::with(node);
    let ran = runtime.block_on(async {
        let mut signals = StopSignals::listen()?;
        let server = web::serve(Arc::clone(&app.node), listener)?;
        let handle = server.handle();
        let mut serving = tokio::task::spawn(server);
        let limiter = ControlSocket::open(&app.node)?;
        app.start()?;
        greet(&app.node, address)?;
        notify(&[NotifyState::Ready]);
        let why = tokio::select! {
            ended = &mut serving => Err(Error::internal(format!("the web server ended by itself: {ended:?}"))),
            () = signals.next() => Ok(()),
            () = limiter.answer(&app.node) => Ok(()),
            () = watchdog(&app.node) => Ok(()),
        };
        notify(&[NotifyState::Stopping]);
        tracing::info!("stopping");
        drop(limiter);
        let workers = tokio::task::spawn_blocking({
            let app = app.clone();
            move || app.stop()
        });
        let stopped = async { tokio::join!(timeout(SHUTDOWN_TIMEOUT, handle.stop(true)), timeout(SHUTDOWN_TIMEOUT * 2, workers)).1 };
        tokio::select! {
            ended = stopped => if ended.is_err() {
                tracing::info!("some servers are slow to answer: what was on its way to them is sent again at the next start");
            },
            () = signals.next() => tracing::info!("stopping at once"),
        }
        why
    });
    // Threads that still wait for a slow server must not hold us: nothing of theirs is lost by ending here.
    runtime.shutdown_background();
    ran
}

/// Allows as many open files as the system lets us have, up to what we can use.
fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(MAX_OPEN_FILES, |most| most.min(MAX_OPEN_FILES));
    if limit.current.is_some_and(|now| now < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit })
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// The signals that ask us to end.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn listen() -> Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Tells systemd that we are alive for as long as the writer answers; without a watchdog it waits for ever.
async fn watchdog(node: &Arc<Node>) {
    let mut usec = 0;
    if !sd_notify::watchdog_enabled(false, &mut usec) {
        return std::future::pending().await;
    }
    let mut turns = interval(Duration::from_micros(usec) / 2);
    loop {
        turns.tick().await;
        let node = Arc::clone(node);
        // An act without changes goes through the writer and costs no disk. An error is an answer too: a full disk is
        // not cured by a restart.
        let alive = tokio::task::spawn_blocking(move || drop(node.store.write(|_| Ok(()))));
        if alive.await.is_ok() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
