//! `/@NAME/ID`: a post with its thread.

use actix_web::{HttpResponse, web};

use crate::base::Error;
use crate::federation::Node;
use crate::web::edge::PageError;

/// `GET /@NAME/ID` by a browser.
pub async fn show(_node: web::Data<Node>, _path: web::Path<(String, String)>) -> Result<HttpResponse, PageError> {
    Err(Error::NotFound.into())
}
