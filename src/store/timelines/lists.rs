//! The owner's lists and their timelines, prepared like the home timeline.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{ActorId, ListId, PostId};
use crate::base::{Error, Result};
use crate::store::posts::PostPage;
use crate::store::{Read, Write, column, timelines::window};

/// Lists there may be.
pub const MAX_LISTS: u32 = 50;
/// People in one list.
pub const MAX_LIST_MEMBERS: u32 = 5_000;
/// Posts added to a list with a new member.
const MAX_POSTS_ON_ADD: u32 = 400;

/// Which replies to others a list shows. Replies to the owner, and to the author's own posts, are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListReplies {
    /// To anyone the owner follows.
    Followed,
    /// To people in the list.
    List,
    /// None.
    Nobody,
}

impl ListReplies {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Followed, Self::List, Self::Nobody];

    /// The word in the column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Followed => "followed",
            Self::List => "list",
            Self::Nobody => "none",
        }
    }

    /// The variant of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|replies| replies.word() == word)
    }
}

/// A row of `list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredList {
    /// Our id.
    pub id: ListId,
    /// One line.
    pub title: String,
    /// Which replies it shows.
    pub replies: ListReplies,
    /// Posts of its members are left out of home.
    pub exclusive: bool,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredList> {
    Ok(StoredList {
        id: column(row, "id")?,
        title: column(row, "title")?,
        replies: ListReplies::from_word(&column::<String>(row, "replies")?).unwrap_or(ListReplies::List),
        exclusive: column(row, "exclusive")?,
    })
}

/// All lists, the oldest first.
pub fn all(r: &Read<'_>) -> Result<Vec<StoredList>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM list ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([MAX_LISTS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One list; NotFound when there is none.
pub fn by_id(r: &Read<'_>, id: ListId) -> Result<StoredList> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM list WHERE id = ?1")?;
    statement.query_one([id], from_row).optional()?.ok_or(Error::NotFound)
}

/// The lists with this member.
pub fn of_member(r: &Read<'_>, actor: ActorId) -> Result<Vec<StoredList>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT l.* FROM list_member m JOIN list l ON l.id = m.list_id WHERE m.actor_id = ?1 ORDER BY l.id LIMIT ?2",
    )?;
    let rows = statement.query_map(params![actor, MAX_LISTS], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether an actor is in an exclusive list.
pub fn is_exclusive_member(r: &Read<'_>, actor: ActorId) -> Result<bool> {
    Ok(of_member(r, actor)?.iter().any(|list| list.exclusive))
}

/// Keeps a new list (its id is not read).
pub fn add(w: &Write<'_>, list: &StoredList) -> Result<ListId> {
    w.conn.prepare_cached("INSERT INTO list (title, replies, exclusive) VALUES (?1, ?2, ?3)")?.execute(params![
        list.title,
        list.replies.word(),
        list.exclusive
    ])?;
    Ok(ListId(w.conn.last_insert_rowid()))
}

/// Changes a list; NotFound when there is none.
pub fn set(w: &Write<'_>, list: &StoredList) -> Result<()> {
    let values = params![list.id, list.title, list.replies.word(), list.exclusive];
    let sql = "UPDATE list SET title = ?2, replies = ?3, exclusive = ?4 WHERE id = ?1";
    if w.conn.prepare_cached(sql)?.execute(values)? == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Takes a list away, with its timeline; its members stay followed. NotFound when there is none.
pub fn remove(w: &Write<'_>, id: ListId) -> Result<()> {
    if w.conn.execute("DELETE FROM list WHERE id = ?1", [id])? == 0 { Err(Error::NotFound) } else { Ok(()) }
}

/// Members of a list, newest actor first: ids below `max` and above `since`.
pub fn members(r: &Read<'_>, id: ListId, max: Option<i64>, since: Option<i64>, limit: u32) -> Result<Vec<ActorId>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT actor_id FROM list_member WHERE list_id = ?1 AND actor_id < ?2 AND actor_id > ?3
         ORDER BY actor_id DESC LIMIT ?4",
    )?;
    let rows = statement
        .query_map(params![id, max.unwrap_or(i64::MAX), since.unwrap_or(0), limit], |row| column(row, "actor_id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many people are in a list.
pub fn count(r: &Read<'_>, id: ListId) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM list_member WHERE list_id = ?1")?;
    Ok(statement.query_one([id], |row| row.get(0))?)
}

/// Adds a member; false when already there.
pub fn add_member(w: &Write<'_>, list: ListId, actor: ActorId) -> Result<bool> {
    let mut statement =
        w.conn.prepare_cached("INSERT OR IGNORE INTO list_member (list_id, actor_id) VALUES (?1, ?2)")?;
    Ok(statement.execute(params![list, actor])? > 0)
}

/// Removes a member, and the posts that are in the list because of them.
pub fn remove_member(w: &Write<'_>, list: ListId, actor: ActorId) -> Result<()> {
    let mut statement = w.conn.prepare_cached("DELETE FROM list_member WHERE list_id = ?1 AND actor_id = ?2")?;
    if statement.execute(params![list, actor])? > 0 { clear(w, list, actor) } else { Ok(()) }
}

/// Removes an actor from every list, after unfollowing.
pub fn forget(w: &Write<'_>, actor: ActorId) -> Result<()> {
    for list in of_member(w, actor)? {
        remove_member(w, list.id, actor)?;
    }
    Ok(())
}

/// Removes the posts an actor brought to a list; but not what a group in it has announced nor, when the actor is such a
/// group, what other members wrote.
fn clear(w: &Write<'_>, list: ListId, actor: ActorId) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM list_post WHERE list_id = ?1 AND post_id IN (
           SELECT id FROM post WHERE actor_id = ?2
           UNION SELECT post_id FROM post_group WHERE group_id = ?2)
         AND NOT EXISTS (SELECT 1 FROM post p JOIN list_member m ON m.list_id = ?1 AND m.actor_id = p.actor_id
           WHERE p.id = list_post.post_id)
         AND NOT EXISTS (SELECT 1 FROM post_group g JOIN list_member m ON m.list_id = ?1 AND m.actor_id = g.group_id
           WHERE g.post_id = list_post.post_id AND g.announced = 1)",
    )?;
    statement.execute(params![list, actor])?;
    Ok(())
}

/// Takes a post that a group does not have any more out of the lists the group is in, unless others in them brought it, too.
pub fn remove_post(w: &Write<'_>, group: ActorId, post: PostId) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM list_post WHERE post_id = ?2
         AND list_id IN (SELECT list_id FROM list_member WHERE actor_id = ?1)
         AND NOT EXISTS (SELECT 1 FROM post p JOIN list_member m ON m.list_id = list_post.list_id
             AND m.actor_id = p.actor_id WHERE p.id = ?2)
         AND NOT EXISTS (SELECT 1 FROM post_group g JOIN list_member m ON m.list_id = list_post.list_id
             AND m.actor_id = g.group_id WHERE g.post_id = ?2 AND g.announced = 1 AND g.group_id <> ?1)",
    )?;
    statement.execute(params![group, post])?;
    Ok(())
}

/// Adds a post or boost to a list's timeline. `answers`: the author it replies to, unless that is its own author or the
/// owner.
pub fn add_post(w: &Write<'_>, list: ListId, post: PostId, answers: Option<ActorId>) -> Result<()> {
    let mut statement =
        w.conn.prepare_cached("INSERT OR IGNORE INTO list_post (list_id, post_id, answers) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![list, post, answers])?;
    Ok(())
}

/// Adds an actor's newest home-timeline posts, or those announced by a group, to a list's timeline.
pub fn add_history_of(w: &Write<'_>, list: ListId, actor: ActorId) -> Result<()> {
    for sql in [INSERT_AUTHORED_SQL, INSERT_BOOSTED_SQL] {
        w.conn.prepare_cached(sql)?.execute(params![list, actor, MAX_POSTS_ON_ADD])?;
    }
    Ok(())
}

const INSERT_AUTHORED_SQL: &str = "INSERT OR IGNORE INTO list_post (list_id, post_id, answers)
    SELECT ?1, p.id, nullif(nullif(q.actor_id, p.actor_id), n.owner_id)
    FROM node n, post p LEFT JOIN post q ON q.id = p.reply_to
    WHERE p.actor_id = ?2 AND p.audience <= 2
      AND (p.reply_to_uri IS NULL OR q.actor_id IN (p.actor_id, n.owner_id) OR EXISTS (SELECT 1 FROM follow f
        WHERE f.followed_id = q.actor_id AND f.follower_id = n.owner_id AND f.accepted_at IS NOT NULL))
    ORDER BY p.id DESC LIMIT ?3";

const INSERT_BOOSTED_SQL: &str = "INSERT OR IGNORE INTO list_post (list_id, post_id)
    SELECT ?1, g.post_id FROM post_group g JOIN post p ON p.id = g.post_id
    WHERE g.group_id = ?2 AND g.announced = 1 AND p.audience <= 1 AND p.reply_to_uri IS NULL
    ORDER BY g.post_id DESC LIMIT ?3";

/// The condition that a reply in `t` is one the list shows.
fn shown_sql(replies: ListReplies) -> &'static str {
    match replies {
        ListReplies::Followed => "t.list_id = ?5",
        ListReplies::Nobody => "t.list_id = ?5 AND t.answers IS NULL",
        ListReplies::List => {
            "t.list_id = ?5 AND (t.answers IS NULL
               OR EXISTS (SELECT 1 FROM list_member m WHERE m.list_id = ?5 AND m.actor_id = t.answers))"
        }
    }
}

/// A page of a list's timeline, newest first.
pub fn page(r: &Read<'_>, list: &StoredList, page: PostPage) -> Result<Vec<PostId>> {
    window::page(r, "list_post t", shown_sql(list.replies), page, list.id.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn a_page_of_a_list_reads_its_own_rows_and_no_others() {
        let s = TestStore::new();
        let after = PostPage { after: Some(PostId(1)), ..PostPage::first(20) };
        let mut plans = Vec::new();
        for (replies, page) in ListReplies::ALL.into_iter().flat_map(|one| [(one, PostPage::first(20)), (one, after)]) {
            let sql = window::page_sql("list_post t", shown_sql(replies), window::NOT_MUTED_SQL, page);
            let plan = s.store.read(|r| {
                let mut plan = r.conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let values = rusqlite::params_from_iter(std::iter::repeat_n(1, plan.parameter_count()));
                let lines = plan.query_map(values, |row| column::<String>(row, "detail"))?;
                Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?)
            });
            plans.push(plan.unwrap().join("; "));
        }
        for plan in &plans {
            let own = plan.contains("SEARCH t USING PRIMARY KEY (list_id=? AND post_id>? AND post_id<?)");
            let sorted = plan.matches("TEMP B-TREE").count() <= usize::from(plan.contains("(subquery"));
            assert!(own && sorted && !plan.contains("SCAN t"), "{plan}");
        }
    }
}
