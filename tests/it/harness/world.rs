//! Domains and where they answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use hytte::base::Time;
use hytte::net;

use super::{Answer, Peer};
use super::{Server, request};

/// All servers of a test, and their clocks' common start.
#[derive(Clone, Default)]
pub struct World {
    pub names: net::TestHosts,
    servers: Arc<AtomicI64>,
    peers: Arc<AtomicUsize>,
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole server with its owner `alice@domain`. Each server's ids start elsewhere: its clock is minutes apart.
    pub fn server(&self, domain: &str) -> Server {
        let n = self.servers.fetch_add(1, Ordering::SeqCst);
        Server::start(self, domain, Time::from_secs(1_790_000_000 + n * 97))
    }

    /// The same, behind these trusted proxies.
    pub fn server_behind(&self, domain: &str, proxies: &[&str]) -> Server {
        let trusted_proxies = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        let config = hytte::base::Config { trusted_proxies, ..hytte::base::Config::default() };
        let n = self.servers.fetch_add(1, Ordering::SeqCst);
        Server::configured(self, domain, Time::from_secs(1_790_000_000 + n * 97), config)
    }

    /// How many peers there were before.
    pub(super) fn next_peer(&self) -> usize {
        self.peers.fetch_add(1, Ordering::SeqCst)
    }

    /// A made-up foreign server.
    pub fn peer(&self, domain: &str) -> Peer {
        Peer::start(self, domain)
    }

    /// Steps all servers until nothing moves any more.
    pub fn settle(&self, servers: &[&Server]) {
        for _ in 0..200 {
            if servers.iter().map(|server| server.step()).sum::<usize>() == 0 {
                return;
            }
        }
        panic!("the world does not come to rest");
    }

    pub fn address(&self, domain: &str) -> SocketAddr {
        *self.names.read().unwrap().get(domain).unwrap_or_else(|| panic!("nobody is {domain}"))
    }

    /// GET with an Accept header, by name.
    pub fn get(&self, url: &str, accept: &str) -> Answer {
        let rest = url.strip_prefix("http://").unwrap();
        let (domain, path) = rest.split_once('/').map_or((rest, "/".to_owned()), |(d, p)| (d, format!("/{p}")));
        let headers = [("Host".to_owned(), domain.to_owned()), ("Accept".to_owned(), accept.to_owned())];
        request(self.address(domain), "GET", &path, &headers, b"")
    }

    /// The ActivityPub document at a URL.
    pub fn document(&self, url: &str) -> serde_json::Value {
        let answer = self.get(url, "application/activity+json");
        assert_eq!(answer.code, 200, "{url}: {}", answer.text());
        answer.json()
    }
}
