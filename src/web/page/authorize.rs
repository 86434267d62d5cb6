//! `/oauth/authorize`: the consent page. Works without scripts in the browser windows that apps open.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use maud::{Markup, html};
use serde::Deserialize;

use super::form::{FormFields, OwnerForm};
use super::layout::{self, NavigationEntry, PageContext, PageFrame};
use super::login::capitalized;
use super::post::thread::thread_query;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::federation::owner::login::{self, LoginGuard};
use crate::federation::owner::oauth::{self, AuthorizationRequest, OUT_OF_BAND_REDIRECT};
use crate::store;
use crate::web::auth::{self, Owner};
use crate::web::blocking::{PageError, error_sentence, run_blocking};

/// Bytes of `state` that are sent back.
const MAX_STATE_BYTES: usize = 4_096;

/// The authorization request: parameters of the address, repeated in the form.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuthorizeQuery {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    force_login: String,
}

/// Result of the consent page.
enum AuthorizeOutcome {
    Show(String),
    Refuse(String),
    Go(String),
}

impl AuthorizeQuery {
    fn from(fields: &FormFields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            response_type: text("response_type"),
            client_id: text("client_id"),
            redirect_uri: text("redirect_uri"),
            scope: text("scope"),
            state: text("state"),
            code_challenge: text("code_challenge"),
            code_challenge_method: text("code_challenge_method"),
            force_login: text("force_login"),
        }
    }

    /// Checks the request. Invalid: then the browser must not be sent anywhere.
    fn request(&self, node: &Node) -> Result<AuthorizationRequest> {
        if self.state.len() > MAX_STATE_BYTES || self.code_challenge.len() > 128 {
            return Err(Error::invalid("the app's request is too long"));
        }
        let request = oauth::check_authorization_request(node, &self.client_id, &self.redirect_uri, &self.scope)?;
        let challenge = Some(self.code_challenge.clone()).filter(|text| !text.is_empty());
        Ok(AuthorizationRequest { challenge, ..request })
    }

    /// Whether the response type and PKCE method are supported. An unsupported request is reported here and not by a
    /// redirect: anyone may register an app, and nobody is sent to its address before they agreed (RFC 9700, 4.11.2).
    fn is_supported(&self) -> bool {
        self.response_type == "code" && (self.code_challenge.is_empty() || self.code_challenge_method == "S256")
    }

    fn wants_password(&self) -> bool {
        matches!(self.force_login.as_str(), "true" | "1")
    }

    /// The app's address with these pairs and its own `state` behind it; never touched otherwise.
    fn redirect_back(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.redirect_uri.clone();
        let state = Some(("state", self.state.as_str())).filter(|(_, state)| !state.is_empty());
        for (name, value) in pairs.iter().copied().chain(state) {
            url.push(if url.contains('?') { '&' } else { '?' });
            // `+` means a space in forms only; apps parse their redirect as any other URL.
            url.push_str(&format!("{name}={}", thread_query(value).replace('+', "%20")));
        }
        url
    }
}

/// `GET /oauth/authorize`.
pub async fn show(
    node: web::Data<Node>,
    owner: Owner,
    asked: web::Query<AuthorizeQuery>,
) -> Result<HttpResponse, PageError> {
    let asked = asked.into_inner();
    let outcome = run_blocking(&node, move |node| {
        let request = asked.request(node)?;
        if !asked.is_supported() {
            return Err(Error::invalid("this app uses a login method that is not supported"));
        }
        page(node, &owner, &asked, &request, None).map(AuthorizeOutcome::Show)
    });
    Ok(answer(outcome.await?))
}

/// `POST /oauth/authorize`: yes or no.
pub async fn decide(
    node: web::Data<Node>,
    gate: web::Data<LoginGuard>,
    sent: OwnerForm,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let from = auth::client_address_or_unspecified(&request, &node.config.trusted_proxies);
    let OwnerForm { owner, fields } = sent;
    let outcome = run_blocking(&node, move |node| {
        let asked = AuthorizeQuery::from(&fields);
        let request = asked.request(node)?;
        if !asked.is_supported() {
            return Err(Error::invalid("this app uses a login method that is not supported"));
        }
        if fields.text("decision") != "allow" {
            return match asked.redirect_uri.as_str() {
                OUT_OF_BAND_REDIRECT => Ok(AuthorizeOutcome::Go("/".to_owned())),
                _ => Ok(AuthorizeOutcome::Go(asked.redirect_back(&[("error", "access_denied")]))),
            };
        }
        if asked.wants_password() && node.store.read(store::node::password)?.is_some() {
            match login::check_password(&gate, &node.store, fields.text("password"), from) {
                Ok(()) => {}
                Err(problem @ Error::Denied(_)) => {
                    let problem = capitalized(&error_sentence(&problem));
                    return page(node, &owner, &asked, &request, Some(&problem)).map(AuthorizeOutcome::Refuse);
                }
                Err(problem) => return Err(problem),
            }
        }
        let code = oauth::issue_code(node, &request)?;
        match asked.redirect_uri.as_str() {
            OUT_OF_BAND_REDIRECT => shown_code(node, &owner, &request, &code).map(AuthorizeOutcome::Show),
            _ => Ok(AuthorizeOutcome::Go(asked.redirect_back(&[("code", &code)]))),
        }
    });
    Ok(answer(outcome.await?))
}

/// 302, which every in-app browser follows to a scheme of its own.
fn answer(outcome: AuthorizeOutcome) -> HttpResponse {
    match outcome {
        AuthorizeOutcome::Show(markup) => layout::consent(HttpResponse::Ok(), markup),
        AuthorizeOutcome::Refuse(markup) => layout::consent(HttpResponse::BadRequest(), markup),
        AuthorizeOutcome::Go(url) => HttpResponse::Found()
            .insert_header((header::LOCATION, url))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .finish(),
    }
}

fn page(
    node: &Node,
    owner: &Owner,
    asked: &AuthorizeQuery,
    request: &AuthorizationRequest,
    problem: Option<&str>,
) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/")?;
        let ask_password = asked.wants_password() && store::node::password(r)?.is_some();
        let handle = ctx.owner.as_ref().map(|owner| format!("@{}", owner.handle())).unwrap_or_default();
        let body = html! {
            div.narrow {
                h1 { "Let “" bdi { (request.app.name) } "” in?" }
                @if let Some(problem) = problem { p.problem role="alert" { (problem) } }
                p { "This app wants to act as " strong { bdi { (handle) } } ". It could:" }
                ul { @for line in scope_descriptions(&request.scopes) { li { (line) } } }
                @if let Some(site) = &request.app.website { p.note { "Its maker names " bdi { (site) } " as its page." } }
                p.note { "Afterwards you are led to " bdi.address { (redirect_target(&request.redirect)) } ". In the settings you can end this at any time." }
                form.stack method="post" action="/oauth/authorize" {
                    (ctx.token(""))
                    (hidden(asked))
                    @if ask_password {
                        label for="password" { "Your password" }
                        input #password type="password" name="password" autocomplete="current-password" required maxlength=(login::MAX_PASSWORD_BYTES);
                    }
                    button.main type="submit" name="decision" value="allow" { "Authorize" }
                }
                form method="post" action="/oauth/authorize" {
                    (ctx.token(""))
                    (hidden(asked))
                    button.quiet type="submit" name="decision" value="deny" { "No" }
                }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Authorize an app", NavigationEntry::Elsewhere, body)).into_string())
    })
}

fn hidden(asked: &AuthorizeQuery) -> Markup {
    let fields = [
        ("response_type", &asked.response_type),
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("scope", &asked.scope),
        ("state", &asked.state),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
        ("force_login", &asked.force_login),
    ];
    html! { @for (name, value) in fields { input type="hidden" name=(name) value=(value); } }
}

/// The target of a redirect as text.
fn redirect_target(redirect: &str) -> &str {
    if redirect == OUT_OF_BAND_REDIRECT { "a page that shows a code to copy" } else { redirect }
}

fn shown_code(node: &Node, owner: &Owner, request: &AuthorizationRequest, code: &str) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/")?;
        let body = html! {
            div.narrow {
                h1 { "Copy this code" }
                p { "Give it to “" bdi { (request.app.name) } "”. It works once, within ten minutes." }
                p { code.address { (code) } }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("A code for an app", NavigationEntry::Elsewhere, body)).into_string())
    })
}

/// Descriptions of a set of scopes.
pub fn scope_descriptions(scopes: &str) -> Vec<String> {
    let words = |scope: &str| match scope.split_once(':') {
        None => match scope {
            "read" => "read everything that is yours here, private posts included".to_owned(),
            "write" => "write, change and delete posts, and change your profile and settings".to_owned(),
            "follow" => "follow, block and mute people".to_owned(),
            "push" => "receive push notifications".to_owned(),
            _ => "see your name and avatar".to_owned(),
        },
        Some(("read", part)) => format!("read your {part}"),
        Some((_, part)) => format!("change your {part}"),
    };
    scopes.split(' ').filter(|scope| !scope.is_empty()).map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_keeps_the_apps_address_as_it_is() {
        let back = |redirect: &str, state: &str| {
            let (redirect_uri, state) = (redirect.to_owned(), state.to_owned());
            AuthorizeQuery { redirect_uri, state, ..AuthorizeQuery::default() }.redirect_back(&[("code", "x_-1")])
        };
        assert_eq!(back("icecubesapp://", ""), "icecubesapp://?code=x_-1");
        assert_eq!(back("https://a.example/cb?x=1", "a b&c"), "https://a.example/cb?x=1&code=x_-1&state=a%20b%26c");
        let elk = "https://elk.zone/api/host/oauth/https%3A%2F%2Felk.zone";
        assert_eq!(back(elk, ""), format!("{elk}?code=x_-1"));
    }
}
