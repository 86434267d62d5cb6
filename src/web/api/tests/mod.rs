//! What client apps see, as whole answers of a server of its own: one file per noun.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod access;
mod anonymous;
mod bookmarks;
mod conversations;
mod edges;
mod edits;
mod every;
mod filters;
mod lists;
mod markers;
mod media;
mod notifications;
mod others;
mod own_numbers;
mod people;
mod profile;
mod profiles;
mod push;
mod quotes;
mod search;
mod secrets;
mod statuses;
mod tags;

use actix_web::http::header;
use actix_web::test::TestRequest;

use crate::federation::owner::oauth;
use crate::web::test_support::{TestResponse, TestServer};

/// A server and a token for it.
pub(super) struct ApiClient {
    pub(super) server: TestServer,
    pub(super) token: String,
}

impl ApiClient {
    /// A new server, and a token with these scopes.
    pub(super) fn with(scopes: &str) -> Self {
        let server = TestServer::new();
        let token = oauth::create_personal_token(&server.node, "test", scopes).unwrap();
        Self { server, token }
    }

    /// What came of any request, sent with the token.
    pub(super) async fn call(&self, request: TestRequest) -> TestResponse {
        self.server.call(request.insert_header((header::AUTHORIZATION, format!("Bearer {}", self.token)))).await
    }

    /// What came of a `GET`.
    pub(super) async fn get(&self, path: &str) -> TestResponse {
        self.call(TestRequest::get().uri(path)).await
    }

    /// What came of a `POST` with this form.
    pub(super) async fn post(&self, path: &str, form: &[(&str, &str)]) -> TestResponse {
        self.call(TestRequest::post().uri(path).set_form(form)).await
    }

    /// What came of a request of any method with this form.
    pub(super) async fn form(&self, method: &str, path: &str, form: &[(&str, &str)]) -> TestResponse {
        let method = method.parse().unwrap();
        self.call(TestRequest::with_uri(path).method(method).set_form(form)).await
    }
}
