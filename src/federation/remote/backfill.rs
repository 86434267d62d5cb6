//! Backfill: the newest posts of a profile that was viewed or followed, and the replies of a thread that was viewed.
//! Bounded; a failure does no harm.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::ap::collection::Collection;
use crate::ap::json::{self, Lossy, Ref};
use crate::ap::object::Object;
use crate::base::id::{ActorId, PostId};
use crate::base::{Error, Result, Time};
use crate::federation::remote::singleflight::TtlCache;
use crate::federation::{
    Node,
    remote::{nodeinfo, quote_refresh, resolve},
};
use crate::net::IdRule;
use crate::social;
use crate::store::actors::{self, Actor};
use crate::store::{
    posts::{self, pins},
    timelines::home_timeline,
};

/// How long a profile or thread is not fetched again.
const MIN_REPEAT_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// Posts taken from one profile or thread at a time.
const MAX_POSTS_PER_JOB: usize = 20;
/// Maximum number of profiles and threads remembered.
const MAX_REMEMBERED_FETCHES: usize = 2_000;
/// How many of these posts may need a request of their own.
const MAX_FETCHES_PER_JOB: usize = 8;

/// Maximum number of waiting jobs: the newest are dropped, and viewing again adds them again.
const MAX_JOBS: usize = 64;

/// A fetch that runs in the background, after a view, a synchronization header or an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackfillJob {
    /// The newest posts of an actor.
    Profile(ActorId),
    /// The replies below a post, and its ancestors.
    Thread(PostId),
    /// What a followed account published since then, while we were offline.
    MissedPosts(ActorId, Time),
    /// Whether the owner follows this actor, as their server sees it (FEP-8fcf).
    FollowerSync {
        /// The followed account.
        of: ActorId,
        /// URL of the list of its followers on this server.
        url: String,
        /// The digest of that list, as signed by the account.
        digest: String,
    },
    /// The counts of a poll.
    Poll(PostId),
}

/// Waiting jobs, and what was fetched recently.
#[derive(Debug)]
pub struct BackfillQueue {
    recent_fetches: TtlCache<()>,
    jobs: Mutex<VecDeque<BackfillJob>>,
}

impl Default for BackfillQueue {
    fn default() -> Self {
        Self { recent_fetches: TtlCache::new(MAX_REMEMBERED_FETCHES), jobs: Mutex::default() }
    }
}

/// Adds a job; a worker runs it ([`step`]).
pub fn enqueue(node: &Node, wish: BackfillJob) {
    let mut wishes = node.backfill.jobs.lock().unwrap_or_else(PoisonError::into_inner);
    if wishes.len() < MAX_JOBS && !wishes.contains(&wish) {
        wishes.push_back(wish);
        drop(wishes);
        node.store.commit_notifier().notify();
    }
}

/// Takes the next job off the queue.
pub(super) fn take_next(node: &Node) -> Option<BackfillJob> {
    node.backfill.jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// Now, when a job is added.
pub fn next_due(node: &Node) -> Result<Option<Time>> {
    let wishes = node.backfill.jobs.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((!wishes.is_empty()).then(|| node.clock().now()))
}

/// Fetches the newest posts of an actor, unless it was done a moment ago.
pub fn fetch_profile(node: &Node, who: ActorId) -> Result<()> {
    let actor = node.store.read(|r| actors::by_id(r, who))?;
    if node.facts.origin.owns(&actor.uri) || !is_due(node, &actor.uri) {
        return Ok(());
    }
    fetch_pins(node, &actor)?;
    let Some(outbox) = actor.outbox.clone() else { return Ok(()) };
    let items = fetch_items(node, &outbox);
    if social::group::is_group(&actor) {
        fetch_announced_posts(node, &actor, &items)?;
    }
    for item in items {
        store_outbox_item(node, &actor, &item)?;
    }
    Ok(())
}

/// Reads pinned posts and featured hashtags of a profile. They stay as they were when the server does not respond.
fn fetch_pins(node: &Node, actor: &Actor) -> Result<()> {
    let near = |uri: &Option<String>| uri.clone().filter(|uri| json::same_origin(uri, &actor.uri));
    let listed =
        |uri: &str| node.fetch_document(uri, IdRule::Exact).ok().map(|found| collection_items(node, &found.value, uri));
    if let Some(items) = near(&actor.featured).and_then(|uri| listed(&uri)) {
        store_pins(node, actor, &items)?;
    }
    if let Some(items) = near(&actor.featured_tags).and_then(|uri| listed(&uri)) {
        let tags: Vec<pins::FeaturedHashtag> = items.iter().filter_map(social::pin::featured_hashtag).collect();
        let who = actor.id;
        node.store.write(move |w| pins::set_tags(w, who, &tags))?;
    }
    Ok(())
}

fn store_pins(node: &Node, actor: &Actor, items: &[Ref]) -> Result<()> {
    let (mut posts, mut asked) = (Vec::new(), 0);
    for item in items {
        let Some(uri) = item.id().filter(|_| social::pin::featured_hashtag(item).is_none()) else { continue };
        store_outbox_item(node, actor, item)?;
        let known = node.store.read(|r| posts::by_uri(r, uri.as_str()))?;
        asked += usize::from(known.is_none());
        match known {
            Some(post) => posts.push(post.id),
            None if asked <= MAX_FETCHES_PER_JOB => match resolve::post(node, uri.as_str()) {
                Ok(post) => posts.push(post),
                Err(error) => ignore_failure(Err(error))?,
            },
            None => {}
        }
    }
    let actor = actor.clone();
    node.store.write(move |w| {
        let mut shown = Vec::new();
        for id in posts {
            if social::pin::may_be_pinned(w, &actor, &posts::by_id(w, id)?)? {
                shown.push(id);
            }
        }
        pins::set(w, actor.id, &shown)
    })
}

/// The software of a profile's server, for its card.
pub(super) fn fetch_server_info(node: &Node, who: ActorId) -> Result<()> {
    let actor = node.store.read(|r| actors::by_id(r, who))?;
    nodeinfo::refresh(node, &crate::federation::host_of(&actor.uri))
}

/// As [`profile`], and adds the posts to the home timeline: the account is followed now.
pub fn fetch_followed_profile(node: &Node, who: ActorId) -> Result<()> {
    fetch_profile(node, who)?;
    node.store.write(move |w| home_timeline::add_history_of(w, who))
}

/// Fetches the replies to a post of another actor's that its server knows, unless it was done a moment ago.
pub fn fetch_thread(node: &Node, id: PostId) -> Result<()> {
    let post = node.store.read(|r| posts::by_id(r, id))?;
    quote_refresh::request_check(node, id)?;
    if node.facts.origin.owns(&post.uri) || !post.audience.is_open() || !is_due(node, &post.uri) {
        return Ok(());
    }
    resolve::fetch_ancestors(node, id)?;
    let Ok(document) = node.fetch_document(&post.uri, IdRule::Exact) else { return Ok(()) };
    let Ok(object) = Object::read(&document.value) else { return Ok(()) };
    let mut found = match object.replies {
        Some(Ref::Embedded { value, .. }) => collection_items(node, &value, &post.uri),
        Some(Ref::Id(uri)) if json::same_origin(uri.as_str(), &post.uri) => fetch_items(node, uri.as_str()),
        _ => Vec::new(),
    };
    // NodeBB and PieFed list the whole thread (FEP-7888). Its items are used only as ids, whichever server lists them.
    if let Some(context) = object.context.filter(|_| found.is_empty()) {
        found = fetch_items(node, context.as_str());
    }
    let mut asked = 0;
    for uri in found.iter().filter_map(Ref::id) {
        if node.store.read(|r| posts::by_uri(r, uri.as_str()))?.is_some() {
            continue;
        }
        asked += 1;
        if asked > MAX_FETCHES_PER_JOB {
            break;
        }
        ignore_failure(resolve::post(node, uri.as_str()).map(drop))?;
    }
    Ok(())
}

/// Whether this was not fetched recently; if so, it is marked as fetched now.
pub(in crate::federation) fn is_due(node: &Node, uri: &str) -> bool {
    let now = node.clock().now();
    if node.backfill.recent_fetches.get(uri, now).is_some() {
        return false;
    }
    node.backfill.recent_fetches.insert(uri, now.plus(MIN_REPEAT_INTERVAL), now, ());
    true
}

/// The newest items of a collection: its own, or its first page's.
fn fetch_items(node: &Node, uri: &str) -> Vec<Ref> {
    match node.fetch_document(uri, IdRule::Exact) {
        Ok(document) => collection_items(node, &document.value, uri),
        Err(error) => {
            tracing::debug!(%error, uri, "cannot fetch a collection");
            Vec::new()
        }
    }
}

/// The items of a collection, or of its first page when that is on the same server.
pub(in crate::federation) fn collection_items(node: &Node, value: &Value, near: &str) -> Vec<Ref> {
    let Ok(collection) = Collection::read(value) else { return Vec::new() };
    let mut found = collection.items;
    if found.is_empty() {
        found = match collection.first {
            Some(Ref::Embedded { value, .. }) => Collection::read(&value).map(|page| page.items).unwrap_or_default(),
            Some(Ref::Id(uri)) if json::same_origin(uri.as_str(), near) => {
                let page = node.fetch_document(uri.as_str(), IdRule::SameOrigin);
                page.ok().and_then(|page| Collection::read(&page.value).ok()).map(|page| page.items).unwrap_or_default()
            }
            _ => Vec::new(),
        };
    }
    found.truncate(MAX_POSTS_PER_JOB);
    found
}

/// One item of an outbox: a Create with the post inside, its id, or a bare post. Boosts are left out: each would cost a
/// request to a third server.
fn store_outbox_item(node: &Node, author: &Actor, item: &Ref) -> Result<()> {
    let Some(value) = item.embedded() else { return Ok(()) };
    let object = if json::is_type(value, "Create") { value.get("object") } else { Some(value) };
    let Some(object) = object.filter(|_| !json::is_type(value, "Announce")) else { return Ok(()) };
    let Ok(object) = Object::read(object) else { return Ok(()) };
    let theirs = object.attributed_to.as_ref().is_some_and(|uri| *uri == author.uri.as_str());
    if !theirs || object.is_vote() {
        return Ok(());
    }
    let author = author.clone();
    ignore_failure(node.store.write(move |w| social::post::store_post(w, &author, &object, None)).map(drop))
}

/// Posts that a group's outbox announces (Lemmy, PieFed), each fetched from its own server.
fn fetch_announced_posts(node: &Node, group: &Actor, items: &[Ref]) -> Result<()> {
    let mut asked = 0;
    for item in items.iter().filter_map(Ref::embedded).filter(|value| json::is_type(value, "Announce")) {
        let Some(object) = Lossy::<Ref>::read(item, "object").0 else { continue };
        let Some(uri) = (match social::group::announced_activity(&object) {
            Some(inner) if json::is_type(inner, "Create") => json::id_of(inner, "object"),
            Some(_) => None,
            None => object.id().cloned(),
        }) else {
            continue;
        };
        if node.store.read(|r| posts::by_uri(r, uri.as_str()))?.is_none() {
            asked += 1;
            if asked > MAX_FETCHES_PER_JOB {
                return Ok(());
            }
        }
        match resolve::post(node, uri.as_str()) {
            Ok(post) => {
                let group = group.id;
                node.store.write(move |w| social::group::add_listed_post(w, group, post))?;
            }
            Err(error) => ignore_failure(Err(error))?,
        }
    }
    Ok(())
}

pub(super) fn ignore_failure(outcome: Result<()>) -> Result<()> {
    match outcome {
        Err(error @ Error::Internal(_)) => Err(error),
        _ => Ok(()),
    }
}
