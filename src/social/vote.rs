//! Votes in polls, both directions. A vote is a Note with a `name` and no content, sent to the poll's author only. It
//! is never shown or announced, and counts once.

use super::outbox::{self, ActivityRecipients};
use super::{document, interaction::inbound, poll as rules};
use crate::ap::object::{Object, ObjectKind};
use crate::base::id::{ActorId, PostId};
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::posts::polls::{self, StoredPoll};
use crate::store::posts::{self, Post};
use crate::store::{Read, Write};

/// Receives a Note that may be a vote. True when it is one, counted or not. As in Mastodon, a Note that replies to one
/// of the owner's polls and is named like one of its options is a vote, whatever else it contains.
pub(super) fn receive(w: &Write<'_>, owner: ActorId, sender: &Actor, note: &Object) -> Result<bool> {
    let (ObjectKind::Note, Some(name), Some(question)) = (&note.kind, &note.name, &note.in_reply_to) else {
        return Ok(false);
    };
    let post = posts::by_uri(w, question.as_str())?.filter(|post| post.actor_id == owner && post.boost_of.is_none());
    let poll = post.as_ref().map(|post| polls::of_post(w, post.id)).transpose()?.flatten();
    let (Some(post), Some(poll)) = (post, poll) else { return Ok(note.is_vote()) };
    let exact = poll.options.iter().position(|option| option.text == *name);
    let Some(choice) = exact.or_else(|| poll.options.iter().position(|option| option.text == name.trim())) else {
        return Ok(note.is_vote());
    };
    if !poll.is_over(w.now) && sender.id != owner && inbound::may_read(w, sender, &post)? {
        count_vote(w, sender, poll, choice)?;
    }
    Ok(true)
}

/// Counts a vote in one of the owner's polls, once; in a single-choice poll only the first vote counts.
fn count_vote(w: &Write<'_>, voter: &Actor, mut poll: StoredPoll, choice: usize) -> Result<()> {
    let before = polls::choices_of(w, poll.post_id, voter.id)?;
    if (!poll.multiple && !before.is_empty()) || !polls::add_vote(w, poll.post_id, voter.id, choice)? {
        return Ok(());
    }
    increment_count(&mut poll, choice);
    if before.is_empty() {
        poll.voters = Some(poll.voters.unwrap_or_default() + 1);
    }
    poll.next_upkeep_at = rules::next_announcement_at(w, &poll);
    polls::put(w, &poll)
}

fn increment_count(poll: &mut StoredPoll, choice: usize) {
    if let Some(option) = poll.options.get_mut(choice) {
        option.votes = option.votes.saturating_add(1);
    }
}

/// Votes in a remote poll: one Create per choice. Repeating the same choices does nothing. Invalid when the poll is
/// over, is the owner's own, or has other votes by the owner.
pub fn send(w: &Write<'_>, owner: &Actor, id: PostId, choices: &[usize]) -> Result<()> {
    let post = posts::by_id(w, id)?;
    let mut poll = polls::of_post(w, id)?.ok_or_else(|| Error::invalid("this post has no poll"))?;
    let mut choices = choices.to_vec();
    choices.sort_unstable();
    choices.dedup();
    if !poll.own_choices.is_empty() && poll.own_choices == choices {
        return Ok(());
    }
    check_vote(w, owner, &post, &poll, &choices)?;
    let author = actors::by_id(w, post.actor_id)?;
    for choice in choices {
        let Some(text) = poll.options.get(choice).map(|option| option.text.clone()) else { continue };
        polls::add_vote(w, id, owner.id, choice)?;
        increment_count(&mut poll, choice);
        let (activity_id, uri) = outbox::next_activity(w, owner)?;
        let create = document::vote(owner, &uri, &post, &author, &text, w.now);
        outbox::send(
            w,
            owner,
            activity_id,
            create,
            &post.uri,
            Audience::Mentioned,
            &ActivityRecipients::single_actor(&author),
        )?;
    }
    // The counts of the author's server replace this later.
    poll.voters = poll.voters.map(|voters| voters.saturating_add(1));
    poll.next_upkeep_at = rules::result_fetch_at(&poll);
    polls::put(w, &poll)
}

fn check_vote(r: &Read<'_>, owner: &Actor, post: &Post, poll: &StoredPoll, choices: &[usize]) -> Result<()> {
    let no = |why: &str| Err(Error::invalid(why));
    match choices {
        _ if post.actor_id == owner.id => no("you cannot vote in your own poll"),
        _ if poll.is_over(r.now) => no("this poll is over"),
        _ if !poll.own_choices.is_empty() => no("you have already voted in this poll, and a vote cannot be changed"),
        [] => no("choose an option first"),
        [_, _, ..] if !poll.multiple => no("only one option can be chosen in this poll"),
        all if all.iter().any(|choice| *choice >= poll.options.len()) => no("this poll has no such option"),
        _ => Ok(()),
    }
}
