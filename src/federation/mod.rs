//! Where network, rules and store meet. Faces and commands call in here; nothing here knows HTTP in.

pub mod identity;
pub mod publish;
pub mod resolve;

use crate::base::id::ActorId;
use crate::base::{Clock, Config, Result};
use crate::store::{self, Store};

/// A running server, without its threads: configuration, clock, store and network.
pub struct Node {
    /// Flags of this process.
    pub config: Config,
    /// The fixed facts of this server: origin, service actor, secret.
    pub facts: store::node::Node,
    /// The database and media folder.
    pub store: Store,
}

impl Node {
    /// The clock everything here goes by.
    pub fn clock(&self) -> &Clock {
        self.store.clock()
    }

    /// The owner's actor; NotFound until a trial's owner has picked a name.
    pub fn owner(&self) -> Result<ActorId> {
        self.store.read(store::node::owner)
    }
}
