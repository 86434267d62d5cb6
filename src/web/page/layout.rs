//! The frame of every page: head, navigation, footer and response headers.

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::base::config::{SOFTWARE, VERSION};
use crate::base::{Result, Time};
use crate::federation::Node;
use crate::social::moderation::filter::ActiveFilters;
use crate::store::actors::Actor;
use crate::store::actors::follows::FollowList;
use crate::store::timelines::filters::FilterContext;
use crate::store::{
    self, Read,
    actors::{self, follows},
    notifications,
    posts::interaction_requests_in,
};
use crate::web::auth::Owner;
use crate::web::files;

/// Content security policy: a page may load from and post to this server only.
const CSP: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
/// Browsers apply `form-action` to redirects, too, and a remote follow leads to the follower's own server. Only for
/// pages of visitors, who have nothing to lose here.
const CSP_REMOTE_FOLLOW: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; \
                                    form-action 'self' https:; frame-ancestors 'none'; base-uri 'none'";
const CSP_CONSENT: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; \
                              frame-ancestors 'none'; base-uri 'none'";
/// How long a visitor's browser, or a cache before us, may show a page without asking again.
const VISITOR_CACHE_CONTROL: &str = "public, max-age=30";

/// The context of every page: owner and viewer.
pub struct PageContext<'n> {
    /// The server.
    pub node: &'n Node,
    /// The owner; None in a trial before a name is picked.
    pub owner: Option<Actor>,
    /// The session, when the owner is signed in.
    pub session: Option<&'n Owner>,
    /// Notifications not looked at, up to 100.
    pub unseen: u32,
    /// Number of follow requests.
    pub requests: u32,
    /// The owner's filters that count on this page.
    pub sieve: ActiveFilters,
    /// The time of this page.
    pub now: Time,
    /// The path and query of this page: where a pressed button leads back to.
    pub here: String,
}

impl<'n> PageContext<'n> {
    /// Loads what the page frame shows.
    pub fn load(node: &'n Node, r: &Read<'_>, session: Option<&'n Owner>, here: &str) -> Result<Self> {
        let owner = store::node::get(r)?.owner.map(|id| actors::by_id(r, id)).transpose()?;
        let (mut unseen, mut waiting) = (0, 0);
        if let Some(session) = session {
            unseen = notifications::unseen(r)?;
            waiting =
                follows::count(r, session.actor, FollowList::Requests)? + interaction_requests_in::count_pending(r)?;
        }
        Ok(Self {
            node,
            owner,
            session,
            unseen,
            requests: waiting,
            sieve: ActiveFilters::default(),
            now: r.now,
            here: here.to_owned(),
        })
    }

    /// With the owner's filters that count in this place; a visitor has none.
    pub fn active_filters(mut self, r: &Read<'_>, context: FilterContext) -> Result<Self> {
        if self.session.is_some() {
            self.sieve = ActiveFilters::load(r)?.for_context(context);
        }
        Ok(self)
    }

    /// True for the owner's own actor.
    pub fn is_owner(&self, actor: &Actor) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.id == actor.id)
    }

    /// `/@NAME`.
    pub fn profile_path(&self) -> String {
        self.owner.as_ref().map_or_else(|| "/".to_owned(), |owner| format!("/@{}", owner.username))
    }

    /// Where an image of an actor is shown from: our own files, or the proxy.
    pub fn owner_image(&self, actor: &Actor, source: Option<&str>) -> Option<String> {
        let source = source.filter(|source| !source.is_empty())?;
        let ours = self.is_owner(actor) && !source.contains("://");
        Some(if ours { format!("/media/{source}") } else { files::proxied(self.node, source) })
    }

    /// The hidden fields of a form that leads back here: the session's token and the place.
    pub fn token(&self, anchor: &str) -> Markup {
        html! {
            @if let Some(session) = self.session {
                input type="hidden" name="csrf" value=(session.csrf);
                input type="hidden" name="back" value={ (self.here) (anchor) };
            }
        }
    }
}

/// Which entry of the navigation is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavigationEntry {
    /// The home timeline.
    Home,
    /// Notifications.
    Notifications,
    /// Find.
    Find,
    /// Following, followers, requests.
    People,
    /// The owner's profile.
    Profile,
    /// Settings.
    Settings,
    /// None of them.
    Elsewhere,
}

/// One page.
pub struct PageFrame {
    /// In the window's title, before the owner's name.
    pub title: String,
    /// The entry of the navigation to mark.
    pub here: NavigationEntry,
    /// More lines for the head: feeds, OpenGraph.
    pub head: Markup,
    /// The content.
    pub body: Markup,
}

impl PageFrame {
    /// A page with nothing special in its head.
    pub fn new(title: impl Into<String>, here: NavigationEntry, body: Markup) -> Self {
        Self { title: title.into(), here, head: html! {}, body }
    }
}

/// The whole document.
pub fn document(ctx: &PageContext<'_>, page: &PageFrame) -> Markup {
    let name = ctx.owner.as_ref().map_or(SOFTWARE, |owner| owner.name.as_str());
    let title = if page.title == name { name.to_owned() } else { format!("{} · {name}", page.title) };
    let top = html! {
        @if ctx.session.is_some() { (navigation(ctx, page.here)) } @else { (header(ctx)) }
        @if ctx.node.config.trial {
            p.trial role="note" { "A private trial: nothing leaves this computer, and nobody else can see it." }
        }
    };
    shell(&title, &page.head, &top, &page.body, &footer(ctx))
}

/// A document without navigation, for error pages, which must not query the database.
pub fn bare(title: &str, body: &Markup) -> Markup {
    let top = html! { header.top { a.home href="/" { (icon("cabin")) span { (SOFTWARE) } } } };
    shell(title, &html! {}, &top, body, &html! {})
}

fn shell(title: &str, head: &Markup, top: &Markup, body: &Markup, bottom: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" content="#fdfcfa" media="(prefers-color-scheme: light)";
                meta name="theme-color" content="#191816" media="(prefers-color-scheme: dark)";
                title { (title) }
                link rel="stylesheet" href=(asset("page.css"));
                link rel="icon" type="image/svg+xml" href=(asset("cabin.svg"));
                (head)
                script src=(asset("page.js")) defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (top)
                main #main tabindex="-1" { (body) }
                (bottom)
            }
        }
    }
}

fn navigation(ctx: &PageContext<'_>, here: NavigationEntry) -> Markup {
    let people = if ctx.requests > 0 { "/requests" } else { "/following" };
    let profile = ctx.profile_path();
    let entries = [
        (NavigationEntry::Home, "/", "home", "Home", 0),
        (NavigationEntry::Notifications, "/notifications", "bell", "Notifications", ctx.unseen),
        (NavigationEntry::Find, "/find", "find", "Find", 0),
        (NavigationEntry::People, people, "people", "People", ctx.requests),
        (NavigationEntry::Profile, profile.as_str(), "person", "Profile", 0),
        (NavigationEntry::Settings, "/settings", "gear", "Settings", 0),
    ];
    html! {
        header.top {
            nav.nav aria-label="Pages" {
                ul { @for (entry, path, sign, name, number) in entries {
                    li { a href=(path) title=(name) aria-current=[(entry == here).then_some("page")] {
                        (icon(sign)) span.label { (name) }
                        @if number > 0 { " " span.badge { (if number > 99 { "99+".to_owned() } else { number.to_string() }) } }
                    } }
                } }
            }
        }
    }
}

/// The header for visitors: the owner's address.
fn header(ctx: &PageContext<'_>) -> Markup {
    html! {
        header.top { a.home href=(ctx.profile_path()) {
            (icon("cabin"))
            span { (ctx.owner.as_ref().map_or(ctx.node.facts.origin.domain.as_str(), |owner| owner.host.as_str())) }
        } }
    }
}

fn footer(ctx: &PageContext<'_>) -> Markup {
    html! {
        footer.foot {
            ul {
                li { a href="/about" rel="about terms-of-service" { "About" } }
                li { a href="/privacy-policy" rel="privacy-policy" { "Privacy" } }
                @if ctx.owner.is_some() { li { a href={ (ctx.profile_path()) "/feed.atom" } { "Feed" } } }
                @if ctx.session.is_some() {
                    li { a href="/queue" { "Deliveries" } }
                } @else {
                    li { a href="/login" rel="nofollow" { "Log in" } }
                }
            }
            p { (SOFTWARE) " " (VERSION) }
        }
    }
}

/// The URL of an embedded file; it changes with its content, so that browsers never show an old one.
pub fn asset(name: &str) -> String {
    files::asset_url(name)
}

/// An icon; hidden from screen readers, which read the text beside it.
pub fn icon(name: &str) -> Markup {
    html! { svg.icon aria-hidden="true" focusable="false" { (PreEscaped(format!("<use href=\"/assets/icons.svg#{name}\"/>"))) } }
}

/// A page for the owner: not cacheable.
pub fn private(markup: String) -> HttpResponse {
    start(HttpResponse::Ok(), CSP, "private, no-cache").body(markup)
}

/// A page for the owner that reports a rejected form.
pub fn refused(markup: String) -> HttpResponse {
    start(HttpResponse::BadRequest(), CSP, "private, no-store").body(markup)
}

/// The consent page. Its redirect may have any scheme, so no `form-action` is set: browsers apply it to redirects.
pub fn consent(response: HttpResponseBuilder, markup: String) -> HttpResponse {
    start(response, CSP_CONSENT, "private, no-store").body(markup)
}

/// The start of a public response.
pub fn visitors(session: Option<&Owner>) -> HttpResponseBuilder {
    let (policy, cache) = match session {
        Some(_) => (CSP, "private, no-cache"),
        None => (CSP_REMOTE_FOLLOW, VISITOR_CACHE_CONTROL),
    };
    let mut response = start(HttpResponse::Ok(), policy, cache);
    response.insert_header((header::VARY, "Accept, Cookie"));
    response
}

fn start(mut response: HttpResponseBuilder, policy: &'static str, cache: &'static str) -> HttpResponseBuilder {
    with_security_headers(&mut response, policy);
    response.content_type("text/html; charset=utf-8").insert_header((header::CACHE_CONTROL, cache));
    response
}

/// Adds the headers of every page. Referrers stay on this server, so that browsers still report a form's origin. The
/// opener is cut off, except while signing in: `web/middleware.rs`.
fn with_security_headers(response: &mut HttpResponseBuilder, policy: &'static str) {
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header((header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"))
        .insert_header(("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"));
}

/// Gives an error page the headers of every page.
pub fn error_with_security_headers(response: &mut HttpResponseBuilder) {
    with_security_headers(response, CSP);
    response.content_type("text/html; charset=utf-8");
}
