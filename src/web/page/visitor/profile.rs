//! `/@NAME`: the owner's profile as visitors see it, with a form to follow from elsewhere.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, PreEscaped, html};

use crate::base::Result;
use crate::federation::Node;
use crate::store::actors::Actor;
use crate::store::posts::{self, Viewer};
use crate::store::timelines::filters::FilterContext;
use crate::store::{self, actors::own_counts, posts::post_views};
use crate::web::auth::MaybeOwner;
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::people::pinned::PinnedSection;
use crate::web::page::timeline::home::{self, TimelineQuery, pager};
use crate::web::page::{
    formatting,
    people::actor_widgets,
    post::{post_card, thread},
    visitor::meta,
};

/// `GET /@{name}`.
pub async fn show(
    node: web::Data<Node>,
    owner: MaybeOwner,
    name: web::Path<String>,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (name, window, here) = (name.into_inner(), window.into_inner(), request.uri().to_string());
    let session = owner.0.clone();
    let (markup, uri) = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, owner.0.as_ref(), &here)?.active_filters(r, FilterContext::Account)?;
            let actor = thread::owned_by(r, &name)?;
            let mut ids = posts::by_actor(r, actor.id, Viewer::Stranger, window.page())?;
            let beyond = window.without_extra_row(&mut ids);
            let top = PinnedSection::load(r, &actor, Viewer::Stranger, window.before.or(window.after))?;
            let mut cards = home::public_only(post_views::post_views(r, &ids)?);
            cards.retain(|card| !top.has(card));
            let settings = store::node::settings(r)?;
            let own = own_counts::get(r)?;
            let counts = ProfileCounts {
                posts: own.posts,
                following: settings.show_follows.then_some(own.following),
                followers: settings.show_follows.then_some(own.followers),
            };
            let beside = html! {
                @if ctx.session.is_some() { a.button href="/settings" { (icon("pen")) "Edit" } } @else { (follow_form(&actor)) }
            };
            let path = ctx.profile_path();
            let body = html! {
                (header(&ctx, &actor, &beside, &html! { (top.tags()) (profile_counts(&counts)) }))
                (top.posts(&ctx))
                @if cards.is_empty() && top.is_empty() { div.empty { p { "Nothing public here yet." } } } @else { (post_card::post_list(&ctx, &cards)) }
                (pager(&path, &ids, beyond))
            };
            let title = format!("{} (@{})", actor.name, actor.handle());
            let page = PageFrame { title, here: NavigationEntry::Profile, head: meta::of_profile(&ctx, &actor), body };
            Ok((layout::document(&ctx, &page).into_string(), actor.uri.clone()))
        })
    })
    .await?;
    let mut response = layout::visitors(session.as_ref());
    response.insert_header((header::LINK, meta::alternate(&uri)));
    Ok(response.body(markup))
}

/// The counts below a name; None where they are hidden.
pub struct ProfileCounts {
    /// Posts and boosts the viewer may see.
    pub posts: u32,
    /// People they follow.
    pub following: Option<u32>,
    /// People who follow them.
    pub followers: Option<u32>,
}

fn profile_counts(counts: &ProfileCounts) -> Markup {
    html! {
        p.tallies {
            span { (formatting::short_count(counts.posts.into(), "post")) }
            @if let Some(n) = counts.following { span { (formatting::number(n.into())) " following" } }
            @if let Some(n) = counts.followers { span { (formatting::short_count(n.into(), "follower")) } }
        }
    }
}

/// Images, name, handle, bio and fields of anyone. `beside` stands at the name, `below` under the fields.
pub fn header(ctx: &PageContext<'_>, actor: &Actor, beside: &Markup, below: &Markup) -> Markup {
    html! {
        header.profile.h-card {
            @if let Some(url) = ctx.owner_image(actor, actor.image.as_deref()) { img.banner src=(url) alt="" decoding="async"; }
            div.names {
                (actor_widgets::avatar(ctx, actor))
                div.who {
                    h1.p-name { (actor_widgets::name(ctx, actor)) }
                    (actor_widgets::handle(actor))
                    @if actor.kind == "Service" || actor.kind == "Application" { span.mark { "automated" } }
                    @if actor.kind == "Group" { span.mark { "group" } }
                }
                div.do { (beside) }
            }
            data.u-url.u-uid value=(actor.url) {}
            @if !actor.bio.is_empty() {
                div.bio.words.p-note dir="auto" { (PreEscaped(actor_widgets::emoji(ctx, &actor.bio, &actor.emoji))) }
            }
            (fields(ctx, actor))
            (below)
        }
    }
}

/// Links of the owner's own fields say `rel=me`, so that the other end can be checked.
fn fields(ctx: &PageContext<'_>, actor: &Actor) -> Markup {
    html! {
        @if !actor.fields.is_empty() {
            dl.fields {
                @for field in &actor.fields {
                    div {
                        dt { bdi { (PreEscaped(actor_widgets::emoji(ctx, &crate::text::escape(&field.name), &actor.emoji))) } }
                        dd { (PreEscaped(actor_widgets::emoji(ctx, &field_value(ctx, actor, &field.value), &actor.emoji))) }
                    }
                }
            }
        }
    }
}

fn field_value(ctx: &PageContext<'_>, actor: &Actor, value: &str) -> String {
    if ctx.is_owner(actor) && !value.contains("rel=\"me") {
        value.replace("rel=\"", "rel=\"me ")
    } else {
        value.to_owned()
    }
}

/// Follow from another server: the visitor's own handle is all we need.
fn follow_form(actor: &Actor) -> Markup {
    html! {
        details.follow {
            summary.button.main { "Follow" }
            form.remote method="post" action={ "/@" (actor.username) "/follow" } {
                label for="handle" { "Your own handle" }
                div.line {
                    input #handle type="text" name="handle" placeholder="@you@your.server" required maxlength="300"
                        autocapitalize="off" autocomplete="username" spellcheck="false" inputmode="email";
                    button.main type="submit" { "Go on" }
                }
                p.note { "Your server will ask whether you want to follow " (actor_widgets::handle(actor)) "." }
            }
        }
    }
}
