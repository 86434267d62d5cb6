//! The owner's collections: outbox, followers, following, featured posts and hashtags. Public items only.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::authorized_fetch::{self, FetchAccess};
use super::{ServedDocument, SignedRequest, posts as own_posts};
use crate::ap::collection::{self, CollectionOrder, OwnCollectionPage};
use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::{self, document};
use crate::store::actors::follows::{self, FollowList};
use crate::store::actors::{self, Actor};
use crate::store::posts::{self, Post, PostPage, Viewer};
use crate::store::{Read, actors::own_counts, node, posts::pins};
use crate::web::blocking::{ApError, run_blocking};

/// Activities on a page of the outbox, as in Mastodon.
const OUTBOX_PAGE_ITEMS: usize = 20;
/// Actors on a page of followers or following.
const ACTOR_PAGE_ITEMS: usize = 40;

/// The query of a collection page.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct CollectionPageQuery {
    /// Present when a page is requested instead of the collection.
    page: Option<String>,
    /// Only items older than this post.
    before: Option<PostId>,
    /// Only actors after this one.
    after: Option<i64>,
}

/// `GET` any collection of the owner's or of the instance actor, by its stored URI.
pub async fn show(
    request: HttpRequest,
    node: web::Data<Node>,
    window: web::Query<CollectionPageQuery>,
) -> Result<HttpResponse, ApError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let url = signed.url(node);
        let find = || node.store.read(|r| find(r, &url, &window)).map(ServedDocument::Public);
        Ok(match authorized_fetch::fetch_access(node, &signed)? {
            FetchAccess::Refused(why) => ServedDocument::Refused(why),
            FetchAccess::Known(_) => find()?.for_reader(),
            FetchAccess::Anyone => find()?,
        })
    });
    Ok(found.await?.into_response(&request))
}

fn find(r: &Read<'_>, url: &str, window: &CollectionPageQuery) -> Result<Value> {
    let service = actors::by_id(r, node::get(r)?.service)?;
    if service.outbox.as_deref() == Some(url) {
        return Ok(collection::whole(CollectionOrder::Ordered, url, Vec::new()));
    }
    let owner = actors::by_id(r, node::owner(r)?)?;
    if owner.gone_at.is_some() {
        return Err(Error::Gone);
    }
    let is = |uri: &Option<String>| uri.as_deref() == Some(url);
    if is(&owner.outbox) {
        outbox(r, &owner, url, window)
    } else if is(&owner.followers) {
        actor_list(r, &owner, FollowList::Followers, url, window)
    } else if is(&owner.following) {
        actor_list(r, &owner, FollowList::Following, url, window)
    } else if is(&owner.featured) {
        // Ids only: Mastodon skips polls that are embedded here.
        let uris = posts::uris(r, &pins::of_actor(r, owner.id, Viewer::Stranger)?)?;
        Ok(collection::whole(CollectionOrder::Ordered, url, uris.into_iter().map(Value::from).collect()))
    } else if is(&owner.featured_tags) {
        let tags = pins::tags(r, owner.id)?;
        let items = tags.iter().map(|tag| social::pin::hashtag_document(r, tag)).collect::<Result<_>>()?;
        Ok(collection::whole(CollectionOrder::Unordered, url, items))
    } else {
        Err(Error::NotFound)
    }
}

/// The owner's public and quiet posts and boosts, newest first.
fn outbox(r: &Read<'_>, owner: &Actor, url: &str, window: &CollectionPageQuery) -> Result<Value> {
    if window.page.is_none() {
        let total = own_counts::get(r)?.posts;
        return Ok(collection::paged(CollectionOrder::Ordered, url, total.into(), &format!("{url}?page=true"), None));
    }
    let limit = u32::try_from(OUTBOX_PAGE_ITEMS + 1).unwrap_or(u32::MAX);
    let page = PostPage { before: window.before, after: None, limit };
    let mut ids = posts::by_actor(r, owner.id, Viewer::Stranger, page)?;
    let more = ids.len() > OUTBOX_PAGE_ITEMS;
    ids.truncate(OUTBOX_PAGE_ITEMS);
    let items: Vec<Value> =
        ids.iter().map(|id| post_activity(r, owner, &posts::by_id(r, *id)?)).collect::<Result<_>>()?;
    let own = window.before.map_or_else(String::new, |before| format!("&before={before}"));
    let next = ids.last().filter(|_| more).map(|last| format!("{url}?page=true&before={last}"));
    let id = format!("{url}?page=true{own}");
    Ok(collection::page(
        CollectionOrder::Ordered,
        OwnCollectionPage { id, part_of: url.to_owned(), items, next, prev: None },
    ))
}

fn post_activity(r: &Read<'_>, owner: &Actor, post: &Post) -> Result<Value> {
    let Some(of) = post.boost_of else { return own_posts::create_activity(r, owner, post) };
    let of = posts::by_id(r, of)?;
    let author = actors::by_id(r, of.actor_id)?;
    Ok(document::announce(owner, &post.uri, (&of, &author), post.audience, post.published_at))
}

/// Followers or following: the number, and a page of actors unless the owner hides them.
fn actor_list(r: &Read<'_>, owner: &Actor, list: FollowList, url: &str, window: &CollectionPageQuery) -> Result<Value> {
    let total = follows::count(r, owner.id, list)?.into();
    if !node::settings(r)?.show_follows {
        return Ok(collection::hidden(url, total));
    }
    if window.page.is_none() {
        return Ok(collection::paged(CollectionOrder::Ordered, url, total, &format!("{url}?page=true"), None));
    }
    let limit = u32::try_from(ACTOR_PAGE_ITEMS + 1).unwrap_or(u32::MAX);
    let mut ids = follows::list(r, owner.id, list, window.after.map(ActorId), limit)?;
    let more = ids.len() > ACTOR_PAGE_ITEMS;
    ids.truncate(ACTOR_PAGE_ITEMS);
    let known: HashMap<ActorId, String> = actors::by_ids(r, &ids)?.into_iter().map(|a| (a.id, a.uri)).collect();
    let items = ids.iter().filter_map(|id| known.get(id).cloned()).map(Value::from).collect();
    let own = window.after.map_or_else(String::new, |after| format!("&after={after}"));
    let next = ids.last().filter(|_| more).map(|last| format!("{url}?page=true&after={last}"));
    let id = format!("{url}?page=true{own}");
    Ok(collection::page(
        CollectionOrder::Ordered,
        OwnCollectionPage { id, part_of: url.to_owned(), items, next, prev: None },
    ))
}
