//! Cursor pagination over tables with an autoincrement key: bookmarks, likes, conversations.

/// A page of rows with ids above `above` and below `below`, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorWindow {
    /// Only row ids above this one; 0 for all.
    pub above: i64,
    /// Only row ids below this one; `i64::MAX` for all.
    pub below: i64,
    /// Which rows to return when there are more than `limit`.
    pub keep: WindowEnd,
    /// Maximum number of rows.
    pub limit: u32,
}

/// Which end of a window to return when it has more rows than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowEnd {
    /// The newest rows.
    Newest,
    /// The oldest rows: the page right after `above`.
    Oldest,
}

impl CursorWindow {
    /// The newest `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { above: 0, below: i64::MAX, keep: WindowEnd::Newest, limit }
    }

    /// The `ORDER BY` direction of the limited query; its rows are sorted by [`CursorWindow::ordered`].
    pub(super) fn sql_order(self) -> &'static str {
        match self.keep {
            WindowEnd::Newest => "DESC",
            WindowEnd::Oldest => "ASC",
        }
    }

    /// Sorts the rows of a query in [`CursorWindow::order`] newest first.
    pub(super) fn newest_first<T>(self, mut found: Vec<T>) -> Vec<T> {
        if self.keep == WindowEnd::Oldest {
            found.reverse();
        }
        found
    }
}
