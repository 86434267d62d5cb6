//! Combines network, rules and store. Web front ends and commands call this; nothing here handles incoming HTTP.

pub mod incoming;
pub mod outgoing;
pub mod owner;
pub mod remote;
#[cfg(test)]
pub(crate) mod test_support;

pub mod media;
pub mod relays;
#[cfg(test)]
mod tests;
pub mod upkeep;
pub mod workers;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::config::{SOFTWARE, VERSION};
use crate::base::id::ActorId;
use crate::base::{Clock, Config, Result};
use crate::net::dns::NameSource;
use crate::net::{Document, Expected, Get, IdRule, JSON_LIMIT, Net, NetConfig, NetError};
use crate::sig::{Knock, PrivateKey, Signer};
use crate::store::{self, Store};

/// Maximum number of concurrent key fetches; beyond it peers get 503.
const MAX_CONCURRENT_KEY_FETCHES: usize = 8;
/// Maximum number of other documents fetched at the same time.
const MAX_CONCURRENT_FETCHES: usize = 32;
/// How long a host that timed out is not contacted again: each attempt would hold a worker until it times out.
const SLOW_HOST_TTL: Duration = Duration::from_secs(60);
/// Maximum number of remembered failures (keys and actors).
const MAX_REMEMBERED_FAILURES: usize = 10_000;

/// A running server, without its threads: configuration, clock, store and network.
pub struct Node {
    /// Flags of this process.
    pub config: Config,
    /// The fixed facts of this server: origin, service actor, secret.
    pub facts: store::node::NodeFacts,
    /// The database and media folder.
    pub store: Store,
    /// Outgoing HTTP.
    pub net: Net,
    pub(crate) key_flights: remote::singleflight::SingleFlight,
    /// Actors being fetched.
    pub(crate) flights: remote::singleflight::SingleFlight,
    /// Posts being fetched. Separate from actors, because a post waits for its author, who may claim the same URL.
    pub(crate) post_flights: remote::singleflight::SingleFlight,
    pub(crate) failures: remote::singleflight::TtlCache<remote::singleflight::CachedFailure>,
    pub(crate) refreshed: remote::singleflight::TtlCache<()>,
    newcomers: incoming::key_fetch_limits::KeyFetchLimits,
    picture_flights: remote::singleflight::SingleFlight,
    /// Remote images that could not be fetched.
    unseen: remote::singleflight::TtlCache<()>,
    /// Cached images whose last use has been written.
    touched: remote::singleflight::TtlCache<()>,
    /// Held while an image is decoded, or stored or deleted on disk: one at a time.
    shelf: Mutex<()>,
    /// Hosts that were recently sent a digest of their followers.
    synchronised: remote::singleflight::TtlCache<()>,
    pub(crate) backfill: remote::backfill::BackfillQueue,
    /// Remaining request budgets of groups and relays.
    budgets: remote::fetch_budgets::FetchBudgets,
    pub(crate) inbox_full: AtomicBool,
    signers: Mutex<HashMap<ActorId, Signer>>,
}

impl Node {
    /// A node on an open store; NotFound in a folder without a node.
    pub fn open(config: Config, store: Store, names: NameSource) -> Result<Self> {
        let facts = store.read(store::node::get)?;
        let net = Net::new(NetConfig {
            user_agent: format!("{SOFTWARE}/{VERSION} (+{})", facts.origin.url("/")),
            allow_private: config.allow_private,
            trial: config.trial,
            names,
        })?;
        Ok(Self {
            config,
            facts,
            store,
            net,
            key_flights: remote::singleflight::SingleFlight::with_fair_share(MAX_CONCURRENT_KEY_FETCHES),
            flights: remote::singleflight::SingleFlight::with_fair_share(MAX_CONCURRENT_FETCHES),
            post_flights: remote::singleflight::SingleFlight::with_fair_share(MAX_CONCURRENT_FETCHES),
            failures: remote::singleflight::TtlCache::new(MAX_REMEMBERED_FAILURES),
            refreshed: remote::singleflight::TtlCache::new(MAX_REMEMBERED_FAILURES),
            newcomers: incoming::key_fetch_limits::KeyFetchLimits::default(),
            picture_flights: remote::singleflight::SingleFlight::new(media::MAX_CONCURRENT_MEDIA_FETCHES),
            unseen: remote::singleflight::TtlCache::new(media::MAX_REMEMBERED_MEDIA),
            touched: remote::singleflight::TtlCache::new(media::MAX_REMEMBERED_MEDIA),
            shelf: Mutex::default(),
            synchronised: remote::singleflight::TtlCache::new(outgoing::follower_sync::MAX_REMEMBERED_HOSTS),
            backfill: remote::backfill::BackfillQueue::default(),
            budgets: remote::fetch_budgets::FetchBudgets::default(),
            inbox_full: AtomicBool::new(false),
            signers: Mutex::default(),
        })
    }

    /// The clock of this node.
    pub fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// The owner's actor; NotFound until the owner of a trial has chosen a name.
    pub fn owner(&self) -> Result<ActorId> {
        self.store.read(store::node::owner)
    }

    /// The signer of one of our own actors. Its key is read once and cached.
    pub fn signer(&self, actor: ActorId) -> Result<Signer> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = signers.get(&actor) {
            return Ok(signer.clone());
        }
        let key = self.store.read(|r| store::node::key_of(r, actor))?;
        let signer = Signer { key_id: key.uri, key: Arc::new(PrivateKey::from_pkcs8(&key.private)?) };
        signers.insert(actor, signer.clone());
        Ok(signer)
    }

    /// Refused for a blocked host: such hosts are never contacted.
    pub(crate) fn check_host_allowed(&self, host: &str) -> Result<(), NetError> {
        let verdict = self.store.read(|r| store::moderation::host_blocks::of_host(r, host));
        match verdict {
            Ok(verdict) if !verdict.is_blocked() => Ok(()),
            Ok(_) => Err(NetError::Refused { host: host.to_owned(), why: "you block this server" }),
            Err(error) => Err(NetError::Ours { host: host.to_owned(), why: error.to_string() }),
        }
    }

    /// Like [`Node::check_host_allowed`]; also an error for a host that timed out a moment ago.
    fn check_host_fetchable(&self, host: &str) -> Result<(), NetError> {
        self.check_host_allowed(host)?;
        match self.failures.get(&format!("slow {host}"), self.clock().now()) {
            Some(_) => Err(NetError::Slow { host: host.to_owned() }),
            None => Ok(()),
        }
    }

    /// Remembers for [`Node::check_host_fetchable`] that a host timed out.
    fn remember_slow_host(&self, error: &NetError) {
        if let NetError::Timeout { host, .. } = error {
            let now = self.clock().now();
            self.failures.insert(
                &format!("slow {host}"),
                now.plus(SLOW_HOST_TTL),
                now,
                remote::singleflight::CachedFailure::of(error),
            );
        }
    }

    /// Fetches an ActivityStreams document, signed by the instance actor in the format that its host accepted last.
    pub(crate) fn document(&self, url: &str, rule: IdRule) -> Result<Document, NetError> {
        let host = host_of(url);
        let ours = |error: crate::base::Error| NetError::Ours { host: host.clone(), why: error.to_string() };
        let signer = self.signer(self.facts.service).map_err(ours)?;
        let known = self.store.read(|r| store::peers::hosts::get(r, &host)).map_err(ours)?;
        let word = known.as_ref().and_then(|h| h.knock.as_deref());
        let knock = word.and_then(Knock::from_word).unwrap_or_default();
        let get = Get {
            url,
            accept: Expected::Activity,
            signer: Some(&signer),
            knock,
            limit: JSON_LIMIT,
            now: self.clock().now(),
            gate: &|hop| self.check_host_fetchable(hop),
        };
        let document = self.net.document(get, rule).inspect_err(|error| self.remember_slow_host(error))?;
        if document.knock != knock {
            let worked = document.knock.word();
            drop(self.store.submit(move |w| store::peers::hosts::set_knock(w, &host, worked)));
        }
        Ok(document)
    }
}

/// The host (with a non-default port) that a request for this URL or key id goes to; empty when it is no URL.
pub(crate) fn host_of(url: &str) -> String {
    crate::net::address::host_of(url)
}
