//! `/notifications`: likes and boosts of one post in one row. Viewing marks them as seen.

pub mod filtered;

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use super::post::post_card::{self, CardPlacement};
use super::{
    formatting,
    people::actor_widgets,
    post::{filter_result, reactions as emoji},
};
use crate::base::id::{ActorId, NotificationId, PostId};
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::store::actors::{self, Actor};
use crate::store::notifications::{self, Notification, NotificationKind};
use crate::store::posts::post_views::{self, PostView};
use crate::store::posts::reactions::{self, Reaction, ReactionEmoji};
use crate::store::timelines::filters::{FilterAction, FilterContext};
use crate::store::{self, Read, timelines::markers};
use crate::web::auth::Owner;
use crate::web::blocking::{PageError, run_blocking};

/// Notifications read for one page; grouped, they are fewer rows.
const NOTIFICATIONS_PER_PAGE: u32 = 60;
/// Faces shown of one row.
const MAX_AVATARS_PER_ROW: usize = 8;
/// Graphemes quoted of a post.
const MAX_EXCERPT_GRAPHEMES: usize = 140;

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct NotificationsQuery {
    before: Option<NotificationId>,
}

/// Events of one kind about one thing, newest first.
#[derive(Debug, PartialEq, Eq)]
struct NotificationRow {
    newest: NotificationId,
    kind: NotificationKind,
    post: Option<PostId>,
    people: Vec<ActorId>,
    at: Time,
}

/// Groups likes and boosts of the same post, and follows; everything else stays single. A row is placed by its newest
/// event.
fn group(events: &[Notification]) -> Vec<NotificationRow> {
    let mut rows: Vec<NotificationRow> = Vec::new();
    for event in events {
        let joins = matches!(
            event.kind,
            NotificationKind::Like | NotificationKind::Reaction | NotificationKind::Boost | NotificationKind::Follow
        );
        let row = rows.iter_mut().find(|row| joins && row.kind == event.kind && row.post == event.post_id);
        match row {
            Some(row) if row.people.contains(&event.actor_id) => {}
            Some(row) => row.people.push(event.actor_id),
            None => rows.push(NotificationRow {
                newest: event.id,
                kind: event.kind,
                post: event.post_id,
                people: vec![event.actor_id],
                at: event.created_at,
            }),
        }
    }
    rows
}

/// `GET /notifications`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    before: web::Query<NotificationsQuery>,
) -> Result<HttpResponse, PageError> {
    let before = before.before;
    let markup = run_blocking(&node, move |node| {
        let (markup, newest) = node.store.read(|r| {
            let mut ctx = PageContext::load(node, r, Some(&owner), "/notifications")?.active_filters(r, FilterContext::Notifications)?;
            let seen = store::node::seen_notification(r)?;
            let events = notifications::page(r, before, NOTIFICATIONS_PER_PAGE)?;
            let newest = events.first().map(|event| event.id).filter(|id| *id > seen);
            ctx.unseen = if before.is_none() { 0 } else { ctx.unseen };
            let body = html! {
                h1 { "Notifications" }
                @if before.is_none() { (filtered::filtered_link(r)?) }
                (list(r, &ctx, &events, seen)?)
                @if let (true, Some(last)) = (events.len() == NOTIFICATIONS_PER_PAGE as usize, events.last()) {
                    nav.pager aria-label="More notifications" { a rel="next" href={ "/notifications?before=" (last.id) } { "Older" } }
                }
            };
            Ok((layout::document(&ctx, &PageFrame::new("Notifications", NavigationEntry::Notifications, body)).into_string(), newest))
        })?;
        if let Some(newest) = newest {
            node.store.write(move |w| markers::seen(w, newest))?;
        }
        Ok(markup)
    });
    Ok(layout::private(markup.await?))
}

fn list(r: &Read<'_>, ctx: &PageContext<'_>, events: &[Notification], seen: NotificationId) -> Result<Markup> {
    let rows = group(events);
    let ids: Vec<ActorId> = rows.iter().flat_map(|row| row.people.iter().copied()).collect();
    let people: HashMap<ActorId, Actor> = actors::by_ids(r, &ids)?.into_iter().map(|actor| (actor.id, actor)).collect();
    let posts: Vec<PostId> = rows.iter().filter_map(|row| row.post).collect();
    let posts: HashMap<PostId, PostView> =
        post_views::post_views(r, &posts)?.into_iter().map(|card| (card.id, card)).collect();
    let reacted: Vec<PostId> =
        rows.iter().filter(|row| row.kind == NotificationKind::Reaction).filter_map(|row| row.post).collect();
    let reacted = if reacted.is_empty() { Vec::new() } else { reactions::of_posts(r, &reacted)? };
    Ok(html! {
        @if rows.is_empty() {
            div.empty { (icon("bell")) p { "No notifications yet. When somebody follows you, replies, likes or boosts, it appears here." } }
        }
        ol.news {
            @for row in &rows {
                @let who: Vec<&Actor> = row.people.iter().filter_map(|id| people.get(id)).collect();
                (notification_row(ctx, row, &who, &notification_icons(row, &reacted), row.post.and_then(|id| posts.get(&id)), if row.newest > seen { "new" } else { "" }))
            }
        }
    })
}

/// The distinct emoji of a row.
fn notification_icons<'a>(row: &NotificationRow, reacted: &'a [Reaction]) -> Vec<&'a ReactionEmoji> {
    let mut signs: Vec<&ReactionEmoji> = Vec::new();
    for one in reacted.iter().filter(|one| row.kind == NotificationKind::Reaction && Some(one.post_id) == row.post) {
        if row.people.contains(&one.actor_id) && !signs.contains(&&one.emoji) && signs.len() < MAX_AVATARS_PER_ROW {
            signs.push(&one.emoji);
        }
    }
    signs
}

fn notification_row(
    ctx: &PageContext<'_>,
    row: &NotificationRow,
    who: &[&Actor],
    signs: &[&ReactionEmoji],
    post: Option<&PostView>,
    mark: &str,
) -> Markup {
    if post.is_some_and(|post| filter_result::is_hidden(ctx, post)) {
        return html! {};
    }
    if let (NotificationKind::Mention | NotificationKind::Quote | NotificationKind::Post, Some(post)) = (row.kind, post)
    {
        return html! { li class={ "whole " (mark) } { (post_card::card(ctx, post, CardPlacement::List)) } };
    }
    let (sign, verb) = match row.kind {
        NotificationKind::Like => ("liked", "liked your post"),
        NotificationKind::Reaction => ("smile", "reacted with"),
        NotificationKind::Boost => ("boost", "boosted your post"),
        NotificationKind::Follow => ("person", "followed you"),
        NotificationKind::FollowRequest => ("person", "would like to follow you"),
        NotificationKind::Accepted => ("check", "let you follow them"),
        NotificationKind::Mention => ("reply", "mentioned you"),
        NotificationKind::Moved => ("out", "is the new account of somebody you follow"),
        NotificationKind::Report => ("warning", "sent a report about you or a post of yours"),
        NotificationKind::Poll => ("poll", "made a poll that is over"),
        NotificationKind::Quote => ("quote", "quoted you"),
        NotificationKind::Post => ("bell", "posted"),
        NotificationKind::Edit => ("pen", "edited a post you boosted"),
        NotificationKind::QuoteEdit => ("pen", "edited a post you quoted"),
        NotificationKind::Request => ("person", "would like to reply to or quote your post"),
    };
    html! {
        li class=(mark) {
            span class={ "sign news-" (sign) } { (icon(sign)) }
            div {
                div.faces { @for actor in who.iter().take(MAX_AVATARS_PER_ROW) { a href=(actor_widgets::path(ctx, actor)) tabindex="-1" aria-hidden="true" { (actor_widgets::avatar(ctx, actor)) } } }
                p.said {
                    @match (row.kind, who) {
                        (NotificationKind::Poll, [one]) if ctx.is_owner(one) => "Your poll is over",
                        (NotificationKind::Poll, _) => { "A poll you voted in is over, by " (name_list(ctx, who)) }
                        (NotificationKind::Reaction, _) => { (name_list(ctx, who)) " reacted with" @for sign in signs { " " (emoji::reaction_image(ctx, sign)) } " to your post" }
                        _ => { (name_list(ctx, who)) " " (verb) }
                    } " · " span.when { (formatting::relative_time(row.at, ctx.now)) }
                }
                @if let Some(post) = post { a.about href={ "/post/" (post.post.id) } { bdi { (excerpt(ctx, post)) } } }
                @if row.kind == NotificationKind::Report { div.do { a.button href="/reports" { "Read it" } } }
                @if matches!(row.kind, NotificationKind::FollowRequest | NotificationKind::Request) { div.do { a.button href="/requests" { "Open the requests" } } }
            }
        }
    }
}

/// The post in one line, or the filter that hides it.
fn excerpt(ctx: &PageContext<'_>, post: &PostView) -> String {
    match filter_result::filter_result(ctx, post) {
        Some((FilterAction::Warn, title)) => format!("Filtered: {title}"),
        _ => post_card::quoted_post(post, MAX_EXCERPT_GRAPHEMES),
    }
}

/// "Anna", "Anna and Bo", "Anna, Bo and 3 others"; a single person with the whole handle.
fn name_list(ctx: &PageContext<'_>, who: &[&Actor]) -> Markup {
    html! {
        @match who {
            [] => "Somebody",
            [one] => { (actor_widgets::mention(ctx, one)) " " (actor_widgets::handle(one)) },
            [one, two] => { (actor_widgets::mention(ctx, one)) " and " (actor_widgets::mention(ctx, two)) },
            [one, two, rest @ ..] => {
                (actor_widgets::mention(ctx, one)) ", " (actor_widgets::mention(ctx, two)) " and " (formatting::short_count(rest.len() as u64, "other"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likes_of_one_post_are_one_row() {
        let event = |id, kind, actor, post: Option<i64>| Notification {
            id: NotificationId(id),
            kind,
            actor_id: ActorId(actor),
            post_id: post.map(PostId),
            hour: None,
            kept_back: false,
            created_at: Time::from_secs(id),
        };
        let rows = group(&[
            event(9, NotificationKind::Like, 1, Some(7)),
            event(8, NotificationKind::Mention, 2, Some(8)),
            event(7, NotificationKind::Like, 3, Some(7)),
            event(6, NotificationKind::Boost, 3, Some(7)),
            event(5, NotificationKind::Mention, 2, Some(9)),
            event(4, NotificationKind::Follow, 1, None),
            event(3, NotificationKind::Follow, 2, None),
            event(2, NotificationKind::FollowRequest, 4, None),
            event(1, NotificationKind::FollowRequest, 5, None),
        ]);
        let said: Vec<_> = rows.iter().map(|row| (row.kind, row.people.len())).collect();
        assert_eq!(
            said,
            [
                (NotificationKind::Like, 2),
                (NotificationKind::Mention, 1),
                (NotificationKind::Boost, 1),
                (NotificationKind::Mention, 1),
                (NotificationKind::Follow, 2),
                (NotificationKind::FollowRequest, 1),
                (NotificationKind::FollowRequest, 1)
            ]
        );
    }
}
