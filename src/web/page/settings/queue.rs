//! `/queue`: deliveries waiting, and received activities that could not be applied.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::base::{Result, Time};
use crate::federation::Node;
use crate::federation::outgoing::delivery::TRIAL_NOTE;
use crate::store::Read;
use crate::store::peers::hosts::{self, Host};
use crate::store::queue::deliveries::{self, WaitingHost};
use crate::store::queue::inbox::{self, ReceivedActivity};
use crate::text::cut;
use crate::web::auth::Owner;
use crate::web::blocking::{PageError, run_blocking};
use crate::web::page::formatting;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};

/// Hosts and set-aside activities shown.
const MAX_ROWS_SHOWN: u32 = 200;
/// Bytes shown of a document that could not be understood.
const MAX_DOCUMENT_BYTES_SHOWN: usize = 4_000;

/// `GET /queue`.
pub async fn show(node: web::Data<Node>, owner: Owner) -> Result<HttpResponse, PageError> {
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, Some(&owner), "/queue")?;
            let body = html! {
                h1 { "Deliveries" }
                @if node.config.trial { p.note { (TRIAL_NOTE) } }
                (outgoing(r)?)
                (incoming(r)?)
            };
            Ok(layout::document(&ctx, &PageFrame::new("Deliveries", NavigationEntry::Settings, body)).into_string())
        })
    });
    Ok(layout::private(markup.await?))
}

fn outgoing(r: &Read<'_>) -> Result<Markup> {
    let waiting = deliveries::waiting(r, MAX_ROWS_SHOWN)?;
    Ok(html! {
        h2 { "On their way out" }
        @if waiting.is_empty() {
            p { (icon("check")) " Everything has arrived." }
        } @else {
            p.note { (formatting::short_count(deliveries::count(r)?.into(), "delivery").replace("deliverys", "deliveries")) " to " (formatting::short_count(waiting.len() as u64, "server")) ". Each is tried again for seven days." }
            ul.rows { @for one in &waiting { (row(one, hosts::get(r, &one.host)?.as_ref(), r.now)) } }
        }
    })
}

fn row(waiting: &WaitingHost, host: Option<&Host>, now: Time) -> Markup {
    html! {
        li {
            p { strong { bdi { (waiting.host) } } ": " (sentence(waiting, host, now)) }
            @if let Some(error) = waiting.error.as_ref().filter(|_| waiting.tries > 0) { p.note { "The last response: " bdi { (error) } } }
        }
    }
}

/// "3 activities wait, unreachable since yesterday; next try in 2 hours".
fn sentence(waiting: &WaitingHost, host: Option<&Host>, now: Time) -> String {
    let wait = if waiting.deliveries == 1 { "1 activity waits" } else { "" };
    let wait = if wait.is_empty() {
        format!("{} activities wait", formatting::number(waiting.deliveries.into()))
    } else {
        wait.to_owned()
    };
    let since = host
        .and_then(|host| host.failing_since_at)
        .map(|since| format!(", unreachable since {}", formatting::time_ago(since, now)));
    let tried = if waiting.tries == 0 {
        String::new()
    } else {
        format!(" (tried {})", formatting::short_count(waiting.tries.into(), "time"))
    };
    let next = match waiting.next_at <= now {
        true => "being sent now".to_owned(),
        false => format!("next try {}", formatting::time_until(waiting.next_at, now)),
    };
    format!("{wait}{}{tried}; {next}.", since.unwrap_or_default())
}

fn incoming(r: &Read<'_>) -> Result<Markup> {
    let aside = inbox::set_aside_list(r, MAX_ROWS_SHOWN)?;
    let count = inbox::count(r)?;
    Ok(html! {
        h2 { "Incoming" }
        @if count > 0 { p { (formatting::short_count(count.into(), "activity").replace("activitys", "activities")) " are being read." } }
        @if aside.is_empty() {
            p { (icon("check")) " Everything that came in was understood." }
        } @else {
            p { "These could not be processed and are kept for you to review:" }
            ul.rows { @for one in &aside { (set_aside(one, r.now)) } }
        }
    })
}

fn set_aside(one: &ReceivedActivity, now: Time) -> Markup {
    html! {
        li {
            p { bdi { (one.uri) } " · " (formatting::relative_time(one.received_at, now)) }
            @if let Some(error) = &one.error { p.note { (error) } }
            details.words { summary.note { "Show the document" } pre { code { (cut(&one.document, MAX_DOCUMENT_BYTES_SHOWN)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_queue_is_said_in_words() {
        let now = Time::parse("2026-11-23T12:00:00Z").unwrap_or_default();
        let waiting = |deliveries, tries, ahead| WaitingHost {
            host: "example.org".into(),
            deliveries,
            tries,
            oldest_at: now,
            next_at: now.plus(Duration::from_secs(ahead)),
            error: None,
        };
        let host = Host {
            name: "example.org".into(),
            knock: None,
            failures: 7,
            failing_since_at: Some(now.minus(Duration::from_secs(20 * 3600))),
            open_until_at: None,
            heard_at: None,
            error: None,
            software: None,
            software_version: None,
            software_at: None,
        };
        assert_eq!(
            sentence(&waiting(3, 4, 7200), Some(&host), now),
            "3 activities wait, unreachable since yesterday (tried 4 times); next try in 2 hours."
        );
        assert_eq!(sentence(&waiting(1, 0, 0), None, now), "1 activity waits; being sent now.");
    }
}
