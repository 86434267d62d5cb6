//! **hytte**: a home of one's own on the fediverse.

pub mod base;
pub mod sig;
pub mod store;
