//! Scenario tests of whole servers: what a user or peer sees; and the architecture rules.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, missing_docs)]

mod account_moves;
mod attacks;
mod bad_input;
mod blocking;
mod cli;
mod composing;
mod delivery;
mod emoji;
mod fetching;
mod follower_sync;
mod following;
mod groups;
mod harness;
mod hostile;
mod inbox_forwarding;
mod install;
mod interaction_policies;
mod layers;
mod notifications;
mod outage;
mod peers;
mod pins;
mod pitfalls;
mod polls;
mod post_types;
mod posting;
mod privacy;
mod proofs;
mod quotes;
mod reactions;
mod relays;
mod reports;
mod schema;
mod security;
mod streaming;
#[path = "../strict/mod.rs"]
mod strict;
