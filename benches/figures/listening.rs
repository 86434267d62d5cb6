//! Apps that listen: a thousand idle WebSockets, what they cost, and how soon all of them hear of a post.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::http::{self, Connection};
use super::server::Server;
use super::table::{Table, number};

/// Sockets open at once.
const SOCKETS: u32 = 1_000;
/// Posts whose way is measured.
const POSTS: usize = 5;

/// Opens the sockets, and writes to them.
pub fn measure(table: &mut Table) {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let server = Server::start("listening");
    let token = server.run(&["token", "--scopes", "read write"]).split_whitespace().last().unwrap().to_owned();
    let browser = server.log_in();
    let mut connection = Connection::open(server.address).unwrap();
    // The first one wakes what all of them share.
    let first = open(&server, &token);
    for _ in 0..20 {
        assert_eq!(connection.send(&browser.get("/")).unwrap().code, 200);
    }
    server.memory_at_rest();
    let before = server.memory_kib().1;
    let mut sockets: Vec<Listener> = (0..SOCKETS).map(|_| open(&server, &token)).collect();
    server.memory_at_rest();
    let grown = u32::try_from(server.memory_kib().1.saturating_sub(before)).unwrap();
    table.row(
        &format!("memory of {SOCKETS} idle listeners"),
        format!("{:.1} MB", f64::from(grown) * 1024.0 / 1e6),
        "-".to_owned(),
    );
    sockets.push(first);
    let (mut last, mut page) = (Vec::new(), Vec::new());
    for n in 0..POSTS {
        let start = Instant::now();
        assert_eq!(connection.send(&browser.post(&format!("post {n}"))).unwrap().code, 303);
        let asked = Instant::now();
        assert_eq!(connection.send(&browser.get("/")).unwrap().code, 200);
        page.push(asked.elapsed());
        sockets.iter_mut().for_each(Listener::hear);
        last.push(start.elapsed());
    }
    let ms = |mut times: Vec<Duration>| {
        times.sort();
        number(times[times.len() / 2].as_secs_f64() * 1000.0)
    };
    table.row("a post written, heard by all of them", format!("{} ms", ms(last)), "-".to_owned());
    table.row("the home page meanwhile", format!("{} ms", ms(page)), "-".to_owned());
}

/// The listening end of a WebSocket.
struct Listener(std::io::BufReader<TcpStream>);

fn open(server: &Server, token: &str) -> Listener {
    use std::io::Write as _;
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let headers = [
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Origin", "https://app.example"),
        ("Connection", "keep-alive, Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Protocol", token),
    ];
    let headers: Vec<(String, String)> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let request = http::request("GET", "/api/v1/streaming?stream=user", &server.host(), &headers, b"");
    stream.write_all(&request).unwrap();
    let mut stream = std::io::BufReader::with_capacity(512, stream);
    let (line, _) = http::head(&mut stream).unwrap();
    assert!(line.contains(" 101 "), "{line}");
    Listener(stream)
}

impl Listener {
    /// Reads one message; the server's own signs of life are passed over.
    fn hear(&mut self) {
        use std::io::Read as _;
        loop {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).unwrap();
            let length = match head[1] {
                126 => {
                    let mut long = [0; 2];
                    self.0.read_exact(&mut long).unwrap();
                    usize::from(u16::from_be_bytes(long))
                }
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).unwrap();
            if head[0] == 0x81 {
                return;
            }
        }
    }
}
