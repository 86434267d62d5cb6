//! Notifications: each event once. [`add`] is the only function that creates one.

pub mod notification_groups;
pub mod notification_policy;
pub mod notification_requests;
pub mod push;

use rusqlite::{OptionalExtension, Row, params};

use super::cursor::CursorWindow;
use super::{Read, Write, column, events, moderation::mutes, node, posts::thread_mutes};
use crate::base::id::{ActorId, NotificationId, PostId};
use crate::base::{Error, Result, Time};
use notification_policy::PolicyAction;

/// Hours that a group spans at most.
const MAX_GROUP_HOURS: i64 = 12;
/// How many are forgotten in one write.
const ROWS_PER_DELETE: u32 = 2_000;

/// The type of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// A post mentions the owner or replies to them.
    Mention,
    /// A post by an actor whose posts the owner gets notifications of.
    Post,
    /// A new follower.
    Follow,
    /// A follow request.
    FollowRequest,
    /// A like of a post of the owner's.
    Like,
    /// An emoji reaction to one.
    Reaction,
    /// A boost of one.
    Boost,
    /// The owner's follow request was accepted.
    Accepted,
    /// A followed account moved here.
    Moved,
    /// A post of the owner's, or the owner, was reported.
    Report,
    /// A poll of the owner's, or one they voted in, is over.
    Poll,
    /// A post the owner boosted was edited.
    Edit,
    /// A quote of a post of the owner's; the post is the quoting one.
    Quote,
    /// A post the owner quoted was edited by its author; the post is the owner's, the one that quotes.
    QuoteEdit,
    /// An interaction request for a post of the owner's.
    Request,
}

impl NotificationKind {
    /// Every one.
    pub const ALL: [Self; 15] = [
        Self::Mention,
        Self::Post,
        Self::Follow,
        Self::FollowRequest,
        Self::Like,
        Self::Reaction,
        Self::Boost,
        Self::Accepted,
        Self::Moved,
        Self::Report,
        Self::Poll,
        Self::Edit,
        Self::Quote,
        Self::QuoteEdit,
        Self::Request,
    ];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::Post => "post",
            Self::Follow => "follow",
            Self::FollowRequest => "follow_request",
            Self::Like => "like",
            Self::Reaction => "reaction",
            Self::Boost => "boost",
            Self::Accepted => "accepted",
            Self::Moved => "moved",
            Self::Report => "report",
            Self::Poll => "poll",
            Self::Edit => "edit",
            Self::Quote => "quote",
            Self::QuoteEdit => "quote_edit",
            Self::Request => "request",
        }
    }

    /// Whether such events make groups.
    pub fn is_grouped(self) -> bool {
        matches!(self, Self::Like | Self::Boost | Self::Follow)
    }

    /// Whether the notification policy may filter it. Responses to the owner's own actions are never filtered.
    pub(super) fn may_be_filtered(self) -> bool {
        matches!(
            self,
            Self::Mention
                | Self::Follow
                | Self::FollowRequest
                | Self::Like
                | Self::Reaction
                | Self::Boost
                | Self::Quote
                | Self::Request
        )
    }
}

/// A row of `notification`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Counts up, never used twice.
    pub id: NotificationId,
    /// The type.
    pub kind: NotificationKind,
    /// The actor who caused it.
    pub actor_id: ActorId,
    /// To or with which post.
    pub post_id: Option<PostId>,
    /// The hour since 1970 in which its group began; None when it is not grouped.
    pub hour: Option<i64>,
    /// The owner's rules keep it back.
    pub kept_back: bool,
    /// When.
    pub created_at: Time,
}

impl Notification {
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let word: String = column(row, "kind")?;
        Ok(Self {
            id: column(row, "id")?,
            kind: NotificationKind::ALL
                .into_iter()
                .find(|kind| kind.word() == word)
                .unwrap_or(NotificationKind::Mention),
            actor_id: column(row, "actor_id")?,
            post_id: column(row, "post_id")?,
            hour: column(row, "hour")?,
            kept_back: column::<i64>(row, "place")? == 0,
            created_at: column(row, "created_at")?,
        })
    }
}

/// Notes an event, once: the same again changes nothing. The owner's rules may keep it back or let it not happen; nothing
/// is noted of muted threads.
pub fn add(w: &Write<'_>, kind: NotificationKind, actor: ActorId, post: Option<PostId>) -> Result<()> {
    let Some(row) = group_created_at(w, kind, actor, post)? else { return Ok(()) };
    push::enqueue_for_notification(w, row.id, kind, actor)?;
    events::note(w, events::EventKind::Notification, row.id.0)
}

/// Inserts the row; returned when it is new and to be shown.
fn group_created_at(
    w: &Write<'_>,
    kind: NotificationKind,
    actor: ActorId,
    post: Option<PostId>,
) -> Result<Option<Notification>> {
    if kind != NotificationKind::Poll && node::get(w)?.owner == Some(actor) {
        return Ok(None);
    }
    let muted = match post {
        Some(post) if kind != NotificationKind::Request => thread_mutes::is_muted(w, post)?,
        _ => false,
    };
    if muted {
        return Ok(None);
    }
    let answer = notification_policy::judge(w, kind, actor, post)?;
    if answer == PolicyAction::Drop {
        return Ok(None);
    }
    let kept_back = answer == PolicyAction::Filter;
    let hour = if kept_back { None } else { group_hour(w, kind, post)? };
    let mut statement = w.conn.prepare_cached(
        "INSERT OR IGNORE INTO notification (kind, actor_id, post_id, hour, place, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING *",
    )?;
    let place = if kept_back { 0 } else { 2 };
    let values = params![kind.word(), actor, post, hour, place, w.now];
    let Some(row) = statement.query_one(values, Notification::from_row).optional()? else { return Ok(None) };
    if kept_back {
        notification_requests::record(w, actor)?;
        return Ok(None);
    }
    if let Some(hour) = hour {
        let mut statement = w.conn.prepare_cached(
            "UPDATE notification SET place = 1 WHERE id = (
               SELECT id FROM notification WHERE kind = ?1 AND post_id IS ?2 AND hour = ?3 AND id < ?4
               ORDER BY id DESC LIMIT 1)",
        )?;
        statement.execute(params![kind.word(), post, hour, row.id])?;
    }
    let muted = mutes::get(w, actor)?.is_some_and(|mute| mute.reach == mutes::MuteScope::Everything);
    Ok((!muted).then_some(row))
}

/// The hour of the group an event of now belongs to: one that began less than twelve hours ago, else a new one.
fn group_hour(r: &Read<'_>, kind: NotificationKind, post: Option<PostId>) -> Result<Option<i64>> {
    if !kind.is_grouped() {
        return Ok(None);
    }
    let now = r.now.secs() / 3600;
    let mut statement =
        r.conn.prepare_cached("SELECT max(hour) FROM notification WHERE kind = ?1 AND post_id IS ?2 AND hour > ?3")?;
    let began: Option<i64> =
        statement.query_one(params![kind.word(), post, now - MAX_GROUP_HOURS], |row| row.get(0))?;
    Ok(Some(began.unwrap_or(now)))
}

/// Takes an event back (an Undo).
pub fn remove(w: &Write<'_>, kind: NotificationKind, actor: ActorId, post: Option<PostId>) -> Result<()> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM notification WHERE kind = ?1 AND actor_id = ?2 AND ifnull(post_id, 0) = ifnull(?3, 0)",
    )?;
    statement.execute(params![kind.word(), actor, post])?;
    notification_requests::prune_answered(w, actor)
}

/// Forgets one; NotFound when there is none.
pub fn dismiss(w: &Write<'_>, id: NotificationId) -> Result<()> {
    let mut statement = w.conn.prepare_cached("DELETE FROM notification WHERE id = ?1 RETURNING actor_id")?;
    let actor = statement.query_one([id], |row| column(row, "actor_id")).optional()?.ok_or(Error::NotFound)?;
    notification_requests::prune_answered(w, actor)
}

/// Forgets some of all that are not filtered, newest first up to `newest`; true while there are more.
pub fn clear(w: &Write<'_>, newest: NotificationId) -> Result<bool> {
    let mut statement = w.conn.prepare_cached(
        "DELETE FROM notification WHERE id IN (
           SELECT id FROM notification WHERE id <= ?1 AND place > 0 ORDER BY id DESC LIMIT ?2)",
    )?;
    Ok(statement.execute(params![newest, ROWS_PER_DELETE])? == ROWS_PER_DELETE as usize)
}

/// The newest there is; 0 when there is none.
pub fn newest(r: &Read<'_>) -> Result<NotificationId> {
    let mut statement = r.conn.prepare_cached("SELECT ifnull(max(id), 0) FROM notification")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// One by its id, filtered or not; NotFound when there is none.
pub fn by_id(r: &Read<'_>, id: NotificationId) -> Result<Notification> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM notification WHERE id = ?1")?;
    statement.query_one([id], Notification::from_row).optional()?.ok_or(Error::NotFound)
}

/// Which notifications.
#[derive(Debug, Clone)]
pub struct NotificationFilter {
    /// Of these kinds.
    pub kinds: Vec<NotificationKind>,
    /// Of these kinds each row, not each group.
    pub apart: Vec<NotificationKind>,
    /// Those that are filtered, too.
    pub kept_back: bool,
    /// Only by this one, and each row.
    pub by: Option<ActorId>,
}

impl NotificationFilter {
    /// Each row of every kind.
    pub fn all() -> Self {
        Self {
            kinds: NotificationKind::ALL.to_vec(),
            apart: NotificationKind::ALL.to_vec(),
            kept_back: false,
            by: None,
        }
    }
}

/// The condition that the sender is not muted; `now` is the parameter with the time.
pub(super) fn visible_sql(row: &str, now: &str) -> String {
    format!(
        "{row}.actor_id NOT IN (SELECT actor_id FROM mute WHERE notices = 1 AND ifnull(until_at, {now} + 1) > {now})"
    )
}

/// One query for the wanted ids: a short walk along the index per kind and source. (?1 above, ?2 below, ?3 limit, ?4
/// the sender, else the time)
fn ids_sql(wanted: &NotificationFilter, order: &str) -> Option<String> {
    let heard = visible_sql("n", "?4");
    let mut walks = Vec::new();
    let mut walk = |index: &str, condition: String| {
        walks.push(format!(
            "SELECT id FROM (SELECT n.id FROM notification n INDEXED BY {index}
               WHERE {condition} AND n.id > ?1 AND n.id < ?2 ORDER BY n.id {order} LIMIT ?3)"
        ));
    };
    let words: Vec<String> = wanted.kinds.iter().map(|kind| format!("'{}'", kind.word())).collect();
    let kept_back = wanted.kept_back.then_some(0);
    if wanted.by.is_some() && !words.is_empty() {
        for place in kept_back.into_iter().chain([1, 2]) {
            let kinds = words.join(", ");
            walk("notification_actor", format!("n.actor_id = ?4 AND n.place = {place} AND n.kind IN ({kinds})"));
        }
    } else {
        for (kind, word) in wanted.kinds.iter().zip(&words) {
            let groups = kind.is_grouped() && !wanted.apart.contains(kind);
            let others = format!(
                "({heard} OR n.hour IS NOT NULL AND EXISTS (
                   SELECT 1 FROM notification g INDEXED BY notification_group
                   WHERE g.kind = n.kind AND g.post_id IS n.post_id AND g.hour = n.hour AND {}))",
                self::visible_sql("g", "?4")
            );
            let behind = (kind.is_grouped() && !groups).then_some(1);
            for place in kept_back.into_iter().chain(behind).chain([2]) {
                let heard = if groups { &others } else { &heard };
                walk("notification_list", format!("n.kind = {word} AND n.place = {place} AND {heard}"));
            }
        }
    }
    (!walks.is_empty()).then(|| walks.join(" UNION ALL "))
}

fn fourth_parameter(r: &Read<'_>, wanted: &NotificationFilter) -> i64 {
    wanted.by.map_or(r.now.ms(), |actor| actor.0)
}

/// A page of matching notifications, newest first.
pub fn list(r: &Read<'_>, wanted: &NotificationFilter, rows: CursorWindow) -> Result<Vec<Notification>> {
    let order = rows.sql_order();
    let Some(ids) = ids_sql(wanted, order) else { return Ok(Vec::new()) };
    let mut statement = r.conn.prepare_cached(&format!(
        "SELECT * FROM notification WHERE id IN (SELECT id FROM ({ids}) ORDER BY id {order} LIMIT ?3)
         ORDER BY id {order} LIMIT ?3"
    ))?;
    let values = params![rows.above, rows.below, rows.limit, fourth_parameter(r, wanted)];
    let found = statement.query_map(values, Notification::from_row)?;
    Ok(rows.newest_first(found.collect::<rusqlite::Result<_>>()?))
}

/// Number of matching notifications newer than `above`, counted up to `most`.
pub fn count(r: &Read<'_>, wanted: &NotificationFilter, above: i64, most: u32) -> Result<u32> {
    let Some(ids) = ids_sql(wanted, "ASC") else { return Ok(0) };
    let mut statement = r.conn.prepare_cached(&format!("SELECT count(*) FROM (SELECT id FROM ({ids}) LIMIT ?3)"))?;
    Ok(statement.query_one(params![above, i64::MAX, most, fourth_parameter(r, wanted)], |row| row.get(0))?)
}

/// A page of notifications below `before`, each row, newest first.
pub fn page(r: &Read<'_>, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>> {
    let rows = CursorWindow { below: before.map_or(i64::MAX, |id| id.0), ..CursorWindow::first(limit) };
    list(r, &NotificationFilter::all(), rows)
}

/// How many are newer than the owner's mark, counted up to 100.
pub fn unseen(r: &Read<'_>) -> Result<u32> {
    count(r, &NotificationFilter::all(), node::seen_notification(r)?.0, 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::test_support::TestStore;

    #[test]
    fn no_page_walks_further_than_it_shows() {
        let groups = NotificationFilter { apart: Vec::new(), kept_back: true, ..NotificationFilter::all() };
        let one = NotificationFilter { by: Some(ActorId(7)), kept_back: true, ..NotificationFilter::all() };
        let s = TestStore::new();
        for wanted in [NotificationFilter::all(), groups, one] {
            for order in ["ASC", "DESC"] {
                let sql = format!("EXPLAIN QUERY PLAN {}", ids_sql(&wanted, order).unwrap());
                let lines = s.store.read(|r| {
                    let mut plan = r.conn.prepare(&sql)?;
                    let lines = plan.query_map(params![0, i64::MAX, 40, 0], |row| column::<String>(row, "detail"))?;
                    Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?)
                });
                let walks: Vec<String> = lines.unwrap().into_iter().filter(|line| line.contains(" n ")).collect();
                let short = |line: &&String| line.starts_with("SEARCH") && line.contains("place=? AND id>? AND id<?");
                assert!(!walks.is_empty() && walks.iter().all(|line| short(&line)), "{walks:#?}");
            }
        }
    }
}
