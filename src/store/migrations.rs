//! Migrates any released schema to the one in `schema.sql`. The list of steps only grows: a released step never
//! changes.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::base::{Error, Result};

/// The schema of a new database.
const SCHEMA: &str = include_str!("../../schema.sql");

/// Step `n` brings version `n + 1` to version `n + 2`; version 1 is the first released `schema.sql`.
const STEPS: &[&str] = &[];

/// Creates or migrates the database, and checks that its schema is the one of this build. A newer one is refused. Before a
/// migration the database is copied into `backups/`.
pub(super) fn run(conn: &mut Connection, folder: &Path) -> Result<()> {
    migrate(conn, folder, SCHEMA, STEPS)?;
    super::schema_check::check(conn, SCHEMA)
}

/// Brings the database to version `steps.len() + 1`, in one transaction: an interrupted migration leaves the old version.
fn migrate(conn: &mut Connection, folder: &Path, schema: &str, steps: &[&str]) -> Result<()> {
    let newest = u32::try_from(steps.len()).map_err(Error::internal)? + 1;
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > newest {
        return Err(Error::invalid(format!(
            "this data folder was written by a newer hytte (schema {found}, this one knows {newest}): install that one"
        )));
    }
    if found == newest {
        return Ok(());
    }
    if found > 0 {
        copy_before_migration(conn, folder, found, newest)?;
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if found == 0 {
        tx.execute_batch(schema)?;
    } else {
        for step in steps.iter().skip(found as usize - 1) {
            tx.execute_batch(step)?;
        }
    }
    tx.pragma_update(None, "user_version", newest)?;
    tx.commit()?;
    Ok(())
}

/// Copies the database under a temporary name and renames it when it is complete: a copy with the final name is never partial.
fn copy_before_migration(conn: &Connection, folder: &Path, from: u32, to: u32) -> Result<()> {
    let backups = folder.join("backups");
    super::folder::private_dir(&backups)?;
    let copy = backups.join(format!("before-schema-{to}-from-{from}.db"));
    if copy.exists() {
        return Ok(());
    }
    let partial = copy.with_extension("part");
    if partial.exists() {
        fs::remove_file(&partial)?;
    }
    let path = partial.to_str().ok_or_else(|| Error::invalid("the data folder's path is not UTF-8"))?;
    conn.execute("VACUUM INTO ?1", [path])?;
    fs::File::open(&partial)?.sync_all()?;
    fs::rename(&partial, &copy)?;
    fs::File::open(&backups)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::test_support::TestStore;

    /// A synthetic released schema with rows, and the step after it.
    const OLD: &str = "CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
        CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a ON DELETE CASCADE) STRICT;";
    const STEP: &str = "ALTER TABLE a ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
        UPDATE a SET length = length(text);
        CREATE INDEX b_a ON b (a_id);";
    const NEW: &str =
        "CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT NOT NULL, length INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a ON DELETE CASCADE) STRICT;
        CREATE INDEX b_a ON b (a_id);";

    fn old(folder: &Path) -> Connection {
        let mut conn = Connection::open(folder.join("old.db")).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        migrate(&mut conn, folder, OLD, &[]).unwrap();
        conn.execute_batch("INSERT INTO a VALUES (1, 'one'), (2, 'three'); INSERT INTO b VALUES (5, 2)").unwrap();
        conn
    }

    fn rows(conn: &Connection) -> (i64, i64) {
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get(0)).unwrap();
        (count("SELECT count(*) FROM a"), count("SELECT count(*) FROM b"))
    }

    #[test]
    fn a_step_keeps_all_rows_and_leaves_a_whole_copy_of_the_old_database() {
        let store = TestStore::new();
        let folder = store.store.folder().to_owned();
        let mut conn = old(&folder);
        // A copy that a power cut interrupted.
        fs::create_dir_all(folder.join("backups")).unwrap();
        fs::write(folder.join("backups/before-schema-2-from-1.part"), b"SQLite format 3, cut off").unwrap();
        migrate(&mut conn, &folder, NEW, &[STEP]).unwrap();
        assert_eq!(rows(&conn), (2, 1));
        let length: i64 = conn.query_row("SELECT length FROM a WHERE id = 2", [], |row| row.get(0)).unwrap();
        assert_eq!(length, 5);
        crate::store::schema_check::check(&conn, NEW).unwrap();
        let copy = Connection::open(folder.join("backups/before-schema-2-from-1.db")).unwrap();
        assert_eq!(rows(&copy), (2, 1));
        crate::store::schema_check::check(&copy, OLD).unwrap();
        assert!(!folder.join("backups/before-schema-2-from-1.part").exists());
        // Once more changes nothing.
        migrate(&mut conn, &folder, NEW, &[STEP]).unwrap();
        assert_eq!(rows(&conn), (2, 1));
    }

    #[test]
    fn a_step_that_fails_or_is_cut_off_leaves_the_old_version() {
        let store = TestStore::new();
        let folder = store.store.folder().to_owned();
        let mut conn = old(&folder);
        let bad = "ALTER TABLE a ADD COLUMN length INTEGER; INSERT INTO nowhere VALUES (1);";
        migrate(&mut conn, &folder, NEW, &[bad]).unwrap_err();
        let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!((version, rows(&conn)), (1, (2, 1)));
        crate::store::schema_check::check(&conn, OLD).unwrap();
        // Killed within the transaction: nothing of it is there when the database is opened again.
        conn.execute_batch("BEGIN IMMEDIATE; ALTER TABLE a ADD COLUMN length INTEGER; DELETE FROM b;").unwrap();
        std::mem::forget(conn);
        fs::copy(folder.join("old.db"), folder.join("again.db")).unwrap();
        fs::copy(folder.join("old.db-wal"), folder.join("again.db-wal")).unwrap();
        let mut conn = Connection::open(folder.join("again.db")).unwrap();
        assert_eq!(rows(&conn), (2, 1));
        migrate(&mut conn, &folder, NEW, &[STEP]).unwrap();
        assert_eq!(rows(&conn), (2, 1));
    }

    #[test]
    fn another_schema_of_the_same_version_is_refused_with_what_differs() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(OLD).unwrap();
        let why = crate::store::schema_check::check(&conn, NEW).unwrap_err().to_string();
        assert!(why.contains("a.length is missing") && why.contains("index b_a is missing"), "{why}");
        assert!(why.contains("development build") && why.contains("restore a backup"), "{why}");
    }
}
