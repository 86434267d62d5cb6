//! Moderation by the owner: blocks, mutes, blocked servers, filters, reports.

pub mod block;
pub mod filter;
pub mod host_block;
pub mod report;
