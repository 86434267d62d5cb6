//! A post with its ancestors and replies: `/post/{id}` for the owner, `/@NAME/{id}` for everyone, where only the public
//! part is shown and a private post is a 404.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::remote::backfill::{self, BackfillJob};
use crate::store::posts::post_views::{self, PostView};
use crate::store::posts::{self, ThreadLimits, Viewer};
use crate::store::timelines::filters::FilterContext;
use crate::store::{self, Read, actors};
use crate::text::plain_text;
use crate::web::auth::{MaybeOwner, Owner};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::post::post_card::{self, CardPlacement};
use crate::web::page::{compose, people::actor_widgets, timeline::home, visitor::meta};

/// Maximum indentation of replies.
const MAX_INDENT: usize = 4;
/// Graphemes of a post in a window's title.
const MAX_TITLE_GRAPHEMES: usize = 60;

/// A post and its replies, recursively.
struct ThreadBranch {
    card: PostView,
    answers: Vec<ThreadBranch>,
}

/// Everything about one post that `viewer` may see.
struct ThreadView {
    above: Vec<PostView>,
    focus: PostView,
    below: Vec<ThreadBranch>,
}

fn load(r: &Read<'_>, id: PostId, viewer: Viewer) -> Result<ThreadView> {
    let focus = post_views::single_view(r, id)?;
    if viewer == Viewer::Stranger && !focus.post.audience.is_open() {
        return Err(Error::NotFound);
    }
    let id = focus.post.id;
    let seen = |list: Vec<PostView>| if viewer == Viewer::Stranger { home::public_only(list) } else { list };
    let above = seen(post_views::post_views(r, &posts::ancestors(r, id, viewer, ThreadLimits::FOR_PAGE)?)?);
    let pairs = posts::descendants(r, id, viewer, ThreadLimits::FOR_PAGE)?;
    let below = seen(post_views::post_views(r, &pairs.iter().map(|(id, _)| *id).collect::<Vec<_>>())?);
    let below = build_tree(&focus, below, &pairs);
    Ok(ThreadView { above, focus, below })
}

/// Builds the tree of replies: the author's own first, then the rest, each oldest first.
fn build_tree(root: &PostView, cards: Vec<PostView>, pairs: &[(PostId, PostId)]) -> Vec<ThreadBranch> {
    let parents: HashMap<PostId, PostId> = pairs.iter().copied().collect();
    let mut under: HashMap<PostId, Vec<PostView>> = HashMap::new();
    for card in cards {
        if let Some(parent) = parents.get(&card.post.id) {
            under.entry(*parent).or_default().push(card);
        }
    }
    branches(root, &mut under)
}

/// Removes its posts from `under`, so that a circle of replies ends.
fn branches(parent: &PostView, under: &mut HashMap<PostId, Vec<PostView>>) -> Vec<ThreadBranch> {
    let mut answers = under.remove(&parent.post.id).unwrap_or_default();
    answers.sort_by_key(|card| (card.author.id != parent.author.id, card.post.id));
    answers
        .into_iter()
        .map(|card| {
            let answers = branches(&card, under);
            ThreadBranch { card, answers }
        })
        .collect()
}

/// `GET /post/{id}`: any post, for the owner.
pub async fn for_owner(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<PostId>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (id, here) = (id.into_inner(), request.uri().path().to_owned());
    let markup = run_blocking(&node, move |node| {
        backfill::enqueue(node, BackfillJob::Thread(id));
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?.active_filters(r, FilterContext::Thread)?;
            let thread = load(r, id, Viewer::Owner)?;
            let filled = compose::ComposeFields::for_reply(r, &ctx, &thread.focus)?;
            let answer = html! { section.answer aria-label="Reply" { (compose::form(&ctx, &filled)) } };
            let page = PageFrame::new(title(&thread.focus), NavigationEntry::Elsewhere, body(&ctx, &thread, &answer));
            Ok(layout::document(&ctx, &page).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// `GET /@{name}/{id}`: a post of the owner's, for everyone.
pub async fn show(
    node: web::Data<Node>,
    owner: MaybeOwner,
    path: web::Path<(String, PostId)>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let ((name, id), here) = (path.into_inner(), request.uri().path().to_owned());
    let session = owner.0.clone();
    let (markup, uri) = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, owner.0.as_ref(), &here)?.active_filters(r, FilterContext::Thread)?;
            let author = owned_by(r, &name)?;
            let thread = load(r, id, owner.viewer())?;
            if thread.focus.author.id != author.id || thread.focus.boost.is_some() {
                return Err(Error::NotFound);
            }
            let uri = thread.focus.post.uri.clone();
            let page = PageFrame {
                title: title(&thread.focus),
                here: NavigationEntry::Elsewhere,
                head: meta::of_post(&ctx, &thread.focus),
                body: body(&ctx, &thread, &html! {}),
            };
            Ok((layout::document(&ctx, &page).into_string(), uri))
        })
    })
    .await?;
    let mut response = layout::visitors(session.as_ref());
    response.insert_header((header::LINK, meta::alternate(&uri)));
    Ok(response.body(markup))
}

/// The owner, if the name matches (case-insensitive).
pub fn owned_by(r: &Read<'_>, name: &str) -> Result<actors::Actor> {
    let owner = actors::by_id(r, store::node::owner(r)?)?;
    if owner.username.eq_ignore_ascii_case(name) { Ok(owner) } else { Err(Error::NotFound) }
}

fn title(card: &PostView) -> String {
    let words = match &card.post.warning {
        Some(warning) => warning.clone(),
        None => plain_text::from_html(&card.post.content).split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let words = plain_text::excerpt(&words, MAX_TITLE_GRAPHEMES);
    if words.is_empty() { format!("A post by {}", card.author.name) } else { format!("{}: {words}", card.author.name) }
}

fn body(ctx: &PageContext<'_>, thread: &ThreadView, answer: &Markup) -> Markup {
    html! {
        h1.hidden { "Thread" }
        div.thread {
            @if thread.focus.post.reply_to_uri.is_some() && thread.above.is_empty() { (missing_parent(ctx, thread)) }
            @if !thread.above.is_empty() {
                div.ancestors { @for card in &thread.above { (post_card::card(ctx, card, CardPlacement::List)) } }
            }
            (post_card::card(ctx, &thread.focus, CardPlacement::Focus))
            (answer)
            @if !thread.below.is_empty() {
                h2.hidden { "Replies" }
                (thread_markup(ctx, &thread.below, 0))
            }
        }
    }
}

/// A note that ancestors are missing.
fn missing_parent(ctx: &PageContext<'_>, thread: &ThreadView) -> Markup {
    let uri = thread.focus.post.reply_to_uri.as_deref().unwrap_or_default();
    html! {
        p.gap {
            "This replies to a post that is not here. "
            @if ctx.session.is_some() {
                a href={ "/find?q=" (thread_query(uri)) } { "Fetch it" }
            } @else { a href=(actor_widgets::remote_link(uri)) rel="nofollow noopener" { "See it where it was written" } }
        }
    }
}

/// A percent-encoded query value.
pub fn thread_query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn thread_markup(ctx: &PageContext<'_>, branches: &[ThreadBranch], depth: usize) -> Markup {
    html! {
        ol.answers-list.flat[depth >= MAX_INDENT] {
            @for branch in branches {
                li {
                    (post_card::card(ctx, &branch.card, CardPlacement::List))
                    @if !branch.answers.is_empty() { (thread_markup(ctx, &branch.answers, depth + 1)) }
                }
            }
        }
    }
}
