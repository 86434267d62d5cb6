//! `/about` and `/privacy-policy`; and `/texts`, where the owner edits them.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use crate::base::config::{SOFTWARE, VERSION};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::store;
use crate::store::node::Settings;
use crate::text::default_texts::{DEFAULT_ABOUT, DEFAULT_PRIVACY, DEFAULT_RULES, or_default, to_html};
use crate::web::auth::{MaybeOwner, Owner, see_other};
use crate::web::blocking::{PageError, error_sentence, run_blocking};
use crate::web::page::form::OwnerForm;
use crate::web::page::layout::{self, NavigationEntry, PageContext, PageFrame, icon};
use crate::web::page::login::capitalized;
use crate::web::page::people::actor_widgets;
use crate::web::page::settings::SettingsQuery;

/// Characters of each text.
const MAX_TEXT_CHARS: usize = 20_000;

/// `GET /about`.
pub async fn show(node: web::Data<Node>, owner: MaybeOwner) -> Result<HttpResponse, PageError> {
    page(node, owner, "About", about).await
}

/// `GET /privacy-policy`.
pub async fn privacy(node: web::Data<Node>, owner: MaybeOwner) -> Result<HttpResponse, PageError> {
    page(node, owner, "Privacy policy", privacy_text).await
}

async fn page(
    node: web::Data<Node>,
    owner: MaybeOwner,
    title: &'static str,
    text: fn(&PageContext<'_>, &Settings) -> Markup,
) -> Result<HttpResponse, PageError> {
    let session = owner.0.clone();
    let markup = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let ctx = PageContext::load(node, r, owner.0.as_ref(), "/about")?;
            let settings = store::node::settings(r)?;
            let edit = html! { @if ctx.session.is_some() { p { a.button href="/texts" { (icon("pen")) "Change these texts" } } } };
            let body = html! { div.prose.words { h1 { (title) } (text(&ctx, &settings)) (edit) } };
            Ok(layout::document(&ctx, &PageFrame::new(title, NavigationEntry::Elsewhere, body)).into_string())
        })
    });
    let markup = markup.await?;
    Ok(layout::visitors(session.as_ref()).body(markup))
}

fn about(ctx: &PageContext<'_>, settings: &Settings) -> Markup {
    html! {
        @match &ctx.owner {
            Some(owner) => p { "This server is the home of one person on the fediverse: " (actor_widgets::mention(ctx, owner)) " " (actor_widgets::handle(owner))
                ". Nobody else has an account here, and none can be opened." },
            None => p { "There is no account here yet." },
        }
        (to_html(or_default(&settings.about, DEFAULT_ABOUT)))
        h2 { "Contact" }
        (contact_line(ctx, settings.contact.trim()))
        h2 #rules { "Rules" }
        (to_html(or_default(&settings.rules, DEFAULT_RULES)))
        (account_age())
        p { "What is kept about you is said in the " a href="/privacy-policy" rel="privacy-policy" { "privacy policy" } "." }
        h2 { "Software" }
        p { (SOFTWARE) " " (VERSION) ", a small server for one person that speaks ActivityPub." }
    }
}

fn contact_line(ctx: &PageContext<'_>, contact: &str) -> Markup {
    html! {
        p {
            @if contact.contains('@') && !contact.contains(char::is_whitespace) && !contact.starts_with('@') {
                "Write to " a href={ "mailto:" (contact) } { (contact) } "."
            } @else if !contact.is_empty() { (contact) }
            @else if let Some(owner) = &ctx.owner { "Write to " (actor_widgets::handle(owner)) " from any server of the fediverse." }
        }
    }
}

fn privacy_text(ctx: &PageContext<'_>, settings: &Settings) -> Markup {
    html! {
        (to_html(or_default(&settings.privacy, DEFAULT_PRIVACY)))
        h2 { "Age" }
        (account_age())
        h2 { "Contact" }
        (contact_line(ctx, settings.contact.trim()))
    }
}

fn account_age() -> Markup {
    html! { p { "This service is not for children. Nobody under 13 years of age, or under the higher minimum age of their country, may use it." } }
}

/// `GET /texts`.
pub async fn texts(
    node: web::Data<Node>,
    owner: Owner,
    saved: web::Query<SettingsQuery>,
) -> Result<HttpResponse, PageError> {
    let saved = saved.into_inner().is_set();
    let markup = run_blocking(&node, move |node| form(node, &owner, if saved { Ok(()) } else { Err("") }));
    Ok(layout::private(markup.await?))
}

/// The form; `state` is Ok after saving, else what was wrong.
fn form(node: &Node, owner: &Owner, state: Result<(), &str>) -> Result<String> {
    node.store.read(|r| {
        let ctx = PageContext::load(node, r, Some(owner), "/texts")?;
        let settings = store::node::settings(r)?;
        let fields = [
            ("about", "About this server", or_default(&settings.about, DEFAULT_ABOUT), 6),
            ("rules", "Rules", or_default(&settings.rules, DEFAULT_RULES), 6),
            ("privacy", "Privacy policy", or_default(&settings.privacy, DEFAULT_PRIVACY), 16),
        ];
        let body = html! {
            h1 { "Texts of this server" }
            @match state {
                Ok(()) => p.done role="status" { (icon("check")) " Saved." },
                Err("") => {},
                Err(problem) => p.problem role="alert" { (problem) },
            }
            p { "They stand on " a href="/about" { "About" } " and " a href="/privacy-policy" { "Privacy policy" }
                ", and other servers look for them: Threads, for one, federates only with servers that have rules, a privacy policy, a contact and a minimum age. The minimum age of 13 and your contact are always put below." }
            form.stack method="post" action="/texts" {
                (ctx.token(""))
                @for (name, label, text, rows) in fields {
                    label for=(name) { (label) }
                    textarea id=(name) name=(name) rows=(rows) maxlength=(MAX_TEXT_CHARS) dir="auto" { (text) }
                }
                p.note { "An empty line begins a paragraph, a line with # a heading. A text that is emptied becomes the one that came with the software." }
                button.main type="submit" { "Save the texts" }
            }
        };
        Ok(layout::document(&ctx, &PageFrame::new("Texts", NavigationEntry::Settings, body)).into_string())
    })
}

/// `POST /texts`.
pub async fn save_texts(node: web::Data<Node>, sent: OwnerForm) -> Result<HttpResponse, PageError> {
    let OwnerForm { owner, fields } = sent;
    let refused = run_blocking(&node, move |node| {
        let own = |name: &str, ours: &str| {
            let text = fields.text(name).trim();
            if text == ours { String::new() } else { text.to_owned() }
        };
        let (about, rules, privacy) =
            (own("about", DEFAULT_ABOUT), own("rules", DEFAULT_RULES), own("privacy", DEFAULT_PRIVACY));
        if [&about, &rules, &privacy].iter().any(|text| text.chars().count() > MAX_TEXT_CHARS) {
            let problem = Error::invalid(format!("each text has {MAX_TEXT_CHARS} characters at most"));
            return form(node, &owner, Err(&capitalized(&error_sentence(&problem)))).map(Some);
        }
        node.store.write(move |w| {
            let settings = store::node::settings(w)?;
            store::node::set_settings(w, &Settings { about, rules, privacy, ..settings })
        })?;
        Ok(None)
    });
    Ok(match refused.await? {
        None => see_other("/texts?saved=yes"),
        Some(markup) => layout::refused(markup),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_ones_own_has_paragraphs_headings_and_no_tags() {
        let html = to_html("One <b>\n\n# Two\n\nthree\nhttps://example.org/").into_string();
        assert!(html.starts_with("<p>One &lt;b&gt;</p><h2>Two</h2><p>three<br"), "{html}");
        assert!(html.contains("<a href=\"https://example.org/\""), "{html}");
    }
}
