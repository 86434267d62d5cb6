//! Endpoints of blocks, mutes, filters and reports.

pub(super) mod blocks_mutes;
pub(super) mod filters;
pub(super) mod filters_v1;
pub(super) mod reports;
