//! The two durable queues: received activities on their way in, deliveries on their way out.

pub mod deliveries;
pub mod inbox;
pub mod responses;
#[cfg(test)]
pub(super) mod tests;
