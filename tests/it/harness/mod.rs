//! A world of servers in one process: real HTTP over loopback, a clock held by hand, no threads of their own. `settle`
//! steps everybody until all is still; nothing sleeps.

pub mod http;
pub mod peer;
pub mod server;
pub mod world;

pub use http::{Answer, request};
pub use peer::Peer;
pub use server::Server;
pub use world::World;
