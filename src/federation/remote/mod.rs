//! Reading other servers: resolving ids and handles, refreshing what is stored, with limits per host.

pub mod backfill;
pub mod backfill_worker;
pub(super) mod fetch_budgets;
pub mod media_proxy;
pub mod move_discovery;
pub mod nodeinfo;
pub mod poll_refresh;
pub mod quote_refresh;
pub mod refresh;
pub(super) mod remote_counts;
pub mod resolve;
pub mod singleflight;
pub mod webfinger;
