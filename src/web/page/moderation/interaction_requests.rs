//! Requests of others to reply to, like, boost or quote the owner's posts (part of `/requests`), and the policy fields.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::{ActorId, PostId, RequestId};
use crate::base::interaction_policy::{Interaction, Permission, PolicyChoice, PolicyChoices};
use crate::base::{Error, Result};
use crate::federation::{Node, owner::publish};
use crate::store::Read;
use crate::store::actors::{self, Actor};
use crate::store::posts::interaction_requests_in::{self, InteractionRequestIn, RequestState};
use crate::store::posts::post_views::{self, PostView};
use crate::web::auth::{local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{PageContext, icon};
use crate::web::page::post::post_card::{self, CardPlacement};
use crate::web::page::{formatting, people::actor_widgets};

/// Maximum number of requests shown.
const MAX_REQUESTS_SHOWN: u32 = 40;

/// The requests that wait, oldest first; nothing when there are none.
pub fn section(r: &Read<'_>, ctx: &PageContext<'_>) -> Result<Markup> {
    let rows = interaction_requests_in::list_pending(r, None, MAX_REQUESTS_SHOWN)?;
    let people: Vec<ActorId> = rows.iter().map(|request| request.actor_id).collect();
    let people: HashMap<ActorId, Actor> = actors::by_ids(r, &people)?.into_iter().map(|a| (a.id, a)).collect();
    let ids: Vec<PostId> =
        rows.iter().flat_map(|request| request.post_id.into_iter().chain([request.target_id])).collect();
    let posts: HashMap<PostId, PostView> =
        post_views::post_views(r, &ids)?.into_iter().map(|card| (card.id, card)).collect();
    Ok(html! {
        @if !rows.is_empty() {
            h2 { "Replies and quotes" }
            ol.news {
                @for request in &rows {
                    @if let Some(who) = people.get(&request.actor_id) { (request_row(ctx, request, who, &posts)) }
                }
            }
        }
    })
}

fn request_row(
    ctx: &PageContext<'_>,
    request: &InteractionRequestIn,
    who: &Actor,
    posts: &HashMap<PostId, PostView>,
) -> Markup {
    let target = posts.get(&request.target_id);
    html! {
        li.whole id={ "r" (request.id) } {
            p.why { (icon("door")) span {
                (actor_widgets::mention(ctx, who)) " would like to " (request.interaction.verb()) " "
                @match target { Some(card) => a href={ "/post/" (card.post.id) } { "your post" }, None => "your post" }
                " · " (formatting::relative_time(request.created_at, ctx.now))
            } }
            @if let Some(card) = request.post_id.and_then(|id| posts.get(&id)) { (post_card::card(ctx, card, CardPlacement::Above)) }
            div.do {
                (button(ctx, request, "accept", "Accept", "button main"))
                (button(ctx, request, "reject", "Reject", "button"))
            }
        }
    }
}

fn button(ctx: &PageContext<'_>, request: &InteractionRequestIn, act: &str, word: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/requests/" (request.id) "/" (act) } {
            (ctx.token(""))
            button class=(class) type="submit" { (word) }
        }
    }
}

/// `POST /requests/{id}/{act}`: accept, reject.
pub async fn apply_action(
    node: web::Data<Node>,
    path: web::Path<(RequestId, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    run_blocking(&node, move |node| match act.as_str() {
        "accept" => publish::accept_request(node, id),
        "reject" => publish::reject_request(node, id),
        _ => Err(Error::NotFound),
    })
    .await?;
    Ok(see_other(local_path(sent.fields.text("back"))))
}

/// What became of the owner's answer, like or boost where its author wants to be asked.
pub fn request_note(ctx: &PageContext<'_>, card: &PostView) -> Markup {
    let said = card.own_requests.iter().filter_map(|asked| {
        let own = asked.own_post_id == Some(card.post.id);
        let (name, what) = match (asked.interaction, own) {
            (Interaction::Reply, true) => (card.parent_author.as_ref()?.name.as_str(), "reply"),
            (Interaction::Like | Interaction::Boost, false) => (card.author.name.as_str(), asked.interaction.word()),
            _ => return None,
        };
        match asked.state {
            RequestState::Pending => Some(format!("{name} has not yet approved your {what}.")),
            RequestState::Rejected if asked.stamp.is_some() => {
                Some(format!("{name} approved your {what} and revoked that."))
            }
            RequestState::Rejected => Some(format!("{name} rejected your {what}.")),
            RequestState::Accepted => None,
        }
    });
    html! { @if ctx.session.is_some() { @for text in said { p.note.asked { (icon("clock")) span { (text) } } } } }
}

/// Whether the author of a post lets the owner do something with it at all.
pub fn is_barred(ctx: &PageContext<'_>, card: &PostView, interaction: Interaction) -> bool {
    !ctx.is_owner(&card.author) && card.permission.permission(interaction) == Some(Permission::Forbidden)
}

/// What the owner should know before answering or quoting.
pub fn hint(ctx: &PageContext<'_>, card: &PostView, interaction: Interaction) -> Option<String> {
    if ctx.is_owner(&card.author) {
        return None;
    }
    let name = &card.author.name;
    match (card.permission.permission(interaction)?, interaction) {
        (Permission::Forbidden, interaction) => {
            Some(format!("{name} does not let others {} this post.", interaction.verb()))
        }
        (Permission::NeedsApproval, Interaction::Quote) => {
            Some(format!("{name} must approve this quote. Until then, others see only a link."))
        }
        (Permission::NeedsApproval, _) => Some(format!("{name} approves replies: yours waits until it is accepted.")),
        (Permission::Allowed | Permission::AllowedWithAuthorization, _) => None,
    }
}

/// Who may reply, quote, like and boost, as four choices.
pub fn choose(chosen: PolicyChoices) -> Markup {
    html! {
        (choice("who_replies", "Who may reply", chosen.reply))
        (choice("who_quotes", "Who may quote", chosen.quote))
        (choice("who_likes", "Who may like", chosen.like))
        (choice("who_boosts", "Who may boost", chosen.boost))
    }
}

fn choice(name: &str, label: &str, chosen: PolicyChoice) -> Markup {
    html! {
        label for=(name) { (label) }
        select id=(name) name=(name) {
            @for choice in PolicyChoice::ALL { option value=(choice.word()) selected[choice == chosen] { (choice_text(name, choice)) } }
        }
    }
}

fn choice_text(name: &str, choice: PolicyChoice) -> &'static str {
    match choice {
        PolicyChoice::Everyone => "Everyone",
        PolicyChoice::Followers => "Followers; others when I agree",
        PolicyChoice::Following => "People I follow; others when I agree",
        PolicyChoice::WithApproval => "Only when I agree",
        PolicyChoice::Nobody if name == "who_replies" => "Only people mentioned",
        PolicyChoice::Nobody => "Nobody",
    }
}

/// The choices a form was sent with, if it had any.
pub fn chosen(fields: &FormFields) -> Option<PolicyChoices> {
    let choice = |name: &str| fields.text(name).parse().ok();
    let (reply, quote) = (choice("who_replies")?, choice("who_quotes")?);
    Some(PolicyChoices { reply, quote, like: choice("who_likes")?, boost: choice("who_boosts")? })
}
