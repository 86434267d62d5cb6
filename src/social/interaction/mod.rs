//! Interaction policies (GoToSocial) and quote authorizations (FEP-044f): requests in both directions, and their
//! documents.

pub mod documents;
pub mod inbound;
pub(super) mod outbound;
