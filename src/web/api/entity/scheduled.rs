//! ScheduledStatus.

use serde_json::{Value, json};

use super::media::attachment;
use super::visibility::visibility;
use super::{ApiViewer, timestamp};
use crate::federation::owner::draft::NewPost;
use crate::store::node::Settings;
use crate::store::posts::attachments::PostAttachment;
use crate::store::posts::drafts::StoredDraft;
use crate::web::api::compose::quote_policy;

/// A post that waits; `files` holds at least its own.
pub fn scheduled(
    view: &ApiViewer<'_>,
    kept: &StoredDraft,
    draft: &NewPost,
    files: &[PostAttachment],
    settings: &Settings,
) -> Value {
    let own = draft.media.iter().filter_map(|id| files.iter().find(|file| file.id == *id));
    let shown: Vec<_> = own.map(|file| attachment(view, file)).collect();
    let poll = draft.poll.as_ref().map(|poll| {
        json!({
            "options": poll.options, "multiple": poll.multiple, "hide_totals": poll.hides,
            "expires_in": poll.length.as_secs().to_string(),
        })
    });
    json!({
        "id": kept.id.to_string(),
        "scheduled_at": timestamp(kept.due_at.unwrap_or(kept.changed_at)),
        "params": {
            "text": draft.text,
            "poll": poll,
            "media_ids": (!draft.media.is_empty()).then_some(&draft.media),
            "sensitive": draft.sensitive || draft.warning.is_some(),
            "spoiler_text": draft.warning.as_deref().unwrap_or_default(),
            "visibility": visibility(draft.audience),
            // A number in Mastodon, unlike all other ids.
            "in_reply_to_id": draft.reply_to.map(|id| id.0),
            "language": draft.language,
            "application_id": 0,
            "scheduled_at": null,
            "idempotency": draft.once.as_deref().and_then(|key| key.split_once(' ')).map(|(_, key)| key),
            "with_rate_limit": false,
            "quoted_status_id": draft.quote.map(|id| id.to_string()),
            "quote_approval_policy": quote_policy(settings, draft.choices),
            "allowed_mentions": draft.allowed.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>()),
        },
        "media_attachments": shown,
    })
}
