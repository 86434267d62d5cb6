//! ActivityStreams documents: read leniently, written exactly. Pure: no network, no store, no clock.
//!
//! Reading: [`json::parse`] the bytes, then [`Activity::read`], [`Object::read`], [`Actor::read`], [`KeyDoc`],
//! [`collection::Collection::read`], [`jrd`]. What is read is a claim of the origin of its id, never more; leniency
//! stays in [`json`], limits in [`limits`]. Writing: plain structs go into [`write_object`], [`write_actor`],
//! [`write_activity`], [`collection`], [`discovery`]; [`addressing`] turns an audience into `to` and `cc` and back.

mod document_builder;
pub mod post_metadata;
#[cfg(test)]
mod tests;

pub mod activity;
pub mod actor;
pub mod addressing;
pub mod attachment;
pub mod collection;
pub mod context;
pub mod discovery;
pub mod interaction;
pub mod jrd;
pub mod json;
pub mod key;
pub mod limits;
pub mod link;
pub mod object;
pub mod poll;
pub mod reaction;
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
