//! A single post: its card, its thread, its history and what can be done with it.

pub(super) mod attachments;
pub(super) mod filter_result;
pub mod history;
pub(super) mod poll;
pub mod post_actions;
pub(super) mod post_card;
pub(super) mod post_metadata;
pub(super) mod quoted_post;
pub(super) mod reactions;
pub mod thread;
