//! Quotes, both directions (FEP-044f and older forms): whether a quote is shown, our QuoteRequests, and the responses
//! of quoted authors.

use std::time::Duration;

use super::outbox::{self, ActivityRecipients};
use super::{
    document,
    interaction::{documents, inbound},
    post,
};
use crate::ap::interaction::Authorization;
use crate::ap::json::{Ref, Uri, same_origin};
use crate::ap::object::{Object, QuoteReference as Named};
use crate::ap::write_object::OwnQuoteDocument;
use crate::base::id::{ActorId, PostId};
use crate::base::interaction_policy::{ActorSet, Interaction, Permission};
use crate::base::{Audience, Error, Result};
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, NotificationKind};
use crate::store::posts::interaction_requests_in::{self, RequestState};
use crate::store::posts::quotes::{self, QuoteState, StoredQuote};
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, node, posts::interaction_policies};
use crate::text::{self, compose};

/// How long a valid stamp is trusted before the next check.
const RECHECK_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// Maximum number of failed checks of a stamp that was never seen; then the quote stays a plain link.
const MAX_FAILED_CHECKS: u32 = 6;

/// Stores the quote of a remote post as its document states it. A stamp added by an Update counts. A missing stamp
/// changes nothing, and an invalid one does not replace a valid one.
pub(super) fn store_quote(w: &Write<'_>, id: PostId, object: &Object) -> Result<()> {
    let known = quotes::get(w, id)?;
    let (uri, stamp, consent) = match &object.quote {
        None => return Ok(()),
        Some(Named::Deleted) => {
            return match known {
                Some(quote) => quotes::put(w, &StoredQuote { state: QuoteState::Deleted, check_at: None, ..quote }),
                None => Ok(()),
            };
        }
        Some(Named::Of { id, stamp, consent }) => {
            (id.as_str(), stamp.as_ref().map(|s| s.as_str().to_owned()), *consent)
        }
    };
    let quoted = find_quoted_post(w, uri)?.filter(|quoted| quoted.id != id);
    let canonical = quoted.as_ref().map_or(uri, |quoted| quoted.uri.as_str());
    let mut quote = match known {
        Some(known) if known.quoted_uri == canonical || known.quoted_uri == uri => {
            let news = stamp.is_some() && (known.stamp != stamp || known.state != QuoteState::Accepted);
            if !news && known.needs_authorization == consent {
                return Ok(());
            }
            let state = if known.state == QuoteState::Accepted { QuoteState::Accepted } else { QuoteState::Pending };
            StoredQuote { stamp: stamp.or(known.stamp.clone()), needs_authorization: consent, state, ..known }
        }
        _ => StoredQuote {
            post_id: id,
            quoted_id: None,
            quoted_uri: canonical.to_owned(),
            needs_authorization: consent,
            state: QuoteState::Pending,
            stamp,
            request_uri: None,
            failed_checks: 0,
            check_at: None,
        },
    };
    quote.failed_checks = 0;
    quote.check_at = Some(w.now);
    quote.quoted_id = quoted.map(|quoted| quoted.id);
    update_quote_state(w, quote).map(drop)
}

/// Whether an object quotes one of the owner's posts, and thereby concerns the owner.
pub(super) fn quotes_own_post(r: &Read<'_>, owner: ActorId, object: &Object) -> Result<bool> {
    let Some(Named::Of { id, .. }) = &object.quote else { return Ok(false) };
    Ok(find_quoted_post(r, id.as_str())?.is_some_and(|quoted| quoted.actor_id == owner && quoted.audience.is_open()))
}

/// Notifies the owner of a quote by an actor whose software sends no QuoteRequests. Otherwise the request notifies.
pub(super) fn notify_quoted_author(w: &Write<'_>, owner: ActorId, sender: &Actor, post: PostId) -> Result<()> {
    let Some(quote) =
        quotes::get(w, post)?.filter(|quote| !quote.needs_authorization && quote.state == QuoteState::Accepted)
    else {
        return Ok(());
    };
    let quoted = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?;
    let ours = quoted.is_some_and(|quoted| quoted.actor_id == owner && sender.id != owner);
    if ours { notifications::add(w, NotificationKind::Quote, sender.id, Some(post)) } else { Ok(()) }
}

/// The quoted post, found by its id or, for our posts, by its page URL; never a boost.
pub fn find_quoted_post(r: &Read<'_>, uri: &str) -> Result<Option<Post>> {
    let found = match posts::by_uri(r, uri)? {
        Some(found) => Some(found),
        None => {
            let owner = actors::by_id(r, node::owner(r)?)?;
            let page = uri.split(['?', '#']).next().unwrap_or_default();
            let id = page.strip_prefix(owner.url.as_str()).and_then(|rest| rest.strip_prefix('/'));
            let id = id.and_then(|id| id.parse::<PostId>().ok());
            id.and_then(|id| posts::by_id(r, id).ok()).filter(|post| post.actor_id == owner.id)
        }
    };
    match found {
        Some(Post { boost_of: Some(of), .. }) => posts::by_id(r, of).map(Some),
        other => Ok(other),
    }
}

/// The next step in deciding whether a quote is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteCheck {
    /// None: this is the decision.
    Done(QuoteState),
    /// Fetch the quoted post, which is not stored.
    FetchQuoted,
    /// Fetch and check the stamp.
    CheckAuthorization(String),
}

/// Decides whether a quote is shown, as far as stored data allows.
pub fn check_quote(r: &Read<'_>, quote: &StoredQuote) -> Result<QuoteCheck> {
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(r, id)).transpose()? else {
        return Ok(QuoteCheck::FetchQuoted);
    };
    let quoting = posts::by_id(r, quote.post_id)?;
    if quoting.actor_id == quoted.actor_id {
        return Ok(QuoteCheck::Done(QuoteState::Accepted));
    }
    let owner = node::owner(r)?;
    if quoted.actor_id == owner {
        return own_post_quote_state(r, quote, &quoting, &quoted).map(QuoteCheck::Done);
    }
    let author = actors::by_id(r, quoted.actor_id)?;
    if let Some(stamp) = &quote.stamp {
        // A stamp on another server than the author's proves nothing.
        let theirs = same_origin(stamp, &author.uri);
        return Ok(if theirs {
            QuoteCheck::CheckAuthorization(stamp.clone())
        } else {
            QuoteCheck::Done(QuoteState::Pending)
        });
    }
    if quoting.actor_id == owner || quote.needs_authorization {
        return Ok(QuoteCheck::Done(quote.state));
    }
    // The older forms request nothing; an explicit policy is respected.
    let rule = interaction_policies::get(r, quoted.id)?.and_then(|rules| rules.get(Interaction::Quote));
    let fine = quoted.audience.is_open() && rule.is_none_or(|rule| rule.automatic.has(ActorSet::EVERYONE));
    Ok(QuoteCheck::Done(if fine { QuoteState::Accepted } else { QuoteState::Pending }))
}

/// Decides a quote of one of the owner's posts: by the owner's response, or by the policy for software without
/// requests.
fn own_post_quote_state(r: &Read<'_>, quote: &StoredQuote, quoting: &Post, quoted: &Post) -> Result<QuoteState> {
    Ok(
        match interaction_requests_in::by_object(r, &quoting.uri, Interaction::Quote, quoted.id)?
            .map(|request| request.state)
        {
            Some(RequestState::Accepted) => QuoteState::Accepted,
            Some(RequestState::Rejected) => QuoteState::Rejected,
            Some(RequestState::Pending) => QuoteState::Pending,
            None if quote.state == QuoteState::Revoked => QuoteState::Revoked,
            None if quote.needs_authorization => QuoteState::Pending,
            None => match inbound::permission(r, quoting.actor_id, quoted, Interaction::Quote)? {
                Permission::Allowed | Permission::AllowedWithAuthorization => QuoteState::Accepted,
                _ => QuoteState::Pending,
            },
        },
    )
}

/// Decides about a quote and stores the result; if a fetch is needed, the check stays due.
pub fn update_quote_state(w: &Write<'_>, quote: StoredQuote) -> Result<QuoteCheck> {
    let next = check_quote(w, &quote)?;
    let quote = match &next {
        QuoteCheck::Done(state) => StoredQuote { state: *state, check_at: None, failed_checks: 0, ..quote },
        QuoteCheck::FetchQuoted | QuoteCheck::CheckAuthorization(_) => quote,
    };
    quotes::put(w, &quote)?;
    Ok(next)
}

/// Result of fetching a stamp.
#[derive(Debug, Clone)]
pub enum AuthorizationCheck {
    /// It exists.
    Found(Authorization),
    /// It does not exist, or no longer.
    Missing,
    /// Its URL serves something else.
    Invalid,
    /// Its server did not respond.
    NoResponse,
}

/// Records the result of fetching a stamp. The host, author, both posts and the type must match.
pub fn apply_authorization_check(
    w: &Write<'_>,
    post: PostId,
    looked_at: &str,
    sight: &AuthorizationCheck,
) -> Result<()> {
    let Some(quote) = quotes::get(w, post)?.filter(|quote| quote.stamp.as_deref() == Some(looked_at)) else {
        return Ok(());
    };
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()? else { return Ok(()) };
    let author = actors::by_id(w, quoted.actor_id)?;
    let quoting = posts::by_id(w, post)?.uri;
    let state = match sight {
        AuthorizationCheck::NoResponse => return postpone_check(w, quote),
        AuthorizationCheck::Found(stamp) => {
            let fits = stamp.interaction == Interaction::Quote
                && stamp.id == looked_at
                && same_origin(looked_at, &author.uri)
                && stamp.author == author.uri.as_str()
                && stamp.object == quoting.as_str()
                && stamp.target == quoted.uri.as_str();
            if fits { QuoteState::Accepted } else { QuoteState::Rejected }
        }
        AuthorizationCheck::Missing if quote.state == QuoteState::Accepted => QuoteState::Revoked,
        AuthorizationCheck::Missing | AuthorizationCheck::Invalid => QuoteState::Rejected,
    };
    let check_at = (state == QuoteState::Accepted).then(|| w.now.plus(RECHECK_INTERVAL));
    quotes::put(w, &StoredQuote { state, check_at, failed_checks: 0, ..quote })
}

/// Postpones a failed check, at growing intervals. A quote that was shown stays shown.
pub fn postpone_check(w: &Write<'_>, quote: StoredQuote) -> Result<()> {
    let tries = quote.failed_checks.saturating_add(1);
    let again = quote.state == QuoteState::Accepted || tries < MAX_FAILED_CHECKS;
    let pause = Duration::from_secs(300 << (2 * tries.min(5)));
    quotes::put(w, &StoredQuote { failed_checks: tries, check_at: again.then(|| w.now.plus(pause)), ..quote })
}

/// Records that the quoted post cannot be fetched and never will be.
pub fn mark_quoted_post_deleted(w: &Write<'_>, quote: StoredQuote) -> Result<()> {
    quotes::put(w, &StoredQuote { state: QuoteState::Deleted, check_at: None, ..quote })
}

/// Records that the owner approved a quote of one of their posts.
pub(super) fn mark_accepted(w: &Write<'_>, post: PostId, target: PostId, stamp: &str) -> Result<()> {
    let Some(quote) = quotes::get(w, post)? else { return Ok(()) };
    let stamp = Some(stamp.to_owned());
    quotes::put(
        w,
        &StoredQuote { quoted_id: Some(target), state: QuoteState::Accepted, stamp, check_at: None, ..quote },
    )
}

/// Records that the owner rejected a quote of one of their posts.
pub(super) fn mark_rejected(w: &Write<'_>, post: PostId) -> Result<()> {
    set_state_without_stamp(w, post, QuoteState::Rejected)
}

/// Records that the owner revoked their approval of a quote.
pub(super) fn mark_revoked(w: &Write<'_>, post: PostId) -> Result<()> {
    set_state_without_stamp(w, post, QuoteState::Revoked)
}

fn set_state_without_stamp(w: &Write<'_>, post: PostId, state: QuoteState) -> Result<()> {
    let Some(quote) = quotes::get(w, post)? else { return Ok(()) };
    quotes::put(w, &StoredQuote { state, stamp: None, check_at: None, ..quote })
}

/// The audience of a post that quotes: quoting an own followers-only post makes it followers-only, as in Mastodon.
pub(super) fn quote_audience(
    r: &Read<'_>,
    owner: &Actor,
    wanted: Audience,
    quoted: Option<PostId>,
) -> Result<Audience> {
    let Some(quoted) = quoted.map(|id| posts::by_id(r, id)).transpose()? else { return Ok(wanted) };
    let for_followers = quoted.actor_id == owner.id && quoted.audience == Audience::Followers;
    Ok(if for_followers { wanted.max(Audience::Followers) } else { wanted })
}

/// Adds a quote to one of the owner's posts. Invalid when the quoted post is not public or its policy forbids quotes.
pub(super) fn attach_quote(w: &Write<'_>, owner: &Actor, post: &Post, quoted: PostId) -> Result<()> {
    let quoted = posts::by_id(w, quoted)?;
    let quoted = match quoted.boost_of {
        Some(of) => posts::by_id(w, of)?,
        None => quoted,
    };
    let own = quoted.actor_id == owner.id;
    let own_and_no_wider = own && post.audience >= quoted.audience;
    if !quoted.audience.is_open() && !own_and_no_wider {
        return Err(Error::invalid("only public posts can be quoted"));
    }
    let verdict = interaction_policies::permission_of(w, quoted.id)?.permission(Interaction::Quote);
    if !own && verdict == Some(Permission::Forbidden) {
        return Err(Error::invalid("its author does not let others quote this post"));
    }
    // An author without a policy does not support requests and will not respond.
    let state = if own || verdict.is_none() { QuoteState::Accepted } else { QuoteState::Pending };
    let quote = StoredQuote {
        post_id: post.id,
        quoted_id: Some(quoted.id),
        quoted_uri: quoted.uri,
        needs_authorization: true,
        state,
        stamp: None,
        request_uri: None,
        failed_checks: 0,
        check_at: None,
    };
    quotes::put(w, &quote)
}

/// Sends the QuoteRequest for a post that is already queued; none for quotes of the owner's own posts.
pub(super) fn send_request(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    let Some(quote) = quotes::get(w, post.id)? else { return Ok(()) };
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()? else { return Ok(()) };
    if quoted.actor_id == owner.id {
        return Ok(());
    }
    let author = actors::by_id(w, quoted.actor_id)?;
    let (id, uri) = outbox::next_activity(w, owner)?;
    let instrument = document::post(w, owner, post)?;
    let request = documents::request_document(owner, &uri, Interaction::Quote, &quoted, &author, instrument, w.now);
    quotes::put(w, &StoredQuote { request_uri: Some(uri), ..quote })?;
    outbox::send(w, owner, id, request, &post.uri, Audience::Mentioned, &ActivityRecipients::single_actor(&author))
}

/// The author of the quoted post, who receives public quotes like a mentioned actor.
pub(super) fn quoted_author(r: &Read<'_>, post: &Post) -> Result<Option<ActorId>> {
    let quoted = quotes::get(r, post.id)?.and_then(|quote| quote.quoted_id).filter(|_| post.audience.is_open());
    Ok(quoted.map(|id| posts::by_id(r, id)).transpose()?.map(|quoted| quoted.actor_id))
}

/// The owner's quote that a response refers to, by the id of our request or by the embedded request. Only the response
/// of the quoted author counts.
fn find_answered_quote(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<Option<StoredQuote>> {
    let by_id = object.id().map(|id| quotes::by_request(w, id.as_str())).transpose()?.flatten();
    let by_parts = || {
        let part = |key: &str| object.embedded().and_then(|value| crate::ap::json::id_of(value, key));
        let post = part("instrument").map(|uri| posts::by_uri(w, uri.as_str())).transpose()?.flatten();
        let quote = post.map(|post| quotes::get(w, post.id)).transpose()?.flatten();
        Ok::<_, Error>(quote.filter(|quote| part("object").is_some_and(|uri| uri == quote.quoted_uri.as_str())))
    };
    let Some(quote) = by_id.map_or_else(by_parts, |quote| Ok(Some(quote)))? else { return Ok(None) };
    let quoted = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?;
    let ours = posts::by_id(w, quote.post_id)?.actor_id == owner;
    Ok(quoted.filter(|quoted| ours && quoted.actor_id == sender.id).map(|_| quote))
}

/// Receives the quoted author's approval. The stamp must be on their server, or the quote stays pending. False when the
/// response is about something else.
pub(super) fn receive_accept(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    object: &Ref,
    result: Option<&Uri>,
) -> Result<bool> {
    let Some(quote) = find_answered_quote(w, owner, sender, object)? else { return Ok(false) };
    let Some(stamp) = result.filter(|stamp| same_origin(stamp.as_str(), &sender.uri)) else { return Ok(true) };
    if quote.state == QuoteState::Accepted && quote.stamp.as_deref() == Some(stamp.as_str()) {
        return Ok(true);
    }
    let (stamp, check_at) = (Some(stamp.as_str().to_owned()), Some(w.now.plus(RECHECK_INTERVAL)));
    let post = quote.post_id;
    quotes::put(w, &StoredQuote { state: QuoteState::Accepted, stamp, check_at, failed_checks: 0, ..quote })?;
    post::broadcast_update(w, &actors::by_id(w, owner)?, post).map(|()| true)
}

/// Receives the quoted author's Reject, also when it revokes an approval. False when the response is about something
/// else.
pub(super) fn receive_reject(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<bool> {
    let Some(quote) = find_answered_quote(w, owner, sender, object)? else { return Ok(false) };
    remove_authorization(w, owner, quote, QuoteState::Rejected).map(|()| true)
}

/// Receives the Delete of a stamp by its author: quotes based on it are not shown any more.
pub(super) fn receive_revocation(w: &Write<'_>, owner: ActorId, sender: &Actor, stamp: &Uri) -> Result<()> {
    for quote in quotes::by_authorization(w, stamp.as_str())? {
        let quoted = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?;
        if quoted.is_some_and(|quoted| quoted.actor_id == sender.id) {
            remove_authorization(w, owner, quote, QuoteState::Revoked)?;
        }
    }
    Ok(())
}

/// Stores the new state of a quote without its stamp, and announces the loss of the stamp to the readers of our post.
fn remove_authorization(w: &Write<'_>, owner: ActorId, quote: StoredQuote, state: QuoteState) -> Result<()> {
    let (post, had) = (posts::by_id(w, quote.post_id)?, quote.stamp.is_some());
    quotes::put(w, &StoredQuote { state, stamp: None, check_at: None, ..quote })?;
    if had && post.actor_id == owner { post::broadcast_update(w, &actors::by_id(w, owner)?, post.id) } else { Ok(()) }
}

/// The quote members of one of the owner's posts, and the fallback line for software without quotes. A rejected quote
/// has only the line.
pub(super) fn quote_members(r: &Read<'_>, id: PostId) -> Result<Option<(Option<OwnQuoteDocument>, String)>> {
    let Some(quote) = quotes::get(r, id)? else { return Ok(None) };
    let quoted = quote.quoted_id.map(|id| posts::by_id(r, id)).transpose()?;
    let page = quoted.as_ref().map_or(quote.quoted_uri.as_str(), |quoted| quoted.html_url());
    let line = format!("<p class=\"quote-inline\">RE: {}</p>", compose::link_html(page));
    let claimed = matches!(quote.state, QuoteState::Pending | QuoteState::Accepted);
    Ok(Some((claimed.then_some(OwnQuoteDocument { id: quote.quoted_uri, stamp: quote.stamp }), line)))
}

/// The content of a quoting post without the fallback line.
pub(super) fn without_quote_fallback(r: &Read<'_>, html: String, object: &Object) -> Result<String> {
    let Some(Named::Of { id, .. }) = &object.quote else { return Ok(html) };
    let page = posts::by_uri(r, id.as_str())?.map(|quoted| quoted.html_url().to_owned());
    let mut addresses = vec![id.as_str()];
    addresses.extend(page.as_deref());
    Ok(text::quote_fallback::without_fallback(&html, &addresses))
}
