//! One API request and its response as plain data, so that every endpoint is a plain function.

use std::str::FromStr;
use std::sync::Arc;

use actix_web::web::Bytes;
use serde::Serialize;

use super::error::ApiError;
use super::params::RequestParams;
use super::status_cache::StatusCache;
use crate::base::Error;
use crate::store::access::apps::AccessToken;

/// What an endpoint returns.
pub type ApiResult = Result<ApiResponse, ApiError>;

/// A request, its token checked and its parameters read.
pub struct ApiRequest {
    /// All parameters.
    pub params: RequestParams,
    /// What stood in the braces of the route, in order, percent-decoded.
    pub captured: Vec<String>,
    /// Who calls, if a token came along.
    pub token: Option<AccessToken>,
    /// The path as asked, and the raw query.
    pub path: String,
    /// Behind `?`.
    pub query: String,
    /// `Idempotency-Key`.
    pub idempotency: Option<String>,
    /// Client id and secret of `Authorization: Basic`.
    pub basic: Option<(String, String)>,
    /// The bearer's token itself, for its own revocation and push.
    pub bearer: Option<String>,
    /// Statuses that were shown a moment ago.
    pub pieces: Arc<StatusCache>,
}

impl ApiRequest {
    /// The id in the path; NotFound when it is none.
    pub fn id<T: FromStr<Err = Error>>(&self) -> Result<T, ApiError> {
        self.captured.first().ok_or(Error::NotFound)?.parse().map_err(ApiError::Error)
    }

    /// Whether the owner calls; else an app or a stranger, who see what is public.
    pub fn is_owner(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.speaks_for_owner)
    }

    /// An id parameter, compared as a number: rows that are gone are no reason to fail.
    pub fn number(&self, name: &str) -> Option<i64> {
        let text = self.params.given(name)?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(i64::MAX))
    }
}

/// What goes back.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// The HTTP status code.
    pub code: u16,
    /// JSON.
    pub body: Bytes,
    /// Headers beside the usual ones.
    pub headers: Vec<(&'static str, String)>,
}

impl ApiResponse {
    /// 200 with this JSON.
    pub fn json(value: &impl Serialize) -> Self {
        Self::with(200, value)
    }

    /// Any code with this JSON.
    pub fn with(code: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).unwrap_or_else(|_| b"{}".to_vec());
        Self { code, body: body.into(), headers: Vec::new() }
    }

    /// `{}`: it is done.
    pub fn empty() -> Self {
        Self { code: 200, body: Bytes::from_static(b"{}"), headers: Vec::new() }
    }

    /// `[]`: there is none here, ever.
    pub fn none() -> Self {
        Self { code: 200, body: Bytes::from_static(b"[]"), headers: Vec::new() }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
