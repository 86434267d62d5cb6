//! Endpoints of accounts, relationships and the owner's profile.

pub(super) mod account_lists;
pub(super) mod accounts;
pub(super) mod profile;
pub(super) mod relationships;
