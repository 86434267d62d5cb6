//! Sending: deliveries, Web Push, follower synchronization, recovery after an outage.

pub mod delivery;
pub mod follower_sync;
pub mod outage_recovery;
pub mod push_notifications;
