//! Our own posts' documents.

use actix_web::{HttpResponse, web};

use crate::base::Error;
use crate::federation::Node;
use crate::web::edge::{ApError, PageError};

/// `GET /@NAME/ID` by a peer.
pub async fn at_page(_node: web::Data<Node>, _path: web::Path<(String, String)>) -> Result<HttpResponse, ApError> {
    Err(Error::NotFound.into())
}

/// `GET /users/NAME/statuses/ID` by a peer.
pub async fn show(_node: web::Data<Node>, _path: web::Path<(String, String)>) -> Result<HttpResponse, ApError> {
    Err(Error::NotFound.into())
}

/// `GET /users/NAME/statuses/ID` by a browser: on to the page.
pub async fn to_page(_node: web::Data<Node>, _path: web::Path<(String, String)>) -> Result<HttpResponse, PageError> {
    Err(Error::NotFound.into())
}
