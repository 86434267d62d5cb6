//! Quotes, both directions (FEP-044f and older forms): whether a quote may be shown, our QuoteRequest, and the quoted
//! author's response.

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
use crate::store::posts::interaction_requests_in::{self, RequestState as Answer};
use crate::store::posts::quotes::{self, QuoteState, StoredQuote};
use crate::store::posts::{self, Post};
use crate::store::{Read, Write, node, posts::interaction_policies};
use crate::text::{self, compose};

/// How long a stamp that was good is believed without another look.
const RECHECK_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
/// Failed looks at something never seen before it stays a link.
const MAX_CHECKS: u32 = 6;

/// Keeps what a post of another actor's quotes, as its document says. A stamp that comes later, in an Update, counts; one
/// that is left out changes nothing, and one that was no good does not keep a good one out.
pub(super) fn store_quote(w: &Write<'_>, id: PostId, object: &Object) -> Result<()> {
    let known = quotes::get(w, id)?;
    let (uri, stamp, consent) = match &object.quote {
        None => return Ok(()),
        Some(Named::Deleted) => {
            return match known {
                Some(quote) => quotes::put(w, &StoredQuote { state: QuoteState::Gone, check_at: None, ..quote }),
                None => Ok(()),
            };
        }
        Some(Named::Of { id, stamp, consent }) => {
            (id.as_str(), stamp.as_ref().map(|s| s.as_str().to_owned()), *consent)
        }
    };
    let quoted = target(w, uri)?.filter(|quoted| quoted.id != id);
    let canonical = quoted.as_ref().map_or(uri, |quoted| quoted.uri.as_str());
    let mut quote = match known {
        Some(known) if known.quoted_uri == canonical || known.quoted_uri == uri => {
            let news = stamp.is_some() && (known.stamp != stamp || known.state != QuoteState::Granted);
            if !news && known.consent == consent {
                return Ok(());
            }
            let state = if known.state == QuoteState::Granted { QuoteState::Granted } else { QuoteState::Waiting };
            StoredQuote { stamp: stamp.or(known.stamp.clone()), consent, state, ..known }
        }
        _ => StoredQuote {
            post_id: id,
            quoted_id: None,
            quoted_uri: canonical.to_owned(),
            consent,
            state: QuoteState::Waiting,
            stamp,
            request_uri: None,
            tries: 0,
            check_at: None,
        },
    };
    quote.tries = 0;
    quote.check_at = Some(w.now);
    quote.quoted_id = quoted.map(|quoted| quoted.id);
    settle_quote(w, quote).map(drop)
}

/// Whether a post quotes one of the owner's: then it is the owner's business, whoever wrote it.
pub(super) fn is_of_ours(r: &Read<'_>, owner: ActorId, object: &Object) -> Result<bool> {
    let Some(Named::Of { id, .. }) = &object.quote else { return Ok(false) };
    Ok(target(r, id.as_str())?.is_some_and(|quoted| quoted.actor_id == owner && quoted.audience.is_open()))
}

/// The owner hears of a quote of theirs by somebody who cannot ask. Who can is heard of when they ask.
pub(super) fn notify_quoted_author(w: &Write<'_>, owner: ActorId, sender: &Actor, post: PostId) -> Result<()> {
    let Some(quote) = quotes::get(w, post)?.filter(|quote| !quote.consent && quote.state == QuoteState::Granted) else {
        return Ok(());
    };
    let quoted = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?;
    let ours = quoted.is_some_and(|quoted| quoted.actor_id == owner && sender.id != owner);
    if ours { notifications::add(w, NotificationKind::Quote, sender.id, Some(post)) } else { Ok(()) }
}

/// The post a quote names: by its id, or by the address of its page when it is one of ours; never a boost.
pub fn target(r: &Read<'_>, uri: &str) -> Result<Option<Post>> {
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

/// What is left to do before it is known whether a quote may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteCheck {
    /// Nothing.
    Done(QuoteState),
    /// The quoted post is not here.
    Fetch,
    /// The stamp has to be looked at.
    Look(String),
}

/// Whether a quote may be shown, as far as it can be said without asking anybody.
pub fn judge_quote(r: &Read<'_>, quote: &StoredQuote) -> Result<QuoteCheck> {
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(r, id)).transpose()? else { return Ok(QuoteCheck::Fetch) };
    let quoting = posts::by_id(r, quote.post_id)?;
    if quoting.actor_id == quoted.actor_id {
        return Ok(QuoteCheck::Done(QuoteState::Granted));
    }
    let owner = node::owner(r)?;
    if quoted.actor_id == owner {
        return is_quote_of_own_post(r, quote, &quoting, &quoted).map(QuoteCheck::Done);
    }
    let author = actors::by_id(r, quoted.actor_id)?;
    if let Some(stamp) = &quote.stamp {
        // From another server it is nobody's word.
        let theirs = same_origin(stamp, &author.uri);
        return Ok(if theirs { QuoteCheck::Look(stamp.clone()) } else { QuoteCheck::Done(QuoteState::Waiting) });
    }
    if quoting.actor_id == owner || quote.consent {
        return Ok(QuoteCheck::Done(quote.state));
    }
    // The older ways ask nobody; who has said otherwise is respected.
    let rule = interaction_policies::get(r, quoted.id)?.and_then(|rules| rules.get(Interaction::Quote));
    let fine = quoted.audience.is_open() && rule.is_none_or(|rule| rule.automatic.has(ActorSet::EVERYONE));
    Ok(QuoteCheck::Done(if fine { QuoteState::Granted } else { QuoteState::Waiting }))
}

/// A quote of a post of the owner's: by the owner's answer, or by the rules for those who cannot ask.
fn is_quote_of_own_post(r: &Read<'_>, quote: &StoredQuote, quoting: &Post, quoted: &Post) -> Result<QuoteState> {
    Ok(
        match interaction_requests_in::for_post(r, &quoting.uri, Interaction::Quote, quoted.id)?
            .map(|request| request.state)
        {
            Some(Answer::Granted) => QuoteState::Granted,
            Some(Answer::Refused) => QuoteState::Refused,
            Some(Answer::Waiting) => QuoteState::Waiting,
            None if quote.state == QuoteState::Revoked => QuoteState::Revoked,
            None if quote.consent => QuoteState::Waiting,
            None => match inbound::permission(r, quoting.actor_id, quoted, Interaction::Quote)? {
                Permission::Allowed | Permission::AllowedWithAuthorization => QuoteState::Granted,
                _ => QuoteState::Waiting,
            },
        },
    )
}

/// Judges a quote and keeps it; what is left to do is due at once.
pub fn settle_quote(w: &Write<'_>, quote: StoredQuote) -> Result<QuoteCheck> {
    let next = judge_quote(w, &quote)?;
    let quote = match &next {
        QuoteCheck::Done(state) => StoredQuote { state: *state, check_at: None, tries: 0, ..quote },
        QuoteCheck::Fetch | QuoteCheck::Look(_) => quote,
    };
    quotes::put(w, &quote)?;
    Ok(next)
}

/// What a look at a stamp brought.
#[derive(Debug, Clone)]
pub enum AuthorizationCheck {
    /// It is there.
    Stamp(Authorization),
    /// It is not there any more, or never was.
    Missing,
    /// It is something else.
    Nonsense,
    /// Its server did not answer.
    Nothing,
}

/// Somebody looked at the stamp of a quote. Host, author, both posts and the type must fit (S18).
pub fn authorization_checked(w: &Write<'_>, post: PostId, looked_at: &str, sight: &AuthorizationCheck) -> Result<()> {
    let Some(quote) = quotes::get(w, post)?.filter(|quote| quote.stamp.as_deref() == Some(looked_at)) else {
        return Ok(());
    };
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()? else { return Ok(()) };
    let author = actors::by_id(w, quoted.actor_id)?;
    let quoting = posts::by_id(w, post)?.uri;
    let state = match sight {
        AuthorizationCheck::Nothing => return postpone_check(w, quote),
        AuthorizationCheck::Stamp(stamp) => {
            let fits = stamp.deed == Interaction::Quote
                && stamp.id == looked_at
                && same_origin(looked_at, &author.uri)
                && stamp.author == author.uri.as_str()
                && stamp.object == quoting.as_str()
                && stamp.target == quoted.uri.as_str();
            if fits { QuoteState::Granted } else { QuoteState::Refused }
        }
        AuthorizationCheck::Missing if quote.state == QuoteState::Granted => QuoteState::Revoked,
        AuthorizationCheck::Missing | AuthorizationCheck::Nonsense => QuoteState::Refused,
    };
    let check_at = (state == QuoteState::Granted).then(|| w.now.plus(RECHECK_INTERVAL));
    quotes::put(w, &StoredQuote { state, check_at, tries: 0, ..quote })
}

/// Nobody answered: again later, ever more seldom; what was shown stays shown.
pub fn postpone_check(w: &Write<'_>, quote: StoredQuote) -> Result<()> {
    let tries = quote.tries.saturating_add(1);
    let again = quote.state == QuoteState::Granted || tries < MAX_CHECKS;
    let pause = Duration::from_secs(300 << (2 * tries.min(5)));
    quotes::put(w, &StoredQuote { tries, check_at: again.then(|| w.now.plus(pause)), ..quote })
}

/// The quoted post was not to be had and never will be.
pub fn quoted_post_gone(w: &Write<'_>, quote: StoredQuote) -> Result<()> {
    quotes::put(w, &StoredQuote { state: QuoteState::Gone, check_at: None, ..quote })
}

/// The owner let a quote of a post of theirs in.
pub(super) fn granted_by_us(w: &Write<'_>, post: PostId, target: PostId, stamp: &str) -> Result<()> {
    let Some(quote) = quotes::get(w, post)? else { return Ok(()) };
    let stamp = Some(stamp.to_owned());
    quotes::put(w, &StoredQuote { quoted_id: Some(target), state: QuoteState::Granted, stamp, check_at: None, ..quote })
}

/// The owner turned a quote of theirs away.
pub(super) fn refused_by_us(w: &Write<'_>, post: PostId) -> Result<()> {
    is_own_quote(w, post, QuoteState::Refused)
}

/// The owner took their word back.
pub(super) fn revoked_by_us(w: &Write<'_>, post: PostId) -> Result<()> {
    is_own_quote(w, post, QuoteState::Revoked)
}

fn is_own_quote(w: &Write<'_>, post: PostId, state: QuoteState) -> Result<()> {
    let Some(quote) = quotes::get(w, post)? else { return Ok(()) };
    quotes::put(w, &StoredQuote { state, stamp: None, check_at: None, ..quote })
}

/// Who quotes a post of theirs for their followers writes for these, whatever else was asked, as on Mastodon.
pub(super) fn narrowed_state(
    r: &Read<'_>,
    owner: &Actor,
    wanted: Audience,
    quoted: Option<PostId>,
) -> Result<Audience> {
    let Some(quoted) = quoted.map(|id| posts::by_id(r, id)).transpose()? else { return Ok(wanted) };
    let for_followers = quoted.actor_id == owner.id && quoted.audience == Audience::Followers;
    Ok(if for_followers { wanted.max(Audience::Followers) } else { wanted })
}

/// A post of the owner's quotes another. Invalid when that one is not for everyone, or its author lets nobody quote it.
pub(super) fn attach(w: &Write<'_>, owner: &Actor, post: &Post, quoted: PostId) -> Result<()> {
    let quoted = posts::by_id(w, quoted)?;
    let quoted = match quoted.boost_of {
        Some(of) => posts::by_id(w, of)?,
        None => quoted,
    };
    let own = quoted.actor_id == owner.id;
    let own_and_no_wider = own && post.audience >= quoted.audience;
    if !quoted.audience.is_open() && !own_and_no_wider {
        return Err(Error::invalid("only posts that everyone may read can be quoted"));
    }
    let verdict = interaction_policies::permission_of(w, quoted.id)?.permission(Interaction::Quote);
    if !own && verdict == Some(Permission::Forbidden) {
        return Err(Error::invalid("its author does not let others quote this post"));
    }
    // Who has never heard of asking will not answer either.
    let state = if own || verdict.is_none() { QuoteState::Granted } else { QuoteState::Waiting };
    let quote = StoredQuote {
        post_id: post.id,
        quoted_id: Some(quoted.id),
        quoted_uri: quoted.uri,
        consent: true,
        state,
        stamp: None,
        request_uri: None,
        tries: 0,
        check_at: None,
    };
    quotes::put(w, &quote)
}

/// Asks the quoted author, once the post is on its way; nobody is asked about one's own.
pub(super) fn send_request(w: &Write<'_>, owner: &Actor, post: &Post) -> Result<()> {
    let Some(quote) = quotes::get(w, post.id)? else { return Ok(()) };
    let Some(quoted) = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()? else { return Ok(()) };
    if quoted.actor_id == owner.id {
        return Ok(());
    }
    let author = actors::by_id(w, quoted.actor_id)?;
    let (id, uri) = outbox::next(w, owner)?;
    let instrument = document::post(w, owner, post)?;
    let request = documents::request(owner, &uri, Interaction::Quote, &quoted, &author, instrument, w.now);
    quotes::put(w, &StoredQuote { request_uri: Some(uri), ..quote })?;
    outbox::send(w, owner, id, request, &post.uri, Audience::Mentioned, &ActivityRecipients::add_actor(&author))
}

/// The author of what a post of the owner's quotes: told of it like those it names, when the post is for everyone.
pub(super) fn quoted_author(r: &Read<'_>, post: &Post) -> Result<Option<ActorId>> {
    let quoted = quotes::get(r, post.id)?.and_then(|quote| quote.quoted_id).filter(|_| post.audience.is_open());
    Ok(quoted.map(|id| posts::by_id(r, id)).transpose()?.map(|quoted| quoted.actor_id))
}

/// The quote of the owner's that an answer is about: by our request's id, or by the request with its parts. Only the quoted
/// author's answer counts.
fn request_answered(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<Option<StoredQuote>> {
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

/// The quoted author agrees. The stamp must be on their server, or the quote goes on waiting. False when this answers
/// something else.
pub(super) fn request_accepted(
    w: &Write<'_>,
    owner: ActorId,
    sender: &Actor,
    object: &Ref,
    result: Option<&Uri>,
) -> Result<bool> {
    let Some(quote) = request_answered(w, owner, sender, object)? else { return Ok(false) };
    let Some(stamp) = result.filter(|stamp| same_origin(stamp.as_str(), &sender.uri)) else { return Ok(true) };
    if quote.state == QuoteState::Granted && quote.stamp.as_deref() == Some(stamp.as_str()) {
        return Ok(true);
    }
    let (stamp, check_at) = (Some(stamp.as_str().to_owned()), Some(w.now.plus(RECHECK_INTERVAL)));
    let post = quote.post_id;
    quotes::put(w, &StoredQuote { state: QuoteState::Granted, stamp, check_at, tries: 0, ..quote })?;
    post::broadcast_update(w, &actors::by_id(w, owner)?, post).map(|()| true)
}

/// The quoted author refuses, or takes their word back. False when this answers something else.
pub(super) fn request_rejected(w: &Write<'_>, owner: ActorId, sender: &Actor, object: &Ref) -> Result<bool> {
    let Some(quote) = request_answered(w, owner, sender, object)? else { return Ok(false) };
    withdraw(w, owner, quote, QuoteState::Refused).map(|()| true)
}

/// A stamp was deleted by who gave it: the quotes that stood on it are not shown any more.
pub(super) fn authorization_revoked(w: &Write<'_>, owner: ActorId, sender: &Actor, stamp: &Uri) -> Result<()> {
    for quote in quotes::by_authorization(w, stamp.as_str())? {
        let quoted = quote.quoted_id.map(|id| posts::by_id(w, id)).transpose()?;
        if quoted.is_some_and(|quoted| quoted.actor_id == sender.id) {
            withdraw(w, owner, quote, QuoteState::Revoked)?;
        }
    }
    Ok(())
}

/// Who has our post with the stamp hears that it has none any more.
fn withdraw(w: &Write<'_>, owner: ActorId, quote: StoredQuote, state: QuoteState) -> Result<()> {
    let (post, had) = (posts::by_id(w, quote.post_id)?, quote.stamp.is_some());
    quotes::put(w, &StoredQuote { state, stamp: None, check_at: None, ..quote })?;
    if had && post.actor_id == owner { post::broadcast_update(w, &actors::by_id(w, owner)?, post.id) } else { Ok(()) }
}

/// What a post of the owner's says of its quote, and the line for readers who know no quotes. One that was refused is
/// only a line.
pub(super) fn quote_text(r: &Read<'_>, id: PostId) -> Result<Option<(Option<OwnQuoteDocument>, String)>> {
    let Some(quote) = quotes::get(r, id)? else { return Ok(None) };
    let quoted = quote.quoted_id.map(|id| posts::by_id(r, id)).transpose()?;
    let page = quoted.as_ref().map_or(quote.quoted_uri.as_str(), |quoted| quoted.page());
    let line = format!("<p class=\"quote-inline\">RE: {}</p>", compose::link_html(page));
    let claimed = matches!(quote.state, QuoteState::Waiting | QuoteState::Granted);
    Ok(Some((claimed.then_some(OwnQuoteDocument { id: quote.quoted_uri, stamp: quote.stamp }), line)))
}

/// The words of a post that quotes, without the line for readers who know no quotes.
pub(super) fn quote_fallback_text(r: &Read<'_>, html: String, object: &Object) -> Result<String> {
    let Some(Named::Of { id, .. }) = &object.quote else { return Ok(html) };
    let page = posts::by_uri(r, id.as_str())?.map(|quoted| quoted.page().to_owned());
    let mut addresses = vec![id.as_str()];
    addresses.extend(page.as_deref());
    Ok(text::quote_fallback::without_fallback(&html, &addresses))
}
