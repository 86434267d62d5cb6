//! Quote, ShallowQuote, and who may quote.

use serde::Serialize;

use super::ApiViewer;
use super::status::{StatusEntity, boosted_status};
use crate::base::interaction_policy::{ActorSet, Interaction, Permission, PolicyRule};
use crate::store::posts::Viewer;
use crate::store::posts::post_views::{PostView, QuotedView};
use crate::store::posts::quotes::QuoteState;

/// The Quote entity.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum QuoteEntity {
    /// With the quoted status, when it may be shown.
    Full {
        /// The state in Mastodon's words.
        state: &'static str,
        /// Null unless its author agreed and the caller may read it.
        quoted_status: Option<Box<StatusEntity>>,
    },
    /// Inside a quoted status: the id only.
    Shallow {
        /// Mastodon's word for how it stands.
        state: &'static str,
        /// The id alone.
        quoted_status_id: Option<String>,
    },
}

/// The quote of a quoted status: by its id only.
pub fn quote(view: &ApiViewer<'_>, card: &PostView) -> Option<QuoteEntity> {
    let quoted = card.quote.as_ref()?;
    let readable = |inner: &&PostView| view.viewer() == Viewer::Owner || inner.post.audience.is_open();
    let inner = quoted.view.as_deref().filter(readable);
    let agreed = state(quoted) == "accepted";
    let state = match (state(quoted), inner) {
        ("accepted", Some(_)) if view.as_owner && quoted.muted => "muted_account",
        // Posts of blocked actors are not loaded.
        ("accepted", None) if view.as_owner => "blocked_account",
        ("accepted", None) => "unauthorized",
        (state, _) => state,
    };
    let quoted_status = inner.filter(|_| agreed).map(|inner| Box::new(boosted_status(view, inner)));
    Some(QuoteEntity::Full { state, quoted_status })
}

/// The quote of a status that is itself quoted: by its id alone.
pub fn shallow_quote(card: &PostView) -> Option<QuoteEntity> {
    let quoted = card.quote.as_ref()?;
    let state = state(quoted);
    let id = quoted.quote.quoted_id.filter(|_| state == "accepted");
    Some(QuoteEntity::Shallow { state, quoted_status_id: id.map(|id| id.to_string()) })
}

fn state(quoted: &QuotedView) -> &'static str {
    match quoted.quote.state {
        QuoteState::Pending => "pending",
        // It was here, or its author could not have agreed.
        QuoteState::Accepted if quoted.quote.quoted_id.is_none() => "deleted",
        QuoteState::Accepted => "accepted",
        QuoteState::Rejected => "rejected",
        QuoteState::Revoked => "revoked",
        QuoteState::Deleted => "deleted",
    }
}

/// The QuoteApproval entity.
#[derive(Debug, Clone, Serialize)]
pub struct QuoteApprovalEntity {
    automatic: Vec<&'static str>,
    manual: Vec<&'static str>,
    current_user: &'static str,
}

/// The quote approval of a status, and whether the owner may quote it.
pub fn approval(view: &ApiViewer<'_>, card: &PostView) -> QuoteApprovalEntity {
    let rule = card.permission.policy.get(Interaction::Quote);
    let own = view.is_owner(&card.author);
    let open = card.post.audience.is_open();
    let shown = match rule {
        Some(rule) => rule,
        // Posts of software without policies may be quoted as before.
        None if open => PolicyRule::OPEN,
        None => PolicyRule::CLOSED,
    };
    let current_user = if !view.as_owner {
        "denied"
    } else if own {
        "automatic"
    } else if !open {
        "denied"
    } else {
        match card.permission.permission(Interaction::Quote) {
            None | Some(Permission::Allowed | Permission::AllowedWithAuthorization) => "automatic",
            Some(Permission::NeedsApproval) => "manual",
            Some(Permission::Forbidden) => "denied",
        }
    };
    QuoteApprovalEntity {
        automatic: quote_state_word(shown.automatic),
        manual: quote_state_word(shown.manual),
        current_user,
    }
}

fn quote_state_word(who: ActorSet) -> Vec<&'static str> {
    let known = [
        (ActorSet::EVERYONE, "public"),
        (ActorSet::FOLLOWERS, "followers"),
        (ActorSet::FOLLOWING, "following"),
        (ActorSet::US, "unsupported_policy"),
    ];
    known.into_iter().filter(|(one, _)| who.has(*one)).map(|(_, word)| word).collect()
}
