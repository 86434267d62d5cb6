//! Name lookup, once per connection, every address checked. A static binary must not call glibc's resolver, so hickory
//! does it.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use tokio::runtime::{Builder, Runtime};

use super::NetError;
use super::address::{AddressPolicy, PRIVATE_ADDRESS, may_connect};

/// How long a lookup may take.
pub const LOOKUP_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of one query to a name server, so that a lost packet can be repeated.
const QUESTION_LIMIT: Duration = Duration::from_secs(2);
/// Maximum number of cached responses.
const MAX_CACHED: u64 = 512;
/// How many lookups may be under way on one connection to a name server; each delivery thread may have one.
const MAX_LOOKUPS: usize = 512;
/// How many addresses of a host are tried.
const MAX_ADDRESSES: usize = 8;
/// Files that configure name lookup; when one changes, they are read again.
const SOURCES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// A made-up world for tests: domain (without port) to the loopback address where it lives.
pub type TestHosts = Arc<RwLock<HashMap<String, SocketAddr>>>;

/// Where names are looked up.
#[derive(Debug, Clone)]
pub enum NameSource {
    /// The system's configuration: `/etc/hosts`, then the name servers of `/etc/resolv.conf`.
    System,
    /// In a test's table, and nowhere else.
    Test(TestHosts),
}

/// Looks up names and refuses forbidden addresses.
pub struct GuardedDns {
    names: NameSource,
    reach: AddressPolicy,
    system: Mutex<Option<SystemResolver>>,
    runtime: OnceLock<Runtime>,
}

/// The resolver and the state of the files it was made from.
#[derive(Clone)]
struct SystemResolver {
    resolver: TokioResolver,
    made_from: [Option<SystemTime>; 2],
}

impl fmt::Debug for GuardedDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns").field("names", &self.names).field("reach", &self.reach).finish_non_exhaustive()
    }
}

impl GuardedDns {
    pub(super) fn new(names: NameSource, reach: AddressPolicy) -> Self {
        Self { names, reach, system: Mutex::new(None), runtime: OnceLock::new() }
    }

    /// The addresses to connect to for this host (a name, or an address with or without brackets), IPv4 first. If one of
    /// them is forbidden, all are: a host with a public and a private address is an attack.
    pub(super) fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mut found = match (bare.parse::<IpAddr>(), &self.names) {
            (Ok(ip), _) => vec![SocketAddr::new(ip, port)],
            (Err(_), NameSource::Test(world)) => {
                let world = world.read().unwrap_or_else(PoisonError::into_inner);
                world.get(bare).copied().into_iter().collect()
            }
            (Err(_), NameSource::System) => self.query(bare, port)?,
        };
        if found.is_empty() {
            return Err(NetError::NoSuchHost { host: host.to_owned() });
        }
        if found.iter().any(|address| !may_connect(address.ip(), self.reach)) {
            return Err(NetError::Refused { host: host.to_owned(), why: PRIVATE_ADDRESS });
        }
        // many homes have IPv6 addresses that lead nowhere
        found.sort_by_key(SocketAddr::is_ipv6);
        found.truncate(MAX_ADDRESSES);
        Ok(found)
    }

    fn query(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        let failed = |why: String| NetError::Connect { host: host.to_owned(), why };
        let runtime = self.runtime()?;
        let resolver = self.system(runtime).map_err(|why| failed(format!("no name server can be used ({why})")))?;
        // a final dot keeps the machine's search domains out of names from the internet
        let name = if host.contains('.') && !host.ends_with('.') { format!("{host}.") } else { host.to_owned() };
        let answer = runtime.block_on(async { tokio::time::timeout(LOOKUP_LIMIT, resolver.lookup_ip(name)).await });
        match answer {
            Ok(Ok(answer)) => Ok(answer.iter().map(|ip| SocketAddr::new(ip, port)).collect()),
            Ok(Err(error)) if error.is_nx_domain() || error.is_no_records_found() => {
                Err(NetError::NoSuchHost { host: host.to_owned() })
            }
            Ok(Err(error)) => Err(failed(format!("its name could not be looked up ({error})"))),
            Err(_) => Err(NetError::Timeout { host: host.to_owned(), doing: "be looked up" }),
        }
    }

    fn runtime(&self) -> Result<&Runtime, NetError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let made = Builder::new_current_thread().enable_all().build();
        let made = made.map_err(|e| NetError::Ours { host: "the name server".into(), why: e.to_string() })?;
        Ok(self.runtime.get_or_init(|| made))
    }

    /// The resolver, made again when the machine's settings have changed (a Pi that moved to another network).
    fn system(&self, runtime: &Runtime) -> Result<TokioResolver, String> {
        let made_from = sources();
        let mut kept = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(system) = kept.as_ref().filter(|system| system.made_from == made_from) {
            return Ok(system.resolver.clone());
        }
        // as glibc does it: without a resolv.conf, a name server on this machine
        let (config, options) = read_system_conf().unwrap_or_else(|_| {
            let local = NameServerConfig::udp_and_tcp(IpAddr::from([127, 0, 0, 1]));
            (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
        });
        let resolver = build(runtime, config, options).map_err(|e| e.to_string())?;
        *kept = Some(SystemResolver { resolver: resolver.clone(), made_from });
        Ok(resolver)
    }
}

fn sources() -> [Option<SystemTime>; 2] {
    SOURCES.map(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok())
}

fn build(
    runtime: &Runtime,
    config: ResolverConfig,
    options: ResolverOpts,
) -> Result<TokioResolver, hickory_resolver::net::NetError> {
    let _inside = runtime.enter();
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let chosen = builder.options_mut();
    *chosen = options;
    chosen.timeout = chosen.timeout.min(QUESTION_LIMIT);
    chosen.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    chosen.cache_size = MAX_CACHED;
    chosen.max_active_requests = MAX_LOOKUPS;
    builder.build()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use std::net::UdpSocket;
    use std::thread;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig};

    use super::*;

    /// A name server on loopback that answers every A question with 127.0.0.9, knows no AAAA, and denies names starting with
    /// `no`. It ends with the process.
    fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        thread::spawn(move || {
            let mut packet = [0; 1500];
            while let Ok((size, from)) = socket.recv_from(&mut packet) {
                let question_end = 12 + packet[12..size].iter().position(|b| *b == 0).unwrap() + 5;
                let wants_a = packet[question_end - 3] == 1;
                let denied = packet[13..].starts_with(b"no");
                let mut answer = packet[..question_end].to_vec();
                answer[2..12].copy_from_slice(&[0x81, if denied { 0x83 } else { 0x80 }, 0, 1, 0, 0, 0, 0, 0, 0]);
                if wants_a && !denied {
                    answer[7] = 1;
                    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 9]);
                }
                socket.send_to(&answer, from).unwrap();
            }
        });
        address
    }

    /// A lookup that asks this name server as if the machine were set up so.
    fn asking(server: SocketAddr, reach: AddressPolicy) -> GuardedDns {
        let dns = GuardedDns::new(NameSource::System, reach);
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let config =
            ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, vec![connection])]);
        let resolver = build(dns.runtime().unwrap(), config, ResolverOpts::default()).unwrap();
        *dns.system.lock().unwrap() = Some(SystemResolver { resolver, made_from: sources() });
        dns
    }

    #[test]
    fn many_threads_look_names_up_at_once() {
        let dns = asking(name_server(), AddressPolicy::Private);
        thread::scope(|scope| {
            for n in 0..100 {
                let dns = &dns;
                scope.spawn(move || {
                    let found = dns.resolve(&format!("host{n}.example"), 443).unwrap();
                    assert_eq!(found, ["127.0.0.9:443".parse().unwrap()]);
                });
            }
        });
    }

    #[test]
    fn a_name_that_leads_into_our_network_is_refused() {
        let dns = asking(name_server(), AddressPolicy::Public);
        let refused = NetError::Refused { host: "evil.example".into(), why: PRIVATE_ADDRESS };
        assert_eq!(dns.resolve("evil.example", 443), Err(refused));
        assert_eq!(dns.resolve("no.example", 443), Err(NetError::NoSuchHost { host: "no.example".into() }));
    }

    #[test]
    fn the_hosts_file_is_read_and_guarded() {
        let dns = GuardedDns::new(NameSource::System, AddressPolicy::Public);
        assert!(matches!(dns.resolve("localhost", 443), Err(NetError::Refused { .. })));
        let dns = GuardedDns::new(NameSource::System, AddressPolicy::Private);
        assert!(dns.resolve("localhost", 80).unwrap().iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn addresses_need_no_lookup_but_the_guard() {
        let dns = GuardedDns::new(NameSource::System, AddressPolicy::Public);
        assert_eq!(dns.resolve("1.1.1.1", 443).unwrap(), ["1.1.1.1:443".parse().unwrap()]);
        for host in ["127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"] {
            assert!(matches!(dns.resolve(host, 443), Err(NetError::Refused { .. })), "{host}");
        }
    }
}
