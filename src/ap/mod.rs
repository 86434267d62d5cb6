//! Reading and writing ActivityStreams documents. Reading is lenient, writing is strict. Pure code: no network, no
//! store, no clock.
//!
//! To read: [`json::parse`] the bytes, then call [`Activity::read`], [`Object::read`], [`Actor::read`],
//! [`KeyDoc::from_document`], [`collection::Collection::read`] or a function of [`jrd`]. The result is only what the
//! origin of its id claims. Leniency stays in [`json`], limits in [`limits`]. To write: pass plain structs to
//! [`write_object`], [`write_actor`], [`write_activity`], [`collection`] or [`discovery`]. [`addressing`] converts an
//! audience to `to` and `cc` and back.

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

pub use activity::{Activity, ActivityKind};
pub use actor::ReceivedActor;
pub use addressing::PUBLIC;
pub use json::{Lossy, Many, Ref};
pub use key::KeyDoc;
pub use object::Object;
pub use uri::{Uri, same_origin};
