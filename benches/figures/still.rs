//! A server that does nothing: its size, its start, its memory.

use std::fs;
use std::process::Command;

use super::machine;
use super::server::{Server, program};
use super::table::{Table, median, number};

/// Starts measured.
const STARTS: usize = 10;

/// Measures a server at rest.
pub fn measure(table: &mut Table) {
    let bytes = u32::try_from(fs::metadata(program()).unwrap().len()).unwrap();
    table.row("binary", format!("{:.1} MB", f64::from(bytes) / 1e6), kind());
    let mut server = Server::found("still");
    let starts = (0..STARTS).map(|_| {
        let took = server.serve();
        server.stop();
        took.as_secs_f64() * 1000.0
    });
    let spawn = machine::spawn_ms();
    let start = median(starts.collect());
    table.row(
        "cold start to the first 200",
        format!("{} ms", number(start)),
        format!("{} ms for --version", number(spawn)),
    );
    server.serve();
    table.row("memory, idle", server.memory_at_rest(), "-".to_owned());
    server.stop();
}

/// Whether the program needs a dynamic linker.
fn kind() -> String {
    let shown = Command::new("file").args(["-b", "-L"]).arg(program()).output();
    let text = shown.map(|shown| String::from_utf8_lossy(&shown.stdout).into_owned()).unwrap_or_default();
    if text.contains("dynamically") { "dynamically linked".to_owned() } else { "-".to_owned() }
}
