//! The built-in pages: route handler and markup together, one file per page. Work without a script; never call `api` or
//! `ap`.

mod formatting;
pub(super) mod moderation;
pub(super) mod post;
#[cfg(test)]
pub(crate) mod tests;
pub(super) mod timeline;
pub(super) mod visitor;

pub mod authorize;
pub mod compose;
mod form;
mod layout;
pub mod login;
pub mod notifications;
pub mod people;
pub mod settings;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Responder};
use maud::{Markup, html};

use crate::base::Error;
use crate::web::blocking::PageError;

pub use layout::error_with_security_headers;

/// An error page: what happened, one sentence, and links.
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
            p { (login::capitalized(sentence)) }
            p { a.button href="/" { "To the front page" } }
        }
    };
    layout::bare(title, &body)
}

/// Whatever no route knows.
pub async fn missing() -> impl Responder {
    Err::<HttpResponse, PageError>(Error::NotFound.into())
}
