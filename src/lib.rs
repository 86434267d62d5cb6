//! **hytte**: a home of one's own on the fediverse.

pub mod base;
pub mod federation;
pub mod sig;
pub mod store;
