//! Who may act for the owner: OAuth apps with their tokens, browser sessions, login links.

pub mod apps;
pub mod sessions;
