//! Machines with an IPv6 address and no other.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use machine_driver::{Flag, FlagKind, OptionValue};

use crate::check::{Check, Need, Stop};

pub(super) const IPV6_ALONE_IS_REACHED: Check = Check {
    id: "network::ipv6_alone_is_reached",
    title: "A machine with an IPv6 address alone is reached at it, in brackets in GetURL",
    clauses: &["NET-009", "NET-011"],
    needs: &[Need::Machine, Need::Guest, Need::Ipv6],
    why: "Without brackets nobody can tell where the address ends and the port begins.",
    good: "GetIP answers `2001:db8::9`, GetSSHHostname the same, GetURL `tcp://[2001:db8::9]:2376`, and SSH answers there.",
    bad: "GetURL answers `tcp://2001:db8::9:2376`, or Create waits for an IPv4 address until it gives up.",
    run: |cx| {
        Box::pin(async move {
            let Some((switch, chosen)) = only_ipv6(cx.flags()?) else {
                return Err(Stop::NotApplicable(
                    "the driver has no switch for machines with IPv6 alone".to_owned(),
                ));
            };
            cx.tenant().give_ipv6().await.map_err(Stop::NotTested)?;
            let mut options = cx.options()?;
            for (name, value) in chosen {
                options.insert(name, value);
            }
            let machine = cx.configured_with(cx.machine_name(), options).await?;
            let created = machine.create().await;
            if !cx.rule("NET-011").succeeds(&created, &format!("Create with --{switch}")) {
                return Ok(());
            }
            let session = machine.session();
            let ip = session.ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            let is_ipv6 = matches!(ip.parse(), Ok(IpAddr::V6(address)) if address != Ipv6Addr::UNSPECIFIED);
            if !cx
                .rule("NET-011")
                .holds(is_ipv6, format!("an IPv6 address in GetIP with --{switch}"), || format!("{ip:?}"))
            {
                return Ok(());
            }
            cx.rule("NET-009").answers(
                &format!("GetURL with --{switch}"),
                &format!("tcp://[{ip}]:2376"),
                &session.url().await,
            );
            let hostname = session.ssh_hostname().await;
            let is_same =
                cx.rule("NET-011").answers(&format!("GetSSHHostname with --{switch}"), &ip, &hostname);
            if is_same {
                let output = machine.guest("true").await;
                cx.rule("NET-011").succeeds(&output, &format!("SSH to {ip}"));
            }
            Ok(())
        })
    },
};

/// The switch for IPv6 alone, with every option that such a machine needs.
fn only_ipv6(flags: &[Flag]) -> Option<(String, BTreeMap<String, OptionValue>)> {
    let of_ipv6 = || flags.iter().filter(|flag| flag.name.contains("ipv6"));
    let switch =
        of_ipv6().find(|flag| matches!(flag.kind, FlagKind::Bool) && flag.name.ends_with("-only"))?;
    let counts =
        of_ipv6().filter(|flag| matches!(flag.kind, FlagKind::Int { .. }) && flag.name.ends_with("-count"));
    let mut chosen: BTreeMap<_, _> = counts.map(|flag| (flag.name.clone(), OptionValue::Int(1))).collect();
    chosen.insert(switch.name.clone(), OptionValue::Bool(true));
    Some((switch.name.clone(), chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_comes_with_the_number_of_addresses() {
        let flags = [
            Flag::bool("acme-enable-primary-ipv6"),
            Flag::int("acme-ipv6-address-count"),
            Flag::bool("acme-ipv6-address-only"),
            Flag::int("acme-retries"),
        ];
        let chosen = BTreeMap::from([
            ("acme-ipv6-address-count".to_owned(), OptionValue::Int(1)),
            ("acme-ipv6-address-only".to_owned(), OptionValue::Bool(true)),
        ]);
        assert_eq!(only_ipv6(&flags), Some(("acme-ipv6-address-only".to_owned(), chosen)));
        assert_eq!(only_ipv6(&flags[..2]), None);
    }
}
