//! IPv6 addresses that lead to this machine: a network of them, where somebody has said so to the system.
//!
//! The loopback has one IPv6 address only, so guests can have their own ones if the whole network is local.

use std::{
    io,
    net::{Ipv6Addr, SocketAddr, TcpListener},
};

use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 128;

/// Whether every address of a network leads to this machine (Linux: `ip -6 route add local NETWORK/LENGTH dev lo`).
///
/// Elsewhere than on Linux no network does.
pub(crate) fn is_local(network: Ipv6Addr, length: u8) -> bool {
    // A file of the kernel's: reading it waits for no device.
    let routes = std::fs::read_to_string("/proc/net/ipv6_route").unwrap_or_default();
    routes.lines().any(|route| covers(route, network, length).unwrap_or(false))
}

/// Whether a line of `/proc/net/ipv6_route` is the route of a local network around this one.
fn covers(route: &str, network: Ipv6Addr, length: u8) -> Option<bool> {
    const LOCAL: u32 = 0x8000_0000;
    let fields: Vec<&str> = route.split_whitespace().collect();
    let [first, prefix, .., flags, device] = fields.as_slice() else { return None };
    let first = u128::from_str_radix(first, 16).ok()?;
    let prefix = u32::from_str_radix(prefix, 16).ok().filter(|prefix| *prefix <= u32::from(length))?;
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    Some(flags & LOCAL != 0 && *device == "lo" && first == u128::from(network) & mask)
}

/// Listens at an address of a local network.
///
/// # Errors
/// As for binding a socket: the port is in use, or needs privileges.
pub(crate) fn listen(address: Ipv6Addr, port: u16) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV6, Type::STREAM, None)?;
    socket.set_only_v6(true)?;
    socket.set_reuse_address(true)?;
    // The address is no interface's, so that the system has to be told that it is meant.
    #[cfg(target_os = "linux")]
    socket.set_freebind_v6(true)?;
    socket.bind(&SocketAddr::from((address, port)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_local_networks_are_told_from_others() {
        let none = "00000000000000000000000000000000";
        let route = |first: &str, prefix: &str, flags: &str, device: &str| {
            format!("{first} {prefix} {none} 00 {none} 00000400 00000001 00000000 {flags} {device:>8}")
        };
        let network = "fd0e:c200::".parse().unwrap();
        let covers = |route: String| covers(&route, network, 32);
        let first = "fd0ec200000000000000000000000000";
        assert_eq!(covers(route(first, "20", "80000001", "lo")), Some(true));
        assert_eq!(covers(route("fd000000000000000000000000000000", "08", "80200001", "lo")), Some(true));
        // A part of it, another network, no local one, the route that rejects everything.
        assert_eq!(covers(route(first, "40", "80000001", "lo")), None);
        assert_eq!(covers(route("fd0ec300000000000000000000000000", "20", "80000001", "lo")), Some(false));
        assert_eq!(covers(route(first, "20", "00000001", "eth0")), Some(false));
        assert_eq!(covers(route(none, "00", "00200200", "lo")), Some(false));
        assert_eq!(covers(String::new()), None);
    }

    #[test]
    fn the_loopback_s_own_address_can_be_listened_at() {
        if !is_local(Ipv6Addr::LOCALHOST, 128) {
            return;
        }
        let socket = listen(Ipv6Addr::LOCALHOST, 0).unwrap();
        let address = socket.local_addr().unwrap();
        assert!(std::net::TcpStream::connect(address).is_ok());
        assert_eq!(listen(Ipv6Addr::LOCALHOST, address.port()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
