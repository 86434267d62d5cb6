//! What the owner does: publishing, scheduling, signing in, granting access, settings that need the network.

pub mod draft;
pub mod host_block_import;
pub mod identity;
pub mod login;
pub mod oauth;
pub mod own_emoji;
pub(super) mod post_content;
pub mod publish;
pub mod scheduling;
pub mod search;
pub mod tags;
