//! `/people/{id}`: an actor as the owner sees it; and the lists of followers, following and follow requests.

pub(super) mod actor_widgets;
pub(super) mod host_card;
pub mod moving;
pub(super) mod pinned;
pub(in crate::web::page) mod tabs;

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::OwnerForm;
use super::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use super::moderation::mute_block_menu::{self, ModerationState};
use super::timeline::home::{TimelineQuery, pager};
use super::{formatting, moderation::interaction_requests, post::post_card, visitor::profile};
use crate::base::Result;
use crate::base::id::ActorId;
use crate::federation::remote::backfill::{self, BackfillJob};
use crate::federation::{Node, owner::publish, remote::move_discovery};
use crate::store::actors::follows::{self, FollowList};
use crate::store::actors::{self, Actor};
use crate::store::posts::{self, Viewer};
use crate::store::timelines::filters::FilterContext;
use crate::store::{
    Read,
    posts::{groups, post_views},
};
use crate::web::auth::{Owner, local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use pinned::PinnedSection;

/// People on one page of a list.
const ACTORS_PER_PAGE: u32 = 60;

/// `GET /people/{id}`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<ActorId>,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (id, window, here) = (id.into_inner(), window.into_inner(), request.uri().to_string());
    let markup = run_blocking(&node, move |node| {
        backfill::enqueue(node, BackfillJob::Profile(id));
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?.active_filters(r, FilterContext::Account)?;
            let actor = actors::by_id(r, id)?;
            let ties = FollowRelation::load(r, owner.actor, &actor)?;
            let mut ids = match actor.kind.as_str() {
                "Group" => groups::page(r, id, window.page())?,
                _ => posts::by_actor(r, id, Viewer::Owner, window.page())?,
            };
            let beyond = window.without_extra_row(&mut ids);
            let top = PinnedSection::load(r, &actor, Viewer::Owner, window.before.or(window.after))?;
            let cards = post_views::post_views(r, &ids)?.into_iter().filter(|card| !top.has(card)).collect::<Vec<_>>();
            let body = html! {
                (profile::header(&ctx, &actor, &follow_buttons(&ctx, &actor, &ties), &html! { (top.tags()) (profile_menu(r, &ctx, &actor, &ties)?) }))
                (top.posts(&ctx))
                @if cards.is_empty() && top.is_empty() { div.empty { p { (empty_list(&ctx, &actor)) } } } @else { (post_card::post_list(&ctx, &cards)) }
                (pager(&format!("/people/{id}"), &ids, beyond))
            };
            Ok(layout::document(&ctx, &PageFrame::new(actor.name.clone(), NavigationEntry::Elsewhere, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// The follow relation between the owner and an actor.
struct FollowRelation {
    ours: Option<follows::Follow>,
    theirs: Option<follows::Follow>,
    /// The new account after a move, and whether the owner follows it.
    new: Option<(bool, Actor)>,
    distance: ModerationState,
}

impl FollowRelation {
    fn load(r: &Read<'_>, owner: ActorId, other: &Actor) -> Result<Self> {
        let new = other.moved_to.as_ref().map(|uri| actors::by_uri(r, uri)).transpose()?.flatten();
        let new = match new {
            Some(new) => Some((follows::get(r, owner, new.id)?.is_some(), new)),
            None => None,
        };
        Ok(Self {
            new,
            ours: follows::get(r, owner, other.id)?,
            theirs: follows::get(r, other.id, owner)?,
            distance: ModerationState::load(r, other)?,
        })
    }
}

fn follow_buttons(ctx: &PageContext<'_>, actor: &Actor, ties: &FollowRelation) -> Markup {
    html! {
        @if ctx.is_owner(actor) { a.button href="/settings" { (icon("pen")) "Edit" } }
        @else if actor.gone_at.is_none() {
            @if actor.kind == "Group" { a.button href={ "/compose?group=" (actor.id) } { (icon("pen")) "Post here" } }
            @match &ties.ours {
                None if ties.distance.is_blocked() => {},
                None => (actor_widgets::action_button(ctx, actor, "follow", "Follow", "button main")),
                Some(follow) if follow.accepted_at.is_some() => (actor_widgets::action_button(ctx, actor, "unfollow", "Unfollow", "button")),
                Some(_) => (actor_widgets::action_button(ctx, actor, "unfollow", "Withdraw request", "button")),
            }
            (mute_block_menu::menu(ctx, actor, &ties.distance))
        }
    }
}

fn profile_menu(r: &Read<'_>, ctx: &PageContext<'_>, actor: &Actor, ties: &FollowRelation) -> Result<Markup> {
    Ok(html! {
        div.ties {
            (mute_block_menu::state_lines(ctx, actor, &ties.distance))
            @if actor.gone_at.is_some() { p { "This account was deleted." } }
            @if let Some(to) = &actor.moved_to { (moved(ctx, actor, to, ties.new.as_ref())) }
            @if let Some(follow) = &ties.ours {
                @if follow.accepted_at.is_none() {
                    div.tie { (icon("clock")) span { "You asked to follow " (formatting::relative_time(follow.created_at, ctx.now)) "; there is no response yet." }
                        (actor_widgets::action_button(ctx, actor, "follow", "Request again", "plain")) }
                } @else { p { (icon("check")) span { "You follow them." } } }
                (super::timeline::lists::of_person(r, ctx, actor)?)
            }
            @match &ties.theirs {
                Some(follow) if follow.accepted_at.is_some() => {
                    div.tie { (icon("person")) span { "They follow you." } (actor_widgets::action_button(ctx, actor, "remove", "Remove follower", "plain")) }
                }
                Some(_) => {
                    div.tie { (icon("person")) span { "They have requested to follow you." }
                        (actor_widgets::action_button(ctx, actor, "accept", "Accept", "button main")) (actor_widgets::action_button(ctx, actor, "remove", "Reject", "button")) }
                }
                None => {}
            }
            @if !ctx.is_owner(actor) {
                p { (icon("out")) a href=(actor_widgets::remote_link(&actor.url)) rel="noopener noreferrer" { "Their page on " (actor.host) } }
                (host_card::card(r, ctx, actor)?)
            }
        }
    })
}

/// The new account, with a button to follow it; its server is contacted when it is pressed.
fn moved(ctx: &PageContext<'_>, actor: &Actor, to: &str, new: Option<&(bool, Actor)>) -> Markup {
    html! {
        div.tie {
            (icon("out"))
            span {
                "They moved to "
                @match new {
                    Some((_, new)) => a href=(actor_widgets::path(ctx, new)) { (actor_widgets::handle(new)) },
                    None => a href={ "/find?q=" (super::post::thread::thread_query(to)) } { (to) },
                }
                @if new.is_some_and(|(followed, _)| *followed) { ", where you follow them" } "."
            }
            @if !new.is_some_and(|(followed, new)| *followed || ctx.is_owner(new)) {
                (actor_widgets::action_button(ctx, actor, "follow-there", "Follow them there", "button"))
            }
        }
    }
}

fn empty_list(ctx: &PageContext<'_>, actor: &Actor) -> &'static str {
    if ctx.is_owner(actor) {
        "You have not written anything yet."
    } else {
        "None of their posts have come here. From the day you follow them, new ones will."
    }
}

/// `POST /people/{id}/{act}`: follow, follow-there, unfollow, accept, remove, and those of `distance.rs`.
pub async fn apply_action(
    node: web::Data<Node>,
    path: web::Path<(ActorId, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    let back = local_path(sent.fields.text("back")).to_owned();
    run_blocking(&node, move |node| match act.as_str() {
        "follow" => publish::follow(node, id),
        "follow-there" => move_discovery::follow_new_account(node, id),
        "unfollow" => publish::unfollow(node, id),
        "accept" => publish::accept_follower(node, id),
        "remove" => publish::reject_follower(node, id),
        other => mute_block_menu::apply_action(node, id, other, &sent.fields),
    })
    .await?;
    Ok(see_other(&back))
}

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct PeopleQuery {
    pub(super) after: Option<ActorId>,
}

/// `GET /following`.
pub async fn following(
    node: web::Data<Node>,
    owner: Owner,
    after: web::Query<PeopleQuery>,
) -> Result<HttpResponse, PageError> {
    list(node, owner, after.after, FollowList::Following).await
}

/// `GET /followers`.
pub async fn followers(
    node: web::Data<Node>,
    owner: Owner,
    after: web::Query<PeopleQuery>,
) -> Result<HttpResponse, PageError> {
    list(node, owner, after.after, FollowList::Followers).await
}

/// `GET /requests`.
pub async fn requests(
    node: web::Data<Node>,
    owner: Owner,
    after: web::Query<PeopleQuery>,
) -> Result<HttpResponse, PageError> {
    list(node, owner, after.after, FollowList::Requests).await
}

async fn list(
    node: web::Data<Node>,
    owner: Owner,
    after: Option<ActorId>,
    which: FollowList,
) -> Result<HttpResponse, PageError> {
    let (path, title) = match which {
        FollowList::Followers => ("/followers", "Followers"),
        FollowList::Requests => ("/requests", "Requests"),
        _ => ("/following", "Following"),
    };
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), path)?;
            let (people, more) = rows(r, owner.actor, which, after)?;
            let pending = match (which, after) {
                (FollowList::Following, None) => rows(r, owner.actor, FollowList::Pending, None)?.0,
                _ => Vec::new(),
            };
            let body = html! {
                h1 { "People" }
                (tabs::tabs(r, &ctx, owner.actor, path)?)
                @if !pending.is_empty() {
                    h2 { "Waiting for a response" }
                    ul.people { @for actor in &pending { (actor_widgets::row(&ctx, actor, &beside_row(&ctx, actor, FollowList::Pending))) } }
                    @if !people.is_empty() { h2 { "Following" } }
                }
                @if which == FollowList::Requests && after.is_none() { (interaction_requests::section(r, &ctx)?) }
                @if people.is_empty() && pending.is_empty() && (which != FollowList::Requests || ctx.requests == 0) { (empty(which)) }
                ul.people { @for actor in &people { (actor_widgets::row(&ctx, actor, &beside_row(&ctx, actor, which))) } }
                @if let (true, Some(last)) = (more, people.last()) {
                    nav.pager aria-label="More people" { a rel="next" href={ (path) "?after=" (last.id) } { "More" } }
                }
            };
            Ok(layout::document(&ctx, &PageFrame::new(title, NavigationEntry::People, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn rows(r: &Read<'_>, owner: ActorId, which: FollowList, after: Option<ActorId>) -> Result<(Vec<Actor>, bool)> {
    let mut ids = follows::list(r, owner, which, after, ACTORS_PER_PAGE + 1)?;
    let more = ids.len() > ACTORS_PER_PAGE as usize;
    ids.truncate(ACTORS_PER_PAGE as usize);
    let mut people = actors::by_ids(r, &ids)?;
    people.sort_by_key(|actor| actor.id);
    Ok((people, more))
}

fn beside_row(ctx: &PageContext<'_>, actor: &Actor, which: FollowList) -> Markup {
    html! {
        @match which {
            FollowList::Requests => { (actor_widgets::action_button(ctx, actor, "accept", "Accept", "button main")) (actor_widgets::action_button(ctx, actor, "remove", "Reject", "button")) }
            FollowList::Pending => { (actor_widgets::action_button(ctx, actor, "follow", "Request again", "plain")) (actor_widgets::action_button(ctx, actor, "unfollow", "Withdraw request", "button")) }
            FollowList::Following | FollowList::Endorsed => (actor_widgets::action_button(ctx, actor, "unfollow", "Unfollow", "button quiet")),
            FollowList::Followers => (actor_widgets::action_button(ctx, actor, "remove", "Remove", "button quiet")),
        }
    }
}

fn empty(which: FollowList) -> Markup {
    html! {
        div.empty {
            @match which {
                FollowList::Followers => p { "Nobody follows you yet. Tell people your handle; it is on your profile." },
                FollowList::Requests => p { "No follow requests." },
                _ => p { "You follow nobody yet. " a href="/find" { "Find people" } " by their handle or the address of their page." },
            }
        }
    }
}
