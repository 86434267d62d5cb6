//! `POST /@NAME/follow`: sends a visitor to their own server to follow the owner, or explains how to do it by hand.
//! Queries other servers, so it is limited.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use maud::html;

use crate::base::{Error, Result, Time};
use crate::federation::{Node, remote::webfinger};
use crate::store::actors::Actor;
use crate::text::Handle;
use crate::web::auth::MaybeOwner;
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::VisitorForm;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame};
use crate::web::page::login::capitalized;
use crate::web::page::{people::actor_widgets, post::thread};

/// Maximum number of lookups for strangers within [`LOOKUP_WINDOW`], in total.
const MAX_LOOKUPS_IN_WINDOW: u32 = 30;
/// See [`MAX_LOOKUPS_IN_WINDOW`].
const LOOKUP_WINDOW: Duration = Duration::from_secs(60);

/// Limits lookups made for strangers. One per server.
#[derive(Default)]
pub struct RemoteFollowLimiter(Mutex<(Time, u32)>);

impl RemoteFollowLimiter {
    fn show(&self, now: Time) -> Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(state.0) >= LOOKUP_WINDOW {
            *state = (now, 0);
        }
        state.1 += 1;
        if state.1 > MAX_LOOKUPS_IN_WINDOW { Err(Error::Busy) } else { Ok(()) }
    }
}

/// Redirect, or a page with instructions.
enum RemoteFollowOutcome {
    Go(String),
    Explain(String),
}

/// `POST /@{name}/follow`.
pub async fn send(
    node: web::Data<Node>,
    patience: web::Data<RemoteFollowLimiter>,
    owner: MaybeOwner,
    name: web::Path<String>,
    posted: VisitorForm,
) -> Result<HttpResponse, PageError> {
    let (name, session) = (name.into_inner(), owner.0.clone());
    let outcome = run_blocking(&node, move |node| {
        let actor = node.store.read(|r| thread::owned_by(r, &name))?;
        let typed = posted.0.line("handle");
        match home_server(node, &patience, &typed, &actor) {
            Ok(url) => Ok(RemoteFollowOutcome::Go(url)),
            Err(problem @ Error::Internal(_)) => Err(problem),
            Err(problem) => node.store.read(|r| {
                let ctx = PageContext::load(node, r, owner.0.as_ref(), "/")?;
                Ok(RemoteFollowOutcome::Explain(explain(&ctx, &actor, &typed, &problem)))
            }),
        }
    });
    Ok(match outcome.await? {
        RemoteFollowOutcome::Go(url) => HttpResponse::SeeOther().insert_header((header::LOCATION, url)).finish(),
        RemoteFollowOutcome::Explain(markup) => {
            layout::visitors(session.as_ref()).insert_header((header::CACHE_CONTROL, "no-store")).body(markup)
        }
    })
}

/// The remote-follow URL on the visitor's server. Only ever on the server they named, over https.
fn home_server(node: &Node, patience: &RemoteFollowLimiter, typed: &str, owner: &Actor) -> Result<String> {
    let handle = Handle::parse(typed).filter(|handle| handle.host.is_some());
    let handle = handle
        .ok_or_else(|| Error::invalid(format!("“{typed}” is not a whole handle: it looks like @you@your.server")))?;
    patience.show(node.clock().now())?;
    let template = webfinger::look_up_handle(node, &handle)?.subscribe_template;
    let template = template.ok_or_else(|| Error::remote("your server does not say where it confirms a follow"))?;
    let url = template.replace("{uri}", &thread::thread_query(&format!("@{}", owner.handle())));
    let scheme = format!("{}://", node.facts.origin.scheme);
    if url.starts_with("https://") || (node.config.allow_private && url.starts_with(&scheme)) {
        Ok(url)
    } else {
        Err(Error::remote("your server confirms a follow at an address that is not safe"))
    }
}

fn explain(ctx: &PageContext<'_>, owner: &Actor, typed: &str, problem: &Error) -> String {
    let said = match problem {
        Error::NotFound => format!("No account called “{typed}” was found there. Is there a typo in it?"),
        other => capitalized(&error_sentence(other)),
    };
    let body = html! {
        div.narrow {
            h1 { "Follow " (actor_widgets::name(ctx, owner)) }
            p.problem role="alert" { (said) }
            p { "You can always do it by hand. Copy this handle, and look for it on your own server:" }
            p { code.copy { "@" (owner.handle()) } }
            p { a.button href=(ctx.profile_path()) { "Back to the profile" } }
        }
    };
    layout::document(ctx, &PageFrame::new("Follow", NavigationEntry::Profile, body)).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cannot_make_us_ask_for_ever() {
        let (patience, now) = (RemoteFollowLimiter::default(), Time::from_secs(1_000));
        let asked = (0..100).filter(|_| patience.show(now).is_ok()).count();
        assert_eq!(asked, MAX_LOOKUPS_IN_WINDOW as usize);
        assert!(patience.show(now.plus(LOOKUP_WINDOW)).is_ok());
    }
}
