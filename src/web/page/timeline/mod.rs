//! Pages that list posts: home, federated timeline, lists, hashtags, search, bookmarks.

pub mod bookmarks;
pub mod federated_timeline;
pub mod home;
pub mod lists;
pub mod search;
pub mod tags;
