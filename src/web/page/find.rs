//! `/find?q=`: a handle, an address or a hashtag leads to the person or post it names.

use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, Here, House, Page, icon};
use super::login::capital;
use super::thread::query;
use crate::base::{Error, Result};
use crate::federation::resolve::{self, Found};
use crate::federation::{Node, backfill};
use crate::web::auth::{Owner, see_other};
use crate::web::edge::{PageError, blocking, sentence};

/// Bytes of what is looked for: the longest address we keep.
const LONGEST: usize = 2048;

/// What is looked for.
#[derive(Debug, Deserialize)]
pub struct Asked {
    q: Option<String>,
}

/// What a search comes to.
enum Outcome {
    Go(String),
    Show(String),
}

/// `GET /find`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    asked: web::Query<Asked>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let here = request.uri().to_string();
    let asked = asked.into_inner().q.unwrap_or_default();
    let outcome = blocking(&node, move |node| {
        let asked = asked.trim();
        let problem = match look(node, asked) {
            Ok(Some(path)) => return Ok(Outcome::Go(path)),
            Ok(None) => None,
            Err(problem @ Error::Internal(_)) => return Err(problem),
            Err(problem) => Some(problem),
        };
        node.store.read(|r| {
            let house = House::load(node, r, Some(&owner), &here)?;
            let page = Page::new("Find", Here::Find, body(asked, problem.as_ref()));
            Ok(Outcome::Show(layout::document(&house, &page).into_string()))
        })
    });
    Ok(match outcome.await? {
        Outcome::Go(path) => see_other(&path),
        Outcome::Show(markup) => layout::private(markup),
    })
}

/// The page of what was found; None when nothing was asked for.
fn look(node: &Node, asked: &str) -> Result<Option<String>> {
    if asked.is_empty() {
        return Ok(None);
    }
    if asked.len() > LONGEST {
        return Err(Error::invalid("that is too long to be a handle or an address"));
    }
    if let Some(tag) = asked.strip_prefix('#').filter(|tag| !tag.is_empty() && !tag.contains(char::is_whitespace)) {
        return Ok(Some(format!("/tags/{}", query(tag))));
    }
    Ok(Some(match resolve::find(node, asked)? {
        Found::Actor(id) => {
            // The first look at somebody shows their newest posts, too.
            backfill::profile(node, id)?;
            format!("/people/{id}")
        }
        Found::Post(id) => format!("/post/{id}"),
    }))
}

fn body(asked: &str, problem: Option<&Error>) -> Markup {
    html! {
        h1 { "Find" }
        search {
            form.search method="get" action="/find" role="search" {
                label.hidden for="q" { "A handle or an address" }
                input #q type="search" name="q" value=(asked) placeholder="Handle, address or #hashtag" maxlength=(LONGEST)
                    autocapitalize="off" autocomplete="off" spellcheck="false" autofocus[asked.is_empty()];
                button.main type="submit" { (icon("find")) "Find" }
            }
        }
        @match problem {
            Some(problem) => p.problem role="alert" { (said(asked, problem)) },
            None => {
                div.note {
                    p { "Type a handle such as " code { "@name@example.org" } ", paste the address of somebody’s page or of a post from any server, or a "
                        code { "#hashtag" } " of your own posts." }
                    p { "Or look " a href="/around" { "around" } ": the public posts that came by here." }
                    p { "Nothing is searched beyond that: there is no list of everybody on the fediverse, and yours is not sent anywhere." }
                }
            }
        }
    }
}

fn said(asked: &str, problem: &Error) -> String {
    match problem {
        Error::NotFound => format!(
            "Nothing was found for “{asked}”. Is there a slip of the pen in it? A handle has two halves: @name@example.org."
        ),
        Error::Gone => "That was deleted where it lived.".to_owned(),
        other => capital(&sentence(other)),
    }
}
