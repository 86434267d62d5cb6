//! Conversation.

use serde::Serialize;

use super::ApiViewer;
use super::account::{AccountEntity, account};
use super::status::{StatusEntity, status};
use crate::store::actors::Actor;
use crate::store::posts::conversations::Conversation;
use crate::store::posts::post_views::PostView;

/// A private thread.
#[derive(Debug, Clone, Serialize)]
pub struct ConversationEntity {
    id: String,
    unread: bool,
    accounts: Vec<AccountEntity>,
    last_status: Option<StatusEntity>,
}

/// The Conversation entity: its participants (the owner when there are no others) and its newest post.
pub fn conversation(
    view: &ApiViewer<'_>,
    row: &Conversation,
    people: &[&Actor],
    card: Option<&PostView>,
) -> ConversationEntity {
    ConversationEntity {
        id: row.id.to_string(),
        unread: row.unread,
        accounts: people.iter().map(|who| account(view, who)).collect(),
        last_status: card.map(|card| status(view, card)),
    }
}
