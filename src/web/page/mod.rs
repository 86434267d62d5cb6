//! The pages: one file per page, route, handler and markup together. Works without a script; never talks to `api` or `ap`.
//!
//! `layout` is the frame and the headers, `card` a post, `person` a name and face, `words` times and numbers, `form` what
//! browsers send. All else is a page.

pub mod about;
pub mod acts;
pub mod approvals;
pub mod apps;
pub mod around;
pub mod authorize;
pub mod blocks;
mod card;
pub mod compose;
mod distance;
pub mod drafts;
pub mod edit;
pub mod feed;
#[cfg(test)]
mod fences;
pub mod filters;
pub mod find;
mod form;
pub mod history;
pub mod home;
mod host_card;
pub mod hosts;
pub mod kept;
pub mod kept_back;
mod kinds;
mod language;
mod later;
mod layout;
pub mod lists;
pub mod login;
mod longer;
mod meta;
pub mod moving;
pub mod notifications;
pub mod own_emoji;
pub mod people;
mod person;
mod pictures;
mod poll;
pub mod profile;
pub mod queue;
mod quoted;
mod reactions;
pub mod relays;
pub mod remote_follow;
pub mod reports;
#[cfg(test)]
mod sample;
pub mod settings;
mod sifted;
#[cfg(test)]
mod sifting;
pub mod tags;
pub mod thread;
mod top;
mod uploads;
#[cfg(test)]
mod walls;
mod words;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Responder};
use maud::{Markup, html};

use crate::base::Error;
use crate::web::edge::PageError;

pub use layout::dress_error;

/// What a person sees when something is wrong: what it means, one sentence, and ways on.
pub fn error_page(status: StatusCode, sentence: &str) -> Markup {
    let title = match status.as_u16() {
        403 => "Not allowed",
        404 => "Nothing here",
        409 => "Already so",
        410 => "Gone",
        413 => "Too large",
        400..=499 => "That did not work",
        502 => "The other server did not help",
        503 => "Busy",
        _ => "Something went wrong",
    };
    let body = html! {
        div.narrow.trouble {
            p.code { (status.as_u16()) }
            h1 { (title) }
            p { (login::capital(sentence)) }
            p { a.button href="/" { "To the front page" } }
        }
    };
    layout::bare(title, &body)
}

/// Whatever no route knows.
pub async fn missing() -> impl Responder {
    Err::<HttpResponse, PageError>(Error::NotFound.into())
}
