//! Follows that a host block severs, has severed, or restores.

use rusqlite::{Row, params};

use crate::base::Result;
use crate::base::id::ActorId;
use crate::store::moderation::host_blocks::{self, Severity};
use crate::store::{Read, Write, column};

/// Maximum number of rows a query returns.
const MAX_QUERY_ROWS: u32 = 1_000_000;

/// A follow between the owner and another actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorWithHosts {
    /// The other actor.
    pub actor_id: ActorId,
    /// The host of their handle and the host of their actor id.
    pub hosts: [String; 2],
    /// True when the owner follows them, false when they follow the owner.
    pub ours: bool,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ActorWithHosts> {
    let uri: String = column(row, "uri")?;
    Ok(ActorWithHosts {
        actor_id: column(row, "id")?,
        hosts: [column(row, "host")?, host_blocks::host_of(&uri)],
        ours: column(row, "ours")?,
    })
}

/// All follows of the owner, in both directions.
pub fn list_active(r: &Read<'_>, owner: ActorId) -> Result<Vec<ActorWithHosts>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT a.id, a.host, a.uri, 1 AS ours FROM follow f JOIN actor a ON a.id = f.followed_id WHERE f.follower_id = ?1
         UNION ALL
         SELECT a.id, a.host, a.uri, 0 AS ours FROM follow f JOIN actor a ON a.id = f.follower_id WHERE f.followed_id = ?1
         LIMIT ?2",
    )?;
    let rows = statement.query_map(params![owner, MAX_QUERY_ROWS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All follows severed by host blocks.
pub fn list_severed(r: &Read<'_>) -> Result<Vec<ActorWithHosts>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT a.id, a.host, a.uri, c.ours AS ours FROM cut_follow c JOIN actor a ON a.id = c.actor_id LIMIT ?1",
    )?;
    let rows = statement.query_map([MAX_QUERY_ROWS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends all follows between the owner and an actor, and records them for [`restore_follower`] and [`take_own_follows`].
pub fn sever(w: &Write<'_>, owner: ActorId, actor: ActorId) -> Result<()> {
    w.conn.execute(
        "INSERT OR REPLACE INTO cut_follow (actor_id, ours, uri, document, accepted_at, cut_at)
         SELECT ?2, follower_id = ?1, uri, document, accepted_at, ?3 FROM follow
         WHERE (follower_id = ?1 AND followed_id = ?2) OR (follower_id = ?2 AND followed_id = ?1)",
        params![owner, actor, w.now],
    )?;
    w.conn.execute(
        "DELETE FROM follow WHERE (follower_id = ?1 AND followed_id = ?2) OR (follower_id = ?2 AND followed_id = ?1)",
        params![owner, actor],
    )?;
    Ok(())
}

/// Restores a severed follower.
pub fn restore_follower(w: &Write<'_>, owner: ActorId, actor: ActorId) -> Result<()> {
    w.conn.execute(
        "INSERT OR IGNORE INTO follow (follower_id, followed_id, uri, document, accepted_at, created_at)
         SELECT ?2, ?1, uri, document, accepted_at, ?3 FROM cut_follow WHERE actor_id = ?2 AND ours = 0",
        params![owner, actor, w.now],
    )?;
    forget_severed(w, actor, "0")
}

/// Deletes the record of a severed follow of the owner's; false when there was none.
pub fn take_severed_own_follow(w: &Write<'_>, actor: ActorId) -> Result<bool> {
    let known = w.conn.prepare_cached("SELECT 1 FROM cut_follow WHERE actor_id = ?1 AND ours = 1")?.exists([actor])?;
    forget_severed(w, actor, "1")?;
    Ok(known)
}

/// Deletes the record of a severed follower who has unfollowed since.
pub fn forget_severed_follower(w: &Write<'_>, actor: ActorId) -> Result<()> {
    forget_severed(w, actor, "0")
}

fn forget_severed(w: &Write<'_>, actor: ActorId, ours: &str) -> Result<()> {
    w.conn.execute(&format!("DELETE FROM cut_follow WHERE actor_id = ?1 AND ours = {ours}"), [actor])?;
    Ok(())
}

/// Removes an actor's posts from home, boosts of their posts from home and lists, and their notifications.
pub fn remove_traces(w: &Write<'_>, actor: ActorId) -> Result<()> {
    for sql in [
        "DELETE FROM home WHERE post_id IN (SELECT id FROM post WHERE actor_id = ?1)",
        "DELETE FROM home WHERE post_id IN (SELECT b.id FROM post p JOIN post b ON b.boost_of = p.id WHERE p.actor_id = ?1)",
        "DELETE FROM list_post WHERE post_id IN (SELECT b.id FROM post p JOIN post b ON b.boost_of = p.id WHERE p.actor_id = ?1)",
        "DELETE FROM notification WHERE actor_id = ?1",
        "DELETE FROM notification_request WHERE actor_id = ?1",
        "DELETE FROM notification_permission WHERE actor_id = ?1",
    ] {
        w.conn.execute(sql, [actor])?;
    }
    Ok(())
}

/// Actors with notifications, with their hosts.
pub fn list_notifying_actors(r: &Read<'_>) -> Result<Vec<ActorWithHosts>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT DISTINCT a.id, a.host, a.uri, 0 AS ours FROM notification n JOIN actor a ON a.id = n.actor_id LIMIT ?1",
    )?;
    let rows = statement.query_map([MAX_QUERY_ROWS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Deletes queued deliveries to blocked hosts. Returns how many.
pub fn delete_blocked_deliveries(w: &Write<'_>) -> Result<usize> {
    let hosts: Vec<String> = {
        let mut statement =
            w.conn.prepare_cached("SELECT DISTINCT host FROM delivery WHERE ready = 1 ORDER BY host LIMIT ?1")?;
        let rows = statement.query_map([MAX_QUERY_ROWS], |row| column(row, "host"))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let rules = host_blocks::rules_for(w, hosts.iter().cloned(), None)?;
    let mut dropped = 0;
    for host in hosts.iter().filter(|host| rules.judge(host).severity == Some(Severity::Block)) {
        dropped += w.conn.execute("DELETE FROM delivery WHERE host = ?1", [host])?;
    }
    Ok(dropped)
}

/// All handle hosts of stored actors.
pub fn known_hosts(r: &Read<'_>) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached("SELECT DISTINCT host FROM actor LIMIT ?1")?;
    let rows = statement.query_map([MAX_QUERY_ROWS], |row| column(row, "host"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Number of stored posts by actors with these handle hosts.
pub fn count_posts_from_hosts(r: &Read<'_>, hosts: &[String]) -> Result<u32> {
    let mut statement = r.conn.prepare_cached(
        "SELECT count(*) FROM json_each(?1) j CROSS JOIN actor a ON a.host = j.value CROSS JOIN post p ON p.actor_id = a.id",
    )?;
    Ok(statement.query_one([crate::store::to_json(&hosts)?], |row| row.get(0))?)
}
