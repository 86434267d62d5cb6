//! Polls and votes. Counts of a remote poll are what its server states; those of own polls grow with the votes
//! received.

use std::collections::HashMap;

use rusqlite::{Row, params};

use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result, Time};
use crate::store::{Read, Write, column};

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollOption {
    /// Exactly as its author wrote it: votes name the option by this text.
    pub text: String,
    /// Number of votes for it.
    pub votes: u64,
}

/// A row of `poll`, with the owner's own votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPoll {
    /// The post, a Question.
    pub post_id: PostId,
    /// The options, in order.
    pub options: Vec<PollOption>,
    /// Several options may be chosen.
    pub multiple: bool,
    /// Number of voters; None when the author's server does not say.
    pub voters: Option<u64>,
    /// Own polls: counts are hidden until the end.
    pub hides_counts: bool,
    /// When voting ends or ended; None for a poll without an end.
    pub end_at: Option<Time>,
    /// When its author's server last stated the counts.
    pub checked_at: Time,
    /// When upkeep next processes it; None for never.
    pub next_upkeep_at: Option<Time>,
    /// Indexes of the options the owner chose.
    pub own_choices: Vec<usize>,
}

impl StoredPoll {
    /// Whether voting has ended.
    pub fn is_over(&self, now: Time) -> bool {
        self.end_at.is_some_and(|end| end <= now)
    }

    /// All votes together.
    pub fn votes(&self) -> u64 {
        self.options.iter().map(|option| option.votes).fold(0, u64::saturating_add)
    }
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredPoll> {
    let options: Vec<(String, u64)> = crate::store::json(row, "options")?;
    Ok(StoredPoll {
        post_id: column(row, "post_id")?,
        options: options.into_iter().map(|(text, votes)| PollOption { text, votes }).collect(),
        multiple: column(row, "multiple")?,
        voters: column::<Option<u32>>(row, "voters")?.map(u64::from),
        hides_counts: column(row, "hides")?,
        end_at: column(row, "end_at")?,
        checked_at: column(row, "checked_at")?,
        next_upkeep_at: column(row, "look_at")?,
        own_choices: crate::store::json(row, "mine")?,
    })
}

/// Stores a poll; votes are stored by [`add_vote`].
pub fn put(w: &Write<'_>, poll: &StoredPoll) -> Result<()> {
    let options: Vec<(&str, u64)> = poll.options.iter().map(|option| (option.text.as_str(), option.votes)).collect();
    let mut statement = w.conn.prepare_cached(
        "INSERT INTO poll (post_id, options, multiple, voters, end_at, checked_at, look_at, hides)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (post_id) DO UPDATE SET options = ?2, multiple = ?3, voters = ?4, end_at = ?5, checked_at = ?6,
           look_at = ?7, hides = ?8",
    )?;
    statement.execute(params![
        poll.post_id,
        crate::store::to_json(&options)?,
        poll.multiple,
        poll.voters.map(|voters| u32::try_from(voters).unwrap_or(u32::MAX)),
        poll.end_at,
        poll.checked_at,
        poll.next_upkeep_at,
        poll.hides_counts
    ])?;
    Ok(())
}

/// Deletes the poll of a post with its votes.
pub fn remove(w: &Write<'_>, post: PostId) -> Result<()> {
    clear_votes(w, post)?;
    w.conn.prepare_cached("DELETE FROM poll WHERE post_id = ?1")?.execute([post])?;
    Ok(())
}

/// The polls among these posts.
pub fn of_posts(r: &Read<'_>, posts: &[PostId]) -> Result<HashMap<PostId, StoredPoll>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT p.post_id, p.options, p.multiple, p.voters, p.hides, p.end_at, p.checked_at, p.look_at,
           (SELECT json_group_array(v.choice) FROM vote v
            WHERE v.post_id = p.post_id AND v.actor_id = n.owner_id) AS mine
         FROM poll p, node n WHERE p.post_id IN (SELECT value FROM json_each(?1)) LIMIT 1000",
    )?;
    let rows = statement.query_map([crate::store::id_list(posts.iter().map(|id| id.0))], from_row)?;
    rows.map(|poll| Ok(poll.map(|poll| (poll.post_id, poll))?)).collect()
}

/// The poll of a post, if it has one.
pub fn of_post(r: &Read<'_>, post: PostId) -> Result<Option<StoredPoll>> {
    Ok(of_posts(r, &[post])?.remove(&post))
}

/// Adds a vote; false when it exists already.
pub fn add_vote(w: &Write<'_>, post: PostId, actor: ActorId, choice: usize) -> Result<bool> {
    let mut statement =
        w.conn.prepare_cached("INSERT OR IGNORE INTO vote (post_id, actor_id, choice) VALUES (?1, ?2, ?3)")?;
    let choice = u32::try_from(choice).map_err(Error::internal)?;
    Ok(statement.execute(params![post, actor, choice])? > 0)
}

/// The options an actor voted for.
pub fn choices_of(r: &Read<'_>, post: PostId, actor: ActorId) -> Result<Vec<usize>> {
    let mut statement =
        r.conn.prepare_cached("SELECT choice FROM vote WHERE post_id = ?1 AND actor_id = ?2 LIMIT 1000")?;
    let rows = statement.query_map(params![post, actor], |row| column::<u32>(row, "choice"))?;
    rows.map(|choice| Ok(choice? as usize)).collect()
}

/// Deletes all votes, because the options have changed.
pub fn clear_votes(w: &Write<'_>, post: PostId) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM vote WHERE post_id = ?1")?.execute([post])?;
    Ok(())
}

/// Polls that upkeep has to process now, the longest overdue first.
pub fn list_due(r: &Read<'_>, limit: u32) -> Result<Vec<PostId>> {
    let mut statement =
        r.conn.prepare_cached("SELECT post_id FROM poll WHERE look_at <= ?1 ORDER BY look_at LIMIT ?2")?;
    let rows = statement.query_map(params![r.now, limit], |row| column(row, "post_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets when upkeep next processes a poll; None for never.
pub fn schedule_upkeep(w: &Write<'_>, post: PostId, at: Option<Time>) -> Result<()> {
    w.conn.prepare_cached("UPDATE poll SET look_at = ?2 WHERE post_id = ?1")?.execute(params![post, at])?;
    Ok(())
}
