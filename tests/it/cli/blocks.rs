//! `hytte block`: looked at, set, listed, exported, imported and lifted, with a server running and without.

use std::fs;

use super::alice;
use super::program::{Folder, Program, hytte};

fn block(folder: &Folder, args: &[&str]) -> Program {
    let mut all = vec!["block"];
    all.extend(args);
    all.extend(["--data", folder.path()]);
    hytte(&all)
}

fn kept(folder: &Folder) -> String {
    block(folder, &[]).good().out.trim().to_owned()
}

fn keep_servers_away(folder: &Folder) {
    assert_eq!(kept(folder), "No servers are blocked by your own rules.");
    let looked = block(folder, &["bad.example", "--look"]).good().out;
    assert_eq!(looked.trim(), "It would end no follows.");
    assert_eq!(kept(folder), "No servers are blocked by your own rules.", "a look changes nothing");

    let set = block(folder, &["BAD.example", "--comment", "spam, and worse"]).good().out;
    assert_eq!(set.trim(), "Done; it ended no follows.");
    block(folder, &["loud.example", "--limit", "--no-media", "--no-reports"]).good();
    block(folder, &["fine.example", "--allow"]).good();
    let wanted =
        "block  bad.example  (spam, and worse)\nallow  fine.example\nlimit  loud.example, no media, no reports";
    assert_eq!(kept(folder), wanted);
    let rows: serde_json::Value = serde_json::from_str(&block(folder, &["--json"]).good().out).unwrap();
    assert_eq!((&rows[0]["host"], &rows[0]["severity"]), (&"bad.example".into(), &"block".into()));
    assert_eq!((&rows[2]["no_media"], &rows[2]["no_reports"]), (&true.into(), &true.into()));

    let csv = block(folder, &["--export"]).good().out;
    let first = csv.lines().next().unwrap();
    assert_eq!(first, "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate");
    assert!(csv.contains("bad.example,suspend,false,false,\"spam, and worse\",false"), "{csv}");
    let file = folder.file("rules.csv");
    fs::write(&file, &csv).unwrap();
    let file = file.to_str().unwrap();
    for host in ["bad.example", "loud.example", "fine.example"] {
        assert!(block(folder, &[host, "--lift"]).good().out.contains("no longer blocked by your own rule"));
    }
    assert_eq!(kept(folder), "No servers are blocked by your own rules.");
    assert!(block(folder, &["--import", file, "--look"]).good().out.contains("It would end no follows"));
    assert_eq!(kept(folder), "No servers are blocked by your own rules.", "a look at a file changes nothing");
    block(folder, &["--import", file]).good();
    // A bare `noop` means nothing to Mastodon, and must not undo what a list says of a server.
    assert_eq!(kept(folder), wanted.replace("allow  fine.example\n", ""), "what was exported comes back");
    let again = block(folder, &["--export"]).good().out;
    let wanted: Vec<&str> = csv.lines().filter(|line| !line.starts_with("fine.example")).collect();
    assert_eq!(again.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn servers_are_kept_away_and_let_back_in_without_a_server() {
    let folder = alice("block-alone");
    keep_servers_away(&folder);
}

#[test]
fn servers_are_kept_away_and_let_back_in_beside_a_running_server() {
    let folder = alice("block-beside");
    let server = folder.serve(&[]);
    keep_servers_away(&folder);
    server.end("TERM");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_sentence() {
    let folder = alice("block-odd");
    for args in [
        &["not a host"][..],
        &["--lift"],
        &["example.test"],
        &["bad.example", "--limit", "--allow"],
        &["--import", "/nowhere/rules.csv"],
        &["bad.example", "--export"],
    ] {
        let refused = block(&folder, args).bad();
        assert_eq!(refused.out, "", "{args:?}");
    }
    let binary = folder.file("rules.bin");
    fs::write(&binary, b"\xff\xfe\0").unwrap();
    assert!(block(&folder, &["--import", binary.to_str().unwrap()]).bad().err.contains("UTF-8"));
    assert_eq!(kept(&folder), "No servers are blocked by your own rules.");
}
