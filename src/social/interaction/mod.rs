//! Interaction controls (GoToSocial) and consent to quotes (FEP-044f): policies, inbound requests, outbound requests, their documents.

pub mod documents;
pub mod inbound;
pub(super) mod outbound;
