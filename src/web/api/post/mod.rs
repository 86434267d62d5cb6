//! Endpoints of single statuses.

pub(super) mod bookmarks;
pub(super) mod edits;
pub(super) mod quotes;
pub(super) mod statuses;
