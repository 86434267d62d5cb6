//! `/tags/{name}`: posts with a hashtag, and following it; `/tags`: followed hashtags.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};

use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::{Node, owner::tags as acts};
use crate::store::timelines::filters::FilterContext;
use crate::store::timelines::public_timelines::{self, MediaFilter, TagSelection, TimelineOrigin};
use crate::store::{
    Read, node as facts,
    posts::{self, post_views},
    timelines::tags,
};
use crate::text::{MAX_HASHTAG_CHARS, scan};
use crate::web::auth::{MaybeOwner, Owner, local_path, see_other};
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::form::OwnerForm;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::post::post_card;
use crate::web::page::post::thread::thread_query;
use crate::web::page::timeline::home::{self, TimelineQuery, pager};

/// `GET /tags/{name}`.
pub async fn show(
    node: web::Data<Node>,
    owner: MaybeOwner,
    name: web::Path<String>,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (name, window, here) = (name.into_inner(), window.into_inner(), request.uri().to_string());
    let session = owner.0.clone();
    let markup = run_blocking(&node, move |node| {
        let shown = name.trim_start_matches('#');
        if shown.is_empty() || shown.chars().count() > MAX_HASHTAG_CHARS {
            return Err(Error::NotFound);
        }
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, owner.0.as_ref(), &here)?.active_filters(r, FilterContext::Public)?;
            let key = scan::tag_key(shown);
            let mut ids = ids(r, &ctx, &key, window)?;
            let beyond = window.without_extra_row(&mut ids);
            let mut cards = post_views::post_views(r, &ids)?;
            if ctx.session.is_none() {
                cards = home::public_only(cards);
            }
            let body = html! {
                h1 { bdi { "#" (shown) } }
                @if ctx.session.is_some() && scan::whole_tag(shown).is_some() { (follow_state(r, &ctx, &key, shown)?) }
                @if cards.is_empty() {
                    div.empty { p { "No public posts here with this hashtag." } }
                } @else { (post_card::post_list(&ctx, &cards)) }
                (pager(&format!("/tags/{}", thread_query(shown)), &ids, beyond))
            };
            let page = PageFrame::new(format!("#{shown}"), NavigationEntry::Elsewhere, body);
            Ok(layout::document(&ctx, &page).into_string())
        })
    });
    let markup = markup.await?;
    Ok(layout::visitors(session.as_ref()).body(markup))
}

fn ids(r: &Read<'_>, ctx: &PageContext<'_>, key: &str, window: TimelineQuery) -> Result<Vec<PostId>> {
    if ctx.session.is_none() {
        return posts::by_actor_with_hashtag(r, facts::owner(r)?, key, window.page());
    }
    let tags = TagSelection { any: vec![key.to_owned()], ..TagSelection::default() };
    public_timelines::tagged_page(r, &tags, TimelineOrigin::All, MediaFilter::Any, window.page())
}

/// The button that follows a hashtag, or stops.
fn follow_state(r: &Read<'_>, ctx: &PageContext<'_>, key: &str, shown: &str) -> Result<Markup> {
    let followed = tags::get(r, key)?.is_some();
    Ok(html! {
        div.ties {
            div.tie {
                span {
                    @if followed { "You follow this hashtag: public posts with it come home when they arrive here." }
                    @else { "Public posts with it that came by here." }
                    " " a href="/tags" { "All you follow" } "."
                }
                (apply_action(ctx, shown, if followed { ("unfollow", "Unfollow") } else { ("follow", "Follow") }))
            }
        }
    })
}

fn apply_action(ctx: &PageContext<'_>, shown: &str, (act, word): (&str, &str)) -> Markup {
    html! {
        form method="post" action={ "/tags/" (thread_query(shown)) "/" (act) } {
            (ctx.token(""))
            button.button type="submit" aria-label={ (word) " #" (shown) } { (word) }
        }
    }
}

/// `GET /tags`.
pub async fn followed(node: web::Data<Node>, owner: Owner, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let here = request.uri().to_string();
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), &here)?;
            let list = tags::page(r, None, None, None, tags::MAX_FOLLOWED_TAGS)?;
            let body = html! {
                h1 { "Hashtags you follow" }
                @if list.is_empty() {
                    div.empty { p { "None so far. " a href="/find" { "Find" } " one, such as " code { "#knitting" } ", and press “Follow”." } }
                } @else {
                    p.note { "Public posts with them come home when they arrive here: by people you follow, in threads, or by "
                        a href="/settings/relays" { "relays" } ". Nobody is told." }
                    ul.rows {
                        @for tag in &list {
                            li.line {
                                a rel="tag" href={ "/tags/" (thread_query(&tag.name)) } { bdi { "#" (tag.display_name) } }
                                (apply_action(&ctx, &tag.display_name, ("unfollow", "Unfollow")))
                            }
                        }
                    }
                }
            };
            Ok(layout::document(&ctx, &PageFrame::new("Hashtags you follow", NavigationEntry::Find, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// `POST /tags/{name}/{act}`: follow, unfollow. Leads back to where the button was.
pub async fn follow_or_unfollow(
    node: web::Data<Node>,
    path: web::Path<(String, String)>,
    sent: OwnerForm,
) -> Result<HttpResponse, PageError> {
    let (name, act) = path.into_inner();
    let back = local_path(sent.fields.text("back")).to_owned();
    run_blocking(&node, move |node| match act.as_str() {
        "follow" => acts::follow(node, name),
        "unfollow" => acts::unfollow(node, scan::tag_key(&name)),
        _ => Err(Error::NotFound),
    })
    .await?;
    Ok(see_other(&back))
}
