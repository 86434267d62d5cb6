//! `/moving`: the owner's other accounts (aliases), so that followers can be moved here.

use actix_web::{HttpResponse, web};
use maud::html;

use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::owner::identity::{self, MAX_ALIASES};
use crate::store::actors;
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::OwnerForm;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::settings::SettingsQuery;
use crate::web::page::{formatting, people::actor_widgets};

/// `GET /moving`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    saved: web::Query<SettingsQuery>,
) -> Result<HttpResponse, PageError> {
    let saved = saved.into_inner().is_set();
    let markup = run_blocking(&node, move |node| page(node, &owner, None, if saved { "Saved." } else { "" }));
    Ok(layout::private(markup.await?))
}

/// The page; `typed` stands in the field instead of what is stored, because something was wrong with it.
fn page(node: &Node, owner: &Owner, typed: Option<(&str, &str)>, done: &str) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/moving")?;
        let us = actors::by_id(r, owner.actor)?;
        let mut known = Vec::new();
        for uri in &us.also_known_as {
            known.push(actors::by_uri(r, uri)?.map_or_else(|| uri.clone(), |actor| format!("@{}", actor.handle())));
        }
        let text = typed.map_or_else(|| known.join("\n"), |(text, _)| text.to_owned());
        let body = html! {
            h1 { "Moving here" }
            @if let Some((_, problem)) = typed { p.problem role="alert" { (problem) } }
            @if !done.is_empty() { p.done role="status" { (icon("check")) " " (done) } }
            p { "Have you had another account? Name it here, then tell that account to move to " (actor_widgets::handle(&us))
                ". Its followers are brought over by their servers, within minutes or hours; posts stay where they are." }
            form.stack method="post" action="/moving" {
                (ctx.token(""))
                label for="aliases" { "Your other accounts, one on each line" }
                textarea #aliases name="aliases" rows="4" placeholder="@me@old.example" autocapitalize="off" spellcheck="false" { (text) }
                p.note { (formatting::short_count(MAX_ALIASES as u64, "account")) " at most. Everyone can see them in your profile’s document." }
                button.main type="submit" { "Save" }
            }
            @if us.approves_followers { p.note { "You approve follow requests: those who move over wait in the requests. While you move, it is less work to accept everyone." } }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Moving", NavigationEntry::Settings, body)).into_string())
    })
}

/// `POST /moving`.
pub async fn save(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, fields } = sent;
    let refused = run_blocking(&node, move |node| {
        let typed = fields.text("aliases");
        let lines: Vec<&str> = typed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        match identity::set_aliases(node, &lines) {
            Ok(()) => Ok(None),
            Err(problem @ Error::Internal(_)) => Err(problem),
            Err(problem) => page(node, &owner, Some((typed, &capitalized(&error_sentence(&problem)))), "").map(Some),
        }
    });
    Ok(match refused.await? {
        None => see_other("/moving?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}
