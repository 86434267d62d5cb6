//! Conversation.

use serde::Serialize;

use super::View;
use super::account::{Account, account};
use super::status::{Status, status};
use crate::store::actors::Actor;
use crate::store::posts::conversations::Conversation;
use crate::store::posts::post_views::Card;

/// A private thread.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    id: String,
    unread: bool,
    accounts: Vec<Account>,
    last_status: Option<Status>,
}

/// A conversation with whom it is, the owner themselves where there is nobody else, and its newest post.
pub fn conversation(view: &View<'_>, row: &Conversation, people: &[&Actor], card: Option<&Card>) -> Shown {
    Shown {
        id: row.id.to_string(),
        unread: row.unread,
        accounts: people.iter().map(|who| account(view, who)).collect(),
        last_status: card.map(|card| status(view, card)),
    }
}
