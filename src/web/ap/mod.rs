//! What peers read and post: documents, collections, discovery and the inbox. Parses nothing it does not have to, and
//! never shows a stranger that a private thing exists.

pub mod actor;
pub mod inbox;
pub mod posts;
