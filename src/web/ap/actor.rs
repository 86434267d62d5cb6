//! Our own actors' documents.

use actix_web::{HttpResponse, web};

use crate::base::Error;
use crate::federation::Node;
use crate::web::edge::{ApError, PageError};

/// `GET /@NAME` by a peer.
pub async fn at_page(_node: web::Data<Node>, _name: web::Path<String>) -> Result<HttpResponse, ApError> {
    Err(Error::NotFound.into())
}

/// `GET /users/NAME` by a peer.
pub async fn show(_node: web::Data<Node>, _name: web::Path<String>) -> Result<HttpResponse, ApError> {
    Err(Error::NotFound.into())
}

/// `GET /users/NAME` by a browser: on to the page.
pub async fn to_page(_node: web::Data<Node>, _name: web::Path<String>) -> Result<HttpResponse, PageError> {
    Err(Error::NotFound.into())
}
