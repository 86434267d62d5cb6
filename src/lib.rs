//! **hytte**: a home of one's own on the fediverse.

pub mod ap;
pub mod app;
pub mod base;
pub mod control;
pub mod federation;
pub mod media;
pub mod net;
pub mod sig;
pub mod social;
pub mod store;
pub mod text;
pub mod web;
