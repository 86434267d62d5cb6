//! Documents of our posts, and their collections. An unauthenticated reader cannot tell a private post from a missing
//! one.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::authorized_fetch::{self, FetchAccess};
use super::{ReaderAccess, ServedDocument, SignedRequest};
use crate::ap::addressing::Recipients;
use crate::ap::collection::{self, CollectionOrder, OwnCollectionPage};
use crate::base::id::PostId;
use crate::base::{Error, Result};
use crate::federation::Node;
use crate::social::document;
use crate::store::actors::{self, Actor};
use crate::store::posts::{self, Post, ThreadLimits, Viewer};
use crate::store::{
    Read,
    moderation::block_filter,
    node,
    posts::{post_views, tombstones},
};
use crate::web::blocking::{ApError, PageError, run_blocking};

/// Maximum number of replies on one page of `replies` or `context`.
const REPLIES_PER_PAGE: usize = 40;

/// The query of a collection page.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct RepliesPageQuery {
    /// Present when a page is requested instead of the collection.
    page: Option<String>,
    /// Only items after this id.
    after: Option<PostId>,
}

/// The resource a URL below a post names.
#[derive(Debug, Clone)]
enum PostResource {
    Post,
    Create,
    Replies(RepliesPageQuery),
    Context(RepliesPageQuery),
    Likes,
    Shares,
}

impl PostResource {
    /// The rest of the path after the post's id.
    fn path_suffix(&self) -> &'static str {
        match self {
            Self::Post => "",
            Self::Create => "/activity",
            Self::Replies(_) => "/replies",
            Self::Context(_) => "/context",
            Self::Likes => "/likes",
            Self::Shares => "/shares",
        }
    }
}

/// `GET /users/NAME/statuses/ID` by a peer.
pub async fn show(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Post).await
}

/// `GET …/activity`: the Create of a post, as the outbox lists it.
pub async fn create(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Create).await
}

/// `GET …/replies`
pub async fn replies(
    request: HttpRequest,
    node: web::Data<Node>,
    window: web::Query<RepliesPageQuery>,
) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Replies(window.into_inner())).await
}

/// `GET …/context`: the whole thread of a post (FEP-7888).
pub async fn context(
    request: HttpRequest,
    node: web::Data<Node>,
    window: web::Query<RepliesPageQuery>,
) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Context(window.into_inner())).await
}

/// `GET …/likes`: only their number.
pub async fn likes(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Likes).await
}

/// `GET …/shares`: only the number of boosts.
pub async fn shares(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, ApError> {
    respond(request, node, PostResource::Shares).await
}

async fn respond(request: HttpRequest, node: web::Data<Node>, part: PostResource) -> Result<HttpResponse, ApError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let url = signed.url(node);
        let uri = url.strip_suffix(part.path_suffix()).unwrap_or(&url);
        find_document(node, &signed, uri, &part)
    });
    Ok(found.await?.into_response(&request))
}

/// `GET /@NAME/ID` by a peer: the same document as at its URI.
pub async fn show_at_page_url(
    request: HttpRequest,
    node: web::Data<Node>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApError> {
    let id: PostId = path.1.parse()?;
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let found = run_blocking(&node, move |node| {
        let url = signed.url(node);
        let uri = node.store.read(|r| {
            let owner = actors::by_id(r, node::owner(r)?)?;
            // A deleted post is only known by its URI, which is built from its id.
            let post = posts::by_id(r, id).ok().filter(|post| post.actor_id == owner.id && post.html_url() == url);
            Ok(post.map_or_else(|| document::post_uri(&owner, id), |post| post.uri))
        })?;
        find_document(node, &signed, &uri, &PostResource::Post)
    });
    Ok(found.await?.into_response(&request))
}

/// The document of an own post or of a resource below it, if the reader may see it.
fn find_document(node: &Node, signed: &SignedRequest, uri: &str, part: &PostResource) -> Result<ServedDocument> {
    let known = match authorized_fetch::fetch_access(node, signed)? {
        FetchAccess::Refused(why) => return Ok(ServedDocument::Refused(why)),
        FetchAccess::Known(actor) => Some(*actor),
        FetchAccess::Anyone => None,
    };
    let open = node.store.read(|r| {
        if let Some(at) = tombstones::deleted_at(r, uri)? {
            return Ok(Some(ServedDocument::gone(uri, at)));
        }
        match own_post(r, uri)? {
            (Some(post), owner) if post.audience.is_open() => {
                write_resource(r, &owner, &post, part).map(ServedDocument::Public).map(Some)
            }
            _ => Ok(None),
        }
    })?;
    if let Some(open) = open {
        return Ok(if known.is_some() { open.for_reader() } else { open });
    }
    // From here on the same work is done whether or not a private post exists, so that the response time reveals
    // nothing.
    let Some(reader) = known.or_else(|| signed.verified_signer(node)) else { return Err(Error::NotFound) };
    node.store.read(|r| {
        let (post, owner) = own_post(r, uri)?;
        let named = posts::mentions_actor(r, uri, &reader.uri)?;
        let rights = ReaderAccess::of(r, &reader)?;
        match post.filter(|post| rights.allows(post.audience, named)) {
            Some(post) => write_resource(r, &owner, &post, part).map(ServedDocument::ForReader),
            None => Err(Error::NotFound),
        }
    })
}

/// A post of the owner's (never a boost) by its stored URI, together with the owner.
fn own_post(r: &Read<'_>, uri: &str) -> Result<(Option<Post>, Actor)> {
    let owner = actors::by_id(r, node::owner(r)?)?;
    let post = posts::by_uri(r, uri)?.filter(|post| post.boost_of.is_none() && post.actor_id == owner.id);
    Ok((post, owner))
}

fn write_resource(r: &Read<'_>, owner: &Actor, post: &Post, part: &PostResource) -> Result<Value> {
    let id = format!("{}{}", post.uri, part.path_suffix());
    match part {
        PostResource::Post => document::post(r, owner, post),
        PostResource::Create => create_activity(r, owner, post),
        PostResource::Replies(window) => replies_collection(r, post, &id, window),
        PostResource::Context(window) => context_collection(r, owner, post, &id, window),
        PostResource::Likes => Ok(collection::hidden(&id, post_views::single_view(r, post.id)?.likes.into())),
        PostResource::Shares => Ok(collection::hidden(&id, post_views::single_view(r, post.id)?.boosts.into())),
    }
}

/// The URIs of a post and of all public replies below it, oldest first.
fn context_collection(r: &Read<'_>, owner: &Actor, post: &Post, id: &str, window: &RepliesPageQuery) -> Result<Value> {
    let below = posts::descendants(r, post.id, Viewer::Stranger, ThreadLimits::FOR_PAGE)?;
    let below: Vec<PostId> = below.into_iter().map(|(id, _)| id).collect();
    let mut all = block_filter::is_shown(r, &below)?;
    all.push(post.id);
    all.sort();
    let first = format!("{id}?page=true");
    if window.page.is_none() {
        return Ok(collection::thread(id, &owner.uri, all.len() as u64, &first));
    }
    let rest: Vec<PostId> = all.into_iter().filter(|one| window.after.is_none_or(|after| *one > after)).collect();
    let shown: Vec<PostId> = rest.iter().copied().take(REPLIES_PER_PAGE).collect();
    let next = shown.last().filter(|_| rest.len() > REPLIES_PER_PAGE).map(|last| format!("{first}&after={last}"));
    let own = window.after.map_or_else(|| first.clone(), |after| format!("{first}&after={after}"));
    let items = posts::uris(r, &shown)?.into_iter().map(Value::from).collect();
    Ok(collection::page(
        CollectionOrder::Unordered,
        OwnCollectionPage { id: own, part_of: id.to_owned(), items, next, prev: None },
    ))
}

/// The Create of a post with its current version, so that it never reveals what an edit removed.
pub(super) fn create_activity(r: &Read<'_>, owner: &Actor, post: &Post) -> Result<Value> {
    let object = document::post(r, owner, post)?;
    let lists = Recipients::of(&object).unwrap_or_default();
    Ok(document::create(owner, &format!("{}/activity", post.uri), object, lists, post.published_at))
}

/// The URIs of the public replies; the first page is embedded in the collection.
fn replies_collection(r: &Read<'_>, post: &Post, id: &str, window: &RepliesPageQuery) -> Result<Value> {
    let mut found =
        posts::open_replies(r, post.id, window.after, u32::try_from(REPLIES_PER_PAGE + 1).unwrap_or(u32::MAX))?;
    let more = found.len() > REPLIES_PER_PAGE;
    found.truncate(REPLIES_PER_PAGE);
    let next = found.last().filter(|_| more).map(|last| format!("{id}?page=true&after={last}"));
    let own = window.after.map_or_else(|| format!("{id}?page=true"), |after| format!("{id}?page=true&after={after}"));
    let items = posts::uris(r, &block_filter::is_shown(r, &found)?)?.into_iter().map(Value::from).collect();
    let page = OwnCollectionPage { id: own, part_of: id.to_owned(), items, next, prev: None };
    let whole = window.page.is_none();
    Ok(if whole { collection::replies(id, page) } else { collection::page(CollectionOrder::Unordered, page) })
}

/// `GET /users/NAME/statuses/ID` by a browser: redirects to the page, which decides who may see it.
pub async fn redirect_to_page(request: HttpRequest, node: web::Data<Node>) -> Result<HttpResponse, PageError> {
    let signed = SignedRequest::of(&request, web::Bytes::new());
    let page = run_blocking(&node, move |node| {
        let url = signed.url(node);
        node.store.read(|r| {
            if tombstones::deleted_at(r, &url)?.is_some() {
                return Err(Error::Gone);
            }
            let (known, owner) = own_post(r, &url)?;
            let id: PostId = url.rsplit('/').next().unwrap_or_default().parse()?;
            let known = known.filter(|post| post.audience.is_open());
            Ok(known.map_or_else(|| document::post_page_url(&owner, id), |post| post.html_url().to_owned()))
        })
    });
    Ok(HttpResponse::Found().insert_header((header::LOCATION, page.await?)).finish())
}
