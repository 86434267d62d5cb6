//! Our activities by id. An embedded post is always in its current version, so that it never reveals what an edit
//! removed.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::authorized_fetch::{self, FetchAccess};
use super::{ReaderAccess, ServedDocument, SignedRequest};
use crate::ap::addressing::Recipients;
use crate::ap::json;
use crate::base::{Audience, Error, Result};
use crate::federation::Node;
use crate::social::document;
use crate::store::actors::{self, Actor};
use crate::store::{
    Read, node,
    posts::{self, tombstones},
    queue::deliveries,
};
use crate::web::blocking::{ApError, run_blocking};

/// `GET /users/NAME/activities/ID`.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let known = match authorized_fetch::fetch_access(node, &signed)? {
            FetchAccess::Refused(why) => return Ok(ServedDocument::Refused(why)),
            FetchAccess::Known(actor) => Some(*actor),
            FetchAccess::Anyone => None,
        };
        let url = signed.url(node);
        if let Some(open) = node.store.read(|r| find(r, &url, None))? {
            return Ok(if known.is_some() { open.for_reader() } else { open });
        }
        // The same work is done whether a private activity exists or not, so that the response time reveals nothing.
        let Some(reader) = known.or_else(|| signed.verified_signer(node)) else { return Err(Error::NotFound) };
        node.store.read(|r| find(r, &url, Some(&reader)))?.ok_or(Error::NotFound)
    });
    Ok(found.await?.into_response(&request))
}

/// The activity, if `reader` may see it. One they may not see is not even parsed, so that the response time reveals
/// nothing.
fn find(r: &Read<'_>, uri: &str, reader: Option<&Actor>) -> Result<Option<ServedDocument>> {
    if let Some(at) = tombstones::deleted_at(r, uri)? {
        return Ok(Some(ServedDocument::gone(uri, at)));
    }
    let rights = reader.map(|reader| ReaderAccess::of(r, reader)).transpose()?;
    let kept = stored_activity(r, uri)?;
    let may_read = |kept: &(Audience, String)| {
        let named = reader.is_some_and(|reader| kept.1.contains(&format!("\"{}\"", reader.uri)));
        rights.as_ref().map_or(kept.0.is_open(), |rights| rights.allows(kept.0, named))
    };
    let Some((audience, text)) = kept.filter(may_read) else { return Ok(None) };
    let activity: Value = serde_json::from_str(&text).map_err(Error::internal)?;
    let lists = Recipients::of(&activity).unwrap_or_default();
    let named = reader.is_some_and(|reader| lists.everyone().contains(&reader.uri.as_str()));
    if rights.is_some_and(|rights| !rights.allows(audience, named)) {
        return Ok(None);
    }
    let Some(activity) = with_current_object(r, uri, activity)? else {
        let at = r.now;
        return Ok(Some(ServedDocument::gone(uri, at)));
    };
    Ok(Some(if audience.is_open() { ServedDocument::Public(activity) } else { ServedDocument::ForReader(activity) }))
}

/// The activity as it was sent, with its audience. The Announce of a boost is rebuilt if it was pruned.
fn stored_activity(r: &Read<'_>, uri: &str) -> Result<Option<(Audience, String)>> {
    match deliveries::activity(r, uri) {
        Ok(kept) => Ok(Some(kept)),
        Err(Error::NotFound) => {
            let owner = actors::by_id(r, node::owner(r)?)?;
            let boost = posts::by_uri(r, uri)?.filter(|post| post.actor_id == owner.id);
            let Some((boost, of)) = boost.and_then(|boost| boost.boost_of.map(|of| (boost, of))) else {
                return Ok(None);
            };
            let of = posts::by_id(r, of)?;
            let author = actors::by_id(r, of.actor_id)?;
            let activity = document::announce(&owner, uri, (&of, &author), boost.audience, boost.published_at);
            Ok(Some((boost.audience, activity.to_string())))
        }
        Err(error) => Err(error),
    }
}

/// A Create or Update with the current version of its post; None when the post was deleted.
fn with_current_object(r: &Read<'_>, uri: &str, activity: Value) -> Result<Option<Value>> {
    if !(json::is_type(&activity, "Create") || json::is_type(&activity, "Update")) {
        return Ok(Some(activity));
    }
    if activity.get("object").is_some_and(|object| object.get("name").is_some() && object.get("content").is_none()) {
        // A vote is stored only in its activity, and never changes.
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
