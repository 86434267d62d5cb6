//! The owner's own counts, maintained by triggers in `schema.sql`: exact, and read without a `count(*)`.

use crate::base::id::PostId;
use crate::base::{Result, Time};
use crate::store::Read;
use crate::store::column;

/// Counts of the owner's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnCounts {
    /// Public and unlisted posts, boosts included.
    pub posts: u32,
    /// The newest of them.
    pub newest_post: Option<PostId>,
    /// Accepted followers.
    pub followers: u32,
    /// Accepted follows.
    pub following: u32,
}

impl OwnCounts {
    /// Time of the owner's newest public or unlisted post or boost.
    pub fn last_post_at(&self) -> Option<Time> {
        self.newest_post.map(|id| Time::from_ms(id.0 >> 16))
    }
}

/// The current counts.
pub fn get(r: &Read<'_>) -> Result<OwnCounts> {
    let mut statement =
        r.conn.prepare_cached("SELECT posts, newest_id, followers, following FROM own_count LIMIT 1")?;
    Ok(statement.query_one([], |row| {
        Ok(OwnCounts {
            posts: column(row, "posts")?,
            newest_post: column(row, "newest_id")?,
            followers: column(row, "followers")?,
            following: column(row, "following")?,
        })
    })?)
}
