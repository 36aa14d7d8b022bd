//! Network adapters in `modifyvm`.

use super::{
    At as _, Call, Failure, Outcome,
    modify::{Change, USAGE},
    place,
};
use crate::vbox::state::{
    ADAPTERS, Attachment, MacAddress, Machine, NatRule, NetworkAdapter, Protocol, VirtualBox,
};

/// Options about adapters, all numbered.
const OPTIONS: &[&str] = &[
    "nic",
    "nictype",
    "cableconnected",
    "nicpromisc",
    "nicspeed",
    "nictrace",
    "nictracefile",
    "nicproperty",
    "nicbootprio",
    "nicbandwidthgroup",
    "nicgenericdrv",
    "bridgeadapter",
    "cloudnetwork",
    "hostonlyadapter",
    "hostonlynet",
    "intnet",
    "natnetwork",
    "macaddress",
    "natnet",
    "natpf",
    "nattftpprefix",
    "nattftpfile",
    "nattftpserver",
    "natbindip",
    "natdnspassdomain",
    "natdnsproxy",
    "natdnshostresolver",
    "natlocalhostreachable",
    "natsettings",
    "natforwardbroadcast",
    "natenabletftp",
];

/// Chips, as they are given and as they are shown.
const KINDS: &[&str] =
    &["Am79C970A", "Am79C973", "Am79C960", "82540EM", "82543GC", "82545EM", "virtio", "usbnet"];

/// A NAT rule as it was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RuleOrder {
    Add(String, NatRule),
    /// Fields are missing.
    Incomplete,
    /// It is neither TCP nor UDP.
    BadProtocol,
}

impl Call<'_> {
    /// Changes an adapter, if that is what the option is about.
    pub(super) fn change_adapter(
        &mut self,
        virtual_box: &VirtualBox,
        draft: &mut Machine,
        change: &Change<'_>,
    ) -> Result<bool, Failure> {
        if !OPTIONS.contains(&change.name) {
            return Ok(false);
        }
        let number = change.number;
        let index = usize::try_from(number).unwrap_or_default().wrapping_sub(1);
        if index >= ADAPTERS {
            // Really: the option is skipped, and the exit code stays 0.
            self.stderr += &format!("VBoxManage: error: Invalid NIC number {number}\n");
            return Ok(true);
        }
        if change.name == "natpf" {
            self.change_rules(&mut draft.configuration.adapters[index], change)?;
            return Ok(true);
        }
        let adapter = &mut draft.mutable()?.adapters[index];
        self.change_one(virtual_box, adapter, change)?;
        Ok(true)
    }

    fn change_one(
        &mut self,
        virtual_box: &VirtualBox,
        adapter: &mut NetworkAdapter,
        change: &Change<'_>,
    ) -> Outcome {
        let (value, number) = (change.value, change.number);
        match change.name {
            "nic" => {
                adapter.attachment = attachment(value).ok_or_else(|| {
                    Failure::plain(format!("Invalid type '{value}' specfied for NIC {number}"))
                })?;
            }
            "nictype" => {
                let kind = KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(value));
                adapter.kind = kind.ok_or_else(|| {
                    Failure::plain(format!("Invalid NIC type '{value}' specified for NIC {number}"))
                })?;
            }
            "cableconnected" => adapter.cable_connected = value == "on",
            "nicpromisc" => {
                let policies = ["deny", "allow-vms", "allow-all"];
                let policy = policies.into_iter().find(|policy| *policy == value);
                adapter.promiscuous = policy
                    .ok_or_else(|| Failure::plain(format!("Unknown promiscuous mode policy '{value}'")))?;
            }
            "nicspeed" => adapter.speed = self.number(value)?,
            "macaddress" => {
                adapter.mac = match value {
                    "auto" => MacAddress::random(),
                    value => MacAddress::parse(value).at(place::SET_MAC)?,
                };
            }
            "hostonlyadapter" => {
                let name = if value == "none" { "" } else { value };
                adapter.set_host_only_interface(name).at(place::SET_HOST_ONLY)?;
                if virtual_box.host_interfaces.find(name).is_none() {
                    self.warn(&format!("Interface \"{name}\" doesn't seem to exist"));
                }
            }
            "hostonlynet" => value.clone_into(&mut adapter.host_only_network),
            "bridgeadapter" => value.clone_into(&mut adapter.bridged_interface),
            "intnet" => value.clone_into(&mut adapter.internal_network),
            "natnetwork" => value.clone_into(&mut adapter.nat_network),
            // Nobody here sees what the others do.
            _ => {}
        }
        Ok(())
    }

    fn change_rules(&mut self, adapter: &mut NetworkAdapter, change: &Change<'_>) -> Outcome {
        let (value, number) = (change.value, change.number);
        if let Some(name) = value.strip_prefix("delete,").or_else(|| value.strip_prefix("delete=")) {
            return adapter.nat.remove(name).at(place::MODIFY_REMOVE_RULE);
        }
        match rule(value) {
            RuleOrder::Add(name, rule) => adapter.nat.add(&name, rule).at(place::MODIFY_ADD_RULE),
            RuleOrder::Incomplete => Err(Failure::syntax(USAGE, "Missing or invalid argument to '--natpf'")),
            RuleOrder::BadProtocol => {
                Err(Failure::plain(format!("Invalid proto '{value}' specfied for NIC {number}")))
            }
        }
    }
}

fn attachment(value: &str) -> Option<Attachment> {
    Some(match value {
        "none" => Attachment::None,
        "null" => Attachment::Null,
        "nat" => Attachment::Nat,
        "natnetwork" => Attachment::NatNetwork,
        "bridged" => Attachment::Bridged,
        "intnet" => Attachment::Internal,
        "hostonly" => Attachment::HostOnly,
        "hostonlynet" => Attachment::HostOnlyNetwork,
        "generic" => Attachment::Generic,
        _ => return None,
    })
}

/// Reads `[NAME],tcp|udp,[HOST-ADDRESS],PORT,[GUEST-ADDRESS],PORT`. What is no number is 0, and too large ones lose
/// their upper bits.
pub(super) fn rule(text: &str) -> RuleOrder {
    let fields: Vec<&str> = text.split(',').collect();
    let [name, protocol, host_address, host_port, guest_address, guest_port] = fields.as_slice() else {
        return RuleOrder::Incomplete;
    };
    let protocol = match *protocol {
        word if word.eq_ignore_ascii_case("tcp") => Protocol::Tcp,
        word if word.eq_ignore_ascii_case("udp") => Protocol::Udp,
        _ => return RuleOrder::BadProtocol,
    };
    let port = |text: &str| {
        let number: u64 = text.trim().parse().unwrap_or_default();
        let [.., high, low] = number.to_be_bytes();
        u16::from_be_bytes([high, low])
    };
    let rule = NatRule {
        protocol,
        host_address: (*host_address).to_owned(),
        host_port: port(host_port),
        guest_address: (*guest_address).to_owned(),
        guest_port: port(guest_port),
    };
    RuleOrder::Add((*name).to_owned(), rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_field_by_field() {
        let RuleOrder::Add(name, read) = rule("ssh,TCP,127.0.0.1,2222,,22") else { panic!("it is complete") };
        assert_eq!((name.as_str(), read.host_port, read.guest_port), ("ssh", 2222, 22));
        assert!(matches!(rule("x,tcp,,,,"), RuleOrder::Add(_, NatRule { host_port: 0, .. })));
        assert_eq!(rule("x"), RuleOrder::Incomplete);
        assert_eq!(rule("x,icmp,,1,,1"), RuleOrder::BadProtocol);
        assert!(matches!(rule("x,udp,,65536,,1"), RuleOrder::Add(_, NatRule { host_port: 0, .. })));
    }
}
