//! `/@NAME` and `/@USER@HOST`: the profile of anyone.

use actix_web::{HttpResponse, web};

use crate::base::Error;
use crate::federation::Node;
use crate::web::edge::PageError;

/// `GET /@NAME` by a browser.
pub async fn show(_node: web::Data<Node>, _name: web::Path<String>) -> Result<HttpResponse, PageError> {
    Err(Error::NotFound.into())
}
