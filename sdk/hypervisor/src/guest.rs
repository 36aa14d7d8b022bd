//! Reaching a guest of this computer: its address, and ports that lead to it.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Range,
};

use machine_driver::{
    Error, ErrorKind, Result,
    ssh::{Client, Endpoint, Limits},
    wait::Waits,
};
use rand::RngExt;
use tokio::net::TcpListener;

/// Ports for guests: below those that systems give to outgoing connections, which come and go all the time.
const PORTS: Range<u16> = 20_000..32_000;
/// Ports that are tried before the system is asked for one.
const PORT_TRIES: u32 = 64;

/// A port of 127.0.0.1 that nobody listens on, the `usual` one if possible. Others find it taken until the listener is
/// dropped, so drop it just before the hypervisor listens there itself (CONC-001).
///
/// # Errors
/// If there is none.
pub async fn free_port(usual: Option<u16>) -> Result<TcpListener> {
    let random = (0..PORT_TRIES).map(|_| rand::rng().random_range(PORTS));
    let candidates: Vec<u16> = usual.into_iter().chain(random).chain([0]).collect();
    let mut refused = None;
    for port in candidates {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => refused = Some(error),
        }
    }
    let error = Error::new(ErrorKind::Io, "there is no free port of 127.0.0.1 for a guest");
    Err(match refused {
        Some(source) => error.with_source(&source),
        None => error,
    })
}

/// IPv4 address of the guest's network card with this hardware address, as the guest says: DHCP servers of hypervisors
/// do not tell what they gave out. `card` is written as `08:00:27:88:d3:cf`.
///
/// # Errors
/// If the guest does not answer soon, or has no address there yet.
pub async fn address(endpoint: &Endpoint, card: &str, waits: &Waits) -> Result<IpAddr> {
    let output = Client::connect(endpoint, Limits::soon(waits)).await?.run("ip addr show").await?;
    address_of(&String::from_utf8_lossy(&output.stdout), card).ok_or_else(|| {
        let text = format!("the guest has no address at its network card {card} yet");
        Error::new(ErrorKind::Provider, text)
    })
}

/// The address out of `ip addr show`.
fn address_of(shown: &str, card: &str) -> Option<IpAddr> {
    let mut ours = false;
    for line in shown.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some(word) if word.starts_with("link/") => {
                ours = words.next().is_some_and(|address| address.eq_ignore_ascii_case(card));
            }
            Some("inet") if ours => {
                let address = words.next()?.split('/').next()?;
                return address.parse::<Ipv4Addr>().ok().map(IpAddr::from);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn the_usual_port_is_kept_unless_it_is_taken() {
        let first = free_port(None).await.unwrap();
        let port = first.local_addr().unwrap().port();
        assert!(PORTS.contains(&port));
        let second = free_port(Some(port)).await.unwrap();
        assert_ne!(second.local_addr().unwrap().port(), port);
        drop(first);
        let third = free_port(Some(port)).await.unwrap();
        assert_eq!(third.local_addr().unwrap().port(), port);
    }

    #[test]
    fn the_address_belongs_to_the_card() {
        let text = "1: lo: <LOOPBACK,UP> mtu 65536\n    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet 127.0.0.1/8 scope host lo\n\
            2: eth0: <UP> mtu 1500\n    link/ether 08:00:27:44:2e:15 brd ff:ff:ff:ff:ff:ff\n    inet 10.0.2.15/24 scope global eth0\n\
            3: eth1: <UP> mtu 1500\n    link/ether 08:00:27:88:d3:cf brd ff:ff:ff:ff:ff:ff\n    inet6 fe80::1/64 scope link\n    inet 192.168.99.100/24 scope global eth1\n";
        let address = |card| address_of(text, card).map(|ip| ip.to_string());
        assert_eq!(address("08:00:27:88:D3:CF").as_deref(), Some("192.168.99.100"));
        assert_eq!(address("08:00:27:44:2e:15").as_deref(), Some("10.0.2.15"));
        assert_eq!(address("08:00:27:00:00:00"), None);
    }
}
