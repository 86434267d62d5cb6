//! Test support: a node with an owner in a folder of its own, whose outgoing requests all reach one made-up peer.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Node, owner::identity};
use crate::base::config::Origin;
use crate::base::{Audience, Clock, Config};
use crate::net::test_support::patient_net;
use crate::net::{NameSource, TestHosts};
use crate::store::queue::deliveries::{self, DeliveryTarget, StoredActivity};
use crate::store::{Store, node};

/// A node with an owner, not started. Its folder is deleted with it.
pub(crate) struct TestNode {
    pub(crate) node: Node,
    pub(crate) clock: Clock,
    _folder: TestFolder,
}

struct TestFolder(std::path::PathBuf);

impl Drop for TestFolder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

impl TestNode {
    /// All `domains` resolve to `peer`; a request may take at most `whole`.
    pub(crate) fn new(domains: &[&str], peer: SocketAddr, whole: Duration) -> Self {
        let scratch = crate::store::test_support::TestStore::new();
        let folder = scratch.store.folder().join("home");
        let clock = scratch.clock.clone();
        let store = Store::open(&folder, clock.clone()).unwrap();
        let (scheme, host) = ("https".to_owned(), "here.example".to_owned());
        identity::create_node(&store, &Origin { scheme, domain: host.clone(), host }).unwrap();
        identity::name_owner(&store, "me").unwrap();
        let config = Config { data: folder, ..Config::default() };
        let mut node = Node::open(config, store, NameSource::Test(TestHosts::default())).unwrap();
        let world: HashMap<&str, SocketAddr> = domains.iter().map(|domain| (*domain, peer)).collect();
        node.net = patient_net(&world.into_iter().collect::<Vec<_>>(), whole);
        let _folder = TestFolder(scratch.keep_folder());
        Self { node, clock, _folder }
    }

    /// Queues an activity about `object` for the inboxes of these domains.
    pub(crate) fn activity(&self, object: &str, domains: &[&str]) {
        let target = |domain: &&str| DeliveryTarget {
            urgency: 1,
            inbox: format!("http://{domain}/inbox"),
            host: (*domain).to_owned(),
        };
        let targets: Vec<DeliveryTarget> = domains.iter().map(target).collect();
        let object_uri = object.to_owned();
        self.node
            .store
            .write(move |w| {
                let id = deliveries::next_activity_id(w)?;
                let activity = StoredActivity {
                    id,
                    uri: format!("https://here.example/activities/{id}"),
                    document: format!(r#"{{"object":"{object_uri}"}}"#),
                    object_uri,
                    audience: Audience::Public,
                    signer: node::key_of(w, node::owner(w)?)?.uri,
                    author: None,
                };
                deliveries::enqueue(w, &activity, &targets)
            })
            .unwrap();
    }

    /// Number of queued deliveries.
    pub(crate) fn waiting(&self) -> u32 {
        self.node.store.read(deliveries::count).unwrap()
    }
}
