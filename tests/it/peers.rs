//! Documents in the shape each sort of peer sends them (`tests/fixtures/<software>/`), handed to a whole server in the
//! order of the table beside them, and what the owner then sees. README's table is what these files give.

mod mutations;
mod stage;
pub mod table;

use std::fmt::Write;

use stage::Stage;
use table::COLUMNS;

/// A sort of peer: its folder, its name in README, and whether it knocks with RFC 9421 first.
pub struct Software {
    pub folder: &'static str,
    name: &'static str,
    modern: bool,
}

const fn software(folder: &'static str, name: &'static str) -> Software {
    Software { folder, name, modern: false }
}

const fn modern(folder: &'static str, name: &'static str) -> Software {
    Software { folder, name, modern: true }
}

pub const ALL: [Software; 18] = [
    software("mastodon", "Mastodon 4.4–4.7"),
    software("threads", "Threads"),
    modern("wordpress", "WordPress"),
    software("pleroma", "Pleroma, Akkoma"),
    software("misskey", "Misskey, Sharkey"),
    software("gotosocial", "GoToSocial"),
    software("lemmy", "Lemmy"),
    software("mbin", "Mbin, PieFed"),
    software("pixelfed", "Pixelfed"),
    software("peertube", "PeerTube"),
    modern("ghost", "Ghost, Fedify"),
    software("bookwyrm", "BookWyrm"),
    software("mobilizon", "Mobilizon"),
    software("friendica", "Friendica"),
    software("hubzilla", "Hubzilla, streams"),
    software("bridgy", "Bridgy Fed"),
    software("flipboard", "Flipboard"),
    software("mitra", "Mitra, snac, NodeBB"),
];

/// Plays the whole story of one sort of peer; all that went otherwise is told at once.
fn tell(folder: &str) {
    let software = ALL.iter().find(|s| s.folder == folder).unwrap();
    let mut stage = Stage::open(software);
    let mut wrong = Vec::new();
    for step in table::steps(folder) {
        for complaint in stage.play(&step) {
            wrong.push(format!("{}\n    {complaint}", step.line));
        }
    }
    assert!(wrong.is_empty(), "{folder}:\n{}", wrong.join("\n"));
}

macro_rules! stories {
    ($($name:ident)*) => { $(#[test] fn $name() { tell(stringify!($name)); })* };
}

stories! { mastodon threads wordpress pleroma misskey gotosocial lemmy mbin pixelfed peertube ghost bookwyrm mobilizon
friendica hubzilla bridgy flipboard mitra }

/// README's table as the files give it.
fn readme_table() -> String {
    let mut text = String::from("| peer |");
    for column in COLUMNS {
        write!(text, " {column} |").unwrap();
    }
    text.push_str("\n| --- |");
    text.push_str(&" ---: |".repeat(COLUMNS.len()));
    let mut sums = [0; COLUMNS.len()];
    for software in &ALL {
        let counts = table::counts(software.folder);
        write!(text, "\n| {} |", software.name).unwrap();
        for (column, sum) in COLUMNS.iter().zip(&mut sums) {
            let n = counts.get(column).copied().unwrap_or(0);
            *sum += n;
            write!(text, " {} |", if n == 0 { String::new() } else { n.to_string() }).unwrap();
        }
    }
    text.push_str("\n| all |");
    for sum in sums {
        write!(text, " {sum} |").unwrap();
    }
    text.replace("|  |", "| |").replace("|  |", "| |") + "\n"
}

const START: &str = "<!-- peers: written by `HYTTE_WRITE_README=1 cargo test readme` -->\n";
const END: &str = "<!-- /peers -->";

#[test]
fn the_table_in_readme_is_what_the_documents_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(START).expect("README has a place for the table");
    let (table, after) = rest.split_once(END).expect("README's table ends");
    let wanted = readme_table();
    if std::env::var_os("HYTTE_WRITE_README").is_some() {
        std::fs::write(path, format!("{before}{START}{wanted}{END}{after}")).unwrap();
    } else {
        assert_eq!(table, wanted, "run HYTTE_WRITE_README=1 cargo test readme");
    }
}

#[test]
fn there_are_documents_of_every_sort_of_peer_and_not_a_few() {
    let counts: Vec<usize> = ALL.iter().map(|s| table::documents(s.folder).len()).collect();
    assert!(counts.iter().all(|n| *n >= 4), "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= 150, "{counts:?}");
}
