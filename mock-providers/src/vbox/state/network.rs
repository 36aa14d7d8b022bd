//! Network adapters and their NAT rules.

use std::{collections::BTreeMap, fmt, net::Ipv4Addr};

use super::{
    VBoxError,
    error::{Component, ResultCode},
};

/// What an adapter is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// There is no adapter.
    #[default]
    None,
    /// An adapter that is connected to nothing.
    Null,
    /// Address translation in the VM process.
    Nat,
    /// A network with address translation, by name.
    NatNetwork,
    /// An interface of the host.
    Bridged,
    /// Other machines.
    Internal,
    /// A host-only interface (Linux, Windows, older macOS).
    HostOnly,
    /// A host-only network (macOS from VirtualBox 7 on).
    HostOnlyNetwork,
    /// A driver by name.
    Generic,
}

/// Address of an adapter, displayed as `080027804864`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MacAddress([u8; 6]);

impl MacAddress {
    /// A random one with VirtualBox's prefix.
    pub(crate) fn random() -> Self {
        let [a, b, c] = rand::random();
        Self([0x08, 0x00, 0x27, a, b, c])
    }

    /// Reads twelve hexadecimal digits.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for another form, and for addresses of groups.
    pub(crate) fn parse(text: &str) -> Result<Self, VBoxError> {
        let bad = || VBoxError::invalid_argument(Component::NETWORK_ADAPTER, "Invalid MAC address format");
        if text.len() != 12 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| bad())?;
        let [_, _, bytes @ ..] = number.to_be_bytes();
        match bytes[0] & 1 {
            0 => Ok(Self(bytes)),
            _ => Err(bad()),
        }
    }

    /// As guests show it: `08:00:27:80:48:64`.
    pub(crate) fn with_colons(self) -> String {
        self.0.map(|byte| format!("{byte:02x}")).join(":")
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02X}"))
    }
}

/// A network adapter.
#[derive(Clone, Debug)]
pub(crate) struct NetworkAdapter {
    /// What it is connected to.
    pub(crate) attachment: Attachment,
    /// Name of the interface or network for each kind of attachment that was ever chosen.
    pub(crate) host_only_interface: String,
    /// Name of the host-only network.
    pub(crate) host_only_network: String,
    /// Name of the bridged interface.
    pub(crate) bridged_interface: String,
    /// Name of the internal network.
    pub(crate) internal_network: String,
    /// Name of the network with address translation.
    pub(crate) nat_network: String,
    /// Chip, for example `82540EM`.
    pub(crate) kind: &'static str,
    /// Address.
    pub(crate) mac: MacAddress,
    /// Whether the cable is plugged in.
    pub(crate) cable_connected: bool,
    /// `deny`, `allow-vms` or `allow-all`.
    pub(crate) promiscuous: &'static str,
    /// Speed that is reported, in kbit/s; 0 is the default.
    pub(crate) speed: u32,
    /// Address translation.
    pub(crate) nat: Nat,
}

impl Default for NetworkAdapter {
    fn default() -> Self {
        Self {
            attachment: Attachment::None,
            host_only_interface: String::new(),
            host_only_network: String::new(),
            bridged_interface: String::new(),
            internal_network: "intnet".to_owned(),
            nat_network: "NatNetwork".to_owned(),
            kind: "82540EM",
            mac: MacAddress::random(),
            cable_connected: true,
            promiscuous: "deny",
            speed: 0,
            nat: Nat::default(),
        }
    }
}

impl NetworkAdapter {
    /// Connects it with a host-only interface; whether that exists is looked at when the machine is started.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` for an empty name.
    pub(crate) fn set_host_only_interface(&mut self, name: &str) -> Result<(), VBoxError> {
        if name.is_empty() {
            let text = "Empty or null host only interface name is not valid";
            return Err(VBoxError::new(ResultCode::Failure, Component::NETWORK_ADAPTER, text));
        }
        name.clone_into(&mut self.host_only_interface);
        Ok(())
    }
}

/// Protocol of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

impl Protocol {
    /// The word in rules.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A port of the host that leads to one of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NatRule {
    pub(crate) protocol: Protocol,
    /// Empty for all addresses; otherwise as it was given, which need not be an address.
    pub(crate) host_address: String,
    pub(crate) host_port: u16,
    /// Empty for the guest's own.
    pub(crate) guest_address: String,
    pub(crate) guest_port: u16,
}

impl NatRule {
    /// Address that is listened on; none when what was given is no address.
    pub(crate) fn listen_address(&self) -> Option<Ipv4Addr> {
        match self.host_address.as_str() {
            "" => Some(Ipv4Addr::UNSPECIFIED),
            "localhost" => Some(Ipv4Addr::LOCALHOST),
            text => text.parse().ok(),
        }
    }
}

/// Address translation of an adapter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nat {
    rules: BTreeMap<String, NatRule>,
}

impl Nat {
    /// The rules with their names, sorted by name.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&str, &NatRule)> {
        self.rules.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// Adds a rule. Without a name it is named after protocol and ports.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when the name or the port of the host is taken in this adapter.
    pub(crate) fn add(&mut self, name: &str, rule: NatRule) -> Result<(), VBoxError> {
        let name = match name {
            "" => {
                let (protocol, host, guest) = (rule.protocol.word(), rule.host_port, rule.guest_port);
                format!("{protocol}_{host}_{guest}")
            }
            name => name.to_owned(),
        };
        let refuse = |text: &str| Err(VBoxError::invalid_argument(Component::NAT_ENGINE, text));
        if self.rules.contains_key(&name) {
            return refuse("A NAT rule of this name already exists");
        }
        let is_same_port = |other: &NatRule| {
            (other.protocol, &other.host_address, other.host_port)
                == (rule.protocol, &rule.host_address, rule.host_port)
        };
        if self.rules.values().any(is_same_port) {
            return refuse("A NAT rule for this host port and this host IP already exists");
        }
        self.rules.insert(name, rule);
        Ok(())
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG`, without a text, when there is none of this name.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), VBoxError> {
        let removed = self.rules.remove(name).map(drop);
        removed.ok_or_else(|| VBoxError::bare(ResultCode::InvalidArgument, Component::NAT_ENGINE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(port: u16) -> NatRule {
        NatRule {
            protocol: Protocol::Tcp,
            host_address: "127.0.0.1".into(),
            host_port: port,
            guest_address: String::new(),
            guest_port: 22,
        }
    }

    #[test]
    fn names_and_host_ports_of_rules_are_unique() {
        let mut nat = Nat::default();
        nat.add("ssh", rule(2222)).unwrap();
        let text = |error: Result<(), VBoxError>| error.unwrap_err().message.unwrap_or_default();
        assert_eq!(text(nat.add("ssh", rule(2223))), "A NAT rule of this name already exists");
        let taken = "A NAT rule for this host port and this host IP already exists";
        assert_eq!(text(nat.add("ssh2", rule(2222))), taken);
        nat.add("", rule(2400)).unwrap();
        let names: Vec<&str> = nat.rules().map(|(name, _)| name).collect();
        assert_eq!(names, ["ssh", "tcp_2400_22"]);
        nat.remove("ssh").unwrap();
        assert_eq!(nat.remove("ssh").unwrap_err().message, None);
    }

    #[test]
    fn addresses_of_adapters_are_twelve_digits_and_no_group() {
        let mac = MacAddress::parse("080027aBcDeF").unwrap();
        assert_eq!(mac.to_string(), "080027ABCDEF");
        assert_eq!(mac.with_colons(), "08:00:27:ab:cd:ef");
        for bad in ["", "0800271234", "010027123456", "+80027123456", "08:00:27:12"] {
            assert!(MacAddress::parse(bad).is_err(), "{bad}");
        }
    }
}
