//! `/about` and `/privacy-policy`: who runs this server, what it keeps, whom to write to. Threads federates only with
//! servers whose policy is public and names a minimum age of 13.

use actix_web::{HttpResponse, web};
use maud::{Markup, html};

use super::layout::{self, Here, House, Page};
use super::person;
use crate::base::Result;
use crate::base::config::{SOFTWARE, VERSION};
use crate::federation::Node;
use crate::store;
use crate::web::auth::MaybeOwner;
use crate::web::edge::{PageError, blocking};

/// `GET /about`.
pub async fn show(node: web::Data<Node>, owner: MaybeOwner) -> Result<HttpResponse, PageError> {
    page(node, owner, "About", about).await
}

/// `GET /privacy-policy`.
pub async fn privacy(node: web::Data<Node>, owner: MaybeOwner) -> Result<HttpResponse, PageError> {
    page(node, owner, "Privacy policy", policy).await
}

async fn page(
    node: web::Data<Node>,
    owner: MaybeOwner,
    title: &'static str,
    text: fn(&House<'_>, &str) -> Markup,
) -> Result<HttpResponse, PageError> {
    let session = owner.0.clone();
    let markup = blocking(&node, move |node| {
        node.store.read(|r| {
            let house = House::load(node, r, owner.0.as_ref(), "/about")?;
            let contact = store::node::settings(r)?.contact;
            let body = html! { div.prose.words { h1 { (title) } (text(&house, contact.trim())) } };
            Ok(layout::document(&house, &Page::new(title, Here::Elsewhere, body)).into_string())
        })
    });
    let markup = markup.await?;
    Ok(layout::visitors(session.as_ref()).body(markup))
}

fn about(house: &House<'_>, contact: &str) -> Markup {
    html! {
        @match &house.owner {
            Some(owner) => p { "This server is the home of one person on the fediverse: " (person::mention(house, owner)) " " (person::handle(owner))
                ". Nobody else has an account here, and none can be opened." },
            None => p { "Nobody lives here yet." },
        }
        h2 { "Contact" }
        (reach(house, contact))
        h2 { "Rules" }
        p { "No harassment, no hatred, no spam, nothing illegal. Whoever breaks this towards the people of this server is blocked from it. Reports about what is written here are read by the person who runs it, and answered." }
        h2 { "Software" }
        p { (SOFTWARE) " " (VERSION) ", a small server for one person that speaks ActivityPub." }
    }
}

fn reach(house: &House<'_>, contact: &str) -> Markup {
    html! {
        p {
            @if contact.contains('@') && !contact.contains(char::is_whitespace) && !contact.starts_with('@') {
                "Write to " a href={ "mailto:" (contact) } { (contact) } "."
            } @else if !contact.is_empty() { (contact) }
            @else if let Some(owner) = &house.owner { "Write to " (person::handle(owner)) " from any server of the fediverse." }
        }
    }
}

fn policy(house: &House<'_>, contact: &str) -> Markup {
    html! {
        p { "This server belongs to one person and is used by one person. There are no accounts for others, no advertisements, and no analysis of visitors." }
        h2 { "Visitors" }
        p { "Pages can be read without cookies. A cookie is set only when the owner logs in. Pictures from other servers are fetched by this server, so that those servers do not learn who reads them. The addresses of requests are used to answer them and to keep out abuse, and are not kept." }
        h2 { "What other servers send" }
        p { "When somebody elsewhere follows, mentions, answers, likes or boosts, their server sends this one what is needed to show it: public profile, posts, pictures, and the act itself. It is kept so that the owner can read it. When their server says that something was deleted, it is deleted here." }
        h2 { "What this server sends" }
        p { "What the owner writes is sent to the servers of the people it is for: followers and those mentioned, or anyone who asks when it is public. Those servers keep it under their own rules; a deletion is passed on to them." }
        h2 { "No sale, no profiling" }
        p { "Nothing is sold, rented or handed to third parties beyond what federation as described above needs, or what the law demands." }
        h2 { "Your rights" }
        p { "You may ask what is kept about you, and have it corrected or deleted. Deleting your account or post on your own server has the same effect; writing to us works, too." }
        h2 { "Age" }
        p { "This service is not for children. Nobody under 13 years of age, or under the higher minimum age of their country, may use it." }
        h2 { "Contact" }
        (reach(house, contact))
    }
}
