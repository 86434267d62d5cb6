//! The owner's followers on one server, for that server alone (FEP-8fcf). Nobody learns of anybody else's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::{Document, Letter};
use crate::ap::collection::{self, Order};
use crate::base::{Error, Result};
use crate::federation::{Node, synchronise};
use crate::store::{actors, node};
use crate::web::edge::{ApError, blocking};

/// `GET /users/NAME/followers_synchronization`, signed by any actor of the server it is for.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let letter = Letter::of(&request, web::Bytes::new());
    match blocking(&node, move |node| part(node, &letter)).await? {
        Some(part) => Ok(Document::Asker(part).answer(&request)),
        None => {
            let why = "sign this request: each server may see its own part of the list";
            Ok(HttpResponse::build(StatusCode::UNAUTHORIZED)
                .insert_header(("cache-control", "no-store"))
                .json(json!({ "error": why })))
        }
    }
}

/// The part of who signed; None for a stranger.
fn part(node: &Node, letter: &Letter) -> Result<Option<Value>> {
    let Some(reader) = letter.reader(node) else { return Ok(None) };
    let url = letter.url(node);
    node.store.read(|r| {
        let owner = actors::by_id(r, node::owner(r)?)?;
        if synchronise::url(&owner) != url {
            return Err(Error::NotFound);
        }
        let ids = synchronise::part(r, owner.id, &reader.uri)?.into_iter().map(Value::from).collect();
        Ok(Some(collection::whole(Order::Ordered, &url, ids)))
    })
}
