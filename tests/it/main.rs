//! One binary of integration tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]

mod cli;
mod floors;
mod schema;
