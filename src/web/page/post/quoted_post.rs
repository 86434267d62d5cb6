//! The quoted post inside a quote post: a card when its author agreed, else a link. A quoted private post is never
//! shown to visitors.

use maud::{Markup, html};

use crate::store::posts::post_views::{PostView, QuotedView};
use crate::store::posts::quotes::QuoteState;
use crate::store::timelines::filters::FilterAction;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::post::post_card::{self, CardPlacement};
use crate::web::page::{formatting, people::actor_widgets, post::filter_result};

/// The quote of a post.
pub fn of(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let Some(quoted) = &card.quote else { return html! {} };
    let shown = quoted.view.as_deref().filter(|_| may_show(ctx, card, quoted));
    html! {
        @match shown {
            Some(inner) => @match filter_result::filter_result(ctx, inner) {
                Some((FilterAction::Hide | FilterAction::Warn, title)) => (filter_result::collapsed(&title, &quote_card(ctx, inner))),
                _ => (quote_card(ctx, inner)),
            },
            None => (quote_line(ctx, quoted)),
        }
        @if let Some(note) = quote_note(ctx, card, quoted) { p.note.asked { (icon("clock")) span { (note) } } }
    }
}

/// Only with the author's approval; the owner sees their own quote while it waits.
fn may_show(ctx: &PageContext<'_>, card: &PostView, quoted: &QuotedView) -> bool {
    let Some(inner) = &quoted.view else { return false };
    let readable = ctx.session.is_some() || inner.post.audience.is_open();
    let own = ctx.session.is_some() && ctx.is_owner(&card.author);
    readable && (quoted.quote.state == QuoteState::Accepted || own && quoted.quote.state == QuoteState::Pending)
}

/// The state of the owner's quote request.
fn quote_note(ctx: &PageContext<'_>, card: &PostView, quoted: &QuotedView) -> Option<String> {
    if ctx.session.is_none() || !ctx.is_owner(&card.author) {
        return None;
    }
    let name = quoted.view.as_ref().map_or("Its author", |inner| inner.author.name.as_str());
    match quoted.quote.state {
        QuoteState::Pending => Some(format!("{name} has not agreed yet: until then others see only the address.")),
        QuoteState::Rejected => Some(format!("{name} did not agree to be quoted: others see only the address.")),
        QuoteState::Revoked => {
            Some(format!("{name} does not want to be quoted any more: others see only the address."))
        }
        QuoteState::Accepted | QuoteState::Deleted => None,
    }
}

fn quote_line(ctx: &PageContext<'_>, quoted: &QuotedView) -> Markup {
    let (id, address) = match &quoted.view {
        Some(inner) if ctx.session.is_some() => (Some(inner.post.id), inner.post.html_url()),
        Some(inner) => (None, inner.post.html_url()),
        None => (None, quoted.quote.quoted_uri.as_str()),
    };
    html! {
        p.requote {
            @match (quoted.quote.state, id) {
                (QuoteState::Deleted, _) => "The quoted post is gone.",
                (_, Some(id)) => { "RE: " a href={ "/post/" (id) } { (quote_link(address)) } },
                (_, None) => { "RE: " a href=(actor_widgets::remote_link(address)) rel="nofollow noopener noreferrer" { (quote_link(address)) } },
            }
        }
    }
}

fn quote_link(address: &str) -> &str {
    address.split_once("://").map_or(address, |(_, rest)| rest)
}

/// The quoted post: author, time, text; without actions.
fn quote_card(ctx: &PageContext<'_>, inner: &PostView) -> Markup {
    html! {
        blockquote.quoted cite=(inner.post.html_url()) aria-label={ "Quoted post by " (inner.author.name) } {
            header.by {
                span aria-hidden="true" { (actor_widgets::avatar(ctx, &inner.author)) }
                div.who { a.name href=(actor_widgets::path(ctx, &inner.author)) { (actor_widgets::name(ctx, &inner.author)) } (actor_widgets::handle(&inner.author)) }
                a.when href=(post_card::path(ctx, inner)) { (formatting::relative_time(inner.post.published_at, ctx.now)) }
            }
            (post_card::content(ctx, inner, CardPlacement::Above))
        }
    }
}
