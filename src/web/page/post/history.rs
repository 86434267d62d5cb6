//! Edit history of a post: `/post/{id}/history` for the owner, `/@NAME/{id}/history` for everyone who may read it.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, PreEscaped, html};

use crate::base::id::PostId;
use crate::base::{Error, Result, Time};
use crate::federation::Node;
use crate::store::posts::Viewer;
use crate::store::posts::post_edits::{self, PostEdit};
use crate::store::posts::post_views::{self, PostView};
use crate::web::auth::{MaybeOwner, Owner};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::formatting;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::post::post_card;
use crate::web::page::post::thread::owned_by;

/// The path of the edit history, if the post was edited.
pub fn path(ctx: &PageContext<'_>, card: &PostView) -> Option<String> {
    card.post.edited_at?;
    let ours = ctx.session.is_some() || ctx.is_owner(&card.author);
    ours.then(|| format!("{}/history", post_card::path(ctx, card)))
}

/// `GET /post/{id}/history`: of any post, for the owner.
pub async fn for_owner(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<PostId>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (id, here) = (id.into_inner(), request.uri().path().to_owned());
    let markup = run_blocking(&node, move |node| page(node, Some(&owner), id, None, &here));
    Ok(layout::private(markup.await?))
}

/// `GET /@{name}/{id}/history`: of the owner's posts, for everyone who may read them.
pub async fn show(
    node: web::Data<Node>,
    owner: MaybeOwner,
    path: web::Path<(String, PostId)>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let ((name, id), here) = (path.into_inner(), request.uri().path().to_owned());
    let session = owner.0.clone();
    let markup = run_blocking(&node, move |node| page(node, owner.0.as_ref(), id, Some(&name), &here));
    Ok(layout::visitors(session.as_ref()).body(markup.await?))
}

fn page(node: &Node, owner: Option<&Owner>, id: PostId, name: Option<&str>, here: &str) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, owner, here)?;
        let card = post_views::single_view(r, id)?;
        let viewer = if owner.is_some() { Viewer::Owner } else { Viewer::Stranger };
        if viewer == Viewer::Stranger && !card.post.audience.is_open() {
            return Err(Error::NotFound);
        }
        if let Some(name) = name
            && (owned_by(r, name)?.id != card.author.id || card.boost.is_some())
        {
            return Err(Error::NotFound);
        }
        let before = post_edits::list(r, card.post.id)?;
        let body = html! {
            h1.quiet { "What this post said" }
            p.note { a href=(post_card::path(&ctx, &card)) { "Back to the post" } }
            ol.editions {
                (version(&ctx, &card, &post_edits::current_version(&card), &html! { " " span.mark { "now" } }))
                @for one in before.iter().rev() { (version(&ctx, &card, one, &html! {})) }
            }
            @if before.is_empty() && card.post.edited_at.is_some() { p.note { "It was edited before it came here; what it said then is not known." } }
        };
        Ok(layout::document(&ctx, &PageFrame::new("History", NavigationEntry::Elsewhere, body)).into_string())
    })
}

fn version(ctx: &PageContext<'_>, card: &PostView, one: &PostEdit, mark: &Markup) -> Markup {
    html! {
        li {
            p.note { (changed_since(one.written_at, ctx.now)) (mark) }
            @if let Some(title) = &one.title { h2.title { bdi { (title) } } }
            @if let Some(warning) = &one.warning { p.answers { (icon("warning")) bdi { (warning) } } }
            div.words lang=[card.post.language.as_deref()] dir="auto" { (PreEscaped(post_card::body(ctx, card, &one.content))) }
            @if !one.poll.is_empty() { ul { @for option in &one.poll { li { bdi { (option) } } } } }
            @for file in &one.media {
                p.file { (icon("file")) (crate::web::page::post::attachments::noun(&file.media_type)) @if !file.alt.trim().is_empty() { ": " bdi { (file.alt.trim()) } } }
            }
        }
    }
}

fn changed_since(at: Time, now: Time) -> Markup {
    html! { "Since " (formatting::relative_time(at, now)) }
}
