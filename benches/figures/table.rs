//! What is printed, and how several runs become one figure.

use std::fmt;

/// The figures, in the order they were measured.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 3]>,
    notes: Vec<(String, String)>,
}

impl Table {
    /// A figure, and what the machine itself does in the same time or space.
    pub fn row(&mut self, what: &str, hytte: String, machine: String) {
        eprintln!("  {what}: {hytte}  [{machine}]");
        self.rows.push([what.to_owned(), hytte, machine]);
    }

    /// A word about the run itself.
    pub fn say(&mut self, what: &str, text: &str) {
        self.notes.push((what.to_owned(), text.to_owned()));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["figure", "hytte", "the machine itself"].map(str::to_owned);
        let lines = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| lines().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (first, second) = (width(0), width(1));
        writeln!(f)?;
        for [what, hytte, machine] in lines() {
            writeln!(f, "{what:first$}  {hytte:second$}  {machine}")?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|(what, text)| writeln!(f, "{what}: {text}"))
    }
}

/// The middle of several runs.
pub fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A number with as many digits as mean something.
pub fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}
