//! Architecture rules that the compiler does not know: what each module may import and use, import cycles, length of files,
//! names. Reads `src/` and fails on a violation; the rules themselves are tried on made-up violations below.

mod cycles;
mod lexer;
mod retired;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lexer::{Code, identifiers};

/// Lines in a file at most.
const MAX_LINES: usize = 700;

/// Rooms by layer; imports point down, or stay on the layer without a circle. `cli` is the binary.
const LAYERS: [(&str, u8); 14] = [
    ("base", 1),
    ("store", 2),
    ("ap", 2),
    ("sig", 2),
    ("text", 2),
    ("media", 2),
    ("social", 3),
    ("net", 3),
    ("portability", 3),
    ("federation", 4),
    ("app", 5),
    ("web", 6),
    ("control", 7),
    ("cli", 7),
];

/// (what may be named, only in these places, why)
const PLACES: [(&str, &[&str], &str); 4] = [
    ("ureq", &["net/"], "outgoing HTTP goes through net/, where it is guarded"),
    ("rusqlite", &["store/", "base/id.rs"], "SQL lives in store/"),
    ("r2d2", &["store/"], "connections live in store/"),
    ("actix_web", &["web/", "main.rs"], "HTTP in lives in web/"),
];
/// The only file that asks any of these for `now`.
const CLOCK: &str = "base/time.rs";
const CLOCKS: [&str; 5] = ["SystemTime", "Instant", "Timestamp", "Zoned", "UNIX_EPOCH"];
const THREADS: [&str; 2] = ["federation/workers.rs", "store/writer.rs"];
/// The three front ends in `web/`.
const FRONT_ENDS: [&str; 3] = ["page", "api", "ap"];
/// Mastodon's words, allowed where we speak its language.
const FOREIGN: [&str; 8] = ["reblog", "reblogs", "reblogged", "favourite", "favourites", "favourited", "toot", "toots"];

/// Import cycles between files that are allowed: the reason, and every file of the cycle. At most five; a file that joins one fails.
const CYCLES: [(&str, &[&str]); 5] = [
    (
        "activities refer to each other as the protocol does: a post has a quote, a quote is requested, a request is about a post",
        &[
            "social/account_move.rs",
            "social/boost.rs",
            "social/document.rs",
            "social/emoji.rs",
            "social/follow.rs",
            "social/group.rs",
            "social/interaction/documents.rs",
            "social/interaction/inbound.rs",
            "social/interaction/outbound.rs",
            "social/moderation/block.rs",
            "social/outbox.rs",
            "social/poll.rs",
            "social/post.rs",
            "social/profile.rs",
            "social/quote.rs",
            "social/relay.rs",
            "social/remote_post.rs",
            "social/vote.rs",
        ],
    ),
    (
        "a card shows quoted posts, polls and forms, and these show cards",
        &[
            "web/page/compose.rs",
            "web/page/compose/draft_list.rs",
            "web/page/compose/uploads.rs",
            "web/page/login.rs",
            "web/page/moderation/interaction_requests.rs",
            "web/page/post/attachments.rs",
            "web/page/post/history.rs",
            "web/page/post/post_actions.rs",
            "web/page/post/post_card.rs",
            "web/page/post/post_metadata.rs",
            "web/page/post/quoted_post.rs",
            "web/page/post/thread.rs",
            "web/page/timeline/home.rs",
        ],
    ),
    (
        "a new post is indexed and put on timelines in the same write, and these lists return posts",
        &[
            "store/moderation/block_filter.rs",
            "store/node.rs",
            "store/notifications/notification_policy.rs",
            "store/posts.rs",
            "store/timelines/public_timelines.rs",
            "store/timelines/search.rs",
        ],
    ),
    ("an error of any handler is shown as a page", &["web/blocking.rs", "web/page/mod.rs"]),
    ("a status contains its quote, which contains a status", &["web/api/entity/quote.rs", "web/api/entity/status.rs"]),
];

/// One file of `src/`, its path relative to it.
struct File {
    path: String,
    text: String,
}

/// Everything that is wrong, one line each.
fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let tests = test_files(files);
    for file in files {
        let lines = file.text.lines().count();
        if lines > MAX_LINES {
            found.push(format!("{}: {lines} lines, {MAX_LINES} at most", file.path));
        }
        let code = lexer::read(&file.text);
        found.extend(foreign_words(file, &code));
        found.extend(retired_names(file, &code));
        if tests.contains(file.path.as_str()) {
            if !says_test(&file.path) {
                found.push(format!("{}: only compiled for tests, and its path does not say so", file.path));
            }
            continue;
        }
        let code = code.without_tests();
        found.extend(misplaced(file, &code));
        let Some(module) = module_name(&file.path) else { continue };
        for target in imported_modules(file, &code) {
            let (here, there) = (layer(module), layer(target));
            if there > here {
                found.push(format!("{}: {module} (layer {here}) imports {target} (layer {there})", file.path));
            }
            if target != module {
                imports.entry(module.to_owned()).or_default().insert(target.to_owned());
            }
        }
        found.extend(between_front_ends(file, &code));
    }
    found.extend(module_cycles(&imports));
    found.extend(file_cycles(files, &tests));
    found.extend(names_with_two_meanings(files, &tests));
    found
}

/// Whether a path says that the file is for tests: a folder or file `tests`, or `test_support`.
fn says_test(path: &str) -> bool {
    path.split(['/', '.']).any(|part| matches!(part, "tests" | "test_support"))
}

/// Import cycles between files beyond those in [`CYCLES`].
fn file_cycles(files: &[File], tests: &BTreeSet<&str>) -> Vec<String> {
    let library = files.iter().filter(|file| !tests.contains(file.path.as_str()) && file.path != "main.rs");
    let found = cycles::cycles(library.map(|file| (file, lexer::read(&file.text).without_tests())));
    let known = |group: &BTreeSet<String>| {
        CYCLES.iter().any(|(_, files)| group.iter().all(|file| files.contains(&file.as_str())))
    };
    let unknown = found.iter().filter(|group| !known(group));
    unknown
        .map(|group| format!("import cycle: {}", group.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
        .collect()
}

/// Type names that more than one file defines for others.
fn names_with_two_meanings(files: &[File], tests: &BTreeSet<&str>) -> Vec<String> {
    let mut places: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for file in files.iter().filter(|file| !tests.contains(file.path.as_str())) {
        let code = lexer::read(&file.text).without_tests();
        let words = code.words();
        for (n, pair) in words.windows(2).enumerate() {
            let public = n > 0 && matches!(words[n - 1], "pub" | ")");
            if public && matches!(pair[0], "struct" | "enum" | "trait") {
                places.entry(pair[1].to_owned()).or_default().insert(&file.path);
            }
        }
    }
    let twice = places.into_iter().filter(|(_, files)| files.len() > 1);
    twice.map(|(name, files)| format!("the type name {name} has two meanings: {files:?}")).collect()
}

/// Definitions with a retired name.
fn retired_names(file: &File, code: &Code) -> Vec<String> {
    let mut found = Vec::new();
    let name = cycles::module_of(&file.path).pop().unwrap_or_default();
    if retired::MODULES.contains(&name.as_str()) {
        found.push(format!("{}: the module name {name} is retired", file.path));
    }
    for pair in code.words().windows(2) {
        let retired: &[&str] = match pair[0] {
            "struct" | "enum" | "trait" | "type" => retired::TYPES,
            "fn" | "const" | "static" => retired::VALUES,
            _ => continue,
        };
        if retired.contains(&pair[1]) {
            found.push(format!("{}: the name {} is retired", file.path, pair[1]));
        }
    }
    found
}

/// The module a file is in; None for the map.
fn module_name(path: &str) -> Option<&str> {
    match path {
        "lib.rs" => None,
        "main.rs" => Some("cli"),
        _ => Some(path.split('/').next()?.trim_end_matches(".rs")),
    }
}

/// A module's layer; an unknown module is above all, so that adding one means adding it to the table.
fn layer(module: &str) -> u8 {
    LAYERS.iter().find(|(name, _)| *name == module).map_or(u8::MAX, |(_, layer)| *layer)
}

/// Rooms named by `crate::module`, `hytte::module`, or enough `super::`, also in `use crate::{…}`.
fn imported_modules<'c>(file: &File, code: &'c Code) -> BTreeSet<&'c str> {
    let words = code.words();
    let mut modules = BTreeSet::new();
    for (n, word) in words.iter().enumerate() {
        let roots = match *word {
            "crate" => file.path != "main.rs" && !file.path.starts_with("cli/"),
            "hytte" => true,
            "super" => supers(&words, n) == depth(&file.path),
            _ => false,
        };
        if !roots || words.get(n + 1) != Some(&"::") {
            continue;
        }
        modules.extend(first_names(&words[n + 2..]).filter(|name| layer(name) != u8::MAX || *word != "super"));
    }
    modules
}

/// How many `super`s in a row end at `n`.
fn supers(words: &[&str], n: usize) -> usize {
    1 + (1..)
        .take_while(|back| n >= 2 * back && words[n - 2 * back] == "super" && words[n - 2 * back + 1] == "::")
        .count()
}

/// How deep a file's module is: `store/db.rs` is 2.
fn depth(path: &str) -> usize {
    path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count()
}

/// The first name of a path, or of each path in a group.
fn first_names<'c>(words: &[&'c str]) -> impl Iterator<Item = &'c str> {
    let mut names = Vec::new();
    if words.first() == Some(&"{") {
        let mut deep = 0;
        let mut fresh = true;
        for word in words {
            match *word {
                "{" => deep += 1,
                "}" => deep -= 1,
                "," if deep == 1 => fresh = true,
                name if deep == 1 && fresh => {
                    names.push(name);
                    fresh = false;
                }
                _ => {}
            }
            if deep == 0 {
                break;
            }
        }
    } else {
        names.extend(words.first());
    }
    names.into_iter().filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()) && *name != "self")
}

/// What is used outside its place.
fn misplaced(file: &File, code: &Code) -> Vec<String> {
    let words = code.words();
    let mut found = Vec::new();
    for (name, places, why) in PLACES {
        if words.contains(&name) && !places.iter().any(|place| file.path.starts_with(place)) {
            found.push(format!("{}: {name} does not belong here: {why}", file.path));
        }
    }
    let asked = words.windows(3).find(|w| CLOCKS.contains(&w[0]) && w[1] == "::" && matches!(w[2], "now" | "elapsed"));
    if let Some([clock, ..]) = asked
        && file.path != CLOCK
    {
        found.push(format!("{}: {clock} is asked in {CLOCK} only: take the act's time, or a Stopwatch", file.path));
    }
    let starts = |n: usize, word: &str| {
        word == "spawn" && matches!(words.get(n.wrapping_sub(2)), Some(&"thread" | &"Builder" | &"scope"))
            || word == "Builder" && words.get(n.wrapping_sub(2)) == Some(&"thread")
            || word == "scope" && words.get(n.wrapping_sub(2)) == Some(&"thread")
    };
    let threads = words.iter().enumerate().any(|(n, word)| starts(n, word));
    if threads && !THREADS.contains(&file.path.as_str()) {
        found.push(format!("{}: threads are started in {} only", file.path, THREADS.join(" and ")));
    }
    found
}

/// Mastodon's words outside `web/api/`, in names, texts and comments alike.
fn foreign_words(file: &File, code: &Code) -> Vec<String> {
    if file.path.starts_with("web/api/") {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    for name in identifiers(&file.text) {
        found.extend(name.split('_').filter(|part| FOREIGN.contains(part)).map(str::to_owned));
    }
    let words = code.words();
    for (n, word) in words.iter().enumerate() {
        let named = matches!(words.get(n.wrapping_sub(1)), Some(&"struct" | &"enum" | &"trait"));
        if matches!(*word, "status_id" | "StatusId" | "statuses") || (named && *word == "Status") {
            found.insert((*word).to_owned());
        }
    }
    found
        .into_iter()
        .map(|word| format!("{}: {word:?} is another server's word; ours are post, boost and like", file.path))
        .collect()
}

/// Imports between page, api and ap.
fn between_front_ends(file: &File, code: &Code) -> Vec<String> {
    let Some(front_end) = file.path.strip_prefix("web/").and_then(|rest| rest.split(['/', '.']).next()) else {
        return Vec::new();
    };
    if !FRONT_ENDS.contains(&front_end) {
        return Vec::new();
    }
    let words = code.words();
    let names = |other: &str| {
        words.windows(3).any(|w| matches!(w[0], "web" | "super") && w[1] == "::" && w[2] == other && other != "ap")
            || words.windows(5).any(|w| w[0] == "crate" && w[2] == "web" && w[4] == other)
            || (words.windows(3).any(|w| w == ["super", "::", other]) && depth(&file.path) == 2)
            || words.windows(5).any(|w| w == ["super", "::", "super", "::", other]) && depth(&file.path) == 3
    };
    let others = FRONT_ENDS.iter().filter(|other| **other != front_end && names(other));
    others
        .map(|other| format!("{}: the front ends {front_end} and {other} never import each other", file.path))
        .collect()
}

/// Cycles between modules, each named once.
fn module_cycles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for start in imports.keys() {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&String> = imports[start].iter().collect();
        while let Some(module) = next.pop() {
            if module == start {
                found.push(format!("{start} imports itself by way of other modules"));
                break;
            }
            if reached.insert(module) {
                next.extend(imports.get(module).into_iter().flatten());
            }
        }
    }
    found
}

/// Files that are only compiled for tests: declared as `#[cfg(test)] mod name;`, and what is below them.
fn test_files(files: &[File]) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for file in files {
        let folder = match file.path.rsplit_once('/') {
            Some((folder, "mod.rs")) => folder.to_owned(),
            _ => file.path.trim_end_matches(".rs").to_owned(),
        };
        for name in lexer::read(&file.text).test_modules() {
            let (one, many) = (format!("{folder}/{name}.rs"), format!("{folder}/{name}/"));
            found.extend(files.iter().map(|f| f.path.as_str()).filter(|p| *p == one || p.starts_with(&many)));
        }
    }
    found
}

fn source() -> Vec<File> {
    fn walk(folder: &Path, root: &Path, files: &mut Vec<File>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, files);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push(File { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    files
}

#[test]
fn the_source_keeps_the_rules() {
    let files = source();
    assert!(files.len() > 50, "the source was found");
    let found = violations(&files);
    assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
}

/// The violations of one made-up file.
fn violations_of(path: &str, text: &str) -> Vec<String> {
    violations(&[File { path: path.to_owned(), text: text.to_owned() }])
}

#[test]
fn made_up_violations_are_found() {
    let bad = [
        ("base/time.rs", "use crate::store::Store;", "imports store"),
        ("store/db.rs", "use crate::{base::Error, federation::{Node, x}};", "imports federation"),
        ("text/mod.rs", "fn f() { crate::web::serve() }", "imports web"),
        ("net/a.rs", "use super::super::app::App;", "imports app"),
        ("web/mod.rs", "use crate::control::ask;", "imports control"),
        ("base/id.rs", "use crate::newmodule::Thing;", "imports newmodule"),
        ("web/page/timeline/home.rs", "use crate::web::ap::actor;", "never import each other"),
        ("web/ap/mod.rs", "use super::page;", "never import each other"),
        ("web/ap/inbox.rs", "use super::super::page::missing;", "never import each other"),
        ("federation/x.rs", "fn f() { ureq::get(\"x\"); }", "ureq"),
        ("base/error.rs", "use rusqlite::Error;", "rusqlite"),
        ("app.rs", "use actix_web::web;", "actix_web"),
        ("social/follow.rs", "let t = std::time::SystemTime::now();", "SystemTime"),
        ("net/fetch.rs", "use std::time::Instant; fn f() { let t = Instant::now(); }", "Instant"),
        ("app.rs", "std::thread::spawn(|| {});", "threads"),
        ("web/stream.rs", "use std::thread; fn f() { thread::Builder::new(); }", "threads"),
        ("store/posts.rs", "/// Reblog or not.\nfn f() {}", "\"reblog\""),
        ("ap/object.rs", "struct A { favourites_count: u32 }", "\"favourites\""),
        ("text/x.rs", "const A: &str = \"Toot!\";", "\"toot\""),
        ("store/posts.rs", "struct Status { id: i64 }", "\"Status\""),
        ("social/post.rs", "fn f(status_id: i64) {}", "\"status_id\""),
        ("store/shield.rs", "", "module name shield is retired"),
        ("web/page/layout.rs", "pub struct House {}", "name House is retired"),
        ("social/post.rs", "fn retell() {}", "name retell is retired"),
        ("store/x.rs", "const MOST: u32 = 3;", "name MOST is retired"),
    ];
    for (path, text, expected) in bad {
        let found = violations_of(path, text);
        assert!(found.iter().any(|line| line.contains(expected)), "{path}: {text}\nfound {found:?}");
    }
    assert!(!violations_of("base/x.rs", &"\n".repeat(MAX_LINES + 1)).is_empty(), "a file that is too long");
    let cycle = [
        ("store/a.rs", "use crate::text::x;"),
        ("text/a.rs", "use crate::media::x;"),
        ("media/a.rs", "use crate::store::x;"),
    ];
    let files = [
        ("net/a.rs", "use super::b::x;"),
        ("net/b.rs", "use crate::net::a::{self, y};"),
        ("net/mod.rs", "mod a; mod b;"),
    ];
    let files: Vec<File> = files.iter().map(|(p, t)| File { path: (*p).to_owned(), text: (*t).to_owned() }).collect();
    assert!(
        violations(&files).iter().any(|line| line == "import cycle: net/a.rs, net/b.rs"),
        "{:?}",
        violations(&files)
    );
    let cycle: Vec<File> = cycle.iter().map(|(p, t)| File { path: (*p).to_owned(), text: (*t).to_owned() }).collect();
    let twice = [("ap/a.rs", "pub struct Poll;"), ("store/a.rs", "pub(crate) enum Poll {}")];
    let twice: Vec<File> = twice.iter().map(|(p, t)| File { path: (*p).to_owned(), text: (*t).to_owned() }).collect();
    assert!(violations(&twice).iter().any(|line| line.contains("Poll has two meanings")));
    let unnamed = [("net/mod.rs", "#[cfg(test)]\nmod fake;"), ("net/fake.rs", "fn f() {}")];
    let unnamed: Vec<File> =
        unnamed.iter().map(|(p, t)| File { path: (*p).to_owned(), text: (*t).to_owned() }).collect();
    assert!(violations(&unnamed).iter().any(|line| line.contains("its path does not say so")));
    assert!(violations(&cycle).iter().any(|line| line.contains("store imports itself")));
}

#[test]
fn what_is_allowed_is_left_alone() {
    let good = [
        ("federation/a.rs", "use crate::{base::{Error, Result}, net::{self, Net}, store};"),
        ("net/client.rs", "use super::{Limits, NetError}; use ureq::http; // not rusqlite\n/* nor actix_web */"),
        ("store/writer.rs", "fn f() { std::thread::Builder::new().spawn(|| {}); }"),
        ("web/api/post/statuses.rs", "struct Status { reblog: bool, favourites_count: u32 }"),
        ("web/ap/posts.rs", "/// `GET /users/NAME/statuses/ID`\nfn f() { let status = StatusCode::OK; }"),
        (
            "text/a.rs",
            "const A: &str = \"use crate::web and \\\" ureq\"; const B: char = '\"'; const C: &str = r#\"\"ureq\"\"#;",
        ),
        (
            "text/b.rs",
            "fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests { use std::time::Instant; fn g() { std::thread::spawn(|| {}); } }",
        ),
        ("net/dns.rs", "struct Changed { at: Option<SystemTime> }"),
        ("base/tooth.rs", "fn tootle_statusbar() {}"),
        ("cli/post.rs", "use super::home; use hytte::control; use crate::cli::say;"),
        ("web/page/a.rs", "use super::super::edge; use crate::ap::object;"),
    ];
    for (path, text) in good {
        assert_eq!(violations_of(path, text), Vec::<String>::new(), "{path}: {text}");
    }
    let only_for_tests =
        [("net/mod.rs", "#[cfg(test)]\nmod test_support;"), ("net/test_support.rs", "fn f() { Instant::now(); }")];
    let files: Vec<File> =
        only_for_tests.iter().map(|(p, t)| File { path: (*p).to_owned(), text: (*t).to_owned() }).collect();
    assert_eq!(violations(&files), Vec::<String>::new());
}
