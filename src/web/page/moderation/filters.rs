//! `/filters` and `/filters/{id}`: the owner's filters.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{FilterId, FilteredId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::list::MAX_TITLE_CHARS;
use crate::social::moderation::filter::{self, FilterChange, KeywordChange, has_expired};
use crate::store::timelines::filters::{self, Filter, FilterAction, FilterContext, FilterContexts, FilterKeyword};
use crate::store::{Read, posts::post_views};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::{formatting, post::post_card};

const HOUR: Duration = Duration::from_hours(1);
/// Durations offered for a filter.
const FILTER_DURATIONS: [(&str, &str, Duration); 5] = [
    ("half-hour", "for half an hour", Duration::from_secs(1800)),
    ("hours", "for six hours", HOUR.saturating_mul(6)),
    ("day", "for a day", HOUR.saturating_mul(24)),
    ("week", "for a week", HOUR.saturating_mul(24 * 7)),
    ("month", "for a month", HOUR.saturating_mul(24 * 30)),
];
/// Graphemes quoted of a post.
const MAX_EXCERPT_GRAPHEMES: usize = 100;

/// The query: what was saved.
#[derive(Debug, Deserialize)]
pub struct FilterQuery {
    saved: Option<String>,
}

impl FilterQuery {
    fn filter_change(&self) -> Markup {
        html! { @if self.saved.is_some() { p.done role="status" { (icon("check")) " Done." } } }
    }
}

fn contexts_text(context: FilterContext) -> &'static str {
    match context {
        FilterContext::Home => "At home and in lists",
        FilterContext::Notifications => "In notifications",
        FilterContext::Public => "Public timelines (hashtags, federated timeline)",
        FilterContext::Thread => "In threads",
        FilterContext::Account => "On profiles",
    }
}

fn action_text(action: FilterAction) -> &'static str {
    match action {
        FilterAction::Warn => "Hide with a warning",
        FilterAction::Hide => "Do not show it at all",
        FilterAction::Blur => "Blur only its images",
    }
}

/// `GET /filters`.
pub async fn all(
    node: web::Data<Node>,
    owner: Owner,
    saved: web::Query<FilterQuery>,
) -> Result<HttpResponse, PageError> {
    let said = saved.filter_change();
    Ok(layout::private(run_blocking(&node, move |node| list(node, &owner, &said)).await?))
}

fn list(node: &Node, owner: &Owner, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/filters")?;
        let keywords = filters::keywords(r)?;
        let all = filters::all(r)?;
        let body = html! {
            h1 { "Filters" }
            (said)
            p { "What you do not want to read, here and in every app: posts with these words are hidden behind a warning, or not shown. Nobody else is told." }
            @if !all.is_empty() { ul.rows { @for one in &all { (row(&ctx, one, &keywords)) } } }
            section.section {
                h2 { "A new filter" }
                form.stack method="post" action="/filters" {
                    (ctx.token(""))
                    (fields(&ctx, None, &[]))
                    button.main type="submit" { "Create" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Filters", NavigationEntry::Settings, body)).into_string())
    })
}

fn row(ctx: &PageContext<'_>, one: &Filter, keywords: &[FilterKeyword]) -> Markup {
    let own = keywords.iter().filter(|keyword| keyword.filter_id == one.id).count();
    html! {
        li.line {
            div {
                p { a href={ "/filters/" (one.id) } { strong { bdi { (one.title) } } } }
                p.note { (formatting::short_count(own as u64, "word")) " · " (action_text(one.action)) " · " (until(ctx, one)) }
            }
        }
    }
}

fn until(ctx: &PageContext<'_>, one: &Filter) -> String {
    match one.until_at {
        None => "forever".to_owned(),
        Some(_) if has_expired(one, ctx.now) => "it is over".to_owned(),
        Some(at) => format!("ends {}", formatting::time_until(at, ctx.now)),
    }
}

/// The fields of a filter. Keywords are in two boxes, one per line: whole words, and parts of words.
fn fields(ctx: &PageContext<'_>, of: Option<&Filter>, keywords: &[FilterKeyword]) -> Markup {
    let lines = |whole: bool| {
        let own = keywords.iter().filter(|keyword| keyword.whole == whole).map(|keyword| keyword.keyword.as_str());
        own.collect::<Vec<_>>().join("\n")
    };
    let holds = |context| of.map_or(context != FilterContext::Account, |one| one.contexts.has(context));
    let action = of.map_or(FilterAction::Warn, |one| one.action);
    let ends = of.filter(|one| one.until_at.is_some());
    html! {
        label for="title" { "Name" }
        input #title type="text" name="title" value=[of.map(|one| &one.title)] required maxlength=(MAX_TITLE_CHARS) autocomplete="off";
        label for="whole" { "Words, one a line" }
        textarea #whole name="whole" rows="4" dir="auto" spellcheck="false" { "\n" (lines(true)) }
        label for="parts" { "Parts of words, one a line" }
        textarea #parts name="parts" rows="2" dir="auto" spellcheck="false" { "\n" (lines(false)) }
        p.note { "A word is found in capitals, too. Looked through are the text, the content warning, polls and the descriptions of pictures." }
        fieldset {
            legend { "Where" }
            @for context in FilterContext::ALL {
                label.check { input type="checkbox" name="context" value=(context.word()) checked[holds(context)]; " " (contexts_text(context)) }
            }
        }
        fieldset {
            legend { "What becomes of a post" }
            @for one in FilterAction::ALL {
                label.check { input type="radio" name="action" value=(one.word()) checked[one == action]; " " (action_text(one)) }
            }
        }
        label for="length" { "How long" }
        select #length name="length" {
            @if let Some(one) = ends { option value="kept" selected { (until(ctx, one)) } }
            option value="ever" selected[ends.is_none()] { "forever" }
            @for (value, name, _) in FILTER_DURATIONS { option value=(value) { (name) } }
        }
    }
}

/// `GET /filters/{id}`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<FilterId>,
    saved: web::Query<FilterQuery>,
) -> Result<HttpResponse, PageError> {
    let (id, said) = (id.into_inner(), saved.filter_change());
    Ok(layout::private(run_blocking(&node, move |node| one(node, &owner, id, &said)).await?))
}

fn one(node: &Node, owner: &Owner, id: FilterId, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let filter = filters::by_id(r, id)?;
        let ctx = PageContext::load(node, r, Some(owner), &format!("/filters/{id}"))?;
        let body = html! {
            h1 { bdi { (filter.title) } }
            p { a href="/filters" { "All filters" } }
            (said)
            section.section {
                form.stack method="post" action={ "/filters/" (id) } {
                    (ctx.token(""))
                    input type="hidden" name="act" value="change";
                    (fields(&ctx, Some(&filter), &filters::keywords_of(r, id)?))
                    button.main type="submit" { "Save" }
                }
            }
            (chosen_contexts(r, &ctx, id)?)
            section.section {
                form method="post" action={ "/filters/" (id) } {
                    (ctx.token(""))
                    input type="hidden" name="act" value="remove";
                    button.quiet type="submit" { "Remove this filter" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new(filter.title.clone(), NavigationEntry::Settings, body)).into_string())
    })
}

/// Posts added to the filter by an app.
fn chosen_contexts(r: &Read<'_>, ctx: &PageContext<'_>, id: FilterId) -> Result<Markup> {
    let posts = filters::posts_of(r, id)?;
    let cards = post_views::post_views(r, &posts.iter().map(|one| one.post_id).collect::<Vec<_>>())?;
    Ok(html! {
        @if !posts.is_empty() {
            section.section {
                h2 { "Posts under it" }
                ul.rows { @for one in &posts {
                    @let known = cards.iter().find(|card| card.id == one.post_id);
                    li.line {
                        p { a href={ "/post/" (one.post_id) } { bdi { (known.map_or_else(|| "A post".to_owned(), |card| post_card::quoted_post(card, MAX_EXCERPT_GRAPHEMES))) } } }
                        form method="post" action={ "/filters/" (id) } {
                            (ctx.token(""))
                            input type="hidden" name="act" value="release";
                            input type="hidden" name="post" value=(one.id);
                            button.quiet type="submit" { "Remove" }
                        }
                    }
                } }
            }
        }
    })
}

/// `POST /filters`: a new one.
pub async fn create(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, fields } = sent;
    let refused = run_blocking(&node, move |node| {
        let change = said(&fields, &[]);
        match node.store.write(move |w| filter::create_filter(w, &change)) {
            Ok(_) => Ok(None),
            Err(problem @ Error::Internal(_)) => Err(problem),
            Err(problem) => list(node, &owner, &error_page(&problem)).map(Some),
        }
    });
    Ok(match refused.await? {
        None => see_other("/filters?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}

fn error_page(problem: &Error) -> Markup {
    html! { p.problem role="alert" { (capitalized(&error_sentence(problem))) } }
}

/// `POST /filters/{id}`: change, remove, release.
pub async fn save(node: web::Data<Node>, id: web::Path<FilterId>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let (id, OwnerForm { owner, fields }) = (id.into_inner(), sent);
    let goes = fields.text("act") == "remove";
    let refused = run_blocking(&node, move |node| match apply(node, id, &fields) {
        Ok(()) => Ok(None),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => one(node, &owner, id, &error_page(&problem)).map(Some),
    });
    Ok(match refused.await? {
        None if goes => see_other("/filters?saved=yes"),
        None => see_other(&format!("/filters/{id}?saved=yes")),
        Some(markup) => layout::refused(markup),
    })
}

fn apply(node: &Node, id: FilterId, fields: &FormFields) -> Result<()> {
    match fields.text("act") {
        "change" => {
            let known = node.store.read(|r| filters::keywords_of(r, id))?;
            let change = said(fields, &known);
            node.store.write(move |w| filter::change_filter(w, id, &change))
        }
        "remove" => node.store.write(move |w| filter::delete_filter(w, id)),
        "release" => {
            let post: FilteredId = fields.text("post").parse()?;
            node.store.write(move |w| filter::remove_post(w, post))
        }
        _ => Err(Error::NotFound),
    }
}

/// The change from a form. Unchanged keywords keep their ids, which apps know.
fn said(fields: &FormFields, known: &[FilterKeyword]) -> FilterChange {
    let typed = |name: &str, whole: bool| {
        let lines = fields.text(name).lines().filter(|line| !line.trim().is_empty());
        lines.map(move |line| (line.to_owned(), whole)).collect::<Vec<_>>()
    };
    let wanted: Vec<(String, bool)> = [typed("whole", true), typed("parts", false)].concat();
    let stands =
        |keyword: &FilterKeyword, (line, whole): &(String, bool)| keyword.keyword == *line && keyword.whole == *whole;
    let gone = known.iter().filter(|keyword| !wanted.iter().any(|line| stands(keyword, line)));
    let gone = gone.map(|keyword| KeywordChange { id: Some(keyword.id), remove: true, ..KeywordChange::default() });
    let new = wanted.iter().filter(|line| !known.iter().any(|keyword| stands(keyword, line)));
    let new = new.map(|(line, whole)| KeywordChange {
        keyword: Some(line.trim().to_owned()),
        whole_word: Some(*whole),
        ..KeywordChange::default()
    });
    let length = match fields.text("length") {
        "kept" => None,
        word => Some(FILTER_DURATIONS.iter().find(|(known, ..)| *known == word).map(|(.., length)| *length)),
    };
    FilterChange {
        title: Some(fields.text("title").to_owned()),
        contexts: Some(FilterContexts::of(fields.all("context").filter_map(FilterContext::from_word))),
        action: FilterAction::from_word(fields.text("action")),
        duration: length,
        keywords: gone.chain(new).collect(),
    }
}
