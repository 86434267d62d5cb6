//! The address guard: which URLs and IP addresses we may contact. Everything a stranger can make us fetch passes here
//! (SSRF).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Url;

use super::NetError;

/// Maximum length of a URL in bytes.
pub const MAX_URL: usize = 4096;

/// How far requests may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressPolicy {
    /// The public internet, over https on its own port.
    Public,
    /// Also loopback and private networks, on any port, with or without TLS: for tests and intranets. Never link-local
    /// addresses, where clouds keep their credentials.
    Private,
}

/// Private networks: open in [`Reach::Private`].
const PRIVATE_V4: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// Never open: "this network", link-local, protocol assignments, documentation, 6to4 relays, benchmarks, multicast,
/// reserved, broadcast (IANA special-purpose registry).
const SPECIAL_V4: [(Ipv4Addr, u32); 10] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The global unicast space; all else is special.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Inside the global space, but not global: Teredo, benchmarks, ORCHID, documentation, 6to4.
const SPECIAL_V6: [(Ipv6Addr, u32); 7] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Unique local addresses.
const PRIVATE_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);
/// NAT64: what an IPv6-only network makes of an IPv4 address.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// True when we may connect to this address. IPv4-mapped IPv6 is judged as IPv4.
pub fn may_connect(ip: IpAddr, reach: AddressPolicy) -> bool {
    match ip {
        IpAddr::V4(ip) => may_connect_v4(ip, reach),
        IpAddr::V6(ip) => may_connect_v6(ip, reach),
    }
}

fn may_connect_v4(ip: Ipv4Addr, reach: AddressPolicy) -> bool {
    if PRIVATE_V4.iter().any(|net| in_v4(ip, *net)) {
        return reach == AddressPolicy::Private;
    }
    !SPECIAL_V4.iter().any(|net| in_v4(ip, *net))
}

fn may_connect_v6(ip: Ipv6Addr, reach: AddressPolicy) -> bool {
    if let Some(inner) = ip.to_ipv4_mapped() {
        return may_connect_v4(inner, reach);
    }
    if in_v6(ip, NAT64) {
        let [.., a, b, c, d] = ip.octets();
        return may_connect_v4(Ipv4Addr::new(a, b, c, d), reach);
    }
    if ip.is_loopback() || in_v6(ip, PRIVATE_V6) {
        return reach == AddressPolicy::Private;
    }
    in_v6(ip, GLOBAL_V6) && !SPECIAL_V6.iter().any(|net| in_v6(ip, *net))
}

fn in_v4(ip: Ipv4Addr, (net, bits): (Ipv4Addr, u32)) -> bool {
    (ip.to_bits() ^ net.to_bits()).leading_zeros() >= bits
}

fn in_v6(ip: Ipv6Addr, (net, bits): (Ipv6Addr, u32)) -> bool {
    (ip.to_bits() ^ net.to_bits()).leading_zeros() >= bits
}

/// Reads a URL we are about to ask for: without its fragment, on a scheme and port this reach allows, without credentials.
/// Hosts that are addresses are checked here already; names at connect.
pub fn check_url(text: &str, reach: AddressPolicy) -> Result<Url, NetError> {
    let url = check_push_url(text, reach)?;
    if reach == AddressPolicy::Public && url.port().is_some() {
        let host = url.host_str().unwrap_or_default().chars().take(100).collect();
        return Err(NetError::Refused { host, why: "only port 443 is asked" });
    }
    Ok(url)
}

/// The same for a push service: on any port, since people run theirs beside other things, and only the owner's own apps name
/// one.
pub fn check_push_url(text: &str, reach: AddressPolicy) -> Result<Url, NetError> {
    let refused = |host: &str, why| NetError::Refused { host: host.chars().take(100).collect(), why };
    if text.len() > MAX_URL {
        return Err(refused(text, "the URL is too long"));
    }
    let mut url = Url::parse(text.trim()).map_err(|_| refused(text, "this is not a URL"))?;
    url.set_fragment(None);
    let host = url.host_str().unwrap_or_default().to_owned();
    match (url.scheme(), reach) {
        ("https", _) | ("http", AddressPolicy::Private) => {}
        ("http", AddressPolicy::Public) => return Err(refused(&host, "it is not https")),
        _ => return Err(refused(text, "only https is spoken")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused(&host, "the URL holds a password"));
    }
    let ip = match url.host() {
        Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(url::Host::Domain(name)) if !name.is_empty() => None,
        _ => return Err(refused(text, "the URL has no host")),
    };
    if ip.is_some_and(|ip| !may_connect(ip, reach)) {
        return Err(refused(&host, PRIVATE_ADDRESS));
    }
    // To DNS it is the same server without the dot, to a list of blocked servers another one.
    if host.ends_with('.') {
        return Err(refused(&host, "its name ends in a dot"));
    }
    Ok(url)
}

/// The host a request for this URL goes to, with its port if unusual; empty for what [`check_url`] refuses as no URL.
pub fn host_of(text: &str) -> String {
    Url::parse(text.trim()).map(|url| authority(&url)).unwrap_or_default()
}

/// The reason for a refused address.
pub const PRIVATE_ADDRESS: &str = "its address is not a public one";

/// The host with its port, as `Host` headers and signatures carry it: no port when it is the scheme's own.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Path and query, as they stand in the request line.
pub fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn may(text: &str, reach: AddressPolicy) -> bool {
        may_connect(text.parse().unwrap(), reach)
    }

    #[test]
    fn public_addresses_are_open() {
        for ip in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::200e",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(may(ip, AddressPolicy::Public), "{ip}");
        }
    }

    #[test]
    fn private_addresses_open_on_request_only() {
        for ip in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "100.64.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "::1",
            "fc00::1",
            "fdff::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::7f00:1",
        ] {
            assert!(!may(ip, AddressPolicy::Public), "{ip}");
            assert!(may(ip, AddressPolicy::Private), "{ip}");
        }
    }

    #[test]
    fn special_addresses_never_open() {
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0.0.0.0",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:2f::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!may(ip, AddressPolicy::Public), "{ip}");
            assert!(!may(ip, AddressPolicy::Private), "{ip}");
        }
    }

    #[test]
    fn urls_are_checked_before_any_lookup() {
        for url in [
            "http://a.example/",
            "https://a.example:8443/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://u:p@a.example/",
            "https://u@a.example/",
            "https://",
            "https://a.example./",
            "file:///etc/passwd",
            "data:text/plain,x",
            "ftp://a.example/",
            "a.example",
            "",
        ] {
            assert!(matches!(check_url(url, AddressPolicy::Public), Err(NetError::Refused { .. })), "{url}");
        }
        for url in
            ["https://127.0.0.1:8443/", "https://[::1]:8443/", "https://u@a.example:8443/", "http://a.example:80/"]
        {
            assert!(check_push_url(url, AddressPolicy::Public).is_err(), "{url}");
        }
        assert!(check_push_url("https://a.example:8443/up", AddressPolicy::Public).is_ok());
        assert!(check_url(&format!("https://a.example/{}", "a".repeat(MAX_URL)), AddressPolicy::Public).is_err());
        let url = check_url("HTTPS://A.Example:443/x?y=1#main-key", AddressPolicy::Public).unwrap();
        assert_eq!(url.as_str(), "https://a.example/x?y=1");
        assert_eq!((authority(&url), target(&url)), ("a.example".into(), "/x?y=1".into()));
        for (url, host) in [
            ("HTTPS://A.Example:443/x?y=1#main-key", "a.example"),
            (" https://b\u{fc}cher.example#x", "xn--bcher-kva.example"),
            ("https://a.ex%61mple/", "a.example"),
            ("http://a.example:8080/#x", "a.example:8080"),
            ("http://[::1]:3000/#x", "[::1]:3000"),
            ("a.example", ""),
        ] {
            assert_eq!(host_of(url), host, "{url}: the host that is asked is the one that is judged");
        }
        for url in ["http://localhost:3000/", "https://10.0.0.1:99/", "http://[::1]:80/"] {
            assert!(check_url(url, AddressPolicy::Private).is_ok(), "{url}");
        }
        for url in ["http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "ftp://10.0.0.1/"] {
            assert!(check_url(url, AddressPolicy::Private).is_err(), "{url}");
        }
        let url = check_url("http://[::1]:3000/", AddressPolicy::Private).unwrap();
        assert_eq!((authority(&url), target(&url)), ("[::1]:3000".into(), "/".into()));
    }
}
