//! An act of the owner: resolve what it names (network), then one write. The page, the API, the command line and the
//! scheduler all come here.

use super::Node;
use crate::base::id::{ActorId, MediaId, PostId};
use crate::base::{Audience, Error, Result};

/// What the owner wants to say.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// Who may read it.
    pub audience: Audience,
    /// The post it answers.
    pub reply_to: Option<PostId>,
    /// Loose uploads, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None takes the setting's.
    pub language: Option<String>,
    /// Pictures start covered.
    pub sensitive: bool,
}

/// What the owner wants a post to say instead.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Plain text.
    pub text: String,
    /// Content warning.
    pub warning: Option<String>,
    /// The pictures it keeps or gains, in order.
    pub media: Vec<MediaId>,
    /// BCP 47; None leaves it.
    pub language: Option<String>,
    /// Pictures start covered.
    pub sensitive: bool,
}

/// Publishes a post; returns once it and its deliveries are on the disk.
pub fn post(_node: &Node, _draft: Draft) -> Result<PostId> {
    Err(Error::Busy)
}

/// Edits a post of the owner's.
pub fn edit(_node: &Node, _id: PostId, _edit: Edit) -> Result<()> {
    Err(Error::Busy)
}

/// Deletes a post of the owner's, everywhere.
pub fn delete(_node: &Node, _id: PostId) -> Result<()> {
    Err(Error::Busy)
}

/// Likes a post.
pub fn like(_node: &Node, _id: PostId) -> Result<()> {
    Err(Error::Busy)
}

/// Takes a like back.
pub fn unlike(_node: &Node, _id: PostId) -> Result<()> {
    Err(Error::Busy)
}

/// Boosts a public or quiet post (or one's own followers-only post is refused).
pub fn boost(_node: &Node, _id: PostId) -> Result<PostId> {
    Err(Error::Busy)
}

/// Takes a boost back.
pub fn unboost(_node: &Node, _id: PostId) -> Result<()> {
    Err(Error::Busy)
}

/// Asks to follow an actor; asking again sends the request again.
pub fn follow(_node: &Node, _who: ActorId) -> Result<()> {
    Err(Error::Busy)
}

/// Stops following an actor, or takes the request back.
pub fn unfollow(_node: &Node, _who: ActorId) -> Result<()> {
    Err(Error::Busy)
}

/// Lets a waiting follower in.
pub fn accept_follower(_node: &Node, _who: ActorId) -> Result<()> {
    Err(Error::Busy)
}

/// Turns a waiting follower away, or removes a follower.
pub fn reject_follower(_node: &Node, _who: ActorId) -> Result<()> {
    Err(Error::Busy)
}

/// Keeps a picture for a post to come: decoded, stripped, resized. One decode at a time.
pub fn upload(_node: &Node, _bytes: &[u8], _alt: &str) -> Result<MediaId> {
    Err(Error::Busy)
}
