//! Lists: their members, and where a post is shown: on the home timeline, in lists, or only in an exclusive list.

use crate::base::id::{ActorId, ListId};
use crate::base::{Audience, Error, Result};
use crate::store::posts::{self, Post};
use crate::store::timelines::lists::{self, ListReplies, MAX_LIST_MEMBERS, MAX_LISTS, StoredList};
use crate::store::{
    Write,
    actors::{self, follows},
    events, node,
    timelines::home_timeline,
};
use crate::text::plain_text;

/// Maximum length of a title.
pub const MAX_TITLE_CHARS: usize = 256;

/// A change of a list; None keeps a field.
#[derive(Debug, Clone, Default)]
pub struct ListChange {
    /// The title.
    pub title: Option<String>,
    /// Which replies it shows.
    pub replies: Option<ListReplies>,
    /// Whether the posts of its members are left out of the home timeline.
    pub exclusive: Option<bool>,
}

/// Creates a list; Invalid without a title, or when the maximum number is reached.
pub fn create_list(w: &Write<'_>, change: &ListChange) -> Result<StoredList> {
    if lists::all(w)?.len() >= MAX_LISTS as usize {
        return Err(Error::invalid("You have reached the maximum number of lists"));
    }
    let list = apply_change(
        StoredList { id: ListId(0), title: String::new(), replies: ListReplies::List, exclusive: false },
        change,
    )?;
    Ok(StoredList { id: lists::add(w, &list)?, ..list })
}

/// Changes a list.
pub fn change_list(w: &Write<'_>, id: ListId, change: &ListChange) -> Result<StoredList> {
    let list = apply_change(lists::by_id(w, id)?, change)?;
    lists::set(w, &list)?;
    Ok(list)
}

fn apply_change(list: StoredList, change: &ListChange) -> Result<StoredList> {
    let title = match &change.title {
        Some(title) => self::check_title(title)?,
        None => list.title,
    };
    if title.is_empty() {
        return Err(Error::invalid("Title can't be blank"));
    }
    let (replies, exclusive) = (change.replies.unwrap_or(list.replies), change.exclusive.unwrap_or(list.exclusive));
    Ok(StoredList { title, replies, exclusive, ..list })
}

/// Checks the title of a list or filter: one line that is not empty; else Invalid.
pub(super) fn check_title(text: &str) -> Result<String> {
    if text.chars().count() > MAX_TITLE_CHARS {
        return Err(Error::invalid(format!("Title is too long (maximum is {MAX_TITLE_CHARS} characters)")));
    }
    Some(plain_text::line(text, MAX_TITLE_CHARS))
        .filter(|title| !title.is_empty())
        .ok_or_else(|| Error::invalid("Title can't be blank"))
}

/// Adds actors to a list, all or none: NotFound for those the owner neither follows nor has requested to follow,
/// Invalid for those already in it. Their recent posts are added.
pub fn add_members(w: &Write<'_>, id: ListId, people: &[ActorId]) -> Result<()> {
    lists::by_id(w, id)?;
    let owner = node::owner(w)?;
    if lists::count(w, id)? as usize + people.len() > MAX_LIST_MEMBERS as usize {
        return Err(Error::invalid(format!("A list can have at most {MAX_LIST_MEMBERS} members")));
    }
    for who in people {
        actors::by_id(w, *who)?;
        let follow = follows::get(w, owner, *who)?;
        if follow.is_none() && *who != owner {
            return Err(Error::NotFound);
        }
        if !lists::add_member(w, id, *who)? {
            return Err(Error::invalid("Account has already been taken"));
        }
        if *who == owner || follow.is_some_and(|follow| follow.accepted_at.is_some()) {
            lists::add_history_of(w, id, *who)?;
        }
    }
    Ok(())
}

/// Removes actors from a list; those who are not members are ignored.
pub fn remove_members(w: &Write<'_>, id: ListId, people: &[ActorId]) -> Result<()> {
    lists::by_id(w, id)?;
    people.iter().try_for_each(|who| lists::remove_member(w, id, *who))
}

/// Adds a post or boost to the home timeline and to the lists of `by`: its author, its booster, or the announcing
/// group.
pub(super) fn add_to_timelines(w: &Write<'_>, owner: ActorId, by: ActorId, post: &Post) -> Result<()> {
    let of_theirs = lists::of_member(w, by)?;
    if !of_theirs.is_empty() && post.audience != Audience::Mentioned {
        let parent = post.reply_to.map(|id| posts::by_id(w, id)).transpose()?;
        let answers = parent.map(|parent| parent.actor_id).filter(|to| *to != owner && *to != post.actor_id);
        for list in &of_theirs {
            lists::add_post(w, list.id, post.id, answers)?;
        }
    }
    // The owner's own posts are always at home.
    if by != owner && of_theirs.iter().any(|list| list.exclusive) {
        return events::added_to_home(w, post.id);
    }
    home_timeline::add(w, post.id)
}

/// Adds the new account to every list of the account that moved.
pub(super) fn copy_memberships(w: &Write<'_>, old: ActorId, new: ActorId) -> Result<()> {
    for list in lists::of_member(w, old)? {
        if lists::add_member(w, list.id, new)? {
            lists::add_history_of(w, list.id, new)?;
        }
    }
    Ok(())
}
