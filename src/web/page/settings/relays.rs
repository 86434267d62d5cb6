//! `/settings/relays`: relay subscriptions and retention of their posts.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use crate::base::{Error, Result};
use crate::federation::{Node, relays as act};
use crate::store;
use crate::store::node::Settings;
use crate::store::peers::relays::{self, Relay, RelayState, RelayStyle};
use crate::web::auth::{Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::{FormFields, OwnerForm};
use crate::web::page::formatting;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;

const RELAYS_PATH: &str = "/settings/relays";
/// Days that may be chosen.
const RETENTION_DAYS: [u32; 5] = [1, 3, 7, 14, 30];

/// The query: what was saved.
#[derive(Debug, Deserialize)]
pub struct RelaysQuery {
    saved: Option<String>,
}

/// `GET /settings/relays`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    saved: web::Query<RelaysQuery>,
) -> Result<HttpResponse, PageError> {
    let saved = saved.into_inner().saved.is_some();
    let said = html! { @if saved { p.done role="status" { (icon("check")) " Done." } } };
    Ok(layout::private(run_blocking(&node, move |node| page(node, &owner, "", &said)).await?))
}

fn page(node: &Node, owner: &Owner, address: &str, said: &Markup) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), RELAYS_PATH)?;
        let settings = store::node::settings(r)?;
        let all = relays::all(r)?;
        let body = html! {
            h1 { "Relays" }
            (said)
            p { "A relay passes public posts on between servers that do not know each other: yours are seen by more people, and theirs come by "
                a href="/around" { "on the federated timeline" } ", never on your home timeline." }
            @if !all.is_empty() { ul.rows { @for relay in &all { (row(&ctx, relay)) } } }
            (join(&ctx, address))
            (retention_form(&ctx, &settings))
        };
        Ok(layout::document(&ctx, &PageFrame::new("Relays", NavigationEntry::Settings, body)).into_string())
    })
}

fn row(ctx: &PageContext<'_>, relay: &Relay) -> Markup {
    let style = match relay.style {
        RelayStyle::Mastodon => "subscribed at its inbox",
        RelayStyle::LitePub => "followed",
    };
    let answered = relay.answered_at.unwrap_or(relay.asked_at);
    html! {
        li.line {
            div {
                p { strong { bdi { (relay.inbox) } } }
                p.note {
                    @match relay.state {
                        RelayState::Asked => { (icon("clock")) " " (style) " " (formatting::relative_time(relay.asked_at, ctx.now)) "; there is no response yet." }
                        RelayState::Accepted => { (icon("check")) " It lets you in since " (formatting::relative_time(answered, ctx.now)) "." }
                        RelayState::Refused => { (icon("cross")) " It refused " (formatting::relative_time(answered, ctx.now)) "." }
                    }
                }
            }
            @if relay.state != RelayState::Accepted { (button(ctx, relay, "again", "Request again")) }
            (button(ctx, relay, "leave", "Leave"))
        }
    }
}

fn button(ctx: &PageContext<'_>, relay: &Relay, act: &str, word: &str) -> Markup {
    html! {
        form method="post" action=(RELAYS_PATH) {
            (ctx.token(""))
            input type="hidden" name="relay" value=(relay.id);
            input type="hidden" name="act" value=(act);
            button.quiet type="submit" aria-label={ (word) ": " (relay.inbox) } { (word) }
        }
    }
}

fn join(ctx: &PageContext<'_>, address: &str) -> Markup {
    html! {
        section.section {
            h2 { "Join a relay" }
            form.stack method="post" action=(RELAYS_PATH) {
                (ctx.token(""))
                input type="hidden" name="act" value="join";
                label for="address" { "The relay\u{2019}s address" }
                input #address type="url" name="address" value=(address) required maxlength="2000" placeholder="https://relay.example/inbox"
                    autocapitalize="off" autocomplete="off" spellcheck="false";
                p.note { "An address that ends in " code { "/inbox" } " uses Mastodon's protocol; any other is followed, as Pleroma does. "
                    "Posts of yours are passed on by relays that announce them (Activity-Relay, AodeRelay, Pleroma\u{2019}s); relays that only "
                    "hand on what bears a Linked Data signature do not take them, because hytte makes none. Receiving works with all." }
                button.main type="submit" { "Join" }
            }
        }
    }
}

fn retention_form(ctx: &PageContext<'_>, settings: &Settings) -> Markup {
    html! {
        section.section {
            h2 { "What they bring" }
            form.stack method="post" action=(RELAYS_PATH) {
                (ctx.token(""))
                input type="hidden" name="act" value="keep";
                label for="days" { "Posts stay for" }
                select #days name="days" {
                    @for days in RETENTION_DAYS { option value=(days) selected[days == settings.relay_days] { (formatting::short_count(days.into(), "day")) } }
                }
                p.note { "What you like, boost or reply to is always kept." }
                button type="submit" { "Save" }
            }
        }
    }
}

/// `POST /settings/relays`: join, again, leave, keep.
pub async fn save(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, fields } = sent;
    let refused = run_blocking(&node, move |node| match apply(node, &fields) {
        Ok(()) => Ok(None),
        Err(problem @ (Error::Internal(_) | Error::NotFound)) if fields.text("act") != "join" => Err(problem),
        Err(problem) => {
            let said = html! { p.problem role="alert" { (capitalized(&error_sentence(&problem))) } };
            page(node, &owner, &fields.line("address"), &said).map(Some)
        }
    });
    Ok(match refused.await? {
        None => see_other("/settings/relays?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}

fn apply(node: &Node, fields: &FormFields) -> Result<()> {
    let relay = || fields.text("relay").parse();
    match fields.text("act") {
        "join" => act::subscribe(node, &fields.line("address")),
        "again" => act::resubscribe(node, relay()?),
        "leave" => act::unsubscribe(node, relay()?),
        "keep" => {
            let days: u32 = fields.text("days").parse().map_err(|_| Error::invalid("choose how long posts stay"))?;
            node.store.write(move |w| {
                let settings = store::node::settings(w)?;
                let relay_days = days.clamp(1, 30);
                store::node::set_settings(w, &Settings { relay_days, ..settings })
            })
        }
        _ => Err(Error::NotFound),
    }
}
