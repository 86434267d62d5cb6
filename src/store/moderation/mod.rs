//! What the owner does not want to see: blocks, mutes, blocked servers and lists of them, reports.

pub mod block_filter;
pub mod blocks;
pub mod host_block_lists;
pub mod host_blocks;
pub mod mutes;
pub mod reports;
