//! Notification.

use serde::Serialize;

use super::account::{Account, account};
use super::status::{Status, status};
use super::{View, stamp};
use crate::store::actors::Actor;
use crate::store::cards::Card;
use crate::store::notifications::{Kind, Notification};

/// A notification.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    group_key: String,
    account: Account,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// Mastodon's word for what happened; None for what its clients have no word for.
pub fn word(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Mention => Some("mention"),
        Kind::Follow => Some("follow"),
        Kind::FollowRequest => Some("follow_request"),
        Kind::Like => Some("favourite"),
        Kind::Boost => Some("reblog"),
        // Told on the page only.
        _ => None,
    }
}

/// A notification with whom and what it is about; None when it has no word, or its post is gone.
pub fn shown(view: &View<'_>, row: &Notification, who: &Actor, card: Option<&Card>) -> Option<Shown> {
    let kind = word(row.kind)?;
    let about_post = matches!(row.kind, Kind::Mention | Kind::Like | Kind::Boost);
    if about_post && card.is_none() {
        return None;
    }
    Some(Shown {
        id: row.id.to_string(),
        kind,
        created_at: stamp(row.created_at),
        group_key: format!("ungrouped-{}", row.id),
        account: account(view, who),
        status: card.filter(|_| about_post).map(|card| status(view, card)),
    })
}
