//! Cache of rendered statuses, valid until the next write: apps show the same posts in several lists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::base::Time;
use crate::base::id::PostId;
use crate::federation::Node;
use crate::store::Read;
use crate::store::actors::Actor;

/// Maximum size of all cached statuses: about four hundred.
pub(super) const MAX_CACHE_BYTES: usize = 1024 * 1024;

/// How long a response or status is kept.
pub(super) const RESPONSE_TTL: Duration = Duration::from_secs(1);

/// A state of the store, and its time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SnapshotKey {
    /// Commit generation.
    rung: u64,
    at: Time,
}

impl SnapshotKey {
    /// The current state, taken before anything is read, so that any later write invalidates it.
    pub(super) fn now(node: &Node) -> Self {
        Self { rung: node.store.commit_notifier().generation(), at: node.clock().now() }
    }

    /// The state a snapshot reads; None for a write: uncommitted data is never cached.
    pub(super) fn of(r: &Read<'_>) -> Option<Self> {
        r.generation.map(|rung| Self { rung, at: r.now })
    }

    /// Whether what was made from this state is valid `now`: nothing was written since, and no more than a moment has
    /// passed.
    pub(super) fn is_valid(self, now: Self) -> bool {
        self.rung == now.rung && self.at <= now.at && now.at.since(self.at) < RESPONSE_TTL
    }
}

/// Viewers for whom a status is rendered the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewerKey {
    /// The owner.
    pub owner: bool,
    /// An app that knows the filter action `blur`.
    pub knows_blur: bool,
}

/// A rendered status.
#[derive(Debug, Clone)]
pub struct CachedStatus {
    /// The post or boost.
    pub id: PostId,
    /// The author of the shown post.
    pub author: Arc<Actor>,
    /// Whether the shown post is public.
    pub open: bool,
    pub(super) text: Arc<RawValue>,
}

impl Serialize for CachedStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

/// The statuses rendered from one state of the store.
#[derive(Debug, Default)]
pub(super) struct StatusGeneration {
    /// When the first was made.
    made: SnapshotKey,
    pub(super) bytes: usize,
    pub(super) texts: HashMap<(ViewerKey, PostId), CachedStatus>,
}

/// The cache of rendered statuses of one server.
#[derive(Debug, Default)]
pub struct StatusCache(pub(super) Mutex<StatusGeneration>);

impl StatusCache {
    pub(super) fn cached(&self, r: &Read<'_>, viewer_key: ViewerKey, ids: &[PostId]) -> HashMap<PostId, CachedStatus> {
        let Some(now) = SnapshotKey::of(r) else { return HashMap::new() };
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !shelf.made.is_valid(now) {
            *shelf = StatusGeneration { made: now, ..StatusGeneration::default() };
        }
        ids.iter().filter_map(|id| Some((*id, shelf.texts.get(&(viewer_key, *id))?.clone()))).collect()
    }

    pub(super) fn insert(&self, r: &Read<'_>, viewer_key: ViewerKey, made: &[CachedStatus]) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !SnapshotKey::of(r).is_some_and(|now| shelf.made.is_valid(now)) {
            return;
        }
        for piece in made {
            let bytes = shelf.bytes + piece.text.get().len();
            if bytes <= MAX_CACHE_BYTES && shelf.texts.insert((viewer_key, piece.id), piece.clone()).is_none() {
                shelf.bytes = bytes;
            }
        }
    }
}
