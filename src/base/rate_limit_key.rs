//! Rate-limit keys: an IPv4 address or an IPv6 /64.

use std::net::{IpAddr, Ipv6Addr};

/// The IPv4 address or IPv6 /64: a home or server has a whole /64.
pub fn network_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// The same; None for loopback and private addresses: an unknown proxy is there, and everybody would count as one.
pub fn anonymous_key(address: IpAddr) -> Option<IpAddr> {
    let near = match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    (!near).then(|| network_key(address))
}
