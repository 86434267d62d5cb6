//! The database's rules: `schema.sql` is the truth, old databases become it step by step, and nothing newer is touched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use hytte::base::{Clock, Error};
use hytte::store::{Store, timelines::tags};
use rusqlite::Connection;

const SCHEMA: &str = include_str!("../../schema.sql");
/// The first schema that was released, as it was then: made with the first release by copying `schema.sql`, and never
/// changed. Without it nothing has been released yet, and `schema.sql` may change without a step.
fn oldest() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schema/1.sql");
    fs::read_to_string(path).unwrap_or_else(|_| SCHEMA.to_owned())
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("schema-{name}-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Everything a database is made of: kind, name, table and the text that made it, without comments and white space.
fn shape(conn: &Connection) -> BTreeSet<(String, String, String, String)> {
    let mut rows = conn
        .prepare("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        .unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, plain(&row.get::<_, String>(3)?))))
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// SQL without comments and with single spaces.
fn plain(sql: &str) -> String {
    let code: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = code.iter().flat_map(|line| line.split_whitespace()).collect();
    words.join(" ").replace("( ", "(").replace(" )", ")")
}

fn made_from(sql: &str) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    conn
}

#[test]
fn the_oldest_released_schema_and_all_steps_are_the_schema() {
    let folder = folder("oldest");
    let old = Connection::open(folder.join("hytte.db")).unwrap();
    old.execute_batch(&oldest()).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    drop(Store::open(&folder, Clock::system()).unwrap());
    let now = Connection::open(folder.join("hytte.db")).unwrap();
    let (grown, wanted) = (shape(&now), shape(&made_from(SCHEMA)));
    let differences: Vec<_> = grown.symmetric_difference(&wanted).collect();
    assert!(
        differences.is_empty(),
        "schema.sql has changed: add a step to src/store/migrations.rs for {differences:#?}"
    );
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_new_database_is_the_schema() {
    let folder = folder("new");
    drop(Store::open(&folder, Clock::system()).unwrap());
    let now = Connection::open(folder.join("hytte.db")).unwrap();
    let (grown, wanted) = (shape(&now), shape(&made_from(SCHEMA)));
    let differences: Vec<_> = grown.symmetric_difference(&wanted).collect();
    assert!(
        differences.is_empty(),
        "schema.sql has changed: add a step to src/store/migrations.rs for {differences:#?}"
    );
    let auto_vacuum: i64 = now.pragma_query_value(None, "auto_vacuum", |row| row.get(0)).unwrap();
    assert_eq!(auto_vacuum, 2, "freed pages can be returned in small steps");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_database_of_a_development_build_is_refused_with_what_differs() {
    let folder = folder("drifted");
    drop(Store::open(&folder, Clock::system()).unwrap());
    let drifted = Connection::open(folder.join("hytte.db")).unwrap();
    drifted.execute_batch("ALTER TABLE post ADD COLUMN from_elsewhere INTEGER; DROP INDEX delivery_due").unwrap();
    drop(drifted);
    match Store::open(&folder, Clock::system()) {
        Err(Error::Invalid(why)) => {
            assert!(why.contains("post.from_elsewhere is not known here"), "{why}");
            assert!(why.contains("index delivery_due is missing") && why.contains("open it with that build"), "{why}");
        }
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it was opened"),
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_newer_database_is_refused_with_a_sentence_and_left_alone() {
    let folder = folder("newer");
    let newer = Connection::open(folder.join("hytte.db")).unwrap();
    newer.execute_batch("CREATE TABLE from_the_future (x)").unwrap();
    newer.pragma_update(None, "user_version", 9_999).unwrap();
    drop(newer);
    match Store::open(&folder, Clock::system()) {
        Err(Error::Invalid(why)) => assert!(why.contains("newer hytte") && why.contains("9999"), "{why}"),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it was opened"),
    }
    let after = Connection::open(folder.join("hytte.db")).unwrap();
    assert_eq!(shape(&after).len(), 1);
    fs::remove_dir_all(&folder).unwrap();
}

/// What is wrong with a schema, one line each.
fn breaches(conn: &Connection) -> Vec<String> {
    let mut found = Vec::new();
    let mut tables =
        conn.prepare("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").unwrap();
    let tables: Vec<(String, bool)> =
        tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    for (table, strict) in tables.iter().filter(|(name, _)| !name.starts_with("sqlite_")) {
        if !strict {
            found.push(format!("{table} is not STRICT"));
        }
        let mut columns = conn.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
        let columns =
            columns.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        for (column, kind) in columns.map(Result::unwrap) {
            if column.ends_with("_at") && kind != "INTEGER" {
                found.push(format!("{table}.{column} is a time and not an INTEGER"));
            }
            if ["status", "toot", "reblog", "favourite"].iter().any(|word| column.contains(word)) {
                found.push(format!("{table}.{column} is another server's word"));
            }
        }
        // A deleted row looks for its children: a foreign key without an index reads a whole table for each.
        let mut keys = conn
            .prepare("SELECT \"from\", \"table\" FROM pragma_foreign_key_list(?1) WHERE on_delete <> 'NO ACTION'")
            .unwrap();
        let keys = keys.query_map([table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        for (column, parent) in keys.map(Result::unwrap) {
            let sql = format!("SELECT 1 FROM {table} WHERE {column} = ?1");
            if reads_all(conn, &sql) {
                found.push(format!("{table}.{column} points to {parent} and has no index"));
            }
        }
    }
    found
}

/// Whether SQLite would read a whole table for this.
fn reads_all(conn: &Connection, sql: &str) -> bool {
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = plan.parameter_count();
    let lines = plan
        .query_map(rusqlite::params_from_iter(std::iter::repeat_n(1, count)), |row| row.get::<_, String>("detail"))
        .unwrap();
    lines.map(Result::unwrap).any(|line| line.starts_with("SCAN") && !line.contains("USING"))
}

#[test]
fn tables_are_strict_times_are_numbers_and_cascades_have_an_index() {
    assert_eq!(breaches(&made_from(SCHEMA)), Vec::<String>::new());
    let bad = made_from(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, made_at TEXT);
         CREATE TABLE b (a_id INTEGER REFERENCES a (id) ON DELETE CASCADE, status TEXT) STRICT;",
    );
    let found = breaches(&bad).join("\n");
    for expected in ["a is not STRICT", "a.made_at", "b.status", "b.a_id points to a"] {
        assert!(found.contains(expected), "{expected} in {found}");
    }
}

/// The SQL texts of `src/store/`: every string that begins with one of SQL's verbs.
fn queries() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut folders } else { &mut files }.push(path);
        }
    }
    let mut found = Vec::new();
    for path in files {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for part in text.split('"').skip(1).step_by(2) {
            let sql = part.trim_start();
            if ["SELECT ", "WITH ", "DELETE ", "UPDATE ", "INSERT "].iter().any(|verb| sql.starts_with(verb)) {
                found.push((name.clone(), sql.to_owned()));
            }
        }
    }
    found
}

/// Whether a query gives a list and has no LIMIT: it gives one row when it names a key, counts, or asks for existence.
fn endless(sql: &str) -> bool {
    let sql = plain(sql);
    let one = ["count(", "max(", "min(", "sum(", "SELECT EXISTS", "SELECT 1 FROM", "= ?1", " FROM node", "LIMIT"];
    sql.starts_with("SELECT") && !one.iter().any(|mark| sql.contains(mark))
        || sql.contains("ORDER BY") && !sql.contains("LIMIT")
}

#[test]
fn every_list_query_has_a_limit() {
    assert!(endless("SELECT id FROM post") && endless("SELECT a FROM post WHERE x = ?1 ORDER BY id"));
    assert!(!endless("SELECT * FROM actor WHERE id = ?1") && !endless("SELECT id FROM post ORDER BY id LIMIT ?1"));
    let queries = queries();
    assert!(queries.len() > 60, "the queries were found");
    let found: Vec<_> = queries.iter().filter(|(_, sql)| endless(sql)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_index_has_a_query_or_a_cascade_that_uses_it() {
    let conn = made_from(SCHEMA);
    let mut indices = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").unwrap();
    let indices: Vec<String> = indices.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut plans = String::new();
    for (_, sql) in queries() {
        // Texts with {} in them are put together at run time and cannot be asked about.
        let Ok(mut plan) = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) else { continue };
        let count = plan.parameter_count();
        let params = rusqlite::params_from_iter(std::iter::repeat_n(1, count));
        let Ok(rows) = plan.query_map(params, |row| row.get::<_, String>("detail")) else { continue };
        for line in rows.flatten() {
            plans.push_str(&line);
            plans.push('\n');
        }
    }
    let said = |index: &str| {
        SCHEMA.lines().any(|line| line.contains(&format!("INDEX {index} ")) && line.contains("--"))
            || SCHEMA
                .lines()
                .collect::<Vec<_>>()
                .windows(2)
                .any(|w| w[0].contains(&format!("INDEX {index} ")) && w[1].contains("--"))
    };
    let unused: Vec<&String> = indices.iter().filter(|index| !plans.contains(index.as_str()) && !said(index)).collect();
    assert!(unused.is_empty(), "no query uses {unused:?}, and no comment says what they are for");
    // So that the question can be answered with no, too.
    assert!(!plans.contains("no_such_index") && plans.contains("delivery_due"), "{plans}");
}

#[test]
fn a_house_that_has_grown_finds_things_the_way_a_new_one_does() {
    // What SQLite counts (`ANALYZE`) when a server is closed on its first day made it read all people for each name in a post
    // when there were many of them.
    let folder = folder("plans");
    for n in 0..2 {
        let store = Store::open(&folder, Clock::system()).unwrap();
        let tag = format!("weather{n}");
        store.write(move |w| Ok((tags::follow(w, &tag, &tag)?, tags::get(w, &tag)?))).unwrap();
    }
    let conn = Connection::open(folder.join("hytte.db")).unwrap();
    let counted =
        conn.prepare("SELECT 1 FROM sqlite_schema WHERE name LIKE 'sqlite_stat%'").unwrap().exists([]).unwrap();
    assert!(!counted);
}
