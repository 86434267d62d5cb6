//! Words all floors share: ids, time, audience, errors, configuration. Knows nothing of what is built on it.

pub mod audience;
pub mod bucket;
pub mod caller;
pub mod config;
pub mod error;
pub mod id;
pub mod policy;
pub mod time;

pub use audience::Audience;
pub use config::Config;
pub use error::{Error, Result};
pub use time::{Clock, Time};
