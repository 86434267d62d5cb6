//! Types that all layers share: ids, time, audience, errors, configuration. Imports no other module.

pub mod interaction_policy;
pub mod leaky_bucket;
pub mod rate_limit_key;

pub mod audience;
pub mod config;
pub mod error;
pub mod id;
pub mod time;

pub use audience::Audience;
pub use config::Config;
pub use error::{Error, Result};
pub use time::{Clock, Time};
