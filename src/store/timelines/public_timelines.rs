//! Public timelines: local, federated, and by hashtag.

use rusqlite::{ToSql, named_params};

use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Result};
use crate::store::posts::{Post, PostPage, Viewer};
use crate::store::{Read, column, moderation::block_filter};

/// Maximum additional hashtags per parameter, as in Mastodon.
pub const MAX_ADDITIONAL_TAGS: usize = 4;
/// Maximum queries for one page: posts of actors on limited servers are left out, and the gaps are filled again.
const MAX_REFILL_ROUNDS: u32 = 5;

/// Whose posts a timeline shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimelineOrigin {
    /// Everyone's.
    All,
    /// The owner's.
    Local,
    /// Everyone's but the owner's.
    Remote,
}

/// Filter by attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaFilter {
    /// All.
    Any,
    /// Only posts with images or other files.
    Only,
}

/// Hashtags of a timeline in normalized form (lower case, without `#`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagSelection {
    /// A post has at least one of these,
    pub any: Vec<String>,
    /// all of these,
    pub all: Vec<String>,
    /// and none of these.
    pub none: Vec<String>,
}

/// Whether a post is on the public timeline: public, no boost, no reply.
pub fn is_on_public_timeline(post: &Post) -> bool {
    is_on_tag_timelines(post) && post.reply_to_uri.is_none()
}

/// Whether a post is on the timelines of its hashtags: public, no boost.
pub fn is_on_tag_timelines(post: &Post) -> bool {
    post.audience == Audience::Public && post.boost_of.is_none()
}

/// Whether a post is on the local or the remote timeline.
pub fn origin_of(post: &Post, owner: ActorId) -> TimelineOrigin {
    if post.actor_id == owner { TimelineOrigin::Local } else { TimelineOrigin::Remote }
}

/// Leaves out actors the owner has blocked or muted.
pub(in crate::store) const NOT_BLOCKED_OR_MUTED_SQL: &str =
    "AND NOT EXISTS (SELECT 1 FROM block b WHERE b.actor_id = p.actor_id)
    AND NOT EXISTS (SELECT 1 FROM mute m WHERE m.actor_id = p.actor_id AND m.boosts_only = 0
      AND ifnull(m.until_at, :now + 1) > :now)";
const REMOTE_ONLY_SQL: &str = "AND p.actor_id <> (SELECT ifnull(owner_id, 0) FROM node)";
const WITH_ATTACHMENT_SQL: &str = "AND EXISTS (SELECT 1 FROM attachment f WHERE f.post_id = p.id)";

/// A page of the public timeline, newest first.
pub fn public_page(r: &Read<'_>, whose: TimelineOrigin, media: MediaFilter, page: PostPage) -> Result<Vec<PostId>> {
    let condition = "p.audience = 0 AND p.boost_of IS NULL AND p.reply_to_uri IS NULL";
    let from = match (whose, media) {
        (TimelineOrigin::Local, MediaFilter::Any) => "post p INDEXED BY post_own WHERE p.source IS NOT NULL AND",
        (_, MediaFilter::Any) => "post p INDEXED BY post_around WHERE",
        // Starts from the attachments: searching all posts for the few with attachments would be slow.
        (TimelineOrigin::Local, MediaFilter::Only) => {
            "attachment f INDEXED BY attachment_by_author CROSS JOIN post p ON p.id = f.post_id
             WHERE f.author_id = (SELECT owner_id FROM node) AND f.post_id IS NOT NULL AND"
        }
        (_, MediaFilter::Only) => "attachment f CROSS JOIN post p ON p.id = f.post_id WHERE",
    };
    let (id, grouped) = match media {
        MediaFilter::Only => ("f.post_id", "GROUP BY f.post_id"),
        MediaFilter::Any => ("p.id", ""),
    };
    let rest = origin_condition_sql(whose);
    fill_page(r, page, |page| {
        let order = order(page);
        let sql = format!(
            "SELECT {id} AS id FROM {from} {condition} AND {id} < :before AND {id} > :after {rest} {grouped}
             ORDER BY {id} {order} LIMIT :limit"
        );
        query_ids(r, &sql, page, &[])
    })
}

fn origin_condition_sql(whose: TimelineOrigin) -> String {
    match whose {
        TimelineOrigin::All => NOT_BLOCKED_OR_MUTED_SQL.to_owned(),
        TimelineOrigin::Local => String::new(),
        TimelineOrigin::Remote => format!("{REMOTE_ONLY_SQL} {NOT_BLOCKED_OR_MUTED_SQL}"),
    }
}

/// A page of the posts with these hashtags, newest first.
pub fn tagged_page(
    r: &Read<'_>,
    tags: &TagSelection,
    whose: TimelineOrigin,
    media: MediaFilter,
    page: PostPage,
) -> Result<Vec<PostId>> {
    let from = match whose {
        TimelineOrigin::Local => {
            "hashtag h INDEXED BY hashtag_by_author CROSS JOIN post p ON p.id = h.post_id
             WHERE h.author_id = (SELECT owner_id FROM node) AND h.name = :tag"
        }
        _ => "hashtag h CROSS JOIN post p ON p.id = h.post_id WHERE h.name = :tag",
    };
    let (all, none) = (crate::store::to_json(&tags.all)?, crate::store::to_json(&tags.none)?);
    let mut more = String::new();
    if !tags.all.is_empty() {
        more.push_str(
            "AND NOT EXISTS (SELECT 1 FROM json_each(:all) j
               WHERE NOT EXISTS (SELECT 1 FROM hashtag x WHERE x.name = j.value AND x.post_id = p.id)) ",
        );
    }
    if !tags.none.is_empty() {
        more.push_str(
            "AND NOT EXISTS (SELECT 1 FROM json_each(:none) j
               JOIN hashtag x ON x.name = j.value AND x.post_id = p.id) ",
        );
    }
    let (files, rest) =
        (if media == MediaFilter::Only { WITH_ATTACHMENT_SQL } else { "" }, origin_condition_sql(whose));
    fill_page(r, page, |page| {
        let sql = format!(
            "SELECT h.post_id AS id FROM {from} AND h.post_id < :before AND h.post_id > :after
               AND p.audience = 0 AND p.boost_of IS NULL {more} {files} {rest}
             ORDER BY h.post_id {} LIMIT :limit",
            order(page)
        );
        let mut found = Vec::new();
        for tag in &tags.any {
            let values: &[(&str, &dyn ToSql)] = &[(":tag", tag), (":all", &all), (":none", &none)];
            found.extend(query_ids(r, &sql, page, values)?);
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        if page.after.is_some() {
            found.drain(..found.len().saturating_sub(page.limit as usize));
        }
        found.truncate(page.limit as usize);
        Ok(found)
    })
}

fn order(page: PostPage) -> &'static str {
    if page.after.is_some() { "ASC" } else { "DESC" }
}

/// Runs a query that returns post ids; binds only those parameters of `more` that the query names.
fn query_ids(r: &Read<'_>, sql: &str, page: PostPage, more: &[(&str, &dyn ToSql)]) -> Result<Vec<PostId>> {
    let mut statement = r.conn.prepare_cached(sql)?;
    let (before, after) = (page.before.map_or(i64::MAX, |id| id.0), page.after.map_or(0, |id| id.0));
    let window = named_params! { ":before": before, ":after": after, ":limit": page.limit, ":now": r.now };
    let mut bound = Vec::new();
    for (name, value) in window.iter().chain(more) {
        if statement.parameter_index(name)?.is_some() {
            bound.push((*name, *value));
        }
    }
    let rows = statement.query_map(bound.as_slice(), |row| column(row, "id"))?;
    let mut ids: Vec<PostId> = rows.collect::<rusqlite::Result<_>>()?;
    ids.sort_unstable_by(|a, b| b.cmp(a));
    Ok(ids)
}

/// Leaves out posts that [`block_filter::may_be_suggested`] excludes, and fills the gaps with further posts.
fn fill_page(r: &Read<'_>, page: PostPage, look: impl Fn(PostPage) -> Result<Vec<PostId>>) -> Result<Vec<PostId>> {
    let (mut found, mut window) = (Vec::new(), page);
    for _ in 0..MAX_REFILL_ROUNDS {
        let ids = look(window)?;
        let (newest, oldest, full) = (ids.first().copied(), ids.last().copied(), ids.len() >= window.limit as usize);
        let kept = block_filter::may_be_suggested(r, ids)?;
        match page.after {
            Some(_) => {
                found.splice(0..0, kept);
                window.after = newest.or(window.after);
            }
            None => {
                found.extend(kept);
                window.before = oldest.or(window.before);
            }
        }
        let missing = (page.limit as usize).saturating_sub(found.len());
        window.limit = u32::try_from(missing).unwrap_or(0);
        if !full || missing == 0 {
            break;
        }
    }
    Ok(found)
}

/// The origin a viewer may see: strangers see only the owner's posts, because posts of others would reveal whom the
/// owner reads.
pub fn visible_origin(viewer: Viewer, asked: TimelineOrigin) -> Option<TimelineOrigin> {
    match (viewer, asked) {
        (Viewer::Owner, asked) => Some(asked),
        (Viewer::Stranger, TimelineOrigin::All | TimelineOrigin::Local) => Some(TimelineOrigin::Local),
        (Viewer::Stranger, TimelineOrigin::Remote) => None,
    }
}
