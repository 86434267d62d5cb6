//! Stories of whole servers, told by what a user or peer would see, and the rules of the server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, missing_docs)]

mod agreeing;
mod approving;
mod attack;
mod bad_input;
mod blocking;
mod cli;
mod delivery;
mod emoji;
mod fetching;
mod following;
mod groups;
mod harness;
mod hostile;
mod install;
mod kinds;
mod layers;
mod moving;
mod noticing;
mod outage;
mod passing_on;
mod peers;
mod pins;
mod pitfalls;
mod polls;
mod posting;
mod privacy;
mod proofs;
mod quoting;
mod reactions;
mod relays;
mod reporting;
mod schema;
mod security;
mod streaming;
#[path = "../strict/mod.rs"]
mod strict;
mod writing;
