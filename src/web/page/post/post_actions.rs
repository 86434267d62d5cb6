//! The row of actions below a post, each a form of its own, and their handlers.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::base::Result;
use crate::base::id::PostId;
use crate::base::interaction_policy::Interaction;
use crate::federation::{Node, owner::publish};
use crate::store::posts::post_views::PostView;
use crate::store::posts::quotes::QuoteState;
use crate::store::posts::{self, bookmarks, thread_mutes};
use crate::web::auth::{local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::form::OwnerForm;
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::{
    formatting,
    moderation::interaction_requests,
    people::actor_widgets,
    post::{poll, reactions},
};

/// A button of the row.
struct ActionButton {
    /// The last part of the form's path.
    act: &'static str,
    /// The action in words.
    word: &'static str,
    icon: &'static str,
    /// `true` once pressed.
    pressed: &'static str,
    number: u32,
}

/// The row under a post.
pub fn action_row(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let boost = match card.boosted {
        true => ActionButton {
            act: "unboost",
            word: "Take the boost back",
            icon: "boost",
            pressed: "true",
            number: card.boosts,
        },
        false => ActionButton { act: "boost", word: "Boost", icon: "boost", pressed: "false", number: card.boosts },
    };
    let like = match card.liked {
        true => ActionButton {
            act: "unlike",
            word: "Take the like back",
            icon: "liked",
            pressed: "true",
            number: card.likes,
        },
        false => ActionButton { act: "like", word: "Like", icon: "like", pressed: "false", number: card.likes },
    };
    html! {
        div.acts {
            @if interaction_requests::is_barred(ctx, card, Interaction::Reply) { (disabled_button(card, Interaction::Reply, "reply", card.replies)) }
            @else {
                a.act href={ "/compose?reply_to=" (card.post.id) } title="Reply" aria-label={ "Reply to " (card.author.name) } {
                    (icon("reply")) (count_label(card.replies)) span.text-only { "Reply" }
                }
            }
            @if !card.post.audience.is_open() { span.act.none {} }
            @else if !card.boosted && interaction_requests::is_barred(ctx, card, Interaction::Boost) { (disabled_button(card, Interaction::Boost, "boost", card.boosts)) }
            @else { (button(ctx, card, &boost)) }
            @if !card.liked && interaction_requests::is_barred(ctx, card, Interaction::Like) { (disabled_button(card, Interaction::Like, "like", card.likes)) }
            @else { (button(ctx, card, &like)) }
            (more_menu(ctx, card))
        }
    }
}

/// An action that the policy forbids: shown disabled with the reason.
fn disabled_button(card: &PostView, interaction: Interaction, sign: &str, number: u32) -> Markup {
    let why = format!("{} does not let others {} this post", card.author.name, interaction.verb());
    html! { span.act.barred title=(why) { (icon(sign)) (count_label(number)) span.hidden { (why) } } }
}

fn button(ctx: &PageContext<'_>, card: &PostView, button: &ActionButton) -> Markup {
    html! {
        form method="post" action={ "/post/" (card.post.id) "/" (button.act) } {
            (ctx.token(&format!("#p{}", card.id)))
            button.act.(button.icon) type="submit" title=(button.word) aria-pressed=(button.pressed)
                aria-label={ (button.word) ": " (card.author.name) } {
                (icon(button.icon)) (count_label(button.number)) span.text-only { (button.word) }
            }
        }
    }
}

fn count_label(number: u32) -> Markup {
    html! { @if number > 0 { span.tally { (formatting::number(number.into())) } } }
}

/// Rare actions: original, edit, delete (with confirmation).
fn more_menu(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let id = card.post.id;
    let ours = ctx.is_owner(&card.author);
    let original = if ours {
        format!("{}/{id}", ctx.profile_path())
    } else {
        actor_widgets::remote_link(card.post.html_url()).to_owned()
    };
    html! {
        details.more {
            summary.act title="More" aria-label={ "More about the post by " (card.author.name) } { (icon("more")) span.text-only { "More" } }
            div.menu {
                (reactions::emoji_choice(ctx, card))
                a href={ "/post/" (id) } { (icon("thread")) "The whole thread" }
                (quote_button(ctx, card))
                (unlisted_boost(ctx, card))
                @if !ours { a href=(original) rel="noopener noreferrer" { (icon("out")) "Original on " (card.author.host) } }
                @if ours && card.post.audience.is_open() { a href=(original) { (icon("out")) "As visitors see it" } }
                @if ours {
                    @if card.post.audience.is_open() { (pin(ctx, card)) }
                    a href={ "/post/" (id) "/edit" } { (icon("pen")) "Edit" }
                    details {
                        summary { (icon("bin")) "Delete…" }
                        form method="post" action={ "/post/" (id) "/delete" } {
                            (ctx.token(""))
                            button.danger type="submit" { "Yes, delete it everywhere" }
                        }
                    }
                }
            }
        }
    }
}

/// Quoting the post, and taking back the word by which it quotes one of the owner's.
fn quote_button(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let id = card.post.id;
    let ours = |quoted: &crate::store::posts::post_views::QuotedView| {
        let of_ours = quoted.view.as_ref().is_some_and(|inner| ctx.is_owner(&inner.author));
        of_ours && !ctx.is_owner(&card.author) && quoted.quote.state == QuoteState::Accepted
    };
    html! {
        @if card.post.audience.is_open() || ctx.is_owner(&card.author) {
            @if interaction_requests::is_barred(ctx, card, Interaction::Quote) { p.note { (card.author.name) " does not let others quote this post." } }
            @else { a href={ "/compose?quote=" (id) } { (icon("quote")) "Quote" } }
        }
        @if card.quote.as_ref().is_some_and(ours) {
            form method="post" action={ "/post/" (id) "/revoke" } {
                (ctx.token(&format!("#p{}", card.id)))
                button type="submit" { (icon("cross")) "Do not let it quote me" }
            }
        }
    }
}

/// Private actions: bookmark, mute conversation.
fn unlisted_boost(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let keep = if card.bookmarked { ("unbookmark", "Remove bookmark") } else { ("bookmark", "Bookmark") };
    let hush = match card.thread_muted {
        true => ("unhush", "Notify me of this conversation again"),
        false => ("hush", "Mute this conversation"),
    };
    html! {
        @for ((act, word), sign) in [(keep, "bookmark"), (hush, "bell")] {
            form method="post" action={ "/post/" (card.post.id) "/" (act) } {
                (ctx.token(&format!("#p{}", card.id)))
                button.entry type="submit" { (icon(sign)) (word) }
            }
        }
    }
}

fn pin(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let (act, word) = if card.pinned { ("unpin", "Unpin from the profile") } else { ("pin", "Pin to the profile") };
    html! {
        form method="post" action={ "/post/" (card.post.id) "/" (act) } {
            (ctx.token(&format!("#p{}", card.id)))
            button.entry type="submit" { (icon("pin")) (word) }
        }
    }
}

/// `POST /post/{id}/{act}`: like, unlike, boost, unboost, react, unreact, vote, pin, unpin, bookmark, unbookmark, hush, unhush, delete,
/// revoke. Leads back to
/// where the button was.
pub async fn perform(
    node: web::Data<Node>,
    path: web::Path<(PostId, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    let fields = sent.fields;
    let back = local_path(fields.text("back")).to_owned();
    let gone = if act == "delete" { Some(format!("/post/{id}")) } else { None };
    run_blocking(&node, move |node| match act.as_str() {
        "like" => publish::like(node, id),
        "unlike" => publish::unlike(node, id),
        "boost" => publish::boost(node, id).map(drop),
        "unboost" => publish::unboost(node, id),
        "vote" => poll::vote(node, id, &fields),
        "react" => reactions::react(node, id, &fields),
        "unreact" => publish::unreact(node, id),
        "pin" => publish::pin(node, id),
        "unpin" => publish::unpin(node, id),
        "bookmark" => node.store.write(move |w| bookmarks::add(w, posts::by_id(w, id)?.id)),
        "unbookmark" => node.store.write(move |w| bookmarks::remove(w, id)),
        "hush" => node.store.write(move |w| thread_mutes::add(w, posts::by_id(w, id)?.id)),
        "unhush" => node.store.write(move |w| thread_mutes::remove(w, id)),
        "delete" => publish::delete(node, id),
        "revoke" => publish::revoke_quote(node, id),
        _ => Err(crate::base::Error::NotFound),
    })
    .await?;
    // Its own page is gone with it.
    let home = gone.is_some_and(|page| back.starts_with(&page));
    Ok(see_other(if home { "/" } else { &back }))
}
