//! Fetches quoted posts and checks quote authorizations, again every week. The verdict is in `social/quote.rs`.

use std::time::Duration;

use crate::ap::interaction::Authorization;
use crate::ap::json::Uri;
use crate::base::id::PostId;
use crate::base::{Error, Result, Time};
use crate::federation::{Node, remote::resolve};
use crate::net::{IdRule, NetError};
use crate::social::quote::{self, AuthorizationCheck, QuoteCheck};
use crate::store::posts;
use crate::store::posts::quotes::{self, StoredQuote};

/// How long a check may take before the same quote may be checked again.
const CLAIM_LEASE: Duration = Duration::from_secs(5 * 60);

/// When the next quote is to be checked.
pub fn next_due(node: &Node) -> Result<Option<Time>> {
    node.store.read(quotes::next_check_at)
}

/// Checks one due quote; false when there is none.
pub fn step(node: &Node) -> Result<bool> {
    if node.config.trial || next_due(node)?.is_none_or(|at| at > node.clock().now()) {
        return Ok(false);
    }
    let Some(due) = node.store.write(|w| quotes::claim(w, CLAIM_LEASE))? else { return Ok(false) };
    let post = due.post_id;
    let next = node.store.read(|r| quote::check_quote(r, &due))?;
    match next {
        QuoteCheck::Done(_) => node.store.write(move |w| quote::update_quote_state(w, due).map(drop))?,
        QuoteCheck::FetchQuoted => check_quote(node, due)?,
        QuoteCheck::CheckAuthorization(stamp) => {
            let sight = check_authorization(node, &stamp);
            node.store.write(move |w| quote::apply_authorization_check(w, post, &stamp, &sight))?;
        }
    }
    Ok(true)
}

/// Fetches the quoted post; a further check is due at once.
fn check_quote(node: &Node, due: StoredQuote) -> Result<()> {
    let uri = due.quoted_uri.clone();
    match find_quoted(node, &uri) {
        Ok(found) => node.store.write(move |w| {
            let found = posts::by_id(w, found)?;
            let found = match found.boost_of {
                Some(of) => posts::by_id(w, of)?,
                None => found,
            };
            if found.id == due.post_id {
                return quote::mark_quoted_post_deleted(w, due);
            }
            if let Some(deeper) = quotes::get(w, found.id)?.filter(|deeper| deeper.quoted_id.is_none()) {
                // A chain of quotes ends here, however long it is.
                quotes::put(w, &StoredQuote { check_at: None, ..deeper })?;
            }
            let due = StoredQuote { quoted_id: Some(found.id), quoted_uri: found.uri, check_at: Some(w.now), ..due };
            quote::update_quote_state(w, due).map(drop)
        }),
        Err(error @ (Error::Internal(_) | Error::Busy)) => Err(error),
        Err(Error::Gone | Error::NotFound) => node.store.write(move |w| quote::mark_quoted_post_deleted(w, due)),
        Err(error) => {
            tracing::debug!(%error, uri, "cannot fetch a quoted post");
            node.store.write(move |w| quote::postpone_check(w, due))
        }
    }
}

/// The quoted post, which may be named by the address of its page.
fn find_quoted(node: &Node, uri: &str) -> Result<PostId> {
    if let Some(known) = node.store.read(|r| quote::find_quoted_post(r, uri))? {
        return Ok(known.id);
    }
    match resolve::find(node, uri)? {
        resolve::Resolved::Post(id) => Ok(id),
        resolve::Resolved::Actor(_) => Err(Error::NotFound),
    }
}

/// Fetches a quote authorization from its own id.
fn check_authorization(node: &Node, stamp: &str) -> AuthorizationCheck {
    let Some(uri) = Uri::parse(stamp) else { return AuthorizationCheck::Invalid };
    match node.fetch_document(uri.as_str(), IdRule::Exact) {
        Ok(document) => {
            Authorization::read(&document.value).map_or(AuthorizationCheck::Invalid, AuthorizationCheck::Found)
        }
        Err(error) if error.is_gone() || error.is_missing() => AuthorizationCheck::Missing,
        Err(NetError::BadContent { .. }) => AuthorizationCheck::Invalid,
        Err(_) => AuthorizationCheck::NoResponse,
    }
}

/// The owner views a post: fetch what it quotes, even at the end of a chain.
pub fn request_check(node: &Node, post: PostId) -> Result<()> {
    let sleeping =
        |quote: &StoredQuote| quote.quoted_id.is_none() && quote.check_at.is_none() && quote.failed_checks == 0;
    let quote = node.store.read(|r| quotes::get(r, post))?;
    match quote.filter(|quote| sleeping(quote) && quote.state == quotes::QuoteState::Pending) {
        Some(quote) => node.store.write(move |w| quotes::put(w, &StoredQuote { check_at: Some(w.now), ..quote })),
        None => Ok(()),
    }
}
