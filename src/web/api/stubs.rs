//! Stub endpoints: what has no meaning on a server for one person answers what clients accept.

use serde_json::json;

use super::call::{ApiRequest, ApiResponse, ApiResult};
use super::error::ApiError;
use crate::base::Error;
use crate::federation::Node;

/// There are none: `[]`.
pub fn list(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::none())
}

/// `{}`.
pub fn object(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::empty())
}

/// Done, for there was nothing to do: `{}`.
pub fn done(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::empty())
}

/// 404.
pub fn missing(_: &Node, _: &ApiRequest) -> ApiResult {
    Err(Error::NotFound.into())
}

/// 403: there are no other accounts here.
pub fn forbidden(_: &Node, _: &ApiRequest) -> ApiResult {
    Err(ApiError::NotAllowed)
}

/// `GET /api/v1/emails/check_confirmation`: there is nothing to confirm.
pub fn confirmed(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::json(&json!(true)))
}

/// `GET /api/v1/annual_reports`: no year is summed up here.
pub fn years(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::json(&json!({ "annual_reports": [], "accounts": [], "statuses": [] })))
}

/// `GET /api/v1/annual_reports/{year}/state`.
pub fn year(_: &Node, _: &ApiRequest) -> ApiResult {
    Ok(ApiResponse::json(&json!({ "state": "ineligible" })))
}
