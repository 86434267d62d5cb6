//! Polls: stores remote polls; opens, edits and announces the owner's. New vote counts are not an edit, and options
//! change only by an edit.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outbox;
use super::{document, post};
use crate::ap::addressing::Recipients;
use crate::ap::poll as ap;
use crate::ap::write_object::OwnPollDocument;
use crate::base::id::PostId;
use crate::base::{Error, Result, Time};
use crate::store::actors::Actor;
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::polls::{self, PollOption, StoredPoll};
use crate::store::posts::{self, Post};
use crate::store::{
    Read, Write,
    posts::{groups, likes},
};
use crate::text::plain_text;

/// Minimum number of options.
pub const MIN_OPTIONS: usize = 2;
/// Maximum number of options.
pub const MAX_OPTIONS: usize = 8;
/// Maximum length of an option.
pub const MAX_OPTION_CHARS: usize = 100;
/// Minimum duration, as in Mastodon.
pub const MIN_POLL_DURATION: Duration = Duration::from_mins(5);
/// Maximum duration.
pub const MAX_POLL_DURATION: Duration = Duration::from_hours(31 * 24);
/// Delay before new votes are announced, so that many votes cause only one Update.
const VOTES_UPDATE_DELAY: Duration = Duration::from_mins(3);
/// Delay after the end before the result is fetched: the author's clock and queue may be late.
const RESULT_DELAY: Duration = Duration::from_mins(2);
/// Delay before a failed fetch of the result is repeated.
const RESULT_RETRY_DELAY: Duration = Duration::from_mins(30);
/// How long after the end the fetch of the result is repeated.
const RESULT_RETRY_PERIOD: Duration = Duration::from_hours(2);

/// A poll as the owner composed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPoll {
    /// The options.
    pub options: Vec<String>,
    /// Whether several options may be chosen.
    pub multiple: bool,
    /// How long it is open.
    pub length: Duration,
    /// Whether counts are hidden until the end.
    pub hides: bool,
}

/// What an edit does to the poll of a post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PollRevision {
    /// Unchanged.
    #[default]
    Unchanged,
    /// Removed.
    Removed,
    /// Replaced. With other options, or another number of choices, all votes are dropped.
    Replaced(NewPoll),
}

impl NewPoll {
    /// Checks the poll and normalizes its options; Invalid with a sentence for the owner.
    pub fn normalize(self) -> Result<Self> {
        if self.options.iter().any(|text| text.trim().chars().count() > MAX_OPTION_CHARS) {
            return Err(Error::invalid(format!("a poll option can have at most {MAX_OPTION_CHARS} characters")));
        }
        let options = self.options.iter().map(|text| plain_text::one_line(text)).filter(|text| !text.is_empty());
        let options: Vec<String> = options.collect();
        let twice = |(n, text): (usize, &String)| options.iter().take(n).any(|before| before == text);
        if !(MIN_OPTIONS..=MAX_OPTIONS).contains(&options.len()) {
            return Err(Error::invalid(format!("a poll must have {MIN_OPTIONS} to {MAX_OPTIONS} options")));
        }
        if options.iter().enumerate().any(twice) {
            return Err(Error::invalid("two options of this poll are the same"));
        }
        if !(MIN_POLL_DURATION..=MAX_POLL_DURATION).contains(&self.length) {
            return Err(Error::invalid("a poll must be open for at least five minutes and at most a month"));
        }
        Ok(Self { options, ..self })
    }
}

/// Stores the poll of a new post by the owner.
pub(super) fn store_own_poll(w: &Write<'_>, post: PostId, poll: &NewPoll) -> Result<()> {
    let end = w.now.plus(poll.length);
    polls::put(
        w,
        &StoredPoll {
            post_id: post,
            options: poll.options.iter().map(|text| PollOption { text: text.clone(), votes: 0 }).collect(),
            multiple: poll.multiple,
            voters: Some(0),
            hides_counts: poll.hides,
            end_at: Some(end),
            checked_at: w.now,
            next_upkeep_at: Some(end),
            own_choices: Vec::new(),
        },
    )
}

/// Changes the poll of one of the owner's posts. False when nothing changed.
pub(super) fn apply_revision(w: &Write<'_>, post: PostId, revised: &PollRevision) -> Result<bool> {
    let known = polls::of_post(w, post)?;
    let new = match (revised, &known) {
        (PollRevision::Unchanged, _) | (PollRevision::Removed, None) => return Ok(false),
        (PollRevision::Removed, Some(_)) => return polls::remove(w, post).map(|()| true),
        (PollRevision::Replaced(new), _) => new,
    };
    let texts = |poll: &StoredPoll| poll.options.iter().map(|option| option.text.clone()).collect::<Vec<_>>();
    let Some(known) = known.filter(|known| texts(known) == new.options && known.multiple == new.multiple) else {
        polls::clear_votes(w, post)?;
        return store_own_poll(w, post, new).map(|()| true);
    };
    let end = w.now.plus(new.length);
    let look_at = known.next_upkeep_at.filter(|at| known.end_at != Some(*at)).map_or(end, |at| at.min(end));
    polls::put(w, &StoredPoll { hides_counts: new.hides, end_at: Some(end), next_upkeep_at: Some(look_at), ..known })?;
    Ok(true)
}

/// One of our polls for its document; `closed` is set after its end.
pub(super) fn own_poll_document(poll: &StoredPoll, now: Time) -> OwnPollDocument {
    let hidden = poll.hides_counts && !poll.is_over(now);
    let told = |votes: u64| if hidden { 0 } else { votes };
    OwnPollDocument {
        options: poll.options.iter().map(|option| (option.text.clone(), told(option.votes))).collect(),
        multiple: poll.multiple,
        end: poll.end_at,
        closed: poll.end_at.filter(|end| *end <= now),
        voters: poll.voters.unwrap_or_default(),
    }
}

/// What a fetched document may change in the poll of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PollUpdate {
    /// Everything: the author edited the post.
    Edit,
    /// Only the counts and the end time: it is the same version of the post.
    Counts,
}

/// Stores the poll of a new remote post.
pub(super) fn store_remote_poll(w: &Write<'_>, post: PostId, said: Option<&ap::ReceivedPoll>) -> Result<()> {
    match said {
        Some(said) => polls::put(w, &remote_poll_row(w, post, said)),
        None => Ok(()),
    }
}

fn remote_poll_row(w: &Write<'_>, post: PostId, said: &ap::ReceivedPoll) -> StoredPoll {
    let option = |option: &ap::ReceivedPollOption| PollOption { text: option.name.clone(), votes: option.votes };
    StoredPoll {
        post_id: post,
        options: said.options.iter().map(option).collect(),
        multiple: said.multiple,
        voters: said.voters,
        hides_counts: false,
        end_at: said.over_at(w.now).or(said.end),
        checked_at: w.now,
        next_upkeep_at: None,
        own_choices: Vec::new(),
    }
}

/// Updates a remote poll by a document from its author's server. Other options count only in an edit, and a poll that
/// is over reopens only with other options.
pub(super) fn update_remote_poll(
    w: &Write<'_>,
    post: &Post,
    said: Option<&ap::ReceivedPoll>,
    change: PollUpdate,
) -> Result<()> {
    let known = polls::of_post(w, post.id)?;
    let (known, said) = match (known, said, change) {
        (Some(known), Some(said), _) => (known, said),
        (None, said, PollUpdate::Edit) => return store_remote_poll(w, post.id, said),
        (Some(_), None, PollUpdate::Edit) => return polls::remove(w, post.id),
        _ => return Ok(()),
    };
    let texts = said.options.iter().map(|option| option.name.as_str());
    let same = known.multiple == said.multiple && known.options.iter().map(|o| o.text.as_str()).eq(texts);
    match change {
        PollUpdate::Counts if !same => return Ok(()),
        PollUpdate::Edit if !same => polls::clear_votes(w, post.id)?,
        _ => {}
    }
    let mut poll = remote_poll_row(w, post.id, said);
    if same {
        poll.own_choices = known.own_choices;
        poll.end_at = known.end_at.filter(|end| *end <= w.now).or(poll.end_at).or(known.end_at);
    }
    let over = poll.is_over(w.now);
    poll.next_upkeep_at = match poll.end_at.filter(|_| !poll.own_choices.is_empty()) {
        // The author's server says that this is the final result.
        Some(_) if over && said.closed => None,
        Some(_) if over => known.next_upkeep_at,
        Some(end) => Some(end.plus(RESULT_DELAY)),
        None => None,
    };
    polls::put(w, &poll)?;
    if over { notify_of_end(w, post, &poll) } else { Ok(()) }
}

/// Notifies the owner that a poll they voted in is over.
fn notify_of_end(w: &Write<'_>, post: &Post, poll: &StoredPoll) -> Result<()> {
    if poll.own_choices.is_empty() {
        Ok(())
    } else {
        notifications::add(w, NotificationKind::Poll, post.actor_id, Some(post.id))
    }
}

/// When to announce new votes of one of our polls: after a short delay, or earlier if an upkeep is due.
pub(super) fn next_announcement_at(w: &Write<'_>, poll: &StoredPoll) -> Option<Time> {
    let soon = w.now.plus(VOTES_UPDATE_DELAY);
    Some(poll.next_upkeep_at.map_or(soon, |at| at.min(soon)))
}

/// When to fetch the result of a poll the owner voted in.
pub(super) fn result_fetch_at(poll: &StoredPoll) -> Option<Time> {
    poll.end_at.map(|end| end.plus(RESULT_DELAY))
}

/// Announces the counts of one of the owner's polls to its audience and voters: an Update with unchanged `updated`, so
/// that it does not count as an edit. At the end of the poll the owner is notified.
pub fn announce_counts(w: &Write<'_>, owner: &Actor, id: PostId) -> Result<()> {
    let Some(poll) = polls::of_post(w, id)? else { return Ok(()) };
    let post = posts::by_id(w, id)?;
    let mentions = posts::mentions(w, id)?;
    let object = document::post(w, owner, &post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    let (activity_id, uri) = outbox::next_activity(w, owner)?;
    let update = document::update(owner, &uri, object, lists, w.now);
    let mut others = Vec::new();
    if post.audience.is_open() {
        others = likes::interacting_actors(w, id, post::MAX_INFORMED_ACTORS)?;
        others.extend(groups::of_post(w, id)?);
    }
    let reach = post::recipients(&post, post::mentioned_ids(w, &mentions)?, others);
    outbox::send(w, owner, activity_id, update, &post.uri, post.audience, &reach)?;
    if poll.is_over(w.now) {
        polls::schedule_upkeep(w, id, None)?;
        return notifications::add(w, NotificationKind::Poll, owner.id, Some(id));
    }
    polls::schedule_upkeep(w, id, poll.end_at)
}

/// Result of fetching a remote poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollRefresh {
    /// Fetched and stored.
    Done,
    /// The fetch failed.
    Failed,
}

/// Schedules the next fetch of a remote poll. A poll whose end has passed counts as over even when its result cannot be
/// fetched.
pub fn schedule_next_fetch(w: &Write<'_>, id: PostId, look: PollRefresh) -> Result<()> {
    let Some(poll) = polls::of_post(w, id)? else { return Ok(()) };
    let Some(end) = poll.end_at else { return polls::schedule_upkeep(w, id, None) };
    if !poll.is_over(w.now) {
        return polls::schedule_upkeep(w, id, Some(end.plus(RESULT_DELAY)));
    }
    let again = look == PollRefresh::Failed && w.now.since(end) < RESULT_RETRY_PERIOD;
    polls::schedule_upkeep(w, id, again.then(|| w.now.plus(RESULT_RETRY_DELAY)))?;
    notify_of_end(w, &posts::by_id(w, id)?, &poll)
}

/// The poll of a post for its document; None when it has none.
pub(super) fn for_document(r: &Read<'_>, post: PostId) -> Result<Option<OwnPollDocument>> {
    Ok(polls::of_post(r, post)?.map(|poll| own_poll_document(&poll, r.now)))
}
