//! `/login`, the one-time link and `/logout`; and `/welcome`, where a trial's owner picks a name.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{SessionForm, VisitorForm};
use super::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use super::post::thread::thread_query;
use crate::base::{Error, Result};
use crate::federation::owner::login::{self, LoginGuard};
use crate::federation::{Node, owner::identity};
use crate::store;
use crate::web::auth::{self, MaybeSession, local_path, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};

/// Where to go on after logging in.
#[derive(Debug, Deserialize)]
pub struct ReturnTo {
    next: Option<String>,
}

/// `GET /login`.
pub async fn show(
    node: web::Data<Node>,
    session: MaybeSession,
    next: web::Query<ReturnTo>,
) -> Result<HttpResponse, PageError> {
    let next = next.into_inner().next.unwrap_or_default();
    if session.0.is_some() {
        return Ok(see_other(local_path(&next)));
    }
    let markup = run_blocking(&node, move |node| page(node, &next, None)).await?;
    Ok(layout::private(markup))
}

fn page(node: &Node, next: &str, problem: Option<&str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, None, "/login")?;
        let has_password = store::node::password(r)?.is_some();
        let body = html! {
            div.narrow {
                h1 { "Log in" }
                @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
                @if let Some(owner) = &ctx.owner { p { "This is the server of " strong { bdi { (owner.name) } } "; only they have a key." } }
                form.stack method="post" action="/login" {
                    input type="hidden" name="next" value=(local_path(next));
                    // Password managers want to know whose password it is.
                    input hidden type="text" name="username" autocomplete="username" readonly
                        value=(ctx.owner.as_ref().map_or("owner", |owner| owner.username.as_str()));
                    label for="password" { "Password" }
                    input #password type="password" name="password" autocomplete="current-password" required maxlength=(login::MAX_PASSWORD_BYTES) autofocus;
                    button.main type="submit" { "Log in" }
                }
                p.note {
                    @if has_password { "Forgotten? " } @else { "No password is set yet. " }
                    "On the server, " code { "hytte login-link" } " prints a link that opens this door once."
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Log in", NavigationEntry::Elsewhere, body)).into_string())
    })
}

/// `POST /login`.
pub async fn sign_in(
    node: web::Data<Node>,
    gate: web::Data<LoginGuard>,
    posted: VisitorForm,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let from = auth::client_address_or_unspecified(&request, &node.config.trusted_proxies);
    let (agent, fields) = (auth::user_agent(&request).to_owned(), posted.0);
    let next = local_path(fields.text("next")).to_owned();
    let outcome = run_blocking(&node, move |node| {
        match login::sign_in(&gate, &node.store, fields.text("password"), from, &agent) {
            Ok(cookie) => Ok(Ok(cookie)),
            Err(problem @ Error::Denied(_)) => {
                Ok(Err(page(node, fields.text("next"), Some(&capitalized(&error_sentence(&problem))))?))
            }
            Err(problem) => Err(problem),
        }
    });
    Ok(match outcome.await? {
        Ok(cookie) => with_cookie(&node, cookie, &next),
        Err(markup) => layout::refused(markup),
    })
}

/// A sentence as it stands alone: its first letter large, a full stop behind it.
pub fn capitalized(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let stop = if sentence.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// `GET /login/link/{token}`: the one-time link. Sets the cookie and leads home.
pub async fn by_link(
    node: web::Data<Node>,
    token: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (token, agent) = (token.into_inner(), auth::user_agent(&request).to_owned());
    let cookie = run_blocking(&node, move |node| login::sign_in_by_link(&node.store, &token, &agent)).await?;
    Ok(with_cookie(&node, cookie, "/"))
}

fn with_cookie(node: &Node, cookie: String, next: &str) -> HttpResponse {
    let mut response = see_other(next);
    let cookie = auth::session_cookie(node, cookie);
    if let Ok(value) = header::HeaderValue::from_str(&cookie.encoded().to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// `POST /logout`: ends this session.
pub async fn sign_out(node: web::Data<Node>, sent: SessionForm) -> Result<HttpResponse, PageError> {
    let hash = sent.session.hash;
    run_blocking(&node, move |node| node.store.write(move |w| store::access::sessions::close(w, &hash))).await?;
    let mut response = see_other("/");
    if let Ok(value) = header::HeaderValue::from_str(&auth::expired_cookie(&node).encoded().to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// `GET /welcome`: pick a name.
pub async fn welcome(node: web::Data<Node>, session: MaybeSession) -> Result<HttpResponse, PageError> {
    let Some(session) = session.0 else { return Ok(see_other("/login?next=/welcome")) };
    if session.owner.is_some() {
        return Ok(see_other("/"));
    }
    let markup = run_blocking(&node, move |node| name_form(node, &session.csrf, "", None)).await?;
    Ok(layout::private(markup))
}

fn name_form(node: &Node, csrf: &str, name: &str, problem: Option<&str>) -> Result<String> {
    let domain = &node.facts.origin.domain;
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, None, "/welcome")?;
        let body = html! {
            div.narrow.welcome {
                div.sign { (icon("cabin")) }
                h1 { "Welcome to your cabin" }
                p { "One thing first: what shall people call you? The name becomes the first half of your handle." }
                @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
                form.stack method="post" action="/welcome" {
                    input type="hidden" name="csrf" value=(csrf);
                    label for="name" { "Your name here" }
                    div.affix {
                        span aria-hidden="true" { "@" }
                        input #name type="text" name="name" value=(name) required maxlength="30" pattern="[A-Za-z0-9_]+"
                            title="Letters, digits and underscores" autocapitalize="off" autocomplete="username" spellcheck="false" autofocus;
                        span { "@" (domain) }
                    }
                    p.note { "Letters, digits and underscores. In this trial you can be anyone." }
                    button.main type="submit" { "Move in" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Welcome", NavigationEntry::Elsewhere, body)).into_string())
    })
}

/// `POST /welcome`: names the owner.
pub async fn name(node: web::Data<Node>, sent: SessionForm) -> Result<HttpResponse, PageError> {
    let SessionForm { session, fields } = sent;
    let refused = run_blocking(&node, move |node| {
        let name = fields.line("name");
        match identity::name_owner(&node.store, name.trim_start_matches('@')) {
            Ok(_) => Ok(None),
            Err(problem @ (Error::Invalid(_) | Error::Conflict(_))) => {
                name_form(node, &session.csrf, &name, Some(&capitalized(&error_sentence(&problem)))).map(Some)
            }
            Err(problem) => Err(problem),
        }
    });
    Ok(match refused.await? {
        None => see_other("/"),
        Some(markup) => layout::refused(markup),
    })
}

/// The button that ends this session.
pub fn logout(ctx: &PageContext<'_>) -> Markup {
    html! { form method="post" action="/logout" { (ctx.token("")) button.button type="submit" { (icon("door")) "Log out" } } }
}

/// `GET /authorize_interaction?uri=…`: somebody pressed "follow" or "reply" on another server. Leads the owner to the
/// object, never to another server.
pub async fn interaction(session: MaybeSession, asked: web::Query<AuthorizeInteraction>) -> HttpResponse {
    let find = format!("/find?q={}", thread_query(asked.uri.as_deref().unwrap_or_default()));
    match session.0 {
        Some(_) => see_other(&find),
        None => see_other(&format!("/login?next={}", thread_query(&find))),
    }
}

/// The query of a remote interaction.
#[derive(Debug, Deserialize)]
pub struct AuthorizeInteraction {
    uri: Option<String>,
}
