//! Endpoints of OAuth and of app registration.

pub(super) mod apps;
pub(super) mod oauth;
