//! Cursor pagination over tables with an autoincrement key: bookmarks, likes, conversations.

/// Rows above `above` and below `below`, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorWindow {
    /// Only numbers above; 0 for all.
    pub above: i64,
    /// Only numbers below; `i64::MAX` for all.
    pub below: i64,
    /// Of too many, these stay.
    pub keep: WindowEnd,
    /// Rows at most.
    pub limit: u32,
}

/// Which rows of a window that holds too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowEnd {
    /// The newest.
    Newest,
    /// The oldest: the page right after `above`.
    Oldest,
}

impl CursorWindow {
    /// The newest `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { above: 0, below: i64::MAX, keep: WindowEnd::Newest, limit }
    }

    /// The `ORDER BY` direction of the limited query; its rows are sorted by [`CursorWindow::ordered`].
    pub(super) fn order(self) -> &'static str {
        match self.keep {
            WindowEnd::Newest => "DESC",
            WindowEnd::Oldest => "ASC",
        }
    }

    /// The rows of such a query, newest first.
    pub(super) fn ordered<T>(self, mut found: Vec<T>) -> Vec<T> {
        if self.keep == WindowEnd::Oldest {
            found.reverse();
        }
        found
    }
}
