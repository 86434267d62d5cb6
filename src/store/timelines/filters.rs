//! The owner's filters: keywords, and posts added by hand. Matching is in `social/moderation/filter.rs`.

use rusqlite::{OptionalExtension, Row, params};

use crate::base::id::{FilterId, FilteredId, KeywordId, PostId};
use crate::base::{Error, Result, Time};
use crate::store::{Read, Write, column, events};

/// Filters there may be.
pub const MAX_FILTERS: u32 = 200;
/// Maximum keywords per filter.
pub const MAX_KEYWORDS_PER_FILTER: u32 = 200;
/// Maximum keywords of all filters: every shown post is searched for each.
pub const MAX_KEYWORDS: u32 = 2_000;
/// Posts under one filter.
pub const MAX_POSTS_PER_FILTER: u32 = 500;
/// Posts under all filters.
pub const MAX_FILTERED_POSTS: u32 = 5_000;

/// Where a filter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterContext {
    /// Home and lists.
    Home,
    /// Notifications.
    Notifications,
    /// Public timelines: hashtags, groups, relays.
    Public,
    /// Threads.
    Thread,
    /// Profiles.
    Account,
}

impl FilterContext {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Home, Self::Notifications, Self::Public, Self::Thread, Self::Account];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Notifications => "notifications",
            Self::Public => "public",
            Self::Thread => "thread",
            Self::Account => "account",
        }
    }

    /// The variant of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.word() == word)
    }

    fn bit(self) -> u8 {
        match self {
            Self::Home => 1,
            Self::Notifications => 2,
            Self::Public => 4,
            Self::Thread => 8,
            Self::Account => 16,
        }
    }
}

/// The places where a filter counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilterContexts(u8);

impl FilterContexts {
    /// These places.
    pub fn of(contexts: impl IntoIterator<Item = FilterContext>) -> Self {
        Self(contexts.into_iter().fold(0, |bits, context| bits | context.bit()))
    }

    /// Whether it is included.
    pub fn has(self, context: FilterContext) -> bool {
        self.0 & context.bit() != 0
    }

    /// True when there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them.
    pub fn each(self) -> impl Iterator<Item = FilterContext> {
        FilterContext::ALL.into_iter().filter(move |context| self.has(*context))
    }
}

/// What happens to a matching post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterAction {
    /// Collapsed behind the filter's title.
    Warn,
    /// Hidden.
    Hide,
    /// Its images are hidden behind a button.
    Blur,
}

impl FilterAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Warn, Self::Hide, Self::Blur];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Hide => "hide",
            Self::Blur => "blur",
        }
    }

    /// The variant of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// A row of `filter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Our id.
    pub id: FilterId,
    /// One line.
    pub title: String,
    /// Where it counts.
    pub contexts: FilterContexts,
    /// What happens to a match.
    pub action: FilterAction,
    /// When it ends; None for good.
    pub until_at: Option<Time>,
}

/// A word, or several, of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterKeyword {
    /// Our id.
    pub id: KeywordId,
    /// Its filter.
    pub filter_id: FilterId,
    /// The keyword as typed.
    pub keyword: String,
    /// Not inside of a longer word.
    pub whole: bool,
}

/// A post under a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilteredPost {
    /// Our id.
    pub id: FilteredId,
    /// Under which.
    pub filter_id: FilterId,
    /// The post.
    pub post_id: PostId,
}

fn filter_row(row: &Row<'_>) -> rusqlite::Result<Filter> {
    Ok(Filter {
        id: column(row, "id")?,
        title: column(row, "title")?,
        contexts: FilterContexts(column(row, "contexts")?),
        action: FilterAction::from_word(&column::<String>(row, "action")?).unwrap_or(FilterAction::Warn),
        until_at: column(row, "until_at")?,
    })
}

fn keyword_row(row: &Row<'_>) -> rusqlite::Result<FilterKeyword> {
    Ok(FilterKeyword {
        id: column(row, "id")?,
        filter_id: column(row, "filter_id")?,
        keyword: column(row, "keyword")?,
        whole: column(row, "whole")?,
    })
}

fn filtered_row(row: &Row<'_>) -> rusqlite::Result<FilteredPost> {
    Ok(FilteredPost { id: column(row, "id")?, filter_id: column(row, "filter_id")?, post_id: column(row, "post_id")? })
}

/// All filters, those that are over included; the oldest first.
pub fn all(r: &Read<'_>) -> Result<Vec<Filter>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([MAX_FILTERS], filter_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One filter; NotFound when there is none.
pub fn by_id(r: &Read<'_>, id: FilterId) -> Result<Filter> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter WHERE id = ?1")?;
    statement.query_one([id], filter_row).optional()?.ok_or(Error::NotFound)
}

/// The keywords of all filters, by filter and age.
pub fn keywords(r: &Read<'_>) -> Result<Vec<FilterKeyword>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter_keyword ORDER BY filter_id, id LIMIT ?1")?;
    let rows = statement.query_map([MAX_KEYWORDS], keyword_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The keywords of one filter.
pub fn keywords_of(r: &Read<'_>, id: FilterId) -> Result<Vec<FilterKeyword>> {
    let mut statement =
        r.conn.prepare_cached("SELECT * FROM filter_keyword WHERE filter_id = ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map(params![id, MAX_KEYWORDS_PER_FILTER], keyword_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One word; NotFound when there is none.
pub fn keyword(r: &Read<'_>, id: KeywordId) -> Result<FilterKeyword> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter_keyword WHERE id = ?1")?;
    statement.query_one([id], keyword_row).optional()?.ok_or(Error::NotFound)
}

/// The posts under all filters.
pub fn posts(r: &Read<'_>) -> Result<Vec<FilteredPost>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter_post ORDER BY filter_id, id LIMIT ?1")?;
    let rows = statement.query_map([MAX_FILTERED_POSTS], filtered_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The posts under one filter.
pub fn posts_of(r: &Read<'_>, id: FilterId) -> Result<Vec<FilteredPost>> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter_post WHERE filter_id = ?1 ORDER BY id LIMIT ?2")?;
    let rows = statement.query_map(params![id, MAX_POSTS_PER_FILTER], filtered_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One post under a filter; NotFound when there is none.
pub fn filtered(r: &Read<'_>, id: FilteredId) -> Result<FilteredPost> {
    let mut statement = r.conn.prepare_cached("SELECT * FROM filter_post WHERE id = ?1")?;
    statement.query_one([id], filtered_row).optional()?.ok_or(Error::NotFound)
}

/// Keeps a new filter (its id is not read).
pub fn add(w: &Write<'_>, filter: &Filter) -> Result<FilterId> {
    w.conn.execute(
        "INSERT INTO filter (title, contexts, action, until_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![filter.title, filter.contexts.0, filter.action.word(), filter.until_at, w.now],
    )?;
    Ok(FilterId(w.conn.last_insert_rowid()))
}

/// Changes a filter; NotFound when there is none.
pub fn set(w: &Write<'_>, filter: &Filter) -> Result<()> {
    one(w.conn.execute(
        "UPDATE filter SET title = ?2, contexts = ?3, action = ?4, until_at = ?5 WHERE id = ?1",
        params![filter.id, filter.title, filter.contexts.0, filter.action.word(), filter.until_at],
    )?)
}

/// Removes a filter with its keywords; NotFound when there is none.
pub fn remove(w: &Write<'_>, id: FilterId) -> Result<()> {
    one(w.conn.execute("DELETE FROM filter WHERE id = ?1", [id])?)
}

/// Gives a filter a word.
pub fn add_keyword(w: &Write<'_>, filter: FilterId, keyword: &str, whole: bool) -> Result<KeywordId> {
    w.conn.execute(
        "INSERT INTO filter_keyword (filter_id, keyword, whole) VALUES (?1, ?2, ?3)",
        params![filter, keyword, whole],
    )?;
    Ok(KeywordId(w.conn.last_insert_rowid()))
}

/// Changes a word; NotFound when there is none.
pub fn set_keyword(w: &Write<'_>, keyword: &FilterKeyword) -> Result<()> {
    one(w.conn.execute(
        "UPDATE filter_keyword SET keyword = ?2, whole = ?3 WHERE id = ?1",
        params![keyword.id, keyword.keyword, keyword.whole],
    )?)
}

/// Takes a word away; NotFound when there is none.
pub fn remove_keyword(w: &Write<'_>, id: KeywordId) -> Result<()> {
    one(w.conn.execute("DELETE FROM filter_keyword WHERE id = ?1", [id])?)
}

/// Adds a post to a filter; Conflict when it is there.
pub fn add_post(w: &Write<'_>, filter: FilterId, post: PostId) -> Result<FilteredId> {
    w.conn.execute("INSERT INTO filter_post (filter_id, post_id) VALUES (?1, ?2)", params![filter, post])?;
    Ok(FilteredId(w.conn.last_insert_rowid()))
}

/// Removes a post from a filter; NotFound when it is not there.
pub fn remove_post(w: &Write<'_>, id: FilteredId) -> Result<()> {
    one(w.conn.execute("DELETE FROM filter_post WHERE id = ?1", [id])?)
}

/// Records that filters changed: streaming clients are told to fetch them.
pub fn changed(w: &Write<'_>) -> Result<()> {
    events::note(w, events::EventKind::Filters, 0)
}

fn one(rows: usize) -> Result<()> {
    if rows == 0 { Err(Error::NotFound) } else { Ok(()) }
}
