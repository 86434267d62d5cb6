//! NotificationRequest.

use serde_json::{Value, json};

use super::account::account;
use super::notification::NotificationContext;
use super::{ApiViewer, timestamp};
use crate::store::notifications::notification_requests::NotificationRequest;

/// The NotificationRequest entity; None for a blocked sender.
pub fn request(view: &ApiViewer<'_>, request: &NotificationRequest, cast: &NotificationContext) -> Option<Value> {
    Some(json!({
        "id": request.id.to_string(),
        "created_at": timestamp(request.created_at),
        "updated_at": timestamp(request.updated_at),
        // A text, in every version of Mastodon.
        "notifications_count": request.count.to_string(),
        "account": account(view, cast.person(request.actor_id)?),
        "last_status": request.post_id.and_then(|id| cast.status(id)),
    }))
}
