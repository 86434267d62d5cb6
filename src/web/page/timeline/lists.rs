//! `/lists`, `/lists/{id}` and `/lists/{id}/edit`: the owner's lists.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{ActorId, ListId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::list::{self, ListChange, MAX_TITLE_CHARS};
use crate::store::actors::follows::{self, FollowList as Ties};
use crate::store::actors::{self, Actor};
use crate::store::timelines::filters::FilterContext;
use crate::store::timelines::lists::{self, ListReplies, StoredList};
use crate::store::{Read, posts::post_views};
use crate::text::Handle;
use crate::web::auth::{Owner, local_path, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::timeline::home::{TimelineQuery, pager};
use crate::web::page::{
    formatting,
    people::{actor_widgets, tabs},
    post::post_card,
};

/// People on one page of a list's members.
const MEMBERS_PER_PAGE: u32 = 100;
/// Followed people a browser may offer while a handle is typed.
const MAX_SUGGESTIONS: u32 = 500;

/// The query: what was saved.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    saved: Option<String>,
    after: Option<i64>,
}

impl ListQuery {
    fn list_change(&self) -> Markup {
        html! { @if self.saved.is_some() { p.done role="status" { (icon("check")) " Done." } } }
    }
}

/// `GET /lists`.
pub async fn all(node: web::Data<Node>, owner: Owner, saved: web::Query<ListQuery>) -> Result<HttpResponse, PageError> {
    let said = saved.list_change();
    Ok(layout::private(run_blocking(&node, move |node| list_overview(node, &owner, &said)).await?))
}

fn list_overview(node: &Node, owner: &Owner, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/lists")?;
        let mut rows = Vec::new();
        for one in lists::all(r)? {
            rows.push((lists::count(r, one.id)?, one));
        }
        let body = html! {
            h1 { "People" }
            (tabs::tabs(r, &ctx, owner.actor, "/lists")?)
            (said)
            @if rows.is_empty() {
                div.empty { p { "A list gathers some of those you follow on a page of its own. Nobody is told who is in it." } }
            }
            ul.rows { @for (count, one) in &rows {
                li.line {
                    div {
                        p { a href={ "/lists/" (one.id) } { strong { bdi { (one.title) } } } }
                        p.note { (if *count == 1 { "1 person".to_owned() } else { format!("{} people", formatting::number((*count).into())) }) @if one.exclusive { " · not at home" } }
                    }
                    a.button.quiet href={ "/lists/" (one.id) "/edit" } aria-label={ "Edit: " (one.title) } { "Edit" }
                }
            } }
            section.section {
                h2 { "A new list" }
                form.stack method="post" action="/lists" {
                    (ctx.token(""))
                    label for="title" { "Name" }
                    input #title type="text" name="title" required maxlength=(MAX_TITLE_CHARS) autocomplete="off";
                    button.main type="submit" { "Create" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Lists", NavigationEntry::People, body)).into_string())
    })
}

/// `GET /lists/{id}`.
pub async fn read(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<ListId>,
    window: web::Query<TimelineQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (id, window, here) = (id.into_inner(), window.into_inner(), request.uri().to_string());
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let list = lists::by_id(r, id)?;
            let ctx = PageContext::load(node, r, Some(&owner), &here)?.active_filters(r, FilterContext::Home)?;
            let mut ids = lists::page(r, &list, window.page())?;
            let beyond = window.without_extra_row(&mut ids);
            let cards = post_views::post_views(r, &ids)?;
            let body = html! {
                h1 { bdi { (list.title) } }
                p { a href={ "/lists/" (id) "/edit" } { "Edit the list" } }
                @if cards.is_empty() {
                    div.empty { p { "Nothing has come from here yet. " a href={ "/lists/" (id) "/edit" } { "Add somebody" } "." } }
                } @else { (post_card::post_list(&ctx, &cards)) }
                (pager(&format!("/lists/{id}"), &ids, beyond))
            };
            Ok(layout::document(&ctx, &PageFrame::new(list.title.clone(), NavigationEntry::People, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

/// `GET /lists/{id}/edit`.
pub async fn edit(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<ListId>,
    saved: web::Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let (id, said, after) = (id.into_inner(), saved.list_change(), saved.after);
    Ok(layout::private(run_blocking(&node, move |node| form(node, &owner, id, after, &said)).await?))
}

fn form(node: &Node, owner: &Owner, id: ListId, after: Option<i64>, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let list = lists::by_id(r, id)?;
        let ctx = PageContext::load(node, r, Some(owner), &format!("/lists/{id}/edit"))?;
        let mut members = lists::members(r, id, after, None, MEMBERS_PER_PAGE + 1)?;
        let more = members.len() > MEMBERS_PER_PAGE as usize;
        members.truncate(MEMBERS_PER_PAGE as usize);
        let mut inside = actors::by_ids(r, &members)?;
        inside.sort_by_key(|actor| std::cmp::Reverse(actor.id));
        let body = html! {
            h1 { bdi { (list.title) } }
            p { a href={ "/lists/" (id) } { "Read it" } " · " a href="/lists" { "All lists" } }
            (said)
            (rules(&ctx, &list))
            section.section {
                h2 { "Who is in it" }
                (add(r, &ctx, id, owner.actor)?)
                @if inside.is_empty() { p.note { "Nobody yet." } }
                ul.people { @for actor in &inside { (actor_widgets::row(&ctx, actor, &button(&ctx, id, actor, "take", "Remove"))) } }
                @if let (true, Some(last)) = (more, members.last()) {
                    nav.pager aria-label="More people" { a rel="next" href={ "/lists/" (id) "/edit?after=" (last) } { "More" } }
                }
            }
            section.section {
                form method="post" action={ "/lists/" (id) "/edit" } {
                    (ctx.token(""))
                    input type="hidden" name="act" value="remove";
                    button.quiet type="submit" { "Remove this list" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new(list.title.clone(), NavigationEntry::People, body)).into_string())
    })
}

fn rules(ctx: &PageContext<'_>, list: &StoredList) -> Markup {
    let whose = |replies: ListReplies| match replies {
        ListReplies::Followed => "to anyone you follow",
        ListReplies::List => "to people in the list",
        ListReplies::Nobody => "to nobody else",
    };
    html! {
        form.stack method="post" action={ "/lists/" (list.id) "/edit" } {
            (ctx.token(""))
            input type="hidden" name="act" value="change";
            label for="title" { "Name" }
            input #title type="text" name="title" value=(list.title) required maxlength=(MAX_TITLE_CHARS) autocomplete="off";
            label for="replies" { "Their replies are shown" }
            select #replies name="replies" {
                @for one in ListReplies::ALL { option value=(one.word()) selected[one == list.replies] { (whose(one)) } }
            }
            p.note { "Replies to you, and to their own posts, always are." }
            label.check { input type="checkbox" name="exclusive" value="yes" checked[list.exclusive]; " What they bring from now on stays off the home timeline" }
            button.main type="submit" { "Save" }
        }
    }
}

/// A field for a handle; the browser offers those of the followed.
fn add(r: &Read<'_>, ctx: &PageContext<'_>, id: ListId, owner: ActorId) -> Result<Markup> {
    let known = follows::page(r, owner, Ties::Following, None, None, MAX_SUGGESTIONS)?;
    let known = actors::by_ids(r, &known.iter().map(|(_, id)| *id).collect::<Vec<_>>())?;
    Ok(html! {
        form.stack method="post" action={ "/lists/" (id) "/edit" } {
            (ctx.token(""))
            input type="hidden" name="act" value="put";
            label for="handle" { "An account you follow" }
            div.line {
                input #handle type="text" name="handle" list="followed" required placeholder="@name@example.org" autocapitalize="off" autocomplete="off" spellcheck="false";
                button type="submit" { "Add" }
            }
            datalist #followed { @for actor in &known { option value={ "@" (actor.handle()) } { (actor.name) } } }
        }
    })
}

fn button(ctx: &PageContext<'_>, id: ListId, actor: &Actor, act: &str, word: &str) -> Markup {
    html! {
        form method="post" action={ "/lists/" (id) "/edit" } {
            (ctx.token(""))
            input type="hidden" name="act" value=(act);
            input type="hidden" name="person" value=(actor.id);
            button.button.quiet type="submit" aria-label={ (word) ": " (actor.name) } { (word) }
        }
    }
}

/// On the profile of a followed account: its lists, and lists it can be added to.
pub fn of_person(r: &Read<'_>, ctx: &PageContext<'_>, actor: &Actor) -> Result<Markup> {
    let (all, theirs) = (lists::all(r)?, lists::of_member(r, actor.id)?);
    let names: Vec<&str> = theirs.iter().map(|list| list.title.as_str()).collect();
    Ok(html! {
        @if !all.is_empty() {
            details.lists {
                summary { (icon("thread")) span { @if names.is_empty() { "In no list" } @else { "In " bdi { (names.join(", ")) } } } }
                ul.rows { @for list in &all {
                    li.line {
                        a href={ "/lists/" (list.id) } { bdi { (list.title) } }
                        @match theirs.contains(list) {
                            true => (button(ctx, list.id, actor, "take", "Remove")),
                            false => (button(ctx, list.id, actor, "put", "Add")),
                        }
                    }
                } }
            }
        }
    })
}

/// `POST /lists`: a new one.
pub async fn create(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, fields } = sent;
    let done = run_blocking(&node, move |node| {
        let change = ListChange { title: Some(fields.text("title").to_owned()), ..ListChange::default() };
        match node.store.write(move |w| list::create_list(w, &change)) {
            Ok(list) => Ok(Ok(list.id)),
            Err(problem @ Error::Internal(_)) => Err(problem),
            Err(problem) => list_overview(node, &owner, &error_page(&problem)).map(Err),
        }
    });
    Ok(match done.await? {
        Ok(id) => see_other(&format!("/lists/{id}/edit")),
        Err(markup) => layout::refused(markup),
    })
}

fn error_page(problem: &Error) -> Markup {
    html! { p.problem role="alert" { (capitalized(&error_sentence(problem))) } }
}

/// `POST /lists/{id}/edit`: change, put, take, remove.
pub async fn save(node: web::Data<Node>, id: web::Path<ListId>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (id, OwnerForm { owner, fields }) = (id.into_inner(), sent);
    let back = match fields.text("act") {
        "remove" => "/lists?saved=yes".to_owned(),
        "put" | "take" if fields.has("person") => local_path(fields.text("back")).to_owned(),
        _ => format!("/lists/{id}/edit?saved=yes"),
    };
    let refused = run_blocking(&node, move |node| match apply(node, id, &fields) {
        Ok(()) => Ok(None),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => form(node, &owner, id, None, &error_page(&problem)).map(Some),
    });
    Ok(match refused.await? {
        None => see_other(&back),
        Some(markup) => layout::refused(markup),
    })
}

fn apply(node: &Node, id: ListId, fields: &FormFields) -> Result<()> {
    match fields.text("act") {
        "change" => {
            let change = ListChange {
                title: Some(fields.text("title").to_owned()),
                replies: ListReplies::from_word(fields.text("replies")),
                exclusive: Some(fields.has("exclusive")),
            };
            node.store.write(move |w| list::change_list(w, id, &change)).map(drop)
        }
        "put" => {
            let who = chosen_actor(node, fields)?;
            let put = node.store.write(move |w| list::add_members(w, id, &[who]));
            put.map_err(|problem| match problem {
                Error::NotFound => Error::invalid("only people you follow come into a list"),
                Error::Invalid(_) => Error::invalid("they are in the list, or the list is full"),
                other => other,
            })
        }
        "take" => {
            let who = chosen_actor(node, fields)?;
            node.store.write(move |w| list::remove_members(w, id, &[who]))
        }
        "remove" => node.store.write(move |w| lists::remove(w, id)),
        _ => Err(Error::NotFound),
    }
}

/// The chosen actor: by button or handle.
fn chosen_actor(node: &Node, fields: &FormFields) -> Result<ActorId> {
    if fields.has("person") {
        return fields.text("person").parse();
    }
    let line = fields.line("handle");
    let handle = Handle::parse(line.trim_start_matches('@'))
        .ok_or_else(|| Error::invalid("a handle looks like @name@example.org"))?;
    let host = handle.host.as_deref().unwrap_or(&node.facts.origin.domain);
    let found = node.store.read(|r| actors::by_handle(r, &handle.name, host))?;
    found
        .map(|actor| actor.id)
        .ok_or_else(|| Error::invalid("no account with that name is known here: follow it first"))
}
