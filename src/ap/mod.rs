//! ActivityStreams documents: read leniently, written exactly. Pure: no network, no store, no clock.

pub mod activity;
pub mod actor;
pub mod addressing;
pub mod attachment;
pub mod collection;
pub mod context;
pub mod discovery;
mod doc;
pub mod jrd;
pub mod json;
pub mod key;
pub mod limits;
pub mod link;
pub mod object;
pub mod poll;
pub mod tags;
pub mod uri;
pub mod write_activity;
pub mod write_actor;
pub mod write_object;

pub use activity::{Activity, Kind};
pub use actor::Actor;
pub use addressing::PUBLIC;
pub use json::{Lossy, Many, Ref};
pub use key::KeyDoc;
pub use object::Object;
pub use uri::{Uri, same_origin};

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod odd_shapes;
#[cfg(test)]
mod written;
