//! Drafts and scheduled posts. Each is published once, in the same write that removes it; one that cannot be published
//! stays with its error.

use std::time::Duration;

use crate::base::id::DraftId;
use crate::base::{Error, Result, Time};
use crate::federation::Node;
use crate::federation::owner::draft::NewPost;
use crate::federation::owner::publish;
use crate::store::posts;
use crate::store::posts::drafts::{self, DraftReferences, StoredDraft};

/// Minimum lead time of a scheduled post, as in Mastodon.
pub const MIN_SCHEDULE_LEAD: Duration = Duration::from_mins(5);
/// Maximum lead time of a scheduled post.
pub const MAX_SCHEDULE_LEAD: Duration = Duration::from_hours(24 * 366 * 5);

/// The post in a stored draft. An unreadable one becomes an empty post addressed to nobody.
pub fn to_new_post(kept: &StoredDraft) -> NewPost {
    let draft: NewPost = serde_json::from_str(&kept.content_json).unwrap_or_default();
    NewPost { from: Some(kept.id), ..draft }
}

/// When to publish a post: None for now, if the time is in the past. Invalid when it is too near or too far away.
pub fn scheduled_time(at: Time, now: Time) -> Result<Option<Time>> {
    if at <= now {
        Ok(None)
    } else if at <= now.plus(MIN_SCHEDULE_LEAD) {
        Err(Error::invalid("the time must be at least five minutes from now"))
    } else if at > now.plus(MAX_SCHEDULE_LEAD) {
        Err(Error::invalid("the time must be within the next five years"))
    } else {
        Ok(Some(at))
    }
}

/// Stores a draft, complete or not; an existing one is updated.
pub fn save_draft(node: &Node, draft: NewPost) -> Result<DraftId> {
    store_draft(node, draft, None)
}

/// Stores a post to be published at `due`. Invalid when it could not be published as it is. A request repeated with the
/// same idempotency key creates no second one.
pub fn schedule(node: &Node, draft: NewPost, due: Time) -> Result<DraftId> {
    publish::check_draft(node, draft.clone())?;
    store_draft(node, draft, Some(due))
}

fn store_draft(node: &Node, draft: NewPost, due: Option<Time>) -> Result<DraftId> {
    let words = serde_json::to_string(&draft).map_err(Error::internal)?;
    let holds = DraftReferences {
        media: draft.media.clone(),
        reply_to: draft.reply_to,
        quote: draft.quote,
        idempotency_key: draft.once.clone(),
    };
    node.store.write(move |w| {
        if let Some(id) = draft.from {
            return drafts::update(w, id, &words, due, &holds).map(|()| id);
        }
        if let Some(key) = &draft.once
            && let Some(made) = drafts::by_idempotency_key(w, key)?
        {
            return Ok(made);
        }
        for post in draft.reply_to.into_iter().chain(draft.quote) {
            posts::by_id(w, post)?;
        }
        drafts::add(w, &words, due, &holds)
    })
}

/// Changes when a post is published.
pub fn reschedule(node: &Node, id: DraftId, due: Time) -> Result<()> {
    node.store.write(move |w| match drafts::get(w, id)?.due_at {
        Some(_) => drafts::set_due(w, id, Some(due)),
        None => Err(Error::NotFound),
    })
}

/// Deletes a draft or scheduled post, with its uploads.
pub fn discard(node: &Node, id: DraftId) -> Result<()> {
    node.store.write(move |w| drafts::remove(w, id))
}

/// When the next post is due.
pub fn next_due(node: &Node) -> Result<Option<Time>> {
    node.store.read(drafts::next_due_at)
}

/// Publishes the next due post; false when there is none.
pub fn publish_next_due(node: &Node) -> Result<bool> {
    let Some(kept) = node.store.read(drafts::get_due)? else { return Ok(false) };
    let id = kept.id;
    let why = match publish::post(node, to_new_post(&kept)) {
        Ok(_) => return Ok(true),
        // An internal error or a full disk: it stays due.
        Err(Error::Internal(source)) => return Err(Error::Internal(source)),
        Err(Error::Busy) => return Err(Error::Busy),
        Err(Error::NotFound | Error::Gone) => {
            if node.store.read(|r| drafts::get(r, id)).is_err() {
                // It was published or deleted meanwhile.
                return Ok(true);
            }
            "the post it replies to or quotes is not there any more".to_owned()
        }
        Err(error) => error.to_string(),
    };
    tracing::warn!(%id, why, "cannot publish a scheduled post");
    node.store.write(move |w| drafts::mark_failed(w, id, &why))?;
    Ok(true)
}
