//! Receiving activities: signature verification, integrity proofs, key fetches, the inbox queue.

pub mod inbox;
pub mod integrity_proofs;
pub(super) mod key_fetch_limits;
pub mod verify;
