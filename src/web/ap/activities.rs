//! Our own activities by their ids. What they say of a post is always the post as it is now: never what an edit took away,
//! and nothing of one that was deleted.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::{Document, Letter, may_read};
use crate::ap::addressing::Recipients;
use crate::ap::json;
use crate::base::{Audience, Error, Result};
use crate::federation::Node;
use crate::social::document;
use crate::store::actors::{self, Actor};
use crate::store::{Read, deliveries, node, posts, tombstones};
use crate::web::edge::{ApError, blocking};

/// `GET /users/NAME/activities/ID`.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let letter = Letter::of(&request, web::Bytes::new());
    let found = blocking(&node, move |node| {
        let url = letter.url(node);
        let open = node.store.read(|r| look(r, &url, None))?;
        // Asked in the same way whether there is something private or nothing.
        match open {
            Some(open) => Ok(open),
            None => {
                let reader = letter.reader(node);
                node.store.read(|r| look(r, &url, reader.as_ref()))?.ok_or(Error::NotFound)
            }
        }
    });
    Ok(found.await?.answer(&request))
}

/// The activity, if `reader` may see it.
fn look(r: &Read<'_>, uri: &str, reader: Option<&Actor>) -> Result<Option<Document>> {
    if let Some(at) = tombstones::deleted_at(r, uri)? {
        return Ok(Some(Document::gone(uri, at)));
    }
    let Some((audience, activity)) = kept(r, uri)? else { return Ok(None) };
    let lists = Recipients::of(&activity).unwrap_or_default();
    let named: Vec<String> = lists.everyone().into_iter().map(str::to_owned).collect();
    if !may_read(r, reader, audience, &named)? {
        return Ok(None);
    }
    let Some(activity) = renewed(r, uri, activity)? else {
        let at = r.now;
        return Ok(Some(Document::gone(uri, at)));
    };
    Ok(Some(if audience.is_open() { Document::Open(activity) } else { Document::Asker(activity) }))
}

/// The activity as it was sent; a boost's is made anew when it has long arrived everywhere.
fn kept(r: &Read<'_>, uri: &str) -> Result<Option<(Audience, Value)>> {
    match deliveries::activity(r, uri) {
        Ok((audience, text)) => Ok(Some((audience, serde_json::from_str(&text).map_err(Error::internal)?))),
        Err(Error::NotFound) => {
            let owner = actors::by_id(r, node::owner(r)?)?;
            let boost = posts::by_uri(r, uri)?.filter(|post| post.actor_id == owner.id);
            let Some((boost, of)) = boost.and_then(|boost| boost.boost_of.map(|of| (boost, of))) else {
                return Ok(None);
            };
            let of = posts::by_id(r, of)?;
            let author = actors::by_id(r, of.actor_id)?;
            let activity = document::announce(&owner, uri, &of, &author, boost.published_at);
            Ok(Some((boost.audience, activity)))
        }
        Err(error) => Err(error),
    }
}

/// A Create or Update with its post as it is now; None when the post was deleted.
fn renewed(r: &Read<'_>, uri: &str, activity: Value) -> Result<Option<Value>> {
    if !(json::is_type(&activity, "Create") || json::is_type(&activity, "Update")) {
        return Ok(Some(activity));
    }
    if activity.get("object").is_some_and(|object| object.get("name").is_some() && object.get("content").is_none()) {
        // A vote is kept nowhere else, and never changes.
        return Ok(Some(activity));
    }
    let Some(id) = json::id_of(&activity, "object") else { return Ok(Some(activity)) };
    let owner = actors::by_id(r, node::owner(r)?)?;
    if id == owner.uri.as_str() {
        return Ok(Some(activity));
    }
    let Some(post) = posts::by_uri(r, id.as_str())? else { return Ok(None) };
    let object = document::post(r, &owner, &post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    Ok(Some(match json::is_type(&activity, "Create") {
        true => document::create(&owner, uri, object, lists, post.published_at),
        false => document::update(&owner, uri, object, lists, post.edited_at.unwrap_or(post.published_at)),
    }))
}
