//! Migrates any released schema to the one in `schema.sql`. The list of steps only grows: a released step never
//! changes.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::base::{Error, Result};

/// The schema of a new database.
const SCHEMA: &str = include_str!("../../schema.sql");

/// Step `n` brings version `n + 1` to version `n + 2`; version 1 is the first released `schema.sql`.
const STEPS: &[&str] = &[];

/// The version a database has when it equals `schema.sql`.
pub const VERSION: u32 = STEPS.len() as u32 + 1;

/// Makes or upgrades the database. A newer one is refused, and an upgrade first copies the file into `backups/`.
pub(super) fn run(conn: &mut Connection, folder: &Path) -> Result<()> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > VERSION {
        return Err(Error::invalid(format!(
            "this data folder was written by a newer hytte (schema {found}, this one knows {VERSION}): install that one"
        )));
    }
    if found == VERSION {
        return Ok(());
    }
    if found > 0 {
        copy_before_migration(conn, folder, found)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if found == 0 {
        tx.execute_batch(SCHEMA)?;
    } else {
        for step in STEPS.iter().skip(found as usize - 1) {
            tx.execute_batch(step)?;
        }
    }
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()?;
    Ok(())
}

fn copy_before_migration(conn: &Connection, folder: &Path, version: u32) -> Result<()> {
    let backups = folder.join("backups");
    super::folder::private_dir(&backups)?;
    let copy = backups.join(format!("before-schema-{VERSION}-from-{version}.db"));
    if !copy.exists() {
        let path = copy.to_str().ok_or_else(|| Error::invalid("the data folder's path is not UTF-8"))?;
        conn.execute("VACUUM INTO ?1", [path])?;
    }
    Ok(())
}
