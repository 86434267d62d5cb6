//! `/reports`: received and sent reports; and the report form at `/people/{id}/report`.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{ActorId, PostId, ReportId};
use crate::base::{Error, Result};
use crate::federation::{Node, owner::publish};
use crate::social::moderation::report::{MAX_COMMENT_CHARS, MAX_REPORTED_POSTS};
use crate::store::actors::{self, Actor};
use crate::store::moderation::reports::{self, Report};
use crate::store::posts::{self, Viewer};
use crate::store::{Read, posts::post_views};
use crate::text::plain_text;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::form::OwnerForm;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::{formatting, moderation::blocks, people::actor_widgets, post::post_card};

/// Reports on one page.
const REPORTS_PER_PAGE: u32 = 40;
/// Posts offered to be named in a report.
const MAX_POSTS_OFFERED: u32 = 20;
/// Graphemes quoted of a post.
const MAX_EXCERPT_GRAPHEMES: usize = 160;

/// The query: which page.
#[derive(Debug, Deserialize)]
pub struct ReportsQuery {
    before: Option<ReportId>,
}

/// `GET /reports`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    before: web::Query<ReportsQuery>,
) -> Result<HttpResponse, PageError> {
    let before = before.into_inner().before;
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), "/reports")?;
            let rows = reports::page(r, before, REPORTS_PER_PAGE)?;
            let people = actors::by_ids(r, &rows.iter().map(|report| report.actor_id).collect::<Vec<_>>())?;
            let body = html! {
                h1 { "Muted and blocked" }
                (blocks::tabs(r, "/reports")?)
                @if rows.is_empty() {
                    div.empty { p { "No reports. Reports from other servers about you or your posts appear here, visible only to you." } }
                }
                ul.rows {
                    @for report in &rows {
                        @if let Some(actor) = people.iter().find(|actor| actor.id == report.actor_id) { (row(r, &ctx, report, actor)?) }
                    }
                }
                @if let (true, Some(last)) = (rows.len() == REPORTS_PER_PAGE as usize, rows.last()) {
                    nav.pager aria-label="More reports" { a rel="next" href={ "/reports?before=" (last.id) } { "Older" } }
                }
            };
            Ok::<_, Error>(layout::document(&ctx, &PageFrame::new("Reports", NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn row(r: &Read<'_>, ctx: &PageContext<'_>, report: &Report, actor: &Actor) -> Result<Markup> {
    let mut named = Vec::new();
    for uri in &report.about {
        let post = posts::by_uri(r, uri)?.filter(|post| post.boost_of.is_none());
        named.extend(
            post.map(|post| {
                (post.id, plain_text::excerpt(&plain_text::from_html(&post.content), MAX_EXCERPT_GRAPHEMES))
            }),
        );
    }
    Ok(html! {
        li {
            p {
                @if report.ours { "You reported " (actor_widgets::mention(ctx, actor)) " " (actor_widgets::handle(actor)) @if report.forwarded { " to their server" } }
                @else { strong { bdi { (actor.host) } } " reports " (if named.is_empty() { "you" } else { "what you wrote" }) }
                " · " (formatting::relative_time(report.created_at, ctx.now))
            }
            @if !report.comment.is_empty() { blockquote { bdi { (report.comment) } } }
            @for (id, quote) in &named { p { a.about href={ "/post/" (id) } { bdi { (quote) } } } }
            @if !report.ours {
                form method="post" action="/reports" {
                    (ctx.token(""))
                    input type="hidden" name="report" value=(report.id);
                    @if report.closed_at.is_none() { button.quiet type="submit" name="do" value="close" { "Dealt with" } }
                    @else { span.note { (icon("check")) " Dealt with. " } button.plain type="submit" name="do" value="open" { "Take it up again" } }
                }
            }
        }
    })
}

/// `POST /reports`: closes a report, or takes it up again.
pub async fn close(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (id, close): (ReportId, bool) = (sent.fields.text("report").parse()?, sent.fields.text("do") == "close");
    run_blocking(&node, move |node| node.store.write(move |w| reports::close(w, id, close.then_some(w.now)))).await?;
    Ok(see_other("/reports"))
}

/// `GET /people/{id}/report`.
pub async fn report_form(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<ActorId>,
) -> Result<HttpResponse, PageError> {
    let id = id.into_inner();
    let markup = run_blocking(&node, move |node| form(node, &owner, id, None));
    Ok(layout::private(markup.await?))
}

fn form(node: &Node, owner: &Owner, id: ActorId, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let here = format!("/people/{id}");
        let ctx = PageContext::load(node, r, Some(owner), &here)?;
        let actor = actors::by_id(r, id)?;
        if ctx.is_owner(&actor) {
            return Err(Error::NotFound);
        }
        let recent = posts::by_actor(r, id, Viewer::Owner, posts::PostPage::first(MAX_POSTS_OFFERED))?;
        let mut cards = post_views::post_views(r, &recent)?;
        cards.retain(|card| card.boost.is_none());
        let body = html! {
            h1 { "Report " (actor_widgets::name(&ctx, &actor)) }
            @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
            p { "The people who run " strong { bdi { (actor.host) } } " are told. They learn that somebody here reports, not that it is you: the report is sent in the name of this server." }
            form.stack method="post" action={ (here) "/report" } {
                (ctx.token(""))
                label for="comment" { "What is the matter?" }
                textarea #comment name="comment" rows="4" maxlength=(MAX_COMMENT_CHARS) dir="auto" {}
                @if !cards.is_empty() {
                    fieldset {
                        legend { "Posts it is about" }
                        @for card in &cards {
                            label.check {
                                input type="checkbox" name="post" value=(card.post.id);
                                span { bdi { (post_card::quoted_post(card, MAX_EXCERPT_GRAPHEMES)) } " · " (formatting::relative_time(card.post.published_at, ctx.now)) }
                            }
                        }
                    }
                }
                label.check { input type="checkbox" name="block" value="yes"; " Block them as well" }
                button.main type="submit" { "Send the report to " (actor.host) }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Report", NavigationEntry::Elsewhere, body)).into_string())
    })
}

/// `POST /people/{id}/report`.
pub async fn send(node: web::Data<Node>, id: web::Path<ActorId>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (id, fields) = (id.into_inner(), sent.fields);
    let named: Vec<PostId> = fields.all("post").filter_map(|id| id.parse().ok()).take(MAX_REPORTED_POSTS).collect();
    run_blocking(&node, move |node| {
        publish::report(node, id, named, fields.text("comment").to_owned())?;
        if fields.has("block") { publish::block(node, id) } else { Ok(()) }
    })
    .await?;
    Ok(see_other("/reports"))
}
