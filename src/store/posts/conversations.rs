//! Conversations as client apps list them: one for each set of participants of a private thread, with its newest post.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::Result;
use crate::base::id::{ConversationId, PostId};
use crate::store::cursor::CursorWindow;
use crate::store::posts::PostMention;
use crate::store::{Read, Write, column, events, posts::thread_mutes};

/// Maximum ancestors searched for the conversation of a post.
const MAX_ANCESTORS: u32 = 300;
/// Maximum participants of a conversation; further ones are left out.
const MAX_PARTICIPANTS: usize = 100;

/// A row of `conversation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Our id.
    pub id: ConversationId,
    /// ActivityPub ids of all participants but the owner, sorted; empty when the owner mentions nobody.
    pub participants: Vec<String>,
    /// Its newest post.
    pub newest_post: PostId,
    /// The owner has not read the newest post.
    pub unread: bool,
}

/// Who wrote the added post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationPostAuthor {
    /// The owner, who has therefore read the posts before it.
    Owner,
    /// Another actor.
    Other,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    Ok(Conversation {
        id: column(row, "id")?,
        participants: crate::store::json(row, "people")?,
        newest_post: column(row, "newest_id")?,
        unread: column(row, "unread")?,
    })
}

/// Adds a private post to its conversation, or creates one. `author` and `mentions` are the participants, `owner` among
/// them. In a muted thread nothing becomes unread. Does nothing for a post that was added before.
pub fn add_post(
    w: &Write<'_>,
    post: PostId,
    by: ConversationPostAuthor,
    owner: &str,
    author: &str,
    mentions: &[PostMention],
) -> Result<ConversationId> {
    if let Some(known) = of_post(w, post)? {
        return Ok(known);
    }
    let mut people: Vec<&str> = mentions.iter().map(|mention| mention.uri.as_str()).chain([author]).collect();
    people.retain(|uri| *uri != owner);
    people.sort_unstable();
    people.dedup();
    people.truncate(MAX_PARTICIPANTS);
    let people = crate::store::to_json(&people)?;
    let thread = thread_of(w, post)?;
    let unread = by == ConversationPostAuthor::Other && !thread_mutes::is_muted(w, post)?;
    let known: Option<ConversationId> = w
        .conn
        .prepare_cached("SELECT id FROM conversation WHERE thread = ?1 AND people = ?2 LIMIT 1")?
        .query_one(params![thread, people], |row| column(row, "id"))
        .optional()?;
    let id = match known {
        Some(id) => {
            // A post that arrives late is not the newest.
            w.conn
                .prepare_cached(
                    "UPDATE conversation SET newest_id = max(newest_id, ?2), unread = CASE WHEN ?3 THEN 0 ELSE max(unread, ?4) END
                     WHERE id = ?1",
                )?
                .execute(params![id, post, by == ConversationPostAuthor::Owner, unread])?;
            id
        }
        None => w
            .conn
            .prepare_cached(
                "INSERT INTO conversation (thread, people, newest_id, unread) VALUES (?1, ?2, ?3, ?4) RETURNING id",
            )?
            .query_one(params![thread, people, post, unread], |row| column(row, "id"))?,
    };
    w.conn
        .prepare_cached("INSERT INTO conversation_post (post_id, conversation_id) VALUES (?1, ?2)")?
        .execute(params![post, id])?;
    events::conversation_changed(w, post, id)?;
    Ok(id)
}

/// The thread of a post: that of the nearest ancestor in a conversation, else the root.
fn thread_of(r: &Read<'_>, post: PostId) -> Result<PostId> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT ?1, 0
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL AND depth < ?2)
         SELECT c.thread FROM up JOIN conversation_post f ON f.post_id = up.id JOIN conversation c ON c.id = f.conversation_id
         ORDER BY depth LIMIT 1",
    )?;
    let known = statement.query_one(params![post, MAX_ANCESTORS], |row| column(row, "thread")).optional()?;
    known.map_or_else(|| thread_mutes::thread_root(r, post), Ok)
}

/// The conversation with this id.
pub fn by_id(r: &Read<'_>, id: ConversationId) -> Result<Conversation> {
    Ok(r.conn.prepare_cached("SELECT * FROM conversation WHERE id = ?1")?.query_one([id], from_row)?)
}

/// The conversation of a post, if any.
pub fn of_post(r: &Read<'_>, post: PostId) -> Result<Option<ConversationId>> {
    let mut statement = r.conn.prepare_cached("SELECT conversation_id FROM conversation_post WHERE post_id = ?1")?;
    Ok(statement.query_one([post], |row| column(row, "conversation_id")).optional()?)
}

/// A page of conversations, the one with the newest post first; the cursor of a row is the id of its newest post.
pub fn page(r: &Read<'_>, rows: CursorWindow) -> Result<Vec<Conversation>> {
    let order = rows.sql_order();
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT * FROM conversation WHERE newest_id > ?1 AND newest_id < ?2 ORDER BY newest_id {order} LIMIT ?3"
    ))?;
    let found = statement.query_map(params![rows.above, rows.below, rows.limit], from_row)?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// Marks a conversation as read. NotFound when it does not exist.
pub fn mark_read(w: &Write<'_>, id: ConversationId) -> Result<()> {
    set_unread(w, id, 0)
}

/// Marks a conversation as unread. NotFound when it does not exist.
pub fn mark_unread(w: &Write<'_>, id: ConversationId) -> Result<()> {
    set_unread(w, id, 1)
}

fn set_unread(w: &Write<'_>, id: ConversationId, unread: u8) -> Result<()> {
    by_id(w, id)?;
    w.conn.prepare_cached("UPDATE conversation SET unread = ?2 WHERE id = ?1")?.execute(params![id, unread])?;
    Ok(())
}

/// Removes a conversation from the list; its posts stay, and a new post creates it again. NotFound when it does not
/// exist.
pub fn remove(w: &Write<'_>, id: ConversationId) -> Result<()> {
    by_id(w, id)?;
    w.conn.prepare_cached("DELETE FROM conversation WHERE id = ?1")?.execute([id])?;
    Ok(())
}
