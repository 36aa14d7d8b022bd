//! Network interfaces of a container.

use std::net::Ipv4Addr;

use crate::guest::options::{Interface, InterfaceAddress};

/// Addresses of a host-only network, and of what VirtualBox's address translation serves.
const PREFIX: u8 = 24;

/// The interfaces that a machine has beside its first, as lines of the container's `/guest/interfaces`. The first is the
/// one that Docker gives; `own` is the address at which the machine is reached.
pub(super) fn lines(interfaces: &[Interface], own: Ipv4Addr) -> String {
    let beside = interfaces.iter().enumerate().skip(1);
    let lines = beside.map(|(number, Interface { mac, address })| {
        let address = match address {
            InterfaceAddress::Missing => None,
            InterfaceAddress::Own => Some(own),
            InterfaceAddress::Internal(address) => Some(*address),
        };
        let address = address.map(|address| format!(" {address}/{PREFIX}"));
        format!("eth{number} {mac}{}\n", address.unwrap_or_default())
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_interface_is_the_one_of_docker() {
        let interface = |mac: &str, address| Interface { mac: mac.to_owned(), address };
        let own = Ipv4Addr::new(127, 1, 2, 3);
        let interfaces = [
            interface("08:00:27:00:00:01", InterfaceAddress::Internal(Ipv4Addr::new(10, 0, 2, 15))),
            interface("08:00:27:00:00:02", InterfaceAddress::Own),
            interface("08:00:27:00:00:03", InterfaceAddress::Missing),
        ];
        assert_eq!(lines(&interfaces, own), "eth1 08:00:27:00:00:02 127.1.2.3/24\neth2 08:00:27:00:00:03\n");
        assert_eq!(lines(&interfaces[..1], own), "");
        assert_eq!(lines(&[], own), "");
    }
}
