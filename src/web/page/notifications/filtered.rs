//! Filtered notifications: the policy in the settings, and the senders at `/notifications/kept-back`.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{ActorId, NotificationRequestId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store::actors::{self, Actor};
use crate::store::cursor::CursorWindow;
use crate::store::node::{self, Settings};
use crate::store::notifications::notification_policy::{NotificationPolicy, PolicyAction};
use crate::store::notifications::notification_requests::{self as requests, NotificationRequest};
use crate::store::posts::post_views::{self, PostView};
use crate::store::{Read, moderation::block_filter};
use crate::web::auth::{Owner, local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::post::post_card::{self, CardPlacement};
use crate::web::page::{formatting, people::actor_widgets};

/// People on one page.
const ACTORS_PER_PAGE: u32 = 40;

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct FilteredQuery {
    before: Option<NotificationRequestId>,
}

/// A quiet line above the notifications, when something was filtered.
pub fn filtered_link(r: &Read<'_>) -> Result<Markup> {
    let waiting = requests::page(r, CursorWindow::first(ACTORS_PER_PAGE))?.len();
    Ok(html! {
        @if waiting > 0 {
            p.note { a href="/notifications/kept-back" { "Filtered notifications from " @match waiting { 1 => "one person", n => { (formatting::number(n as u64)) " people" } } } }
        }
    })
}

/// `GET /notifications/kept-back`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    before: web::Query<FilteredQuery>,
) -> Result<HttpResponse, PageError> {
    let before = before.before;
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), "/notifications/kept-back")?;
            let rows = CursorWindow { below: before.map_or(i64::MAX, |id| id.0), ..CursorWindow::first(ACTORS_PER_PAGE) };
            let waiting = requests::page(r, rows)?;
            let body = html! {
                h1 { "Filtered notifications" }
                p.note { "Your " a href="/settings#notices" { "settings" } " filter notifications from these people. They are not told." }
                (list(r, &ctx, &waiting)?)
                @if let (true, Some(last)) = (waiting.len() == ACTORS_PER_PAGE as usize, waiting.last()) {
                    nav.pager aria-label="More people" { a rel="next" href={ "/notifications/kept-back?before=" (last.id) } { "Older" } }
                }
            };
            Ok(layout::document(&ctx, &PageFrame::new("Filtered notifications", NavigationEntry::Notifications, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn list(r: &Read<'_>, ctx: &PageContext<'_>, waiting: &[NotificationRequest]) -> Result<Markup> {
    let ids: Vec<ActorId> = waiting.iter().map(|request| request.actor_id).collect();
    let people = actors::by_ids(r, &ids)?;
    let hidden = block_filter::filter_for(r, people.iter())?.blocked;
    let people: HashMap<ActorId, Actor> =
        people.into_iter().filter(|actor| !hidden.contains(&actor.id)).map(|actor| (actor.id, actor)).collect();
    let ids: Vec<PostId> = waiting.iter().filter_map(|request| request.post_id).collect();
    let posts: HashMap<PostId, PostView> =
        post_views::post_views(r, &ids)?.into_iter().map(|card| (card.id, card)).collect();
    Ok(html! {
        @if waiting.is_empty() { div.empty { p { "No filtered notifications." } } }
        ol.news {
            @for request in waiting {
                @if let Some(who) = people.get(&request.actor_id) {
                    (request_row(ctx, request, who, request.post_id.and_then(|id| posts.get(&id))))
                }
            }
        }
    })
}

fn request_row(ctx: &PageContext<'_>, request: &NotificationRequest, who: &Actor, post: Option<&PostView>) -> Markup {
    html! {
        li.whole id={ "k" (request.id) } {
            p.said {
                (actor_widgets::mention(ctx, who)) " " (actor_widgets::handle(who)) ": "
                (formatting::short_count(request.count.into(), "notification")) " · " span.when { (formatting::relative_time(request.updated_at, ctx.now)) }
            }
            @if let Some(card) = post { (post_card::card(ctx, card, CardPlacement::Above)) }
            div.do {
                (button(ctx, request, who, "accept", "Let them through", "button main"))
                (button(ctx, request, who, "dismiss", "Dismiss", "button"))
            }
        }
    }
}

fn button(
    ctx: &PageContext<'_>,
    request: &NotificationRequest,
    who: &Actor,
    act: &str,
    word: &str,
    class: &str,
) -> Markup {
    html! {
        form method="post" action={ "/notifications/kept-back/" (request.id) "/" (act) } {
            (ctx.token(""))
            button class=(class) type="submit" aria-label={ (word) ": " (who.name) } { (word) }
        }
    }
}

/// `POST /notifications/kept-back/{id}/{act}`: accept, dismiss.
pub async fn apply_action(
    node: web::Data<Node>,
    path: web::Path<(NotificationRequestId, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let (id, act) = path.into_inner();
    run_blocking(&node, move |node| match act.as_str() {
        "accept" => node.store.write(move |w| requests::accept(w, id)),
        "dismiss" => node.store.write(move |w| requests::dismiss(w, id)),
        _ => Err(Error::NotFound),
    })
    .await?;
    Ok(see_other(local_path(sent.fields.text("back"))))
}

/// The policy form: field name, description, current value.
fn policy_form(policy: NotificationPolicy) -> [(&'static str, &'static str, PolicyAction); 6] {
    [
        ("not_following", "People I do not follow", policy.not_following),
        ("not_followers", "People who do not follow me", policy.not_followers),
        ("new_accounts", "People who have just joined", policy.new_accounts),
        ("private_mentions", "Unsolicited private mentions", policy.private_mentions),
        ("limited", "People of limited servers", policy.limited),
        ("bots", "Bots", policy.bots),
    ]
}

/// A part of the settings.
pub fn settings(ctx: &PageContext<'_>, policy: NotificationPolicy) -> Markup {
    let said = |answer| match answer {
        PolicyAction::Accept => "Show",
        PolicyAction::Filter => "Keep back until I have looked",
        PolicyAction::Drop => "Ignore",
    };
    html! {
        section.section #notices {
            h2 { "Notifications" }
            form.stack method="post" action="/settings/notices" {
                (ctx.token(""))
                @for (name, label, now) in policy_form(policy) {
                    label for=(name) { (label) }
                    select id=(name) name=(name) {
                        @for answer in PolicyAction::ALL { option value=(answer.word()) selected[answer == now] { (said(answer)) } }
                    }
                }
                p.note { "But for the second rule, people you follow always come through. " a href="/notifications/kept-back" { "Filtered notifications" } }
                button.main type="submit" { "Save" }
            }
        }
    }
}

/// Saves that part.
pub fn save_settings(node: &Node, fields: &FormFields) -> Result<()> {
    let answer = |name: &str| {
        PolicyAction::of(fields.text(name)).ok_or_else(|| Error::invalid("a rule says show, keep back or ignore"))
    };
    let notices = NotificationPolicy {
        not_following: answer("not_following")?,
        not_followers: answer("not_followers")?,
        new_accounts: answer("new_accounts")?,
        private_mentions: answer("private_mentions")?,
        limited: answer("limited")?,
        bots: answer("bots")?,
    };
    node.store.write(move |w| {
        let settings = node::settings(w)?;
        node::set_settings(w, &Settings { notices, ..settings })
    })
}
