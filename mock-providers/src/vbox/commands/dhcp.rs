//! `dhcpserver`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    arguments::Parts,
    output::{
        failure,
        usage::{self, Usage},
    },
    state::{Component, DhcpAddresses, DhcpServer, ResultCode, VBoxError},
};

const USAGE: Usage = Usage::Of("dhcpserver");
const ADD: Usage = Usage::Part("dhcpserver", "add");
/// What `add` needs: name of the option without dashes, and as it is reported.
const REQUIRED: &[(&str, &str)] =
    &[("serverip", "--ip"), ("netmask", "--netmask"), ("lowerip", "--lowerip"), ("upperip", "--upperip")];

impl Call<'_> {
    pub(super) fn dhcp_server(&mut self) -> Outcome {
        let verb = self.arguments.first().map_or("", String::as_str);
        let rules = "--network|--netname|-n= --interface|--ifname|-i= --server-ip|--ip|-a= --netmask|-m= \
                     --lower-ip|--lowerip|-l= --upper-ip|--upperip|-u= --enable|-e --disable|-d --global --set-opt= \
                     --options --mac-address=";
        if !["add", "modify", "remove", "start", "restart", "stop", "findlease"].contains(&verb) {
            return Err(Failure::syntax(USAGE, format!("Unknown subcommand: {verb}")));
        }
        let parts = self.parts(USAGE, rules)?;
        let network = self.network(&parts)?;
        match verb {
            "add" => self.add_server(&parts, &network),
            "modify" => self.change_server(&parts, &network),
            "remove" => {
                let removed = self.act(|virtual_box, _| virtual_box.dhcp_servers.remove(&network));
                match removed {
                    true => Ok(()),
                    false => {
                        Err(Failure::plain(format!("Failed to find DHCP server for network '{network}'")))
                    }
                }
            }
            // Servers run with the machines of their network; nobody sees more of it.
            "start" => self.require_server(&network),
            "restart" | "stop" => {
                self.require_server(&network)?;
                let error = VBoxError::new(ResultCode::Failure, Component::DHCP_SERVER, "not running");
                self.stderr += &failure::prefixed("error", &format!("Failed to {verb} the server"));
                Err(error.into())
            }
            _ => {
                self.require_server(&network)?;
                let file = self.tenant.folder.home().join(format!("{network}-Dhcpd.leases"));
                let file = file.display();
                let text = format!(
                    "Reading '{file}' failed: VERR_FILE_NOT_FOUND - Runtime error opening '{file}' for reading \
                     VERR_FILE_NOT_FOUND (File not found.)"
                );
                Err(VBoxError::new(ResultCode::FileError, Component::DHCP_SERVER, text)).at(place::FIND_LEASE)
            }
        }
    }

    /// The network that is meant, directly or by its interface.
    fn network(&self, parts: &Parts) -> Result<String, Failure> {
        if let Some(network) = parts.value("network") {
            return Ok(network.to_owned());
        }
        let Some(interface) = parts.value("interface") else {
            return Err(Failure::syntax(
                USAGE,
                "You need to specify either --network or --interface to identify the DHCP server",
            ));
        };
        let found = self.tenant.look(|virtual_box| {
            let interface = virtual_box.host_interfaces.require(interface)?;
            Ok(interface.network_name())
        });
        found.map_err(|error: VBoxError| {
            let (call, line, file) = place::DHCP_INTERFACE;
            domain(&error.context(call, line, file), &format!("Could not find interface '{interface}'"))
        })
    }

    fn require_server(&self, network: &str) -> Outcome {
        let is_there = self.tenant.look(|virtual_box| virtual_box.dhcp_servers.find(network).is_some());
        match is_there {
            true => Ok(()),
            false => Err(Failure::plain(format!("Failed to find DHCP server for network '{network}'"))),
        }
    }

    fn add_server(&mut self, parts: &Parts, network: &str) -> Outcome {
        let missing = REQUIRED.iter().filter(|(name, _)| !parts.has(name));
        let missing: Vec<String> =
            missing.map(|(_, option)| format!("Missing required option: {option}")).collect();
        // Each is reported with the whole usage.
        if let Some((first, others)) = missing.split_first() {
            self.stderr += &usage::error(ADD, first, true);
            for other in others {
                self.stderr += &usage::further_error(ADD, other, true);
            }
            return Err(Failure::Printed { exit: 2 });
        }
        self.act(|virtual_box, _| {
            let servers = &mut virtual_box.dhcp_servers;
            if servers.find(network).is_some() {
                return Err(refused("DHCP server already exists"));
            }
            // Really: the server stays when its addresses are refused.
            let server = servers.create(network)?;
            server.enabled = parts.has("enable");
            configure(server, parts)
        })
    }

    fn change_server(&self, parts: &Parts, network: &str) -> Outcome {
        self.act(|virtual_box, _| {
            let server = virtual_box.dhcp_servers.change(network);
            let server = server.ok_or_else(|| refused("DHCP server does not exist"))?;
            configure(server, parts)?;
            server.enabled = parts.has("enable") || server.enabled && !parts.has("disable");
            Ok(())
        })
    }
}

/// Sets the addresses that are given; the others stay.
fn configure(server: &mut DhcpServer, parts: &Parts) -> Outcome {
    let present = [server.address, server.netmask, server.lower, server.upper].map(|it| it.to_string());
    let [address, netmask, lower, upper] = &present;
    let addresses = DhcpAddresses {
        address: parts.value("serverip").unwrap_or(address),
        netmask: parts.value("netmask").unwrap_or(netmask),
        lower: parts.value("lowerip").unwrap_or(lower),
        upper: parts.value("upperip").unwrap_or(upper),
    };
    if !REQUIRED.iter().any(|(name, _)| parts.has(name)) {
        return Ok(());
    }
    server.configure(&addresses).map_err(|error| {
        let DhcpAddresses { address, netmask, lower, upper } = addresses;
        let (call, line, file) = place::DHCP_CONFIGURE;
        let text = format!("Failed to set configuration ({address}, {netmask}, {lower}, {upper})");
        domain(&error.context(call, line, file), &text)
    })
}

/// A line with the exit code of this subcommand.
fn refused(text: &str) -> Failure {
    Failure::Plain { exit: 2, text: text.to_owned() }
}

/// An error of an object with a last line.
fn domain(error: &VBoxError, last: &str) -> Failure {
    let lines = failure::lines(error, "error");
    let lines: String =
        lines.lines().map(|line| format!("{}\n", line.trim_start_matches("VBoxManage: error: "))).collect();
    refused(&format!("{lines}{last}"))
}
