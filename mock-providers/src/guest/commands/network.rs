//! ip, ss, netstat, ps, pgrep.

use super::Call;
use crate::guest::options::InterfaceAddress;

/// Addresses that were added to interfaces since the guest was made: interface and address, one a line.
const ADDED: &str = "/run/network/addresses";

/// All addresses in the order of their interfaces, with the lengths of their prefixes.
pub(super) fn addresses(call: &Call<'_>) -> Vec<(String, String)> {
    let added = call.state.disk.text(ADDED).unwrap_or_default();
    let added: Vec<(&str, &str)> = added.lines().filter_map(|line| line.split_once(' ')).collect();
    let of = |name: &str| -> Vec<(String, String)> {
        let added = added.iter().filter(|(device, _)| *device == name);
        let added = added.map(|(device, address)| ((*device).to_owned(), (*address).to_owned()));
        added.collect()
    };
    let mut all = of("lo");
    for link in ethernet(call) {
        all.extend(link.address.map(|address| (link.name.clone(), address)));
        all.extend(of(&link.name));
    }
    all.extend(of("docker0"));
    all
}

/// An interface.
struct Link {
    name: String,
    /// With colons; none when nobody asked for one.
    mac: Option<String>,
    /// With the length of its prefix.
    address: Option<String>,
}

/// Interfaces to the outside: `eth0`, `eth1`, ...
fn ethernet(call: &Call<'_>) -> Vec<Link> {
    let own = format!("{}/8", call.state.lease.address());
    if call.state.interfaces.is_empty() {
        return vec![Link { name: "eth0".to_owned(), mac: None, address: Some(own) }];
    }
    let interfaces = call.state.interfaces.iter().enumerate();
    let links = interfaces.map(|(number, interface)| Link {
        name: format!("eth{number}"),
        mac: Some(interface.mac.clone()),
        address: match interface.address {
            InterfaceAddress::Missing => None,
            InterfaceAddress::Own => Some(own.clone()),
            InterfaceAddress::Internal(address) => Some(format!("{address}/24")),
        },
    });
    links.collect()
}

/// Ports that programs listen on, with the program, in the order of the numbers.
fn ports(call: &Call<'_>) -> Vec<(u16, &'static str)> {
    let Some(boot) = &call.state.boot else {
        return Vec::new();
    };
    let mut ports: Vec<_> = boot.listeners.iter().map(|listener| (listener.port, listener.program)).collect();
    ports.sort_unstable();
    ports
}

pub(super) fn ss(call: &mut Call<'_>) -> u8 {
    call.line("State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process");
    for (port, program) in ports(call) {
        let process =
            if call.has('p') { format!(" users:((\"{program}\",pid=850,fd=3))") } else { String::new() };
        call.line(format!("LISTEN 0      4096         0.0.0.0:{port}       0.0.0.0:*    {process}"));
    }
    0
}

pub(super) fn netstat(call: &mut Call<'_>) -> u8 {
    call.line("Active Internet connections (only servers)");
    call.line("Proto Recv-Q Send-Q Local Address           Foreign Address         State");
    for (port, _) in ports(call) {
        let local = format!("0.0.0.0:{port}");
        call.line(format!("tcp        0      0 {local:<23} 0.0.0.0:*               LISTEN"));
    }
    0
}

pub(super) fn ip(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let address = call.state.lease.address();
    let bridge = call.state.disk.exists("/sys/class/net/docker0");
    let ethernet = ethernet(call);
    let is_ethernet = |name: &str| ethernet.iter().any(|link| link.name == name);
    match operands.as_slice() {
        ["link", "delete" | "del", "docker0"] if !call.is_root() => {
            call.fail("RTNETLINK answers: Operation not permitted");
            2
        }
        ["link", "delete" | "del", "docker0"] if bridge => {
            let _ = call.state.disk.remove("/sys/class/net/docker0", true, "root");
            0
        }
        ["link", "add", ..] | ["addr" | "address" | "a", "add", ..] if !call.is_root() => {
            call.fail("RTNETLINK answers: Operation not permitted");
            2
        }
        ["link", "add", "docker0", ..] if bridge => {
            call.fail("RTNETLINK answers: File exists");
            2
        }
        ["link", "add", "docker0", ..] => {
            let bridge = call.state.disk.make_directory("/sys/class/net/docker0", true, "root");
            bridge.map_or(2, |()| 0)
        }
        ["addr" | "address" | "a", "add", address, "dev", name]
            if matches!(*name, "lo" | "eth0") || (*name == "docker0" && bridge) =>
        {
            let line = format!("{name} {address}\n");
            let disk = &mut call.state.disk;
            let written = disk
                .make_directory("/run/network", true, "root")
                .and_then(|()| disk.write(ADDED, line.as_bytes(), true, "root"));
            written.map_or(2, |()| 0)
        }
        ["link", "show", name]
        | ["addr" | "address" | "a", "show", name]
        | ["link", "delete" | "del", name]
            if !(*name == "lo" || is_ethernet(name) || (*name == "docker0" && bridge)) =>
        {
            call.fail(format!("Device \"{name}\" does not exist."))
        }
        ["route", ..] => {
            call.line(format!("default via 127.0.0.1 dev eth0\n127.0.0.0/8 dev eth0 src {address}"));
            0
        }
        _ => {
            let link = |name: &str, address: &str| Link {
                name: name.to_owned(),
                mac: None,
                address: Some(address.to_owned()),
            };
            let mut links = vec![link("lo", "127.0.0.1/8")];
            links.extend(ethernet);
            if bridge {
                links.push(link("docker0", "172.17.0.1/16"));
            }
            let wanted = operands.get(2).copied().map(str::to_owned);
            let added = addresses(call);
            let shows_addresses = operands.first().is_none_or(|object| *object != "link");
            for (index, link) in (1..).zip(links) {
                let name = &link.name;
                if wanted.as_ref().is_some_and(|wanted| wanted != name) {
                    continue;
                }
                call.line(format!("{index}: {name}: <UP,LOWER_UP> mtu 1500 qdisc noqueue state UP"));
                if let Some(mac) = &link.mac {
                    call.line(format!("    link/ether {mac} brd ff:ff:ff:ff:ff:ff"));
                }
                if !shows_addresses {
                    continue;
                }
                let added = added.iter().filter(|(device, _)| device == name).map(|(_, address)| address);
                let added = added.filter(|address| Some(*address) != link.address.as_ref());
                for address in link.address.iter().chain(added) {
                    call.line(format!("    inet {address} scope global {name}"));
                }
            }
            0
        }
    }
}

fn processes(call: &Call<'_>) -> Vec<&'static str> {
    let mut names = vec!["init"];
    names.extend(ports(call).iter().map(|(_, program)| *program));
    if call.state.boot.as_ref().is_some_and(|boot| boot.engine.is_some()) {
        names.push("dockerd");
    }
    names.dedup();
    names
}

pub(super) fn ps(call: &mut Call<'_>) -> u8 {
    call.line("    PID TTY          TIME CMD");
    for (index, name) in processes(call).iter().enumerate() {
        call.line(format!("{:7} ?        00:00:00 {name}", index * 7 + 1));
    }
    0
}

pub(super) fn pgrep(call: &mut Call<'_>) -> u8 {
    let operands = call.operands();
    let wanted = operands.first().copied().unwrap_or_default();
    let found = processes(call).iter().position(|name| name.contains(wanted));
    match found {
        Some(index) => {
            call.line((index * 7 + 1).to_string());
            0
        }
        None => 1,
    }
}
