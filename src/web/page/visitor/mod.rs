//! What visitors see: the profile, the feed, the texts about this server, following from elsewhere.

pub mod about;
pub mod feed;
pub(super) mod meta;
pub mod profile;
pub mod remote_follow;
