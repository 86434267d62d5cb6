//! Resolves an actor or post by URI or handle: stored, else fetched and stored. A failed fetch never changes what is
//! stored.

use std::time::Duration;

use serde_json::Value;

use crate::ap::actor::ReceivedActor as ActorDoc;
use crate::ap::json::{self, Uri};
use crate::ap::object::{Object, is_known_type};
use crate::base::id::{ActorId, PostId};
use crate::base::time::Stopwatch;
use crate::base::{Error, Result, Time};
use crate::federation::remote::singleflight::{CachedFailure, FlightRole};
use crate::federation::{Node, remote::webfinger};
use crate::net::{Document, Expected, Get, HTML_LIMIT, IdRule, Knock, NetError};
use crate::social;
use crate::store::actors::{self, Actor};
use crate::store::posts;
use crate::text::Handle;

/// How long an actor's stored document counts as fresh.
const ACTOR_TTL: Duration = Duration::from_secs(3 * 24 * 3600);
/// How long after a failed fetch the next one waits.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(3600);
/// How long a failed post is not fetched again.
const POST_FAILURE_TTL: Duration = Duration::from_secs(10 * 60);
/// Parents fetched above one post.
const MAX_ANCESTORS: usize = 12;

/// Time limit for fetching ancestors, because other activities wait meanwhile.
const ANCESTOR_TIME_LIMIT: Duration = Duration::from_secs(20);

/// What a handle or URL resolves to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// A person.
    Actor(ActorId),
    /// A post.
    Post(PostId),
}

/// Resolves what the owner typed: `@user@host`, or the URL of an actor or post. NotFound when there is nothing; Remote
/// says why it cannot be fetched.
pub fn find(node: &Node, text: &str) -> Result<Resolved> {
    let text = text.trim();
    if text.starts_with("http://") || text.starts_with("https://") {
        return find_url(node, text);
    }
    let handle = Handle::parse(text).filter(|handle| handle.host.is_some());
    let handle = handle.ok_or_else(|| {
        Error::invalid("that is neither a handle like @name@example.org nor the address of a profile or post")
    })?;
    by_handle(node, &handle).map(Resolved::Actor)
}

/// The actor with this handle: ours, stored and fresh, or looked up at the handle's own domain.
pub fn by_handle(node: &Node, handle: &Handle) -> Result<ActorId> {
    let host = handle.host.as_deref().unwrap_or(&node.facts.origin.domain);
    let domain = if node.facts.origin.is_ours(host) { &node.facts.origin.domain } else { host };
    let known = node.store.read(|r| actors::by_handle(r, &handle.name, domain))?;
    if node.facts.origin.is_ours(host) {
        return known.map(|actor| actor.id).ok_or(Error::NotFound);
    }
    if let Some(actor) = known.filter(|actor| actor.gone_at.is_none()) {
        return self::actor(node, &actor.uri);
    }
    // What a domain says about an actor elsewhere only leads to that actor: the actor's own server decides its handle.
    let finger = webfinger::look_up_handle(node, handle)?;
    actor(node, finger.actor.as_str())
}

fn find_url(node: &Node, url: &str) -> Result<Resolved> {
    let uri = Uri::parse(url).ok_or_else(|| Error::invalid("that is not the address of a profile or post"))?;
    if let Some(found) = stored_by_uri(node, uri.as_str())? {
        return Ok(found);
    }
    if node.facts.origin.owns(url) {
        return own_page_target(node, url);
    }
    match node.fetch_document(url, IdRule::Exact) {
        Ok(document) => store_document(node, &document),
        Err(error @ NetError::BadContent { .. }) => {
            let linked = linked_id(node, url)?.ok_or(error)?;
            store_document(node, &node.fetch_document(linked.as_str(), IdRule::Exact)?)
        }
        Err(error) if error.is_missing() => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// Our own pages are known by their path: `/@name` and `/@name/ID`.
fn own_page_target(node: &Node, url: &str) -> Result<Resolved> {
    let page = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    node.store.read(|r| {
        let owner = actors::by_id(r, crate::store::node::owner(r)?)?;
        if page == owner.url {
            return Ok(Resolved::Actor(owner.id));
        }
        let id: PostId =
            page.strip_prefix(owner.url.as_str()).and_then(|p| p.strip_prefix('/')).unwrap_or("").parse()?;
        Ok(Resolved::Post(posts::by_id(r, id)?.id))
    })
}

/// What is stored under an address, ours or another actor's.
pub fn find_stored(node: &Node, url: &str) -> Result<Option<Resolved>> {
    match stored_by_uri(node, url)? {
        None if node.facts.origin.owns(url) => match own_page_target(node, url) {
            Err(Error::NotFound) => Ok(None),
            found => found.map(Some),
        },
        found => Ok(found),
    }
}

fn stored_by_uri(node: &Node, uri: &str) -> Result<Option<Resolved>> {
    node.store.read(|r| {
        if let Some(post) = posts::by_uri(r, uri)? {
            return Ok(Some(Resolved::Post(post.boost_of.unwrap_or(post.id))));
        }
        let actor = actors::by_uri(r, uri)?;
        Ok(actor.filter(|actor| actor.gone_at.is_none()).map(|actor| Resolved::Actor(actor.id)))
    })
}

/// The ActivityPub document an HTML page points to, by its Link header or `<link rel="alternate">`.
fn linked_id(node: &Node, url: &str) -> Result<Option<Uri>> {
    let get = Get {
        url,
        accept: Expected::ActivityOrHtml,
        signer: None,
        knock: Knock::Cavage,
        limit: HTML_LIMIT,
        now: node.clock().now(),
        gate: &|host| node.check_host_fetchable(host),
    };
    let answer = node.net.get(get)?;
    let is_it = |tag: &&str| tag.contains("alternate") && tag.contains("application/activity+json");
    let header = answer.link.as_deref().unwrap_or_default();
    let from_header = header.split(',').find(is_it).and_then(|l| l.split(['<', '>']).nth(1)).map(str::to_owned);
    let text = String::from_utf8_lossy(&answer.body);
    let from_page = || {
        let tag = text.split('<').filter(|tag| tag.starts_with("link")).find(is_it)?;
        let (_, rest) = tag.split_once("href=")?;
        Some(rest.trim_start_matches(['"', '\'']).split(['"', '\'', '>', ' ']).next()?.replace("&amp;", "&"))
    };
    Ok(from_header.or_else(from_page).and_then(|href| Uri::parse(&href)))
}

/// Stores a fetched document as what it is: a post, or an actor.
fn store_document(node: &Node, document: &Document) -> Result<Resolved> {
    let types = json::types(&document.value);
    if types.iter().any(|t| is_known_type(t) || matches!(*t, "Create" | "Announce")) {
        return store_fetched_post(node, &document.value).map(Resolved::Post);
    }
    match ActorDoc::read(&document.value) {
        Ok(doc) => {
            let id = store_fetched_actor(node, &doc)?;
            confirm_handle(node, id)?;
            Ok(Resolved::Actor(id))
        }
        Err(_) => store_fetched_post(node, &document.value).map(Resolved::Post),
    }
}

/// The actor with this id: stored and fresh, else fetched. A failed fetch never removes what is stored.
pub fn actor(node: &Node, uri: &str) -> Result<ActorId> {
    let now = node.clock().now();
    let known = node.store.read(|r| actors::by_uri(r, uri))?;
    match known {
        Some(actor) if actor.gone_at.is_some() && now.since(actor.fetched_at) < ACTOR_TTL => Err(Error::Gone),
        Some(actor) if node.facts.origin.owns(uri) || is_fresh(&actor, now) => Ok(actor.id),
        None if node.facts.origin.owns(uri) => Err(Error::NotFound),
        known => fetch_actor(node, uri, known),
    }
}

fn is_fresh(actor: &Actor, now: Time) -> bool {
    now.since(actor.fetched_at) < ACTOR_TTL || actor.failed_at.is_some_and(|at| now.since(at) < RETRY_AFTER_FAILURE)
}

/// The actor as its server shows it now; Remote when it does not, whatever is stored.
pub fn fetch_current_actor(node: &Node, uri: &str) -> Result<ActorId> {
    let known = node.store.read(|r| actors::by_uri(r, uri))?;
    if node.facts.origin.owns(uri) {
        return known.map(|actor| actor.id).ok_or(Error::NotFound);
    }
    let id = fetch_actor(node, uri, known)?;
    match node.store.read(|r| actors::by_id(r, id))?.failed_at {
        Some(_) => Err(Error::remote(format!("{uri} cannot be fetched just now: try again later"))),
        None => Ok(id),
    }
}

/// Fetches the group a post claims to belong to, if unknown; a failure does no harm and is not repeated for a while.
pub(in crate::federation) fn fetch_group(node: &Node, uri: &str) -> Result<()> {
    let (memo, now) = (format!("group {uri}"), node.clock().now());
    if node.failures.get(&memo, now).is_some() {
        return Ok(());
    }
    match actor(node, uri) {
        Err(error @ Error::Internal(_)) => Err(error),
        Err(error) => {
            let failed = CachedFailure::Temporary(error.to_string());
            node.failures.insert(&memo, now.plus(POST_FAILURE_TTL), now, failed);
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Fetches an actor now, fresh or not.
pub fn fetch_actor(node: &Node, uri: &str, known: Option<Actor>) -> Result<ActorId> {
    let _flight = match node.actor_fetches.enter(uri)? {
        FlightRole::Leader(flight) => flight,
        FlightRole::Follower => return node.store.read(|r| actors::id_by_uri(r, uri))?.ok_or(Error::NotFound),
    };
    let document = node.fetch_document(uri, IdRule::Exact).map_err(Some);
    let fetched = document.and_then(|document| ActorDoc::read(&document.value).map_err(|_| None));
    match (fetched, known) {
        (Ok(doc), _) => {
            let id = store_fetched_actor(node, &doc)?;
            confirm_handle(node, id)?;
            Ok(id)
        }
        (Err(Some(error)), Some(actor)) if error.is_gone() => {
            node.store.write(move |w| actors::mark_gone(w, actor.id))?;
            Err(Error::Gone)
        }
        (Err(_), Some(actor)) => {
            node.store.write(move |w| actors::record_fetch_failure(w, actor.id))?;
            Ok(actor.id)
        }
        (Err(Some(error)), None) if error.is_gone() => Err(Error::Gone),
        (Err(Some(error)), None) if error.is_missing() => Err(Error::NotFound),
        (Err(Some(error)), None) => Err(error.into()),
        (Err(None), None) => Err(Error::remote(format!("{uri} is not a person or group"))),
    }
}

/// Stores an actor's document; a confirmed handle host stays.
pub(in crate::federation) fn store_fetched_actor(node: &Node, doc: &ActorDoc) -> Result<ActorId> {
    if node.facts.origin.owns(doc.id.as_str()) {
        return Err(Error::Denied("a remote document claims an id on this server".to_owned()));
    }
    let doc = doc.clone();
    node.store.write(move |w| social::profile::store_actor(w, &doc))
}

/// Asks the handle's domain once whether the handle belongs to this actor. Without a response the host of the id stays.
pub(in crate::federation) fn confirm_handle(node: &Node, id: ActorId) -> Result<()> {
    let actor = node.store.read(|r| actors::by_id(r, id))?;
    if actor.confirmed_at.is_some() {
        return Ok(());
    }
    let host = Some(crate::federation::host_of(&actor.uri));
    match webfinger::look_up_handle(node, &Handle { name: actor.username.clone(), host }) {
        Ok(finger) => confirm_handle_as(node, id, &finger),
        Err(error) => {
            tracing::debug!(%error, actor = actor.uri, "handle not confirmed");
            node.store.write(move |w| actors::record_webfinger(w, id, &actor.host))
        }
    }
}

fn confirm_handle_as(node: &Node, id: ActorId, finger: &webfinger::HandleLookup) -> Result<()> {
    let actor = node.store.read(|r| actors::by_id(r, id))?;
    let says_so = finger.actor.as_str() == actor.uri && finger.subject.name.eq_ignore_ascii_case(&actor.username);
    let host = finger.subject.host.clone().filter(|_| says_so).unwrap_or(actor.host.clone());
    if actor.confirmed_at.is_some() && actor.host == host {
        return Ok(());
    }
    node.store.write(move |w| actors::record_webfinger(w, id, &host))
}

/// The post with this ActivityPub id: stored, else fetched with its author.
pub fn post(node: &Node, uri: &str) -> Result<PostId> {
    let now = node.clock().now();
    if let Some(post) = node.store.read(|r| posts::by_uri(r, uri))? {
        return Ok(post.id);
    }
    if node.facts.origin.owns(uri) {
        return Err(Error::NotFound);
    }
    match node.failures.get(uri, now) {
        Some(CachedFailure::Gone) => return Err(Error::Gone),
        Some(CachedFailure::Permanent(why) | CachedFailure::Temporary(why)) => return Err(Error::Remote(why)),
        None => {}
    }
    let _flight = match node.post_fetches.enter(uri)? {
        FlightRole::Leader(flight) => flight,
        FlightRole::Follower => {
            return node.store.read(|r| posts::by_uri(r, uri))?.map(|p| p.id).ok_or(Error::NotFound);
        }
    };
    fetch_post(node, uri).inspect_err(|error| {
        let failed = match error {
            Error::Gone => CachedFailure::Gone,
            other => CachedFailure::Temporary(other.to_string()),
        };
        node.failures.insert(uri, now.plus(POST_FAILURE_TTL), now, failed);
    })
}

/// Fetches a post again, stored or not: its origin decides what it says.
pub fn fetch_post(node: &Node, uri: &str) -> Result<PostId> {
    store_fetched_post(node, &post_document(node, uri)?)
}

fn post_document(node: &Node, uri: &str) -> Result<Value> {
    match node.fetch_document(uri, IdRule::Exact) {
        Ok(document) => Ok(document.value),
        Err(error) if error.is_gone() => Err(Error::Gone),
        Err(error) if error.is_missing() => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// Stores a post found at its own id. An activity that creates or boosts it leads to it in one step and without waiting
/// for another fetch, because two that lead to each other would wait forever.
fn store_fetched_post(node: &Node, value: &Value) -> Result<PostId> {
    if !is_wrapper_activity(value) {
        return store_object(node, value);
    }
    let inner = json::id_of(value, "object").ok_or_else(|| Error::remote("that activity has no post"))?;
    if let Some(post) = node.store.read(|r| posts::by_uri(r, inner.as_str()))? {
        return Ok(post.id);
    }
    if node.facts.origin.owns(inner.as_str()) {
        return Err(Error::NotFound);
    }
    if json::id(value).is_some_and(|id| id == inner) {
        return Err(Error::remote("that activity refers to itself"));
    }
    match post_document(node, inner.as_str())? {
        further if is_wrapper_activity(&further) => {
            Err(Error::remote("that activity refers to another one, not to a post"))
        }
        object => store_object(node, &object),
    }
}

fn is_wrapper_activity(value: &Value) -> bool {
    json::is_type(value, "Create") || json::is_type(value, "Announce")
}

fn store_object(node: &Node, value: &Value) -> Result<PostId> {
    if json::is_type(value, "Tombstone") {
        return Err(Error::Gone);
    }
    let object = Object::read(value).map_err(|error| Error::remote(error.to_string()))?;
    let author = object.attributed_to.clone().ok_or_else(|| Error::remote("the post has no author"))?;
    let author = actor(node, author.as_str())?;
    if let Some(uri) = &object.group {
        fetch_group(node, uri.as_str())?;
    }
    node.store.write(move |w| {
        let author = actors::by_id(w, author)?;
        social::post::store_post(w, &author, &object, None)
    })
}

/// Fetches missing ancestors of a post within limits. A failure does no harm.
pub fn fetch_ancestors(node: &Node, id: PostId) -> Result<()> {
    let (mut at, watch) = (id, Stopwatch::start());
    for _ in 0..MAX_ANCESTORS {
        if watch.elapsed() > ANCESTOR_TIME_LIMIT {
            return Ok(());
        }
        let post = node.store.read(|r| posts::by_id(r, at))?;
        at = match (post.reply_to, post.reply_to_uri) {
            (Some(parent), _) => parent,
            (None, Some(uri)) => match self::post(node, &uri) {
                Ok(parent) => parent,
                Err(Error::Internal(error)) => return Err(Error::Internal(error)),
                Err(_) => return Ok(()),
            },
            (None, None) => return Ok(()),
        };
    }
    Ok(())
}
