//! `cargo bench`: the figures this server is judged by, measured on the whole program from outside, as a table. Beside each
//! stands what the machine itself can do, measured in the same run: figures of different machines, or of a busy one, can be
//! compared by it.
//!
//! The program is the one cargo has just built; `HYTTE_BIN` names another, such as the static one. All peers are made up and
//! live in this process, on loopback, under names below `localhost`. Words after `--` choose chapters: `cargo bench -- still`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, missing_docs)]

mod arriving;
mod crashing;
mod http;
mod leaving;
mod listening;
mod machine;
mod peers;
mod posting;
mod reading;
mod server;
mod still;
mod table;

use table::Table;

type Chapter = fn(&mut Table);

const CHAPTERS: [(&str, Chapter); 7] = [
    ("still", still::measure),
    ("posting", posting::measure),
    ("reading", reading::measure),
    ("leaving", leaving::measure),
    ("arriving", arriving::measure),
    ("crashing", crashing::measure),
    ("listening", listening::measure),
];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut table = Table::default();
    table.say("program", &server::program().display().to_string());
    table.say("load before", &machine::load());
    for (name, measure) in CHAPTERS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            eprintln!("{name} …");
            measure(&mut table);
        }
    }
    table.say("load after", &machine::load());
    println!("{table}");
}
