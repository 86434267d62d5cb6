//! The table beside the documents of one sort of peer: what is done with each, in order, and what must come of it. Reads
//! text only.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hytte::base::Audience;
use hytte::sig::Knock;

/// The columns of README's table, in order.
pub const COLUMNS: [&str; 12] = [
    "profiles",
    "follows",
    "posts",
    "media",
    "edits",
    "deletes",
    "reactions",
    "boosts",
    "polls",
    "quotes",
    "moves",
    "other",
];

/// One line of a table: `act | column | check; check`. Owner's acts have no column.
#[derive(Debug)]
pub struct Step {
    /// The line itself, for messages.
    pub line: String,
    pub act: Act,
    pub column: Option<&'static str>,
    pub checks: Vec<String>,
}

/// What is done with a document, or by the owner.
#[derive(Debug)]
pub enum Act {
    /// `deliver DOC`, `deliver 401 DOC`, `deliver DOC personally`, `deliver DOC by rfc9421`: POSTed, signed by its actor.
    Deliver { doc: String, code: u16, personally: bool, knock: Option<Knock> },
    /// `fetch DOC`: served, and looked up by the owner by its id.
    Fetch(String),
    /// `serve DOC`: only served; something else leads there.
    Serve(String),
    /// `owner posts AUDIENCE TEXT`
    Posts(Audience, String),
    /// `owner answers DOC TEXT`
    Answers(String, String),
    /// `owner VERB [DOC]`: follows, likes, boosts, unfollows, deletes …
    Owner(String, String),
    /// `after HOURS`
    After(u64),
}

impl Act {
    /// The document it is about, when it shows one.
    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Deliver { doc, .. } | Self::Fetch(doc) | Self::Serve(doc) => Some(doc),
            _ => None,
        }
    }
}

/// Where the documents of one sort of peer are.
pub fn folder(software: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(software)
}

/// The documents of one sort of peer, by name, as written.
pub fn documents(software: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder(software)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            found.insert(
                path.file_stem().unwrap().to_str().unwrap().to_owned(),
                std::fs::read_to_string(&path).unwrap(),
            );
        }
    }
    found
}

/// The steps of one sort of peer.
pub fn steps(software: &str) -> Vec<Step> {
    let text = std::fs::read_to_string(folder(software).join("expected.txt")).unwrap();
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(step).collect()
}

fn step(line: &str) -> Step {
    let mut cells = line.split('|').map(str::trim);
    let act = act(cells.next().unwrap()).unwrap_or_else(|| panic!("no such act: {line}"));
    let column = cells.next().filter(|cell| !cell.is_empty());
    let column =
        column.map(|cell| *COLUMNS.iter().find(|c| **c == cell).unwrap_or_else(|| panic!("no column {cell}: {line}")));
    let checks: Vec<String> = cells
        .next()
        .unwrap_or_default()
        .split("; ")
        .map(|check| check.trim().to_owned())
        .filter(|c| !c.is_empty())
        .collect();
    assert_eq!(act.document().is_some(), column.is_some(), "documents have a column, other lines none: {line}");
    assert!(
        !checks.is_empty() || !matches!(act, Act::Deliver { .. } | Act::Fetch(_)),
        "nothing must come of it: {line}"
    );
    Step { line: line.to_owned(), act, column, checks }
}

fn act(text: &str) -> Option<Act> {
    let (verb, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    Some(match verb {
        "deliver" => {
            let (rest, knock) = match rest.strip_suffix(" by rfc9421") {
                Some(rest) => (rest, Some(Knock::Rfc9421)),
                None => (rest, None),
            };
            let (rest, personally) = match rest.strip_suffix(" personally") {
                Some(rest) => (rest, true),
                None => (rest, false),
            };
            let (code, doc) = match rest.split_once(' ') {
                Some((code, doc)) => (code.parse().ok()?, doc),
                None => (202, rest),
            };
            Act::Deliver { doc: doc.to_owned(), code, personally, knock }
        }
        "fetch" => Act::Fetch(rest.to_owned()),
        "serve" => Act::Serve(rest.to_owned()),
        "after" => Act::After(rest.strip_suffix(" hours")?.parse().ok()?),
        "owner" => {
            let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            match verb {
                "posts" => {
                    let (audience, text) = rest.split_once(' ')?;
                    Act::Posts(audience.parse().ok()?, text.to_owned())
                }
                "answers" => {
                    let (doc, text) = rest.split_once(' ')?;
                    Act::Answers(doc.to_owned(), text.to_owned())
                }
                _ => Act::Owner(verb.to_owned(), rest.to_owned()),
            }
        }
        _ => return None,
    })
}

/// How many documents each column counts: each document once, where it stands first.
pub fn counts(software: &str) -> BTreeMap<&'static str, usize> {
    let mut first: BTreeMap<String, &'static str> = BTreeMap::new();
    for step in steps(software) {
        if let (Some(doc), Some(column)) = (step.act.document(), step.column) {
            first.entry(doc.to_owned()).or_insert(column);
        }
    }
    let known = documents(software);
    for name in known.keys() {
        assert!(first.contains_key(name), "{software}/{name}.json is in no line of expected.txt");
    }
    for name in first.keys() {
        assert!(known.contains_key(name), "{software}/expected.txt names {name}, which is not there");
    }
    let mut counts = BTreeMap::new();
    for column in first.values() {
        *counts.entry(*column).or_insert(0) += 1;
    }
    counts
}
