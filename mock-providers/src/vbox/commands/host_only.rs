//! `hostonlyif` (Linux, Windows, older macOS) and `hostonlynet` (macOS since 7.0).

use std::net::Ipv4Addr;

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    arguments::Parts,
    output::{PROGRESS, usage::Usage},
    state::{AllowedAddresses, Component, HostOnlyNetwork, ResultCode, Uuid, VBoxError},
};

const INTERFACE: Usage = Usage::Of("hostonlyif");
const NETWORK: Usage = Usage::Of("hostonlynet");
const CONFIGURE: Usage = Usage::Part("hostonlyif", "ipconfig");

impl Call<'_> {
    pub(super) fn host_only_interface(&mut self) -> Outcome {
        let verb = self.arguments.first().map_or("", String::as_str);
        match verb {
            "create" => self.create_interface(),
            "remove" => self.remove_interface(),
            "ipconfig" => self.configure_interface(),
            other => Err(Failure::syntax(INTERFACE, format!("Unknown sub-command '{other}'"))),
        }
    }

    fn create_interface(&mut self) -> Outcome {
        let has_driver = self.conditions.kernel_driver && !self.conditions.host_only_networks;
        let created = self.act(|virtual_box, _| {
            if has_driver {
                return virtual_box.host_interfaces.create().map(|interface| interface.name.clone());
            }
            let text = "VBoxNetAdpCtl: Error while adding new interface: failed to open /dev/vboxnetctl: No such file or \
                        directory";
            Err(VBoxError::later(ResultCode::Failure, Component::HOST_INTERFACE, text))
        });
        let name =
            self.progress(created, "Failed to create the host-only adapter", place::CREATE_INTERFACE)?;
        self.stdout += &format!("Interface '{name}' was successfully created\n");
        Ok(())
    }

    fn remove_interface(&mut self) -> Outcome {
        let [_, name] = self.arguments else {
            let usage = Usage::Part("hostonlyif", "remove");
            return Err(Failure::syntax(usage, "No interface name was given"));
        };
        let has_driver = self.conditions.kernel_driver;
        self.act(|virtual_box, _| {
            let interfaces = &mut virtual_box.host_interfaces;
            interfaces.require(name).at(place::FIND_INTERFACE_REMOVE)?;
            if !has_driver {
                let error = VBoxError::bare(ResultCode::Failure, Component::HOST);
                return Err(error).at(place::REMOVE_INTERFACE);
            }
            interfaces.remove(name).at(place::REMOVE_INTERFACE)
        })?;
        self.stderr += PROGRESS;
        Ok(())
    }

    fn configure_interface(&mut self) -> Outcome {
        let rules = "--dhcp|-d --ip|-a= --netmask|-m= --ipv6|-b= --netmasklengthv6|-l=";
        let parts = self.parts(CONFIGURE, rules)?;
        let Some(name) = parts.word(1) else {
            return Err(Failure::syntax(CONFIGURE, "No interface name was given"));
        };
        if !parts.has("dhcp") && !parts.has("ip") && !parts.has("ipv6") {
            return Err(Failure::syntax(CONFIGURE, "Neither -dhcp nor -ip nor -ipv6 was specfified"));
        }
        let allowed = match self.conditions.any_host_only_address {
            true => AllowedAddresses::Any,
            false => AllowedAddresses::Default,
        };
        self.act(|virtual_box, _| {
            let interfaces = &mut virtual_box.host_interfaces;
            interfaces.require(name).at(place::FIND_INTERFACE_CONFIGURE)?;
            if parts.has("dhcp") {
                return interfaces.use_dhcp(name).at(place::USE_DHCP);
            }
            match parts.value("ip") {
                Some(address) => {
                    let netmask = parts.value("netmask").unwrap_or_default();
                    interfaces.set_address(name, address, netmask, allowed).at(place::SET_ADDRESS)
                }
                // IPv6 leads to no guest here, so the address is taken and forgotten.
                None => Ok(()),
            }
        })
    }

    pub(super) fn host_only_network(&mut self) -> Outcome {
        let rules = "--name= --id= --netmask= --lower-ip|--lowerip= --upper-ip|--upperip= --enable --disable";
        let parts = self.parts(NETWORK, rules)?;
        match parts.word(0) {
            Some("add") => self.add_network(&parts),
            Some("modify") => self.change_network(&parts),
            Some("remove") => {
                let name = network_name(&parts)?;
                self.act(|virtual_box, _| Ok(virtual_box.host_only_networks.remove(name)?))
            }
            Some(other) => Err(Failure::syntax(NETWORK, format!("Unknown sub-command '{other}'"))),
            None => Err(Failure::syntax(NETWORK, "No sub-command specified")),
        }
    }

    fn add_network(&self, parts: &Parts) -> Outcome {
        let network = HostOnlyNetwork {
            id: Uuid::random(),
            name: network_name(parts)?.to_owned(),
            netmask: address(parts, "netmask")?,
            lower: address(parts, "lowerip")?,
            upper: address(parts, "upperip")?,
            enabled: parts.has("enable"),
        };
        self.act(|virtual_box, _| Ok(virtual_box.host_only_networks.create(network)?))
    }

    fn change_network(&self, parts: &Parts) -> Outcome {
        let name = network_name(parts)?;
        let given = |name: &str| parts.has(name).then(|| address(parts, name)).transpose();
        let (netmask, lower, upper) = (given("netmask")?, given("lowerip")?, given("upperip")?);
        self.act(|virtual_box, _| {
            let network = virtual_box.host_only_networks.change(name)?;
            network.netmask = netmask.unwrap_or(network.netmask);
            network.lower = lower.unwrap_or(network.lower);
            network.upper = upper.unwrap_or(network.upper);
            network.enabled = parts.has("enable") || network.enabled && !parts.has("disable");
            Ok(())
        })
    }
}

fn network_name(parts: &Parts) -> Result<&str, Failure> {
    let name = parts.value("name").or_else(|| parts.value("id"));
    name.ok_or_else(|| Failure::syntax(NETWORK, "Either --name or --id parameter must be specified"))
}

fn address(parts: &Parts, name: &str) -> Result<Ipv4Addr, Failure> {
    let option = name.replace("ip", "-ip");
    let missing = || Failure::syntax(NETWORK, format!("The --{option} parameter must be specified"));
    let text = parts.value(name).ok_or_else(missing)?;
    text.parse().map_err(|_| Failure::syntax(NETWORK, format!("Invalid value '{text}' for --{option}")))
}
