//! Pages about blocks, mutes, filters, blocked servers, reports and interaction requests.

pub mod blocks;
pub mod filters;
pub mod hosts;
pub mod interaction_requests;
pub(super) mod mute_block_menu;
pub mod reports;
