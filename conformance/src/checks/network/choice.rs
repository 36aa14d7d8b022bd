//! Which of several addresses the driver reports.

use std::net::IpAddr;

use machine_driver::{Flag, FlagKind, OptionValue};

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    provider::parse_engine_url,
};

/// What gives a guest two more addresses: one that only neighbours reach, and the engine's bridge.
const DECOYS: &str = "sudo ip addr add 169.254.77.7/16 dev lo && \
    { sudo ip link add docker0 type bridge; sudo ip addr add 172.17.0.1/16 dev docker0; }";
/// Address of the engine's bridge, the same in every guest.
const BRIDGE: [u8; 4] = [172, 17, 0, 1];

pub(super) const DECOYS_ARE_IGNORED: Check = Check {
    id: "network::decoys_are_ignored",
    title: "GetIP is an address that others can use, whatever addresses the guest has besides",
    clauses: &["NET-008"],
    needs: &[Need::Machine, Need::Guest],
    why: "Every guest gets the engine's bridge as soon as it is provisioned; its address is the same everywhere.",
    good: "The guest gets a link-local address and a bridge, and GetIP answers as before.",
    bad: "GetIP answers 172.17.0.1: the last address that the guest reports.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = machine.session().ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            cx.rule("NET-008")
                .holds(usable(&before), "an address that others can use", || format!("{before:?}"));
            let added = machine.guest(DECOYS).await.map_err(|error| cx.prerequisite("SSH", &error))?;
            if added.exit_status != 0 {
                return Err(Stop::NotTested(format!(
                    "the guest cannot be given another address: {}",
                    String::from_utf8_lossy(&added.stderr).trim()
                )));
            }
            cx.rule("NET-008").answers(
                "GetIP after the guest got a link-local address and a bridge",
                &before,
                &machine.fresh_process().await?.ip().await,
            );
            Ok(())
        })
    },
};

pub(super) const OPTIONS_ARE_CONSISTENT: Check = Check {
    id: "network::address_options_are_consistent",
    title: "An option that chooses the address holds for GetIP, GetURL and GetSSHHostname alike",
    clauses: &["NET-011"],
    needs: &[Need::Machine],
    why: "The certificate is made for GetIP, and SSH and engine are dialled by the others.",
    good: "With --acme-use-private-address all three have the private address.",
    bad: "GetURL has the private address, and SSH goes to the public one.",
    run: |cx| {
        Box::pin(async move {
            let switches: Vec<String> = cx.flags()?.iter().filter_map(address_switch).collect();
            if switches.is_empty() {
                return Err(Stop::NotApplicable(
                    "the driver has no switch that chooses between addresses".to_owned(),
                ));
            }
            cx.tenant().make_private_addresses_reachable().await?;
            let mut failed = None;
            for switch in switches {
                // What one of them cannot show, another one may.
                if let Err(stop) = holds_everywhere(&cx, &switch).await {
                    failed.get_or_insert(stop);
                }
            }
            failed.map_or(Ok(()), Err)
        })
    },
};

/// A machine that is created with a switch for an address.
async fn holds_everywhere(cx: &Context, switch: &str) -> Result<(), Stop> {
    let mut options = cx.options()?;
    options.insert(switch, OptionValue::Bool(true));
    let machine = cx.configured_with(cx.machine_name(), options).await?;
    cx.create(&machine).await?;
    let session = machine.session();
    let ip =
        session.ip().await.map_err(|error| cx.prerequisite(&format!("GetIP with --{switch}"), &error))?;
    let instances = cx.inventory().await?;
    let private = instances
        .iter()
        .filter(|object| object.owner.as_deref() == Some(machine.name()))
        .find_map(|object| object.attributes.get("private_address"));
    if let Some(private) = private.filter(|_| switch.contains("private")) {
        cx.rule("NET-011").equals(&format!("GetIP with --{switch}"), private, &ip);
    }
    cx.rule("NET-011").answers(
        &format!("GetSSHHostname with --{switch}"),
        &ip,
        &session.ssh_hostname().await,
    );
    let host = session.url().await.map_err(|error| error.to_string());
    let host =
        host.and_then(|url| parse_engine_url(&url)).map(|(host, _)| host.trim_matches(['[', ']']).to_owned());
    cx.rule("NET-011").answers(&format!("the host in GetURL with --{switch}"), &ip, &host);
    Ok(())
}

/// Whether an address can be used by others. Mocks give out loopback addresses, and names are looked up elsewhere.
fn usable(text: &str) -> bool {
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            !ip.is_unspecified()
                && !ip.is_link_local()
                && !ip.is_multicast()
                && !ip.is_broadcast()
                && ip.octets() != BRIDGE
        }
        Ok(IpAddr::V6(ip)) => !ip.is_unspecified() && !ip.is_multicast() && !ip.is_unicast_link_local(),
        Err(_) => !text.is_empty(),
    }
}

/// Name of a switch that chooses between the private and the public address.
fn address_switch(flag: &Flag) -> Option<String> {
    let name = &flag.name;
    let chooses = name.contains("private") || name.contains("public");
    let addresses = ["address", "network", "-ip", "interface"].iter().any(|word| name.contains(word));
    (matches!(flag.kind, FlagKind::Bool) && chooses && addresses).then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_addresses() {
        for address in ["203.0.113.9", "10.0.0.4", "127.18.0.3", "2001:db8::1", "host.example"] {
            assert!(usable(address), "{address}");
        }
        for address in ["", "0.0.0.0", "169.254.1.2", "172.17.0.1", "224.0.0.1", "::", "fe80::1", "ff02::1"] {
            assert!(!usable(address), "{address}");
        }
    }

    #[test]
    fn switches_for_addresses() {
        let name = |flag: Flag| address_switch(&flag);
        for switch in [
            "amazonec2-use-private-address",
            "amazonec2-private-address-only",
            "digitalocean-private-networking",
        ] {
            assert_eq!(name(Flag::bool(switch)).as_deref(), Some(switch));
        }
        assert_eq!(name(Flag::bool("acme-private")), None);
        assert_eq!(name(Flag::string("acme-private-network")), None);
    }
}
