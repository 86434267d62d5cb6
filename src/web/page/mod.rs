//! The pages: one file per page, route, handler and markup together. Works without a script.

pub mod profile;
pub mod thread;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Responder};
use maud::{DOCTYPE, Markup, html};

use crate::base::Error;
use crate::web::edge::PageError;

/// What a person sees when something is wrong: the status code and one sentence.
pub fn error_page(status: StatusCode, sentence: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { title { (status.as_u16()) } }
            body { p { (sentence) } }
        }
    }
}

/// Whatever no route knows.
pub async fn missing() -> impl Responder {
    Err::<HttpResponse, PageError>(Error::NotFound.into())
}
