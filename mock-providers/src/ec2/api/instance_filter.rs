//! Filters of instances (`DescribeInstances`, `DescribeInstanceStatus`).

use crate::{
    ec2::{
        filter::Filters,
        state::{Instance, Interface, Region},
    },
    timestamp,
};

/// Names of `DescribeInstances`.
pub(super) const NAMES: &[&str] = &[
    "affinity",
    "architecture",
    "availability-zone",
    "availability-zone-id",
    "block-device-mapping.attach-time",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.status",
    "block-device-mapping.volume-id",
    "client-token",
    "current-instance-boot-mode",
    "dns-name",
    "ebs-optimized",
    "ena-support",
    "hypervisor",
    "iam-instance-profile.arn",
    "iam-instance-profile.id",
    "iam-instance-profile.name",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-id",
    "instance.group-name",
    "ip-address",
    "ipv6-address",
    "key-name",
    "launch-index",
    "launch-time",
    "metadata-options.http-endpoint",
    "metadata-options.http-put-response-hop-limit",
    "metadata-options.http-tokens",
    "monitoring-state",
    "network-interface.addresses.association.public-ip",
    "network-interface.addresses.private-ip-address",
    "network-interface.association.public-ip",
    "network-interface.attachment.attachment-id",
    "network-interface.attachment.instance-id",
    "network-interface.availability-zone",
    "network-interface.description",
    "network-interface.group-id",
    "network-interface.group-name",
    "network-interface.ipv6-addresses.ipv6-address",
    "network-interface.mac-address",
    "network-interface.network-interface-id",
    "network-interface.owner-id",
    "network-interface.private-ip-address",
    "network-interface.status",
    "network-interface.subnet-id",
    "network-interface.vpc-id",
    "owner-id",
    "placement-group-name",
    "platform",
    "platform-details",
    "private-dns-name",
    "private-ip-address",
    "product-code",
    "reason",
    "requester-id",
    "reservation-id",
    "root-device-name",
    "root-device-type",
    "source-dest-check",
    "spot-instance-request-id",
    "state-reason-code",
    "state-reason-message",
    "subnet-id",
    "tag-key",
    "tag-value",
    "tenancy",
    "usage-operation",
    "virtualization-type",
    "vpc-id",
];

/// Names of `DescribeInstanceStatus`.
pub(super) const STATUS_NAMES: &[&str] = &[
    "availability-zone",
    "availability-zone-id",
    "event.code",
    "instance-state-code",
    "instance-state-name",
    "instance-status.reachability",
    "instance-status.status",
    "operator.managed",
    "system-status.reachability",
    "system-status.status",
    "attached-ebs-status.status",
];

type Test<'a> = &'a dyn Fn(&str) -> bool;

/// Whether an instance passes the filters.
pub(super) fn fits(filters: &Filters<'_>, region: &Region, it: &Instance) -> bool {
    filters.fit(
        || it.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())),
        |name, test| attribute(region, it, name, test),
    )
}

/// Whether an instance with a status passes the filters.
pub(super) fn fits_status(filters: &Filters<'_>, it: &Instance, status: &str) -> bool {
    filters.fit(std::iter::empty, |name, test| match name {
        "availability-zone" => test(&it.zone.name),
        "availability-zone-id" => test(&it.zone.id),
        "instance-state-code" => test(&it.state.code().to_string()),
        "instance-state-name" => test(it.state.name()),
        "instance-status.status" | "system-status.status" | "attached-ebs-status.status" => test(status),
        "instance-status.reachability" | "system-status.reachability" => match status {
            "ok" => test("passed"),
            status => test(status),
        },
        "operator.managed" => test("false"),
        _ => false,
    })
}

fn attribute(region: &Region, it: &Instance, name: &str, test: Test<'_>) -> bool {
    let optional = |value: Option<&str>| value.is_some_and(test);
    let flag = |value: bool| test(if value { "true" } else { "false" });
    let shown = |value: &dyn std::fmt::Display| test(&value.to_string());
    match name {
        "architecture" => test(it.image.architecture),
        "availability-zone" => test(&it.zone.name),
        "availability-zone-id" => test(&it.zone.id),
        "client-token" => optional(it.client_token.as_deref()),
        "current-instance-boot-mode" => test("legacy-bios"),
        "ebs-optimized" => flag(it.ebs_optimized),
        "ena-support" => test("true"),
        "hypervisor" => test("xen"),
        "iam-instance-profile.arn" => it.profile.as_ref().is_some_and(|(profile, _)| test(&profile.arn)),
        "iam-instance-profile.id" => it.profile.as_ref().is_some_and(|(profile, _)| test(&profile.id)),
        "iam-instance-profile.name" => it.profile.as_ref().is_some_and(|(profile, _)| test(&profile.name)),
        "image-id" => test(&it.image.id),
        "instance-id" => test(&it.id),
        "instance-lifecycle" => it.spot_request.is_some() && test("spot"),
        "instance-state-code" => shown(&it.state.code()),
        "instance-state-name" => test(it.state.name()),
        "instance-type" => test(it.instance_type.name),
        "instance.group-id" => it.groups.iter().any(|group| test(&group.id)),
        "instance.group-name" => it.groups.iter().any(|group| test(&group.name)),
        "ip-address" => it.public.as_ref().is_some_and(|public| shown(&public.address)),
        "ipv6-address" => it.ipv6.iter().any(|address| shown(address)),
        "key-name" => optional(it.key_name.as_deref()),
        "launch-index" => shown(&it.launch_index),
        "launch-time" => test(&timestamp::text(it.launched.0)),
        "metadata-options.http-endpoint" => test(it.metadata.endpoint),
        "metadata-options.http-put-response-hop-limit" => shown(&it.metadata.hop_limit),
        "metadata-options.http-tokens" => test(it.metadata.tokens),
        "monitoring-state" => test(it.monitoring.word()),
        "owner-id" => test(&region.account),
        "platform-details" => test("Linux/UNIX"),
        "private-ip-address" => it.private_address.is_some_and(|address| shown(&address)),
        "reason" => test(&it.transition_reason),
        "reservation-id" => test(&it.reservation),
        "root-device-name" => test(it.image.root_device),
        "root-device-type" => test("ebs"),
        "source-dest-check" => flag(it.source_dest_check),
        "spot-instance-request-id" => optional(it.spot_request.as_deref()),
        "state-reason-code" => it.state_reason.as_ref().is_some_and(|reason| test(reason.code)),
        "state-reason-message" => it.state_reason.as_ref().is_some_and(|reason| test(&reason.message)),
        "subnet-id" => optional(it.subnet.as_deref()),
        "tenancy" => test(it.tenancy),
        "usage-operation" => test("RunInstances"),
        "virtualization-type" => test("hvm"),
        "vpc-id" => optional(it.vpc.as_deref()),
        "dns-name" | "private-dns-name" => dns_name(region, it, name, test),
        name => match (name.strip_prefix("block-device-mapping."), name.strip_prefix("network-interface.")) {
            (Some(name), _) => it.volumes.iter().any(|volume| match name {
                "attach-time" => test(&timestamp::text(volume.attached.0)),
                "delete-on-termination" => flag(volume.delete_on_termination),
                "device-name" => test(&volume.device),
                "status" => test("attached"),
                "volume-id" => test(&volume.volume),
                _ => false,
            }),
            (None, Some(name)) => {
                let mut interfaces = it.interfaces.iter().filter_map(|id| region.interfaces.get(id));
                interfaces.any(|interface| interface_attribute(region, interface, name, test))
            }
            // Known names of what no instance here has.
            (None, None) => false,
        },
    }
}

fn dns_name(region: &Region, it: &Instance, name: &str, test: Test<'_>) -> bool {
    let names = super::dns::DnsNames::of(&region.name);
    let name = match name {
        "dns-name" => it.public.as_ref().map(|public| names.public(public.address)),
        _ => it.private_address.map(|address| names.private(address)),
    };
    name.is_some_and(|name| test(&name))
}

fn interface_attribute(region: &Region, it: &Interface, name: &str, test: Test<'_>) -> bool {
    let public = || it.public.as_ref().is_some_and(|public| test(&public.address.to_string()));
    match name {
        "addresses.association.public-ip" | "association.public-ip" => public(),
        "addresses.private-ip-address" | "private-ip-address" => test(&it.private_address.to_string()),
        "attachment.attachment-id" => test(&it.attachment.id),
        "attachment.instance-id" => test(&it.attachment.instance),
        "availability-zone" => test(&it.zone.name),
        "description" => test(&it.description),
        "group-id" => it.groups.iter().any(|group| test(&group.id)),
        "group-name" => it.groups.iter().any(|group| test(&group.name)),
        "ipv6-addresses.ipv6-address" => it.ipv6.iter().any(|address| test(&address.to_string())),
        "mac-address" => test(&it.mac),
        "network-interface-id" => test(&it.id),
        "owner-id" => test(&region.account),
        "status" => test("in-use"),
        "subnet-id" => test(&it.subnet),
        "vpc-id" => test(&it.vpc),
        _ => false,
    }
}
