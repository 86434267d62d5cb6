//! Prepared timelines and what selects their posts: home, lists, hashtags, public feeds, filters, search, read markers.

pub mod filters;
pub mod home_timeline;
pub mod lists;
pub mod markers;
pub mod public_timelines;
pub mod search;
pub mod tags;
pub(in crate::store) mod window;
