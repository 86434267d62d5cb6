//! Compares the schema of an opened database with the one this build expects. A database of a development build may have the
//! same version number and other columns: it is refused when it is opened, instead of failing later in single queries.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::base::{Error, Result};

/// How many differences the message names.
const MAX_DIFFERENCES_SHOWN: usize = 5;

/// The tables with their columns, and the text of every index, trigger and virtual table without its white space. The order of
/// columns does not count: a migration can only append them.
fn shape(conn: &Connection) -> Result<BTreeSet<String>> {
    let mut shape = BTreeSet::new();
    let mut columns = conn.prepare(
        "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.[notnull] || ' ' || ifnull(c.dflt_value, '') || ' ' || c.pk
         FROM pragma_table_list t, pragma_table_xinfo(t.name) c
         WHERE t.schema = 'main' AND t.type IN ('table', 'virtual') AND t.name NOT LIKE 'sqlite%' LIMIT 10000",
    )?;
    for column in columns.query_map([], |row| row.get(0))? {
        shape.insert(column?);
    }
    let mut others = conn.prepare(
        "SELECT type || ' ' || name, sql FROM sqlite_schema
         WHERE sql IS NOT NULL AND (type IN ('index', 'trigger', 'view') OR sql LIKE 'CREATE VIRTUAL%') LIMIT 10000",
    )?;
    let rows = others.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in rows {
        let (name, sql) = row?;
        let sql: String = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        let sql: String = sql.chars().filter(|c| !c.is_whitespace()).collect();
        shape.insert(format!("{name}: {sql}"));
    }
    Ok(shape)
}

/// Invalid when the database differs from `expected`, with the first differences and what to do.
pub(super) fn check(conn: &Connection, expected: &str) -> Result<()> {
    let reference = Connection::open_in_memory()?;
    reference.execute_batch(expected)?;
    let (found, wanted) = (shape(conn)?, shape(&reference)?);
    let differences: Vec<String> = found
        .symmetric_difference(&wanted)
        .take(MAX_DIFFERENCES_SHOWN)
        .map(|entry| {
            let name = entry.split(':').next().unwrap_or_default();
            let name = name.split_once(' ').filter(|_| name.contains('.')).map_or(name, |(column, _)| column);
            if found.contains(entry) { format!("{name} is not known here") } else { format!("{name} is missing") }
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "hytte.db was written by a development build of hytte with another schema ({}): open it with that build, or restore a \
         backup that a released version has written",
        differences.join(", ")
    )))
}
