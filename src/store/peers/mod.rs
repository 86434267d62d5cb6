//! What is known of other servers: signature dialect, reachability, software, relays, recovery after an outage.

pub mod hosts;
pub mod outages;
pub mod relays;
