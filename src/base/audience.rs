//! Who may read a post. Ordered from wide to narrow; a post is never widened.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// The four audiences, widest first (`Public < Quiet < Followers < Mentioned`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everyone, and shown in public feeds (`to` Public).
    Public,
    /// Everyone who finds it, but not in public feeds (`cc` Public; Mastodon's "unlisted").
    Quiet,
    /// Approved followers and the mentioned.
    Followers,
    /// Only the people mentioned.
    Mentioned,
}

impl Audience {
    /// All four, widest first.
    pub const ALL: [Self; 4] = [Self::Public, Self::Quiet, Self::Followers, Self::Mentioned];

    /// True for the audiences a stranger may read.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Quiet)
    }

    /// The word of the command line, the forms and the store.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Quiet => "quiet",
            Self::Followers => "followers",
            Self::Mentioned => "mentioned",
        }
    }

    /// The number the store keeps: 0 (public) to 3 (mentioned).
    pub fn rank(self) -> i64 {
        match self {
            Self::Public => 0,
            Self::Quiet => 1,
            Self::Followers => 2,
            Self::Mentioned => 3,
        }
    }

    /// The audience of a stored number; anything unknown is the narrowest.
    pub fn from_rank(rank: i64) -> Self {
        match rank {
            0 => Self::Public,
            1 => Self::Quiet,
            2 => Self::Followers,
            _ => Self::Mentioned,
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_word())
    }
}

impl FromStr for Audience {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|a| a.as_word() == word)
            .ok_or_else(|| Error::invalid("the audience is one of public, quiet, followers, mentioned"))
    }
}
