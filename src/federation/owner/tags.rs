//! Following and unfollowing hashtags. Local only, no peer is told.

use crate::base::Result;
use crate::federation::Node;
use crate::social::tag_follow;

/// Follows a hashtag, with or without its `#`; Invalid when it is not a hashtag, or when there are too many.
pub fn follow(node: &Node, typed: String) -> Result<()> {
    node.store.write(move |w| tag_follow::follow(w, &typed))
}

/// Unfollows a hashtag, by its stored name.
pub fn unfollow(node: &Node, name: String) -> Result<()> {
    node.store.write(move |w| tag_follow::unfollow(w, &name))
}
