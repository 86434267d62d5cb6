//! Founding a house: the node's row, the instance actor, the owner, their keys.

use super::Node;
use crate::base::config::Origin;
use crate::base::id::ActorId;
use crate::base::{Error, Result};
use crate::store::Store;

/// Writes the node's row and the instance actor of a new folder. Conflict when there is one.
pub fn found(_store: &Store, _origin: &Origin) -> Result<()> {
    Err(Error::Busy)
}

/// Names the owner: letters, digits and underscore, at most 30. Conflict when there is one already.
pub fn name_owner(_store: &Store, _username: &str) -> Result<ActorId> {
    Err(Error::Busy)
}

/// What the owner wants their profile to say. None leaves a picture as it is.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// Display name, one line.
    pub name: String,
    /// Plain text.
    pub bio: String,
    /// Up to eight (name, plain text) pairs; empty ones are dropped.
    pub fields: Vec<(String, String)>,
    /// A new avatar's bytes.
    pub icon: Option<Vec<u8>>,
    /// A new header picture's bytes.
    pub image: Option<Vec<u8>>,
    /// Follows wait for approval.
    pub approves_followers: bool,
    /// May be listed in directories.
    pub discoverable: bool,
    /// Posts may be searched.
    pub indexable: bool,
}

/// Changes the owner's profile and tells everyone who should know.
pub fn set_profile(_node: &Node, _profile: Profile) -> Result<()> {
    Err(Error::Busy)
}
