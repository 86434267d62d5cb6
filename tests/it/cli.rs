//! The binary, as a new owner and a packager use it: with a server running and without, with bad input, after a kill.

mod blocks;
mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use program::{Folder, Program, hytte};

/// A folder with an owner.
fn alice(name: &str) -> Folder {
    let folder = Folder::new(name);
    let made = hytte(&["init", "alice@example.test", "--data", folder.path()]);
    made.good();
    folder
}

#[test]
fn init_makes_a_home_once_and_says_that_the_name_is_permanent() {
    let folder = Folder::new("init");
    fs::create_dir_all(folder.path()).unwrap();
    let made = hytte(&["init", "alice@example.test", "--host", "social.example.test", "--data", folder.path()]).good();
    assert!(made.err.contains("permanent"), "{}", made.err);
    let link = made.out.split_whitespace().last().unwrap();
    assert!(link.starts_with("https://social.example.test/login/link/"), "{link}");
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the keys are in there");
    let again = hytte(&["init", "bob@example.test", "--data", folder.path()]).bad();
    assert!(again.err.contains("already the home of https://social.example.test/"), "{}", again.err);
}

#[test]
fn bad_input_is_refused_with_a_sentence_and_makes_nothing() {
    let folder = Folder::new("bad");
    let path = folder.path();
    for (args, words) in [
        (&["init", "alice", "--data", path][..], "alice@example.org"),
        (&["init", "ali ce@example.test", "--data", path], "letters"),
        (&["init", "alice@localhost", "--data", path], "example.org"),
        (&["post", "--data", path], "hytte init"),
        (&["queue", "--data", path], "hytte init"),
        (&["serve", "--listen", "127.0.0.1:0", "--data", path], "hytte init"),
        (&["token", "--data", path], "hytte init"),
        (&["fetch", "@a@b.test", "--data", path], "hytte init"),
    ] {
        let refused = Program::run(args, "some text").bad();
        assert!(refused.err.contains(words), "{args:?}: {}", refused.err);
        assert_eq!(refused.err.trim_end().lines().count(), 1, "one sentence: {}", refused.err);
        assert_eq!(refused.out, "");
        assert!(!folder.exists(), "{args:?} made the folder");
    }
    let wrong = hytte(&["post", "--audience", "everyone", "--data", path]).bad();
    assert!(wrong.err.contains("public, quiet, followers, mentioned"), "{}", wrong.err);
    assert!(hytte(&["queue"]).bad().err.contains("--data"));
    fs::create_dir_all(path).unwrap();
    fs::write(folder.file("thesis.txt"), "years of work").unwrap();
    assert!(hytte(&["init", "alice@example.test", "--data", path]).bad().err.contains("not empty"));
}

#[test]
fn every_command_works_without_a_server() {
    let folder = alice("alone");
    everyday_use(&folder);
    let wrong = hytte(&["token", "--scopes", "everything", "--data", folder.path()]).bad();
    assert!(wrong.err.contains("read, write, follow, push"), "{}", wrong.err);
    assert!(Program::run(&["password", "--data", folder.path()], "short\n").bad().err.contains("characters"));
    assert!(Program::run(&["password", "--data", folder.path()], "").bad().err.contains("no password"));
    assert!(Program::run(&["post", "--data", folder.path()], " \n").bad().err.contains("nothing to post"));
    fs::write(folder.file("not.png"), "not a picture").unwrap();
    let media = folder.file("not.png");
    let refused = Program::run(&["post", "--media", media.to_str().unwrap(), "--data", folder.path()], "Look").bad();
    assert!(!refused.err.contains("went wrong"), "{}", refused.err);
    let deaf = hytte(&["fetch", "http://127.0.0.1:9/nothing", "--data", folder.path()]).bad();
    assert!(!deaf.err.contains("went wrong"), "{}", deaf.err);
}

#[test]
fn every_command_works_beside_a_running_server() {
    let folder = alice("beside");
    let server = folder.serve(&[]);
    let mode = fs::metadata(folder.file("hytte.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    everyday_use(&folder);
    let second = hytte(&["serve", "--listen", "127.0.0.1:0", "--data", folder.path()]).bad();
    assert!(second.err.contains("in use by another hytte: stop that one first"), "{}", second.err);
    assert!(hytte(&["init", "bob@example.test", "--data", folder.path()]).bad().err.contains("in use"));
    server.end("TERM");
    assert!(!folder.file("hytte.sock").exists(), "the socket goes with the server");
}

/// What an owner does on the command line, and what a script reads.
fn everyday_use(folder: &Folder) {
    let path = folder.path();
    let post = Program::run(&["post", "--data", path], "Hello from a terminal\n").good();
    let url = post.out.trim().to_owned();
    assert!(url.starts_with("https://example.test/@alice/"), "{url}");
    let quiet = ["post", "--audience", "quiet", "--cw", "weather", "--reply-to", &url, "--json", "--data", path];
    let answer: serde_json::Value = serde_json::from_str(&Program::run(&quiet, "It rains.").good().out).unwrap();
    let answer = answer["url"].as_str().unwrap().to_owned();
    let shown = hytte(&["fetch", &answer, "--data", path]).good().out;
    for words in ["alice (@alice@example.test)", "quiet", "In reply to https://example.test/", "weather", "It rains."] {
        assert!(shown.contains(words), "{words:?} in:\n{shown}");
    }
    let person = hytte(&["fetch", "@alice@example.test", "--json", "--data", path]).good().out;
    let person: serde_json::Value = serde_json::from_str(&person).unwrap();
    assert_eq!(person["person"]["handle"], "alice@example.test");

    let picture = folder.file("dot.png");
    fs::write(&picture, program::PNG).unwrap();
    let with = ["post", "--media", picture.to_str().unwrap(), "--alt", "a dot", "--data", path];
    let url = Program::run(&with, "").good().out;
    let shown = hytte(&["fetch", url.trim(), "--data", path]).good().out;
    assert!(shown.contains("a dot"), "{shown}");

    let token = hytte(&["token", "--scopes", "read write", "--data", path]).good();
    assert!(token.out.split_whitespace().last().is_some_and(|word| word.len() >= 40), "{}", token.out);
    assert!(hytte(&["login-link", "--data", path]).good().out.trim().starts_with("https://example.test/login/link/"));
    let password = Program::run(&["password", "--data", path], "correct horse\n").good();
    assert!(password.err.contains("all browsers are logged out"), "{}", password.err);
    assert_eq!(hytte(&["queue", "--data", path]).good().out.trim(), "Nothing waits to be delivered.");
    let queue: serde_json::Value =
        serde_json::from_str(&hytte(&["queue", "--json", "--data", path]).good().out).unwrap();
    assert_eq!(queue["deliveries"], serde_json::json!([]));
    let stats = hytte(&["stats", "--data", path]).good().out;
    assert!(stats.contains("@alice@example.test: 3 posts"), "{stats}");
}

#[test]
fn a_killed_server_starts_again_with_everything_it_answered_for() {
    let folder = alice("killed");
    let server = folder.serve(&[]);
    let url = Program::run(&["post", "--data", folder.path()], "Before the power cut").good().out;
    server.end("KILL");
    assert!(folder.file("hytte.sock").exists(), "a kill leaves the socket behind");
    let shown = hytte(&["fetch", url.trim(), "--data", folder.path()]).good().out;
    assert!(shown.contains("Before the power cut"), "the stale socket is passed over: {shown}");
    let server = folder.serve(&[]);
    let page = server.get(&url.trim().replace("https://example.test", ""));
    assert!(page.contains("Before the power cut"), "{page}");
    server.end("INT");
}

#[test]
fn a_trial_opens_on_localhost_and_opens_again() {
    let folder = Folder::new("trial");
    let port = program::free_port();
    let port = port.to_string();
    let trial = folder.run(&["try", "--port", &port], "Log in here, once:");
    let greeting = trial.said();
    let home = format!("http://localhost:{port}/login/link/");
    assert!(greeting.contains(&home), "{greeting}");
    let elsewhere = hytte(&["try", "--port", &port, "--data", &format!("{}-2", folder.path())]).bad();
    assert!(elsewhere.err.contains("choose another port"), "{}", elsewhere.err);
    assert!(hytte(&["login-link", "--data", folder.path()]).good().out.contains(&home));
    trial.end("INT");
    let moved = hytte(&["try", "--port", "1", "--data", folder.path()]).bad();
    assert!(moved.err.contains(&format!("lives at http://localhost:{port}/")), "{}", moved.err);
    assert!(hytte(&["init", "alice@example.test", "--data", folder.path()]).bad().err.contains("is a trial"));
    let again = folder.run(&["try"], "Log in here, once:");
    assert!(again.said().contains(&home));
    again.end("TERM");
}

#[test]
fn odd_words_on_the_socket_are_answered_and_leave_the_server_well() {
    use std::io::{Read as _, Write as _};
    let folder = alice("socket");
    let server = folder.serve(&[]);
    let say = |bytes: &[u8]| {
        let mut stream = folder.socket();
        drop(stream.write_all(bytes));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = String::new();
        drop(stream.read_to_string(&mut answer));
        answer
    };
    for odd in [&b"\n"[..], b"{}\n", b"{\"do\":\"format_disk\"}\n", b"{\"do\":\"queue\"}", b"\xff\xfe\n", b"[[[[[[\n"] {
        let answer = say(odd);
        assert!(answer.starts_with("{\"error\":\""), "{odd:?}: {answer}");
    }
    assert!(say(b"{\"do\":\"queue\"}\n").starts_with("{\"queue\":"));
    server.end("TERM");
}

#[test]
fn a_server_that_hangs_does_not_keep_ours_from_ending() {
    let folder = alice("hanging");
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/posts/1", hanging.local_addr().unwrap());
    let server = folder.serve(&["--allow-private"]);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| hytte(&["fetch", &url, "--data", folder.path()]).bad());
        let held = hanging.accept().unwrap();
        server.end("TERM");
        let refused = asking.join().unwrap();
        assert!(refused.err.contains("went away before it answered"), "{}", refused.err);
        drop(held);
    });
}

#[test]
fn systemd_hears_when_it_is_ready_alive_and_stopping() {
    let folder = alice("systemd");
    let socket = format!("/tmp/hytte-notify-{}", std::process::id());
    let systemd = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let mut heard = || {
        let mut text = [0; 200];
        let length = systemd.recv(&mut text).unwrap();
        String::from_utf8_lossy(&text[..length]).trim().to_owned()
    };
    let environment = [("NOTIFY_SOCKET", socket.as_str()), ("WATCHDOG_USEC", "200000"), ("JOURNAL_STREAM", "8:1")];
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let server = folder.run_with(&listen, "serving https://example.test/", &environment);
    assert_eq!(heard(), "READY=1");
    assert_eq!(heard(), "WATCHDOG=1");
    assert_eq!(heard(), "WATCHDOG=1");
    assert!(!server.said().contains("202"), "systemd writes the time itself: {}", server.said());
    server.end("TERM");
    std::iter::repeat_with(&mut heard).find(|word| word == "STOPPING=1").unwrap();
    fs::remove_file(socket).unwrap();
}
