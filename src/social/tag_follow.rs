//! Followed hashtags: public posts with one of them appear on the home timeline. Nothing is sent to peers.

use crate::base::{Error, Result};
use crate::store::actors::Actor;
use crate::store::posts::Post;
use crate::store::{
    Write,
    moderation::{block_filter, mutes},
    timelines::{home_timeline, lists, public_timelines, tags},
};
use crate::text::scan;

/// Follows a hashtag, with or without its `#`; repeating does nothing. Invalid when it is not a hashtag.
pub fn follow(w: &Write<'_>, typed: &str) -> Result<()> {
    let (name, shown) = scan::whole_tag(typed).ok_or_else(|| Error::invalid(scan::NOT_A_HASHTAG_MESSAGE))?;
    if tags::get(w, &name)?.is_none() && !tags::follow(w, &name, &shown)? {
        return Err(Error::invalid(format!("you can follow at most {} hashtags", tags::MAX_FOLLOWED_TAGS)));
    }
    Ok(())
}

/// Unfollows a hashtag. Posts that are on the home timeline only because of it are removed.
pub fn unfollow(w: &Write<'_>, name: &str) -> Result<()> {
    if tags::unfollow(w, name)? {
        tags::remove_from_home(w, name)?;
    }
    Ok(())
}

/// Adds a new post with a followed hashtag to the home timeline, unless its author is blocked, limited or muted.
pub(super) fn place_tagged_post(w: &Write<'_>, author: &Actor, post: &Post) -> Result<()> {
    if !public_timelines::is_on_tag_timelines(post) || !tags::has_followed_tag(w, post.id)? {
        return Ok(());
    }
    let muted = mutes::get(w, author.id)?.is_some_and(|mute| mute.reach != mutes::MuteScope::Boosts);
    // Posts by members of an exclusive list are shown only there.
    let elsewhere = lists::is_exclusive_member(w, author.id)?;
    if muted || elsewhere || block_filter::is_hidden(w, author)? || block_filter::is_limited(w, author.id)? {
        return Ok(());
    }
    home_timeline::add(w, post.id)
}
