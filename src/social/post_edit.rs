//! Post edits: stores the previous version if something visible changed. An Update that only changes counts is not an
//! edit.

use super::post_metadata;
use crate::ap::object::Object;
use crate::base::Result;
use crate::store::posts::attachments::{self, PostAttachment};
use crate::store::posts::polls::{self, StoredPoll};
use crate::store::posts::{self, Post, PostHashtag, PostMention};
use crate::store::{Write, events, posts::post_edits};

/// The version of one of the owner's posts before an edit.
pub(super) struct PreviousVersion {
    post: Post,
    files: Vec<PostAttachment>,
    poll: Option<StoredPoll>,
}

impl PreviousVersion {
    /// Loads the current version.
    pub(super) fn of(w: &Write<'_>, post: &Post) -> Result<Self> {
        let files = attachments::of_posts(w, &[post.id])?;
        Ok(Self { post: post.clone(), files, poll: polls::of_post(w, post.id)? })
    }
}

/// Replaces the text and files of a remote post by those of a newer document. Returns whether anything visible changed;
/// if not, the time of the edit is not stored.
pub(super) fn apply_remote_edit(
    w: &Write<'_>,
    known: &Post,
    edited: Post,
    object: &Object,
    names: (&[PostMention], &[PostHashtag]),
) -> Result<bool> {
    let before = attachments::of_posts(w, &[known.id])?;
    let after = post_metadata::attachment_rows(known.id, object, &edited.content);
    let changed = text_differs(known, &edited) || files_differ(&before, &after);
    let edited = if changed {
        post_edits::store_current_version(w, known, &before, polls::of_post(w, known.id)?.as_ref())?;
        events::note(w, events::EventKind::Edit, known.id.0)?;
        Post { edited_at: object.updated.map(|at| at.min(w.now)), ..edited }
    } else {
        Post { edited_at: known.edited_at, ..edited }
    };
    posts::update(w, &edited, names.0, names.1)?;
    attachments::delete_of_post(w, known.id)?;
    post_metadata::store_attachments(w, known.id, object, &edited.content)?;
    Ok(changed)
}

/// Stores the previous version of an own post, its files and its poll, if something visible changed. False when nothing
/// changed at all: then nothing is announced.
pub(super) fn record_own_edit(w: &Write<'_>, before: &PreviousVersion, after: &Post) -> Result<bool> {
    let (post, now) = (&before.post, attachments::of_posts(w, &[after.id])?);
    let asked = polls::of_post(w, after.id)?;
    let asks_anew = before.poll.as_ref().map(post_edits::option_texts) != asked.as_ref().map(post_edits::option_texts);
    let covered = post.sensitive != after.sensitive;
    if text_differs(post, after) || covered || asks_anew || files_differ(&before.files, &now) {
        post_edits::store_current_version(w, post, &before.files, before.poll.as_ref())?;
        events::note(w, events::EventKind::Edit, post.id.0)?;
        return Ok(true);
    }
    let told = |post: &Post| (post.language.clone(), post.source.clone());
    let focus = |files: &[PostAttachment]| files.iter().map(|file| file.focus.clone()).collect::<Vec<_>>();
    Ok(told(post) != told(after) || focus(&before.files) != focus(&now))
}

/// Whether the visible text differs. The time, place and title of an event count as text.
pub(super) fn text_differs(before: &Post, after: &Post) -> bool {
    before.title != after.title
        || before.warning != after.warning
        || before.content != after.content
        || before.metadata.summary != after.metadata.summary
        || before.metadata.starts != after.metadata.starts
        || before.metadata.ends != after.metadata.ends
        || before.metadata.place != after.metadata.place
        || before.metadata.cancelled != after.metadata.cancelled
        || before.metadata.half_stars != after.metadata.half_stars
        || before.metadata.passage != after.metadata.passage
}

/// Whether files were added, removed or described differently. The URL of video and audio is ignored: PeerTube changes
/// it when it re-encodes.
pub(super) fn files_differ(before: &[PostAttachment], after: &[PostAttachment]) -> bool {
    let seen = |file: &PostAttachment| {
        let plays = file.media_type.starts_with("video/") || file.media_type.starts_with("audio/");
        let place = if plays { None } else { file.url.clone().or_else(|| file.file.clone()) };
        (place, file.alt.trim().to_owned())
    };
    before.iter().map(seen).ne(after.iter().map(seen))
}
