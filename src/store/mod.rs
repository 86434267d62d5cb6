//! All SQL, and nothing but storage: each noun's rows and queries. Knows no network and no rules.

pub mod access;
pub mod cursor;
pub mod media_files;
pub mod moderation;
pub mod peers;
pub mod queue;
pub mod retention;
#[cfg(test)]
pub(crate) mod test_support;
pub mod timelines;
mod transaction;

mod db;
mod folder;
mod migrations;
mod schema_check;
mod values;
mod writer;

pub use db::Store;
pub use transaction::{Read, Write};
pub use writer::{CommitNotifier, PendingWrite};

pub mod actors;
pub mod events;
pub mod node;
pub mod notifications;
pub mod own_emoji;
pub mod posts;

use std::cell::Cell;

use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Row, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::{Error, Result};

thread_local! {
    /// Where the column stood that was read last.
    static LAST_COLUMN: Cell<usize> = const { Cell::new(0) };
}

/// A column by its name. Rows are read in column order, so the column after the last one is tried first: a search asks
/// SQLite for the name of every column before it.
fn column<T: FromSql>(row: &Row<'_>, name: &str) -> rusqlite::Result<T> {
    row.get(column_index(row, name)?)
}

fn column_index(row: &Row<'_>, name: &str) -> rusqlite::Result<usize> {
    let statement: &Statement<'_> = row.as_ref();
    let next = LAST_COLUMN.get() + 1;
    let at = match statement.column_name(next) {
        Ok(found) if found == name => next,
        _ => statement.column_index(name)?,
    };
    LAST_COLUMN.set(at);
    Ok(at)
}

/// A JSON column; NULL or broken text gives the default, so that one odd row never hides a page.
fn json<T: DeserializeOwned + Default>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    Ok(match row.get_ref(column_index(row, column)?)? {
        // Most rows hold `[]`.
        ValueRef::Text(text) if text != b"[]" => serde_json::from_slice(text).unwrap_or_default(),
        _ => T::default(),
    })
}

fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(Error::internal)
}

/// A list of ids for `json_each(?)`.
fn id_list(ids: impl Iterator<Item = i64>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&id.to_string());
    }
    list.push(']');
    list
}
