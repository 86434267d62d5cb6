//! What the owner can do with a post: a quiet row of buttons, each a form of its own, and the handlers behind them.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use super::form::Sent;
use super::layout::{House, icon};
use super::{person, poll, words};
use crate::base::Result;
use crate::base::id::PostId;
use crate::federation::{Node, publish};
use crate::store::cards::Card;
use crate::web::auth::{local, see_other};
use crate::web::edge::{PageError, blocking};

/// A button of the row.
struct Button {
    /// The last part of the form's path.
    act: &'static str,
    /// What pressing it does.
    word: &'static str,
    icon: &'static str,
    /// `true` once pressed.
    pressed: &'static str,
    number: u32,
}

/// The row under a post.
pub fn row(house: &House<'_>, card: &Card) -> Markup {
    let boost = match card.boosted {
        true => {
            Button { act: "unboost", word: "Take the boost back", icon: "boost", pressed: "true", number: card.boosts }
        }
        false => Button { act: "boost", word: "Boost", icon: "boost", pressed: "false", number: card.boosts },
    };
    let like = match card.liked {
        true => {
            Button { act: "unlike", word: "Take the like back", icon: "liked", pressed: "true", number: card.likes }
        }
        false => Button { act: "like", word: "Like", icon: "like", pressed: "false", number: card.likes },
    };
    html! {
        div.acts {
            a.act href={ "/compose?reply_to=" (card.post.id) } title="Reply" aria-label={ "Reply to " (card.author.name) } {
                (icon("reply")) (tally(card.replies)) span.text-only { "Reply" }
            }
            @if card.post.audience.is_open() { (button(house, card, &boost)) } @else { span.act.none {} }
            (button(house, card, &like))
            (more(house, card))
        }
    }
}

fn button(house: &House<'_>, card: &Card, button: &Button) -> Markup {
    html! {
        form method="post" action={ "/post/" (card.post.id) "/" (button.act) } {
            (house.token(&format!("#p{}", card.id)))
            button.act.(button.icon) type="submit" title=(button.word) aria-pressed=(button.pressed)
                aria-label={ (button.word) ": " (card.author.name) } {
                (icon(button.icon)) (tally(button.number)) span.text-only { (button.word) }
            }
        }
    }
}

fn tally(number: u32) -> Markup {
    html! { @if number > 0 { span.tally { (words::number(number.into())) } } }
}

/// What is needed seldom: the original, editing, deleting (asked twice).
fn more(house: &House<'_>, card: &Card) -> Markup {
    let id = card.post.id;
    let ours = house.is_owner(&card.author);
    let original =
        if ours { format!("{}/{id}", house.profile_path()) } else { person::outside(card.post.page()).to_owned() };
    html! {
        details.more {
            summary.act title="More" aria-label={ "More about the post by " (card.author.name) } { (icon("more")) span.text-only { "More" } }
            div.menu {
                a href={ "/post/" (id) } { (icon("thread")) "The whole thread" }
                @if !ours { a href=(original) rel="noopener noreferrer" { (icon("out")) "Original on " (card.author.host) } }
                @if ours && card.post.audience.is_open() { a href=(original) { (icon("out")) "As visitors see it" } }
                @if ours {
                    a href={ "/post/" (id) "/edit" } { (icon("pen")) "Edit" }
                    details {
                        summary { (icon("bin")) "Delete…" }
                        form method="post" action={ "/post/" (id) "/delete" } {
                            (house.token(""))
                            button.danger type="submit" { "Yes, delete it everywhere" }
                        }
                    }
                }
            }
        }
    }
}

/// `POST /post/{id}/{act}`: like, unlike, boost, unboost, vote, delete. Leads back to where the button was.
pub async fn press(
    node: web::Data<Node>,
    path: web::Path<(PostId, String)>,
    sent: Sent,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    let fields = sent.fields;
    let back = local(fields.text("back")).to_owned();
    let gone = if act == "delete" { Some(format!("/post/{id}")) } else { None };
    blocking(&node, move |node| match act.as_str() {
        "like" => publish::like(node, id),
        "unlike" => publish::unlike(node, id),
        "boost" => publish::boost(node, id).map(drop),
        "unboost" => publish::unboost(node, id),
        "vote" => poll::vote(node, id, &fields),
        "delete" => publish::delete(node, id),
        _ => Err(crate::base::Error::NotFound),
    })
    .await?;
    // Its own page is gone with it.
    let home = gone.is_some_and(|page| back.starts_with(&page));
    Ok(see_other(if home { "/" } else { &back }))
}
