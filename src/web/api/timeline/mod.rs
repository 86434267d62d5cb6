//! Endpoints of timelines, lists, conversations, hashtags, search and markers.

pub(super) mod conversations;
pub(super) mod lists;
pub(super) mod markers;
pub(super) mod search;
pub(super) mod tags;
pub(super) mod timelines;
