//! Documents of the owner's custom emoji.

use actix_web::{HttpRequest, HttpResponse, web};

use super::ServedDocument;
use crate::ap::context;
use crate::ap::write_object;
use crate::base::Result;
use crate::federation::Node;
use crate::social::emoji;
use crate::store::{node, own_emoji};
use crate::web::blocking::{ApError, run_blocking};

/// `GET /emojis/{id}`.
pub async fn show(request: HttpRequest, node: web::Data<Node>, id: web::Path<i64>) -> Result<HttpResponse, ApError> {
    let id = id.into_inner();
    let found = run_blocking(&node, move |node| {
        node.store.read(|r| {
            let own = own_emoji::by_id(r, id)?;
            let mut document = write_object::write_tag(&emoji::tag(&node::get(r)?.origin, &own));
            if let Some(members) = document.as_object_mut() {
                members.insert("@context".to_owned(), context::full_context());
            }
            Ok(document)
        })
    });
    Ok(ServedDocument::Public(found.await?).into_response(&request))
}
