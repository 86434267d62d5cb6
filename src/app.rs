//! A running server without HTTP: a [`Node`] and its threads. Opened once per process and data folder.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::{Clock, Config, Result};
use crate::federation::Node;
use crate::federation::workers::Workers;
use crate::net::NameSource;
use crate::store::Store;

/// A node and, once started, the threads that work for it. Cheap to clone; front ends and commands share it.
#[derive(Clone)]
pub struct RunningServer {
    /// Configuration, clock, store and network.
    pub node: Arc<Node>,
    workers: Arc<Mutex<Option<Workers>>>,
}

impl RunningServer {
    /// Opens the data folder. NotFound in one that nobody has founded, Conflict when another process has it open. No
    /// thread works yet.
    pub fn open(config: Config, clock: Clock, names: NameSource) -> Result<Self> {
        let store = Store::open(&config.data, clock)?;
        Ok(Self::with(Node::open(config, store, names)?))
    }

    /// An app round a node that is open already.
    pub fn with(node: Node) -> Self {
        Self { node: Arc::new(node), workers: Arc::default() }
    }

    /// Starts delivering, applying and upkeep. Tests leave this out and call the steps by hand.
    pub fn start(&self) -> Result<()> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.is_none() {
            *workers = Some(Workers::start(self.node.clone())?);
        }
        Ok(())
    }

    /// Ends all threads, each after what it has begun: within half a minute. What waits, waits for the next start.
    pub fn stop(&self) {
        self.node.store.event_demand().end();
        self.node.store.commit_notifier().notify();
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(workers) = workers {
            workers.stop();
        }
    }
}
