//! `/filters`: words the owner does not want to read, or only behind a fold; `/filters/{id}`: one of them, to be changed.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::id::{FilterId, FilteredId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::list::TITLE_CHARS;
use crate::social::moderation::filter::{self, Change, Word, is_over};
use crate::store::timelines::filters::{self, Action, Context, Contexts, Filter, Keyword};
use crate::store::{Read, posts::post_views};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, blocking, sentence};
use crate::web::page::form::{Fields, Sent};
use crate::web::page::layout::{self, Here, House, Page, icon};
use crate::web::page::login::capital;
use crate::web::page::{formatting, post::post_card};

const HOUR: Duration = Duration::from_hours(1);
/// How long a filter may count, as the form says it.
const LENGTHS: [(&str, &str, Duration); 5] = [
    ("half-hour", "for half an hour", Duration::from_secs(1800)),
    ("hours", "for six hours", HOUR.saturating_mul(6)),
    ("day", "for a day", HOUR.saturating_mul(24)),
    ("week", "for a week", HOUR.saturating_mul(24 * 7)),
    ("month", "for a month", HOUR.saturating_mul(24 * 30)),
];
/// Graphemes quoted of a post.
const QUOTE: usize = 100;

/// What was just saved.
#[derive(Debug, Deserialize)]
pub struct Saved {
    saved: Option<String>,
}

impl Saved {
    fn said(&self) -> Markup {
        html! { @if self.saved.is_some() { p.done role="status" { (icon("check")) " Done." } } }
    }
}

fn place(context: Context) -> &'static str {
    match context {
        Context::Home => "At home and in lists",
        Context::Notifications => "In notifications",
        Context::Public => "Under hashtags and around here",
        Context::Thread => "In threads",
        Context::Account => "On profiles",
    }
}

fn effect(action: Action) -> &'static str {
    match action {
        Action::Warn => "Fold it behind the filter\u{2019}s name",
        Action::Hide => "Do not show it at all",
        Action::Blur => "Fold only its pictures",
    }
}

/// `GET /filters`.
pub async fn all(node: web::Data<Node>, owner: Owner, saved: web::Query<Saved>) -> Result<HttpResponse, PageError> {
    let said = saved.said();
    Ok(layout::private(blocking(&node, move |node| list(node, &owner, &said)).await?))
}

fn list(node: &Node, owner: &Owner, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let house = House::load(node, r, Some(owner), "/filters")?;
        let keywords = filters::keywords(r)?;
        let all = filters::all(r)?;
        let body = html! {
            h1 { "Filters" }
            (said)
            p { "What you do not want to read, here and in every app: posts with these words are folded away, or not shown. Nobody else is told." }
            @if !all.is_empty() { ul.rows { @for one in &all { (row(&house, one, &keywords)) } } }
            section.section {
                h2 { "A new filter" }
                form.stack method="post" action="/filters" {
                    (house.token(""))
                    (fields(&house, None, &[]))
                    button.main type="submit" { "Make it" }
                }
            }
        };
        Ok(layout::document(&house, &Page::new("Filters", Here::Settings, body)).into_string())
    })
}

fn row(house: &House<'_>, one: &Filter, keywords: &[Keyword]) -> Markup {
    let own = keywords.iter().filter(|keyword| keyword.filter_id == one.id).count();
    html! {
        li.line {
            div {
                p { a href={ "/filters/" (one.id) } { strong { bdi { (one.title) } } } }
                p.note { (formatting::count(own as u64, "word")) " · " (effect(one.action)) " · " (until(house, one)) }
            }
        }
    }
}

fn until(house: &House<'_>, one: &Filter) -> String {
    match one.until_at {
        None => "for good".to_owned(),
        Some(_) if is_over(one, house.now) => "it is over".to_owned(),
        Some(at) => format!("ends {}", formatting::until(at, house.now)),
    }
}

/// The fields of a filter. Its words stand in two boxes, one a line: whole words, and what counts inside of others, too.
fn fields(house: &House<'_>, of: Option<&Filter>, keywords: &[Keyword]) -> Markup {
    let lines = |whole: bool| {
        let own = keywords.iter().filter(|keyword| keyword.whole == whole).map(|keyword| keyword.keyword.as_str());
        own.collect::<Vec<_>>().join("\n")
    };
    let holds = |context| of.map_or(context != Context::Account, |one| one.contexts.has(context));
    let action = of.map_or(Action::Warn, |one| one.action);
    let ends = of.filter(|one| one.until_at.is_some());
    html! {
        label for="title" { "Name" }
        input #title type="text" name="title" value=[of.map(|one| &one.title)] required maxlength=(TITLE_CHARS) autocomplete="off";
        label for="whole" { "Words, one a line" }
        textarea #whole name="whole" rows="4" dir="auto" spellcheck="false" { "\n" (lines(true)) }
        label for="parts" { "Parts of words, one a line" }
        textarea #parts name="parts" rows="2" dir="auto" spellcheck="false" { "\n" (lines(false)) }
        p.note { "A word is found in capitals, too. Looked through are the text, the content warning, polls and the descriptions of pictures." }
        fieldset {
            legend { "Where" }
            @for context in Context::ALL {
                label.check { input type="checkbox" name="context" value=(context.word()) checked[holds(context)]; " " (place(context)) }
            }
        }
        fieldset {
            legend { "What becomes of a post" }
            @for one in Action::ALL {
                label.check { input type="radio" name="action" value=(one.word()) checked[one == action]; " " (effect(one)) }
            }
        }
        label for="length" { "How long" }
        select #length name="length" {
            @if let Some(one) = ends { option value="kept" selected { (until(house, one)) } }
            option value="ever" selected[ends.is_none()] { "for good" }
            @for (value, name, _) in LENGTHS { option value=(value) { (name) } }
        }
    }
}

/// `GET /filters/{id}`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    id: web::Path<FilterId>,
    saved: web::Query<Saved>,
) -> Result<HttpResponse, PageError> {
    let (id, said) = (id.into_inner(), saved.said());
    Ok(layout::private(blocking(&node, move |node| one(node, &owner, id, &said)).await?))
}

fn one(node: &Node, owner: &Owner, id: FilterId, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let filter = filters::by_id(r, id)?;
        let house = House::load(node, r, Some(owner), &format!("/filters/{id}"))?;
        let body = html! {
            h1 { bdi { (filter.title) } }
            p { a href="/filters" { "All filters" } }
            (said)
            section.section {
                form.stack method="post" action={ "/filters/" (id) } {
                    (house.token(""))
                    input type="hidden" name="act" value="change";
                    (fields(&house, Some(&filter), &filters::keywords_of(r, id)?))
                    button.main type="submit" { "Save" }
                }
            }
            (chosen(r, &house, id)?)
            section.section {
                form method="post" action={ "/filters/" (id) } {
                    (house.token(""))
                    input type="hidden" name="act" value="remove";
                    button.quiet type="submit" { "Remove this filter" }
                }
            }
        };
        Ok(layout::document(&house, &Page::new(filter.title.clone(), Here::Settings, body)).into_string())
    })
}

/// Posts that an app put under it by hand.
fn chosen(r: &Read<'_>, house: &House<'_>, id: FilterId) -> Result<Markup> {
    let posts = filters::posts_of(r, id)?;
    let cards = post_views::of(r, &posts.iter().map(|one| one.post_id).collect::<Vec<_>>())?;
    Ok(html! {
        @if !posts.is_empty() {
            section.section {
                h2 { "Posts under it" }
                ul.rows { @for one in &posts {
                    @let known = cards.iter().find(|card| card.id == one.post_id);
                    li.line {
                        p { a href={ "/post/" (one.post_id) } { bdi { (known.map_or_else(|| "A post".to_owned(), |card| post_card::quote(card, QUOTE))) } } }
                        form method="post" action={ "/filters/" (id) } {
                            (house.token(""))
                            input type="hidden" name="act" value="release";
                            input type="hidden" name="post" value=(one.id);
                            button.quiet type="submit" { "Take out" }
                        }
                    }
                } }
            }
        }
    })
}

/// `POST /filters`: a new one.
pub async fn make(node: web::Data<Node>, sent: Sent) -> Result<HttpResponse, PageError> {
    let Sent { owner, fields } = sent;
    let refused = blocking(&node, move |node| {
        let change = said(&fields, &[]);
        match node.store.write(move |w| filter::make(w, &change)) {
            Ok(_) => Ok(None),
            Err(problem @ Error::Internal(_)) => Err(problem),
            Err(problem) => list(node, &owner, &sorry(&problem)).map(Some),
        }
    });
    Ok(match refused.await? {
        None => see_other("/filters?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}

fn sorry(problem: &Error) -> Markup {
    html! { p.problem role="alert" { (capital(&sentence(problem))) } }
}

/// `POST /filters/{id}`: change, remove, release.
pub async fn save(node: web::Data<Node>, id: web::Path<FilterId>, sent: Sent) -> Result<HttpResponse, PageError> {
    let (id, Sent { owner, fields }) = (id.into_inner(), sent);
    let goes = fields.text("act") == "remove";
    let refused = blocking(&node, move |node| match apply(node, id, &fields) {
        Ok(()) => Ok(None),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) => Err(problem),
        Err(problem) => one(node, &owner, id, &sorry(&problem)).map(Some),
    });
    Ok(match refused.await? {
        None if goes => see_other("/filters?saved=yes"),
        None => see_other(&format!("/filters/{id}?saved=yes")),
        Some(markup) => layout::refused(markup),
    })
}

fn apply(node: &Node, id: FilterId, fields: &Fields) -> Result<()> {
    match fields.text("act") {
        "change" => {
            let known = node.store.read(|r| filters::keywords_of(r, id))?;
            let change = said(fields, &known);
            node.store.write(move |w| filter::change(w, id, &change))
        }
        "remove" => node.store.write(move |w| filter::remove(w, id)),
        "release" => {
            let post: FilteredId = fields.text("post").parse()?;
            node.store.write(move |w| filter::remove_post(w, post))
        }
        _ => Err(Error::NotFound),
    }
}

/// What the form says. Words that stand there as before keep their ids, which apps know them by.
fn said(fields: &Fields, known: &[Keyword]) -> Change {
    let typed = |name: &str, whole: bool| {
        let lines = fields.text(name).lines().filter(|line| !line.trim().is_empty());
        lines.map(move |line| (line.to_owned(), whole)).collect::<Vec<_>>()
    };
    let wanted: Vec<(String, bool)> = [typed("whole", true), typed("parts", false)].concat();
    let stands =
        |keyword: &Keyword, (line, whole): &(String, bool)| keyword.keyword == *line && keyword.whole == *whole;
    let gone = known.iter().filter(|keyword| !wanted.iter().any(|line| stands(keyword, line)));
    let gone = gone.map(|keyword| Word { id: Some(keyword.id), gone: true, ..Word::default() });
    let new = wanted.iter().filter(|line| !known.iter().any(|keyword| stands(keyword, line)));
    let new =
        new.map(|(line, whole)| Word { keyword: Some(line.trim().to_owned()), whole: Some(*whole), ..Word::default() });
    let length = match fields.text("length") {
        "kept" => None,
        word => Some(LENGTHS.iter().find(|(known, ..)| *known == word).map(|(.., length)| *length)),
    };
    Change {
        title: Some(fields.text("title").to_owned()),
        contexts: Some(Contexts::of(fields.all("context").filter_map(Context::from_word))),
        action: Action::from_word(fields.text("action")),
        length,
        keywords: gone.chain(new).collect(),
    }
}
