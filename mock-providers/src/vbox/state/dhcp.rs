//! DHCP servers. They belong to networks by name, whether or not there is such a network.

use std::net::Ipv4Addr;

use super::{
    Result, VBoxError,
    error::{Component, ResultCode},
};

/// A DHCP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DhcpServer {
    /// Name of the network.
    pub(crate) network: String,
    /// Address of the server.
    pub(crate) address: Ipv4Addr,
    pub(crate) netmask: Ipv4Addr,
    /// First address that is given out.
    pub(crate) lower: Ipv4Addr,
    /// Last address that is given out.
    pub(crate) upper: Ipv4Addr,
    pub(crate) enabled: bool,
}

/// Addresses of a server as they were given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DhcpAddresses<'a> {
    pub(crate) address: &'a str,
    pub(crate) netmask: &'a str,
    pub(crate) lower: &'a str,
    pub(crate) upper: &'a str,
}

/// The servers, in the order in which they were made.
#[derive(Clone, Debug)]
pub(crate) struct DhcpServers(Vec<DhcpServer>);

impl Default for DhcpServers {
    /// What a new user has.
    fn default() -> Self {
        let address = |last| Ipv4Addr::new(192, 168, 56, last);
        Self(vec![DhcpServer {
            network: "HostInterfaceNetworking-vboxnet0".to_owned(),
            address: address(100),
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            lower: address(101),
            upper: address(254),
            enabled: true,
        }])
    }
}

impl DhcpServers {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DhcpServer> {
        self.0.iter()
    }

    /// The server of a network.
    pub(crate) fn find(&self, network: &str) -> Option<&DhcpServer> {
        self.0.iter().find(|server| server.network == network)
    }

    /// Makes a server without addresses, which gives out none.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when the network has one.
    pub(crate) fn create(&mut self, network: &str) -> Result<&mut DhcpServer> {
        if self.find(network).is_some() {
            return Err(VBoxError::bare(ResultCode::InvalidArgument, Component::VIRTUAL_BOX));
        }
        self.0.push(DhcpServer {
            network: network.to_owned(),
            address: Ipv4Addr::UNSPECIFIED,
            netmask: Ipv4Addr::UNSPECIFIED,
            lower: Ipv4Addr::UNSPECIFIED,
            upper: Ipv4Addr::UNSPECIFIED,
            enabled: false,
        });
        let last = self.0.len() - 1;
        Ok(&mut self.0[last])
    }

    /// The server of a network, to be changed.
    pub(crate) fn change(&mut self, network: &str) -> Option<&mut DhcpServer> {
        self.0.iter_mut().find(|server| server.network == network)
    }

    /// Removes the server of a network; false when there is none.
    pub(crate) fn remove(&mut self, network: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|server| server.network != network);
        self.0.len() < before
    }

    /// Back to what a new user has.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl DhcpServer {
    /// Sets all addresses.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for a text that is no address, and for a range outside of the server's network.
    pub(crate) fn configure(&mut self, addresses: &DhcpAddresses<'_>) -> Result<()> {
        let refuse = |text| VBoxError::new(ResultCode::InvalidArgument, Component::DHCP_SERVER, text);
        let read = |what: &str, text: &str| {
            let address = text.parse::<Ipv4Addr>();
            address.map_err(|_| refuse(format!("Invalid {what}: {text}")))
        };
        let address = read("server address", addresses.address)?;
        let netmask = read("netmask", addresses.netmask)?;
        let lower = read("range lower address", addresses.lower)?;
        let upper = read("range upper address", addresses.upper)?;
        let network = |address: Ipv4Addr| address & netmask;
        for (what, end) in [("lower", lower), ("upper", upper)] {
            if network(end) != network(address) {
                return Err(refuse(format!("Invalid range {what} address: {end} (mask {netmask})")));
            }
        }
        if upper < lower {
            let text = format!("Lower bound must be less or eqaul than the upper: {lower} vs {upper}");
            return Err(refuse(text));
        }
        (self.address, self.netmask) = (address, netmask);
        (self.lower, self.upper) = (lower, upper);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lie_in_the_network_of_the_server() {
        let mut servers = DhcpServers::default();
        assert!(servers.create("HostInterfaceNetworking-vboxnet0").is_err());
        let server = servers.create("X").unwrap();
        let addresses = DhcpAddresses {
            address: "192.168.99.6",
            netmask: "255.255.255.0",
            lower: "192.168.99.100",
            upper: "192.168.99.254",
        };
        server.configure(&addresses).unwrap();
        let known = server.clone();
        let mut text = |addresses: DhcpAddresses<'_>| {
            let text = server.configure(&addresses).unwrap_err().message.unwrap();
            assert_eq!(*server, known, "nothing changes");
            text
        };
        let bad = DhcpAddresses { address: "999.1.1.1", ..addresses };
        assert_eq!(text(bad), "Invalid server address: 999.1.1.1");
        let outside = DhcpAddresses { lower: "10.0.0.1", ..addresses };
        assert_eq!(text(outside), "Invalid range lower address: 10.0.0.1 (mask 255.255.255.0)");
        let reversed = DhcpAddresses { upper: "192.168.99.50", ..addresses };
        assert!(text(reversed).starts_with("Lower bound"));
    }
}
