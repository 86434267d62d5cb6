//! An actor or post by URI or handle: stored, else fetched and kept.

use super::Node;
use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result};

/// What a search for a handle or URL finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A person.
    Actor(ActorId),
    /// A post.
    Post(PostId),
}

/// Finds what the owner typed: `@user@host`, an actor's or post's URL. NotFound with nothing there; Remote says why.
pub fn find(_node: &Node, _text: &str) -> Result<Found> {
    Err(Error::Busy)
}

/// The actor with this ActivityPub id: stored and fresh, else fetched.
pub fn actor(_node: &Node, _uri: &str) -> Result<ActorId> {
    Err(Error::Busy)
}

/// The post with this ActivityPub id: stored, else fetched with its author.
pub fn post(_node: &Node, _uri: &str) -> Result<PostId> {
    Err(Error::Busy)
}
