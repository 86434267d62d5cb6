//! The event log that streaming clients read: one small row in the transaction of each change, in a ring of fixed size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use rusqlite::{Row, params};

use super::{Read, Write, column};
use crate::base::id::{ActorId, ConversationId, PostId};
use crate::base::{Result, Time};

/// Rows kept: a slower reader has missed some, and notices by the gap in the ids.
pub const MAX_EVENTS: i64 = 4_096;
/// How often the ring is cut, in rows.
const PRUNE_INTERVAL_ROWS: i64 = 256;
/// Older posts are backfill and no news, as in Mastodon.
const MAX_NEWS_AGE: Duration = Duration::from_secs(6 * 3600);
/// Posts of a deleted actor that are announced one by one.
const MAX_DELETED_POSTS_TOLD: u32 = 200;

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A post or boost came to the home timeline, or to lists alone.
    Home,
    /// A public post is new here.
    Open,
    /// A post was edited.
    Edit,
    /// A post or boost is gone.
    Gone,
    /// A new notification; the subject is its id.
    Notification,
    /// The owner's filters have changed; no subject.
    Filters,
    /// A conversation has a new post: the subject is the conversation.
    Conversation,
    /// A token was revoked: the subject is the token.
    Token,
}

impl EventKind {
    const ALL: [Self; 8] = [
        Self::Home,
        Self::Open,
        Self::Edit,
        Self::Gone,
        Self::Notification,
        Self::Filters,
        Self::Conversation,
        Self::Token,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Open => "open",
            Self::Edit => "edit",
            Self::Gone => "gone",
            Self::Notification => "notice",
            Self::Filters => "filters",
            Self::Conversation => "talk",
            Self::Token => "token",
        }
    }
}

/// A row of `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Increases without gaps, except for rows that were pruned.
    pub id: i64,
    /// The type.
    pub kind: EventKind,
    /// The id of a post, a notification, a conversation or a token.
    pub subject: i64,
    /// For deletions: the post was public.
    pub open: bool,
}

/// How much is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventDemandLevel {
    /// Nothing: no event is written.
    Nothing,
    /// Only events that concern the owner.
    Own,
    /// All public posts, too.
    All,
}

/// The level of events that streaming clients want, as the writer sees it. A raised level applies to every write that
/// begins afterwards: a caller that then sends a write of its own and waits for it misses nothing later.
#[derive(Debug, Clone, Default)]
pub struct EventDemand(Arc<DemandInner>);

#[derive(Debug, Default)]
struct DemandInner {
    level: AtomicU8,
    over: AtomicBool,
}

impl EventDemand {
    /// Sets the level.
    pub fn listen(&self, level: EventDemandLevel) {
        self.0.level.store(level as u8, Ordering::SeqCst);
    }

    /// Raises the level to at least `level`.
    pub fn raise(&self, level: EventDemandLevel) {
        self.0.level.fetch_max(level as u8, Ordering::SeqCst);
    }

    fn wants(&self, level: EventDemandLevel) -> bool {
        self.0.level.load(Ordering::SeqCst) >= level as u8
    }

    /// The server stops: streams must end.
    pub fn end(&self) {
        self.0.over.store(true, Ordering::SeqCst);
    }

    /// Whether the server stops.
    pub fn is_over(&self) -> bool {
        self.0.over.load(Ordering::SeqCst)
    }
}

/// Notes that something of the owner's happened.
pub fn note(w: &Write<'_>, kind: EventKind, subject: i64) -> Result<()> {
    if !w.event_demand.wants(EventDemandLevel::Own) {
        return Ok(());
    }
    w.conn
        .prepare_cached("INSERT INTO event (kind, subject) VALUES (?1, ?2)")?
        .execute(params![kind.word(), subject])?;
    let id = w.conn.last_insert_rowid();
    if id % PRUNE_INTERVAL_ROWS == 0 { prune(w) } else { Ok(()) }
}

/// A post was added to the home timeline, or to lists only; recorded if it is news.
pub fn added_to_home(w: &Write<'_>, post: PostId) -> Result<()> {
    if is_live(w, post) { note(w, EventKind::Home, post.0) } else { Ok(()) }
}

/// A public post arrived; recorded if it is news and somebody wants all of them.
pub fn post_published(w: &Write<'_>, post: PostId) -> Result<()> {
    if w.event_demand.wants(EventDemandLevel::All) && is_live(w, post) {
        note(w, EventKind::Open, post.0)
    } else {
        Ok(())
    }
}

/// A conversation has a new post; recorded if it is news.
pub fn conversation_changed(w: &Write<'_>, post: PostId, conversation: ConversationId) -> Result<()> {
    if is_live(w, post) { note(w, EventKind::Conversation, conversation.0) } else { Ok(()) }
}

/// A post is about to be deleted, together with its boosts on the home timeline.
pub fn post_deleted(w: &Write<'_>, post: PostId) -> Result<()> {
    if !w.event_demand.wants(EventDemandLevel::Own) {
        return Ok(());
    }
    let sql = "INSERT INTO event (kind, subject, open)
               SELECT ?2, id, audience = 0 AND boost_of IS NULL FROM post WHERE id = ?1
                 OR (boost_of = ?1 AND (EXISTS (SELECT 1 FROM home WHERE post_id = post.id)
                   OR EXISTS (SELECT 1 FROM list_post WHERE post_id = post.id)))";
    w.conn.prepare_cached(sql)?.execute(params![post, EventKind::Gone.word()])?;
    prune(w)
}

/// An actor's posts are about to be deleted: records the newest of those on the home timeline.
pub fn all_posts_deleted(w: &Write<'_>, actor: ActorId) -> Result<()> {
    if !w.event_demand.wants(EventDemandLevel::Own) {
        return Ok(());
    }
    let sql = "INSERT INTO event (kind, subject, open)
               SELECT ?2, id, audience = 0 AND boost_of IS NULL FROM post
               WHERE actor_id = ?1 AND (EXISTS (SELECT 1 FROM home WHERE post_id = post.id)
                 OR EXISTS (SELECT 1 FROM list_post WHERE post_id = post.id)) ORDER BY id DESC LIMIT ?3";
    w.conn.prepare_cached(sql)?.execute(params![actor, EventKind::Gone.word(), MAX_DELETED_POSTS_TOLD])?;
    prune(w)
}

fn is_live(w: &Write<'_>, post: PostId) -> bool {
    w.now.since(Time::from_ms(post.0 >> 16)) < MAX_NEWS_AGE
}

/// Keeps the ring a ring.
fn prune(w: &Write<'_>) -> Result<()> {
    w.conn.prepare_cached("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1")?.execute([MAX_EVENTS])?;
    Ok(())
}

/// The id of the newest event ever; 0 when there was none.
pub fn newest(r: &Read<'_>) -> Result<i64> {
    let mut statement =
        r.conn.prepare_cached("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'")?;
    Ok(statement.query_one([], |row| row.get(0))?)
}

/// The oldest events after one, in order. When the first of them is not the next one, some were lost.
pub fn after(r: &Read<'_>, id: i64, limit: u32) -> Result<Vec<Event>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM event WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map(params![id, limit], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Event> {
    let word: String = column(row, "kind")?;
    Ok(Event {
        id: column(row, "id")?,
        kind: EventKind::ALL.into_iter().find(|kind| kind.word() == word).unwrap_or(EventKind::Filters),
        subject: column(row, "subject")?,
        open: column(row, "open")?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base::id::first_at;
    use crate::store::test_support::TestStore;

    fn is_news(s: &TestStore) -> Vec<(i64, EventKind)> {
        let events = s.store.read(|r| after(r, 0, 100)).unwrap();
        events.into_iter().map(|event| (event.subject, event.kind)).collect()
    }

    #[test]
    fn nothing_is_written_while_nobody_listens() {
        let s = TestStore::new();
        let write = |n: i64| {
            let post = PostId(first_at(s.clock.now()) + n);
            s.store.write(move |w| (note(w, EventKind::Notification, n), post_published(w, post)).0).unwrap();
        };
        write(1);
        s.store.event_demand().listen(EventDemandLevel::Own);
        write(2);
        s.store.event_demand().raise(EventDemandLevel::All);
        write(3);
        s.store.event_demand().raise(EventDemandLevel::Own);
        write(4);
        s.store.event_demand().listen(EventDemandLevel::Nothing);
        write(5);
        let now = first_at(s.clock.now());
        let expected = [
            (2, EventKind::Notification),
            (3, EventKind::Notification),
            (now + 3, EventKind::Open),
            (4, EventKind::Notification),
            (now + 4, EventKind::Open),
        ];
        assert_eq!(is_news(&s), expected);
    }

    #[test]
    fn only_what_is_new_is_news() {
        let s = TestStore::new();
        s.store.event_demand().listen(EventDemandLevel::All);
        let at = |ago: u64| PostId(first_at(s.clock.now().minus(Duration::from_secs(ago))));
        let (young, old) = (at(6 * 3600 - 60), at(6 * 3600 + 60));
        s.store.write(move |w| (added_to_home(w, young), added_to_home(w, old), post_published(w, old)).0).unwrap();
        assert_eq!(is_news(&s), [(young.0, EventKind::Home)]);
    }

    #[test]
    fn the_ring_keeps_the_newest_and_numbers_without_gaps() {
        let s = TestStore::new();
        s.store.event_demand().listen(EventDemandLevel::Own);
        let rows = MAX_EVENTS + 2 * PRUNE_INTERVAL_ROWS;
        s.store.write(move |w| (1..=rows).try_for_each(|n| note(w, EventKind::Notification, n))).unwrap();
        let undone: Result<()> =
            s.store.write(|w| note(w, EventKind::Notification, 0).and(Err(crate::base::Error::invalid("no"))));
        assert!(undone.is_err());
        s.store.write(|w| note(w, EventKind::Filters, 0)).unwrap();
        let (newest, kept) = s.store.read(|r| Ok((newest(r)?, after(r, 0, u32::MAX)?))).unwrap();
        assert_eq!(newest, rows + 1, "what was undone leaves no gap");
        assert!(kept.len() <= usize::try_from(MAX_EVENTS + PRUNE_INTERVAL_ROWS).unwrap(), "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.id + 1 == b.id) && kept.last().unwrap().id == newest);
    }
}
