//! Posts and boosts: the `post` table with its mentions and hashtags.

pub mod attachments;
pub mod bookmarks;
pub mod conversations;
pub mod drafts;
pub mod groups;
pub mod interaction_policies;
pub mod interaction_requests_in;
pub mod interaction_requests_out;
pub mod likes;
pub mod pins;
pub mod polls;
pub mod post_edits;
pub mod post_metadata;
pub mod post_views;
pub mod profile_posts;
pub mod quotes;
pub mod reactions;
pub mod thread_mutes;
pub mod tombstones;

use rusqlite::{OptionalExtension, Row, params};

use super::actors::CustomEmoji;
use super::cursor::CursorWindow;
use super::{Read, Write, column, events};
use crate::base::id::{self, ActorId, PostId};
use crate::base::{Audience, Result, Time};
use post_metadata::PostMetadata;

/// Limits of a thread query.
#[derive(Debug, Clone, Copy)]
pub struct ThreadLimits {
    /// Maximum number of ancestors.
    pub max_ancestors: u32,
    /// Maximum number of descendants.
    pub max_descendants: u32,
    /// Maximum depth of replies.
    pub max_depth: u32,
}

impl ThreadLimits {
    /// Limits of the thread page and of the context collection (FEP-7888).
    pub const FOR_PAGE: Self = Self { max_ancestors: 50, max_descendants: 300, max_depth: 100 };
}

/// A row of `post`. `content` is sanitised HTML; the other texts are plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Our id; sorts by time.
    pub id: PostId,
    /// ActivityPub id (of the Announce, for a boost).
    pub uri: String,
    /// Author or booster.
    pub actor_id: ActorId,
    /// Note, Article, …; Announce for a boost.
    pub kind: String,
    /// The boosted post; a boost has no content.
    pub boost_of: Option<PostId>,
    /// Its audience; an edit can only narrow it.
    pub audience: Audience,
    /// The parent post, if stored.
    pub reply_to: Option<PostId>,
    /// The parent's uri, stored or not.
    pub reply_to_uri: Option<String>,
    /// The conversation's collection (FEP-7888).
    pub context_uri: Option<String>,
    /// Title of an article.
    pub title: Option<String>,
    /// Content warning.
    pub warning: Option<String>,
    /// Safe HTML.
    pub content: String,
    /// The owner's own text.
    pub source: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Marked as sensitive: images start covered.
    pub sensitive: bool,
    /// HTML page of the post; None when it equals `uri`.
    pub url: Option<String>,
    /// Custom emoji used in it.
    pub emoji: Vec<CustomEmoji>,
    /// Type-specific metadata.
    pub metadata: PostMetadata,
    /// Publication time, as its author states it.
    pub published_at: Time,
    /// Last edit.
    pub edited_at: Option<Time>,
    /// When we received it.
    pub received_at: Time,
}

impl Post {
    /// The address of the HTML page.
    pub fn html_url(&self) -> &str {
        self.url.as_deref().unwrap_or(&self.uri)
    }

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: column(row, "id")?,
            uri: column(row, "uri")?,
            actor_id: column(row, "actor_id")?,
            kind: column(row, "kind")?,
            boost_of: column(row, "boost_of")?,
            audience: column(row, "audience")?,
            reply_to: column(row, "reply_to")?,
            reply_to_uri: column(row, "reply_to_uri")?,
            context_uri: column(row, "context_uri")?,
            title: column(row, "title")?,
            warning: column(row, "warning")?,
            content: column(row, "content")?,
            source: column(row, "source")?,
            language: column(row, "language")?,
            sensitive: column(row, "sensitive")?,
            url: column(row, "url")?,
            emoji: super::json(row, "emoji")?,
            metadata: super::json(row, "extra")?,
            published_at: column(row, "published_at")?,
            edited_at: column(row, "edited_at")?,
            received_at: column(row, "received_at")?,
        })
    }
}

/// A mentioned actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostMention {
    /// Actor id.
    pub uri: String,
    /// `user@host`.
    pub handle: String,
    /// The link in the text.
    pub url: String,
}

/// A hashtag in normalized and written form, both without `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostHashtag {
    /// Lower case.
    pub name: String,
    /// The written form.
    pub display_name: String,
}

/// The next free id for this time. Our own posts take it before the insert, because their URIs contain it.
pub fn next_id(w: &Write<'_>, at: Time) -> Result<PostId> {
    let first = id::first_at(at);
    let mut statement = w.conn.prepare_cached("SELECT max(id) FROM post WHERE id >= ?1 AND id < ?1 + 65536")?;
    let last: Option<i64> = statement.query_one([first], |row| row.get(0))?;
    Ok(PostId(last.map_or(first, |last| last + 1)))
}

/// Inserts a post with the given id (see [`next_id`]). Conflict when the uri is known.
pub fn insert(w: &Write<'_>, post: &Post, mentions: &[PostMention], tags: &[PostHashtag]) -> Result<()> {
    w.conn
        .prepare_cached(
            "INSERT INTO post (id, uri, actor_id, kind, boost_of, audience, reply_to, reply_to_uri, context_uri, title,
               warning, content, source, language, sensitive, url, emoji, published_at, edited_at, received_at,
               extra)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
        )?
        .execute(params![
            post.id,
            post.uri,
            post.actor_id,
            post.kind,
            post.boost_of,
            post.audience,
            post.reply_to,
            post.reply_to_uri,
            post.context_uri,
            post.title,
            post.warning,
            post.content,
            post.source,
            post.language,
            post.sensitive,
            post.url.as_deref().filter(|url| *url != post.uri),
            emoji_json(&post.emoji)?,
            post.published_at,
            post.edited_at,
            post.received_at,
            post.metadata.to_column()?,
        ])?;
    add_mentions_and_hashtags(w, post.id, mentions, tags)?;
    super::timelines::search::index_post(w, post)?;
    link_waiting_replies(w, post)?;
    if post.audience == Audience::Public && post.boost_of.is_none() {
        events::post_published(w, post.id)
    } else {
        Ok(())
    }
}

/// Updates the fields an edit may change: texts, metadata, emoji, mentions and tags. The author and the parent stay;
/// the audience can only become narrower.
pub fn update(w: &Write<'_>, post: &Post, mentions: &[PostMention], tags: &[PostHashtag]) -> Result<()> {
    w.conn
        .prepare_cached(
            "UPDATE post SET title = ?2, warning = ?3, content = ?4, source = ?5, language = ?6, sensitive = ?7,
               url = ?8, emoji = ?9, edited_at = ?10, extra = ?11, audience = max(audience, ?12) WHERE id = ?1",
        )?
        .execute(params![
            post.id,
            post.title,
            post.warning,
            post.content,
            post.source,
            post.language,
            post.sensitive,
            post.url.as_deref().filter(|url| *url != post.uri),
            emoji_json(&post.emoji)?,
            post.edited_at,
            post.metadata.to_column()?,
            post.audience,
        ])?;
    w.conn.prepare_cached("DELETE FROM mention WHERE post_id = ?1")?.execute([post.id])?;
    w.conn.prepare_cached("DELETE FROM hashtag WHERE post_id = ?1")?.execute([post.id])?;
    super::timelines::search::index_post(w, post)?;
    add_mentions_and_hashtags(w, post.id, mentions, tags)
}

fn emoji_json(emoji: &[CustomEmoji]) -> Result<Option<String>> {
    if emoji.is_empty() { Ok(None) } else { super::to_json(&emoji).map(Some) }
}

fn add_mentions_and_hashtags(w: &Write<'_>, id: PostId, mentions: &[PostMention], tags: &[PostHashtag]) -> Result<()> {
    let mut insert = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO mention (post_id, uri, handle, url, ours)
           SELECT id, ?2, ?3, ?4, source IS NOT NULL FROM post WHERE id = ?1",
    )?;
    for mention in mentions {
        insert.execute(params![id, mention.uri, mention.handle, mention.url])?;
    }
    let mut insert = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO hashtag (name, post_id, shown, author_id)
           SELECT ?1, id, ?3, actor_id FROM post WHERE id = ?2",
    )?;
    for tag in tags {
        insert.execute(params![tag.name, id, tag.display_name])?;
    }
    Ok(())
}

/// Links replies and quotes that arrived before this post.
fn link_waiting_replies(w: &Write<'_>, post: &Post) -> Result<()> {
    w.conn
        .prepare_cached("UPDATE quote SET quoted_id = ?1, check_at = ?3 WHERE quoted_uri = ?2 AND quoted_id IS NULL")?
        .execute(params![post.id, post.uri, w.now])?;
    w.conn
        .prepare_cached("UPDATE post SET reply_to = ?1 WHERE reply_to_uri = ?2 AND reply_to IS NULL AND id <> ?1")?
        .execute(params![post.id, post.uri])?;
    thread_mutes::move_mute_to_root(w, post.id)
}

/// Changes the type of a post: an edit can add or remove a poll.
pub fn set_kind(w: &Write<'_>, id: PostId, kind: &str) -> Result<()> {
    w.conn.prepare_cached("UPDATE post SET kind = ?2 WHERE id = ?1")?.execute(params![id, kind])?;
    Ok(())
}

/// Sets the parent of a reply.
pub fn set_parent(w: &Write<'_>, reply: PostId, parent: PostId) -> Result<()> {
    w.conn.prepare_cached("UPDATE post SET reply_to = ?2 WHERE id = ?1")?.execute(params![reply, parent])?;
    thread_mutes::move_mute_to_root(w, parent)
}

/// Deletes a post with all its dependent rows, boosts of it included.
pub fn delete(w: &Write<'_>, id: PostId) -> Result<()> {
    events::post_deleted(w, id)?;
    w.conn.prepare_cached("DELETE FROM post WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The post with this id.
pub fn by_id(r: &Read<'_>, id: PostId) -> Result<Post> {
    Ok(r.conn.prepare_cached("SELECT * FROM post WHERE id = ?1")?.query_one([id], Post::from_row)?)
}

/// ActivityPub ids of these posts, in the order of `ids`; deleted posts are skipped.
pub fn uris(r: &Read<'_>, ids: &[PostId]) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT p.uri FROM json_each(?1) AS j JOIN post p ON p.id = j.value ORDER BY j.key LIMIT 1000",
    )?;
    let rows = statement.query_map([super::id_list(ids.iter().map(|id| id.0))], |row| column(row, "uri"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The post with this ActivityPub id, if stored.
pub fn by_uri(r: &Read<'_>, uri: &str) -> Result<Option<Post>> {
    Ok(r.conn.prepare_cached("SELECT * FROM post WHERE uri = ?1")?.query_one([uri], Post::from_row).optional()?)
}

/// An actor's boost of a post, if there is one.
pub fn boost_by(r: &Read<'_>, actor: ActorId, of: PostId) -> Result<Option<Post>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM post WHERE boost_of = ?2 AND actor_id = ?1 LIMIT 1")?;
    Ok(statement.query_one(params![actor, of], Post::from_row).optional()?)
}

/// A page of boosts of a post that `viewer` may see, without blocked actors: (the boost, its actor).
pub fn boosters(r: &Read<'_>, of: PostId, viewer: Viewer, rows: CursorWindow) -> Result<Vec<(PostId, ActorId)>> {
    let order = rows.sql_order();
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT id, actor_id FROM post WHERE boost_of = ?1 AND audience <= ?2 AND id > ?3 AND id < ?4
           AND actor_id NOT IN (SELECT actor_id FROM block) ORDER BY id {order} LIMIT ?5"
    ))?;
    let found = statement.query_map(params![of, viewer.max_audience(), rows.above, rows.below, rows.limit], |row| {
        Ok((column(row, "id")?, column(row, "actor_id")?))
    })?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// The languages of an actor's newest posts, each once.
pub fn recent_languages(r: &Read<'_>, actor: ActorId) -> Result<Vec<String>> {
    let mut statement = r.conn.prepare_cached(
        "SELECT DISTINCT language FROM (SELECT language FROM post WHERE actor_id = ?1 ORDER BY id DESC LIMIT 200)
         WHERE language IS NOT NULL LIMIT 20",
    )?;
    let rows = statement.query_map([actor], |row| column(row, "language"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The mentions of a post.
pub fn mentions(r: &Read<'_>, id: PostId) -> Result<Vec<PostMention>> {
    let mut statement =
        r.conn.prepare_cached("SELECT uri, handle, url FROM mention WHERE post_id = ?1 ORDER BY handle LIMIT 500")?;
    let rows = statement.query_map([id], |row| {
        Ok(PostMention { uri: column(row, "uri")?, handle: column(row, "handle")?, url: column(row, "url")? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether the post with this uri mentions an actor.
pub fn mentions_actor(r: &Read<'_>, post_uri: &str, actor_uri: &str) -> Result<bool> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT 1 FROM post p JOIN mention m ON m.post_id = p.id WHERE p.uri = ?1 AND m.uri = ?2")?;
    Ok(statement.exists([post_uri, actor_uri])?)
}

/// A post's hashtags.
pub fn hashtags(r: &Read<'_>, id: PostId) -> Result<Vec<PostHashtag>> {
    let mut statement =
        r.conn.prepare_cached("SELECT name, shown FROM hashtag WHERE post_id = ?1 ORDER BY name LIMIT 500")?;
    let rows = statement
        .query_map([id], |row| Ok(PostHashtag { name: column(row, "name")?, display_name: column(row, "shown")? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Who views a list: the owner sees everything, a stranger only public and unlisted posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The owner.
    Owner,
    /// Anyone else.
    Stranger,
}

impl Viewer {
    /// The highest `audience` value this viewer may see.
    pub(super) fn max_audience(self) -> i64 {
        match self {
            Self::Owner => 3,
            Self::Stranger => 1,
        }
    }
}

/// Cursor pagination by post id, newest first: at most `limit` rows with ids below `before`, or the oldest `limit` rows
/// above `after`.
#[derive(Debug, Clone, Copy)]
pub struct PostPage {
    /// Only ids below this one.
    pub before: Option<PostId>,
    /// Only ids above this one.
    pub after: Option<PostId>,
    /// Maximum number of rows.
    pub limit: u32,
}

impl PostPage {
    /// The newest `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { before: None, after: None, limit }
    }
}

/// Ids of an actor's posts and boosts that `viewer` may see, newest first.
pub fn by_actor(r: &Read<'_>, actor: ActorId, viewer: Viewer, page: PostPage) -> Result<Vec<PostId>> {
    let sql = "SELECT id FROM post WHERE actor_id = ?1 AND audience <= ?2 AND id < ?3 AND id > ?4
               ORDER BY id DESC LIMIT ?5";
    let oldest_first = "SELECT id FROM (SELECT id FROM post WHERE actor_id = ?1 AND audience <= ?2 AND id < ?3
               AND id > ?4 ORDER BY id ASC LIMIT ?5) ORDER BY id DESC";
    let mut statement = r.conn.prepare_cached(if page.after.is_some() { oldest_first } else { sql })?;
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let rows = statement
        .query_map(params![actor, viewer.max_audience(), before, after, page.limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids of an actor's public and unlisted posts with a hashtag (lower case, without `#`), newest first.
pub fn by_actor_with_hashtag(r: &Read<'_>, actor: ActorId, tag: &str, page: PostPage) -> Result<Vec<PostId>> {
    let order = if page.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT id FROM (SELECT p.id AS id FROM hashtag h JOIN post p ON p.id = h.post_id WHERE h.author_id = ?2
           AND h.name = ?1 AND p.audience <= 1 AND h.post_id < ?3 AND h.post_id > ?4
           ORDER BY h.post_id {order} LIMIT ?5) ORDER BY id DESC"
    );
    let before = page.before.map_or(i64::MAX, |id| id.0);
    let after = page.after.map_or(0, |id| id.0);
    let mut statement = r.conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![tag, actor, before, after, page.limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many posts and boosts of an actor `viewer` may see.
pub fn count_by_actor(r: &Read<'_>, actor: ActorId, viewer: Viewer) -> Result<u32> {
    let mut statement = r.conn.prepare_cached("SELECT count(*) FROM post WHERE actor_id = ?1 AND audience <= ?2")?;
    Ok(statement.query_one(params![actor, viewer.max_audience()], |row| row.get(0))?)
}

/// The ancestors of a post, root first, as far as `viewer` may see them.
pub fn ancestors(r: &Read<'_>, id: PostId, viewer: Viewer, span: ThreadLimits) -> Result<Vec<PostId>> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, parent, depth) AS (
           SELECT id, reply_to, 0 FROM post WHERE id = ?1
           UNION ALL
           SELECT p.id, p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.parent
             WHERE p.audience <= ?2 AND depth < ?3)
         SELECT id FROM up WHERE depth > 0 ORDER BY depth LIMIT ?3",
    )?;
    let rows = statement.query_map(params![id, viewer.max_audience(), span.max_ancestors], |row| column(row, "id"))?;
    let mut above: Vec<PostId> = Vec::new();
    for row in rows {
        let next = row?;
        // Replies can form a cycle.
        if next == id || above.contains(&next) {
            break;
        }
        above.push(next);
    }
    above.reverse();
    Ok(above)
}

/// The descendants of a post with their parents, oldest first, as far as `viewer` may see them.
pub fn descendants(r: &Read<'_>, id: PostId, viewer: Viewer, span: ThreadLimits) -> Result<Vec<(PostId, PostId)>> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE down (id, parent, depth) AS (
           SELECT ?1, NULL, 0
           UNION
           SELECT p.id, p.reply_to, depth + 1 FROM down JOIN post p ON p.reply_to = down.id
             WHERE p.audience <= ?2 AND depth < ?4 LIMIT ?3)
         SELECT id, parent FROM down WHERE depth > 0 ORDER BY id",
    )?;
    // The first row is the post itself.
    let values = params![id, viewer.max_audience(), span.max_descendants.saturating_add(1), span.max_depth];
    let rows = statement.query_map(values, |row| Ok((column(row, "id")?, column(row, "parent")?)))?;
    let mut below: Vec<(PostId, PostId)> = rows.collect::<rusqlite::Result<_>>()?;
    // In a cycle of replies, posts repeat at every depth.
    below.dedup();
    below.retain(|(child, _)| *child != id);
    Ok(below)
}

/// Whether an actor publicly takes part in the thread of a post: they wrote above or below it, boosted it or quoted it.
pub fn is_public_thread_participant(r: &Read<'_>, id: PostId, who: ActorId) -> Result<bool> {
    let mut statement = r.conn.prepare_cached(
        "WITH RECURSIVE up (id, depth) AS (
           SELECT ?1, 0
           UNION ALL
           SELECT p.reply_to, depth + 1 FROM up JOIN post p ON p.id = up.id WHERE p.reply_to IS NOT NULL AND depth < ?3),
         down (id, depth) AS (
           SELECT ?1, 0
           UNION
           SELECT p.id, depth + 1 FROM down JOIN post p ON p.reply_to = down.id WHERE depth < ?6 LIMIT ?4),
         near (id) AS (
           SELECT id FROM up UNION ALL SELECT id FROM down
           UNION ALL SELECT id FROM post WHERE boost_of = ?1 AND actor_id = ?2
           UNION ALL SELECT post_id FROM quote WHERE quoted_id = ?1)
         SELECT 1 FROM near CROSS JOIN post p ON p.id = near.id WHERE p.actor_id = ?2 AND p.audience <= ?5 LIMIT 1",
    )?;
    let ThreadLimits { max_ancestors: above, max_descendants: below, max_depth: deep } = ThreadLimits::FOR_PAGE;
    Ok(statement.exists(params![id, who, above, below, Viewer::Stranger.max_audience(), deep])?)
}

/// Ids of the direct public and unlisted replies to a post, oldest first, after `after`.
pub fn open_replies(r: &Read<'_>, id: PostId, after: Option<PostId>, limit: u32) -> Result<Vec<PostId>> {
    let mut statement = r
        .conn
        .prepare_cached("SELECT id FROM post WHERE reply_to = ?1 AND audience <= 1 AND id > ?2 ORDER BY id LIMIT ?3")?;
    let rows = statement.query_map(params![id, after.map_or(0, |id| id.0), limit], |row| column(row, "id"))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
