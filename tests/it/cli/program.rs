//! Runs the binary: once to its end, or as a server that is ended by its own id.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

const BINARY: &str = env!("CARGO_BIN_EXE_hytte");

/// An image of one dot.
pub const PNG: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 144, 119, 83,
    222, 0, 0, 0, 12, 73, 68, 65, 84, 120, 156, 99, 248, 207, 192, 0, 0, 3, 1, 1, 0, 201, 254, 146, 239, 0, 0, 0, 0,
    73, 69, 78, 68, 174, 66, 96, 130,
];

/// A command that has ended.
pub struct Program {
    args: String,
    ok: bool,
    pub out: String,
    pub err: String,
}

/// Runs a command with nothing on its standard input.
pub fn hytte(args: &[&str]) -> Program {
    Program::run(args, "")
}

/// The binary, with nothing of this machine's environment that would change what it does.
fn command(args: &[&str], program: &str) -> Command {
    let mut command = Command::new(program);
    let set = std::env::vars_os().map(|(name, _)| name);
    for name in set.filter(|name| name.to_string_lossy().starts_with("HYTTE_")) {
        command.env_remove(name);
    }
    command.args(args).env_remove("RUST_LOG").env_remove("NOTIFY_SOCKET").env_remove("JOURNAL_STREAM");
    command
}

impl Program {
    /// Runs a command with `input` on its standard input.
    pub fn run(args: &[&str], input: &str) -> Self {
        let mut child =
            command(args, BINARY).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that refuses its arguments does not read.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let ended = child.wait_with_output().unwrap();
        Self {
            args: args.join(" "),
            ok: ended.status.success(),
            out: String::from_utf8(ended.stdout).unwrap(),
            err: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    /// It must have worked.
    pub fn good(self) -> Self {
        assert!(self.ok, "hytte {} failed:\n{}{}", self.args, self.out, self.err);
        self
    }

    /// It must have failed, with words.
    pub fn bad(self) -> Self {
        assert!(!self.ok, "hytte {} did not fail:\n{}{}", self.args, self.out, self.err);
        assert!(self.err.contains(' ') && !self.err.contains("panicked"), "hytte {}: {:?}", self.args, self.err);
        self
    }
}

/// A data folder of a test's own, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    /// A path where nothing is yet.
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn exists(&self) -> bool {
        self.0.exists()
    }

    /// A server on a free port.
    pub fn serve(&self, more: &[&str]) -> Server {
        let listen = format!("127.0.0.1:{}", free_port());
        let mut args = vec!["serve", "--listen", &listen];
        args.extend(more);
        let mut server = self.run(&args, "serving ");
        server.listen = listen.clone();
        server
    }

    /// Starts a command that stays, and waits until it says `ready`.
    pub fn run(&self, args: &[&str], ready: &str) -> Server {
        self.run_with(args, ready, &[])
    }

    /// The same with more in its environment.
    pub fn run_with(&self, args: &[&str], ready: &str, environment: &[(&str, &str)]) -> Server {
        // systemd names the process its watchdog is for; a shell can do that before it becomes ours.
        let mut child = command(&["-c", "WATCHDOG_PID=$$; export WATCHDOG_PID; exec \"$0\" \"$@\"", BINARY], "sh")
            .args(args)
            .envs(environment.iter().copied())
            .args(["--data", self.path()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, lines) = channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let said = said.clone();
            std::thread::spawn(move || {
                BufReader::new(stream).lines().map_while(Result::ok).for_each(|line| drop(said.send(line)))
            });
        }
        let mut server = Server { child, lines, heard: String::new(), listen: String::new() };
        server.wait_for(ready);
        server
    }

    /// A connection to the server's socket.
    pub fn socket(&self) -> UnixStream {
        // The path of the test's folder may be too long for a socket's address: go there by a short one.
        let folder = fs::File::open(&self.0).unwrap();
        let short = format!("/proc/self/fd/{}/hytte.sock", std::os::fd::AsRawFd::as_raw_fd(&folder));
        let stream = UnixStream::connect(short).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A command that stays until it is ended.
pub struct Server {
    child: Child,
    lines: Receiver<String>,
    heard: String,
    listen: String,
}

impl Server {
    fn wait_for(&mut self, words: &str) {
        while !self.heard.contains(words) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push_str(&format!("{line}\n")),
                Err(_) => panic!("{words:?} was never said:\n{}", self.heard),
            }
        }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.heard.clone()
    }

    /// Asks for a page and gives the whole answer.
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.listen).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: example.test\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Sends a signal (`TERM`, `INT`, `KILL`) and waits for the end; a clean one must be clean and soon.
    pub fn end(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let (said, ended) = channel();
        let mut child = std::mem::replace(&mut self.child, Command::new("true").spawn().unwrap());
        std::thread::spawn(move || said.send(child.wait()));
        let status = ended.recv_timeout(Duration::from_secs(20)).expect("it ends within seconds").unwrap();
        assert!(signal == "KILL" || status.success(), "SIG{signal}: {status}\n{}", self.heard);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
