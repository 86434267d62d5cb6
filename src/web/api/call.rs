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

/// The result of an endpoint.
pub type ApiResult = Result<ApiResponse, ApiError>;

/// A request, its token checked and its parameters read.
pub struct ApiRequest {
    /// All parameters.
    pub params: RequestParams,
    /// Path parameters in order, percent-decoded.
    pub captured: Vec<String>,
    /// The access token, if one was sent.
    pub token: Option<AccessToken>,
    /// The requested path.
    pub path: String,
    /// Behind `?`.
    pub query: String,
    /// `Idempotency-Key`.
    pub idempotency: Option<String>,
    /// Client id and secret of `Authorization: Basic`.
    pub basic: Option<(String, String)>,
    /// The bearer's token itself, for its own revocation and push.
    pub bearer: Option<String>,
    /// Cache of rendered statuses.
    pub status_cache: Arc<StatusCache>,
}

impl ApiRequest {
    /// The id in the path; NotFound when it is not one.
    pub fn id<T: FromStr<Err = Error>>(&self) -> Result<T, ApiError> {
        self.captured.first().ok_or(Error::NotFound)?.parse().map_err(ApiError::Error)
    }

    /// Whether the owner calls; apps and strangers see public things only.
    pub fn is_owner(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.speaks_for_owner)
    }

    /// An id parameter, compared as a number: it may name a deleted row.
    pub fn number(&self, name: &str) -> Option<i64> {
        let text = self.params.given(name)?;
        text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().unwrap_or(i64::MAX))
    }
}

/// The response of an endpoint.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// The HTTP status code.
    pub code: u16,
    /// JSON.
    pub body: Bytes,
    /// Additional headers.
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

    /// `{}`.
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

/// One part of a path, percent-decoded once.
pub fn percent_decoded(part: &str) -> Option<String> {
    if part.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}
