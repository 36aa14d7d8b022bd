//! Network interfaces. They come and go with their instances.

use super::{Call, Effect, Operation, Result, Stage, dns::DnsNames, instance_xml};
use crate::{
    ec2::{
        error::Ec2Error,
        state::{Interface, Kind, Region, tag_pairs},
        xml::Xml,
    },
    timestamp,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("DeleteNetworkInterface", Effect::Changes, Kind::Interface, delete_interface),
    Operation::new("DescribeNetworkInterfaces", Effect::Reads, Kind::Interface, describe_interfaces),
];

const FILTERS: &[&str] = &[
    "addresses.association.owner-id",
    "addresses.association.public-ip",
    "addresses.primary",
    "addresses.private-ip-address",
    "association.allocation-id",
    "association.association-id",
    "association.ip-owner-id",
    "association.public-dns-name",
    "association.public-ip",
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "description",
    "group-id",
    "group-name",
    "interface-type",
    "ipv6-addresses.ipv6-address",
    "mac-address",
    "network-interface-id",
    "operator.managed",
    "operator.principal",
    "owner-id",
    "private-dns-name",
    "private-ip-address",
    "requester-id",
    "requester-managed",
    "source-dest-check",
    "status",
    "subnet-id",
    "tag-key",
    "tag-value",
    "vpc-id",
];

fn delete_interface(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("NetworkInterfaceId")?;
    let Stage { region, .. } = call.begin()?;
    let interface = region.interface(id)?;
    // All interfaces here are attached until their instance ends.
    let message = format!("Network interface '{}' is currently in use.", interface.id);
    Err(Ec2Error::client("InvalidParameterValue", message))
}

fn describe_interfaces(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("NetworkInterfaceId");
    let filters = call.filters(FILTERS)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    call.parameters.ignore(&["IncludeManagedResources"]);
    let Stage { region, xml, .. } = call.begin()?;
    for id in &ids {
        region.interface(id)?;
    }
    let names = DnsNames::of(&region.name);
    let shown = region.interfaces.starting_at(0).filter(|(_, it)| {
        let is_wanted = ids.is_empty() || ids.contains(&&*it.id);
        let fits =
            filters.fit(|| tag_pairs(&it.tags), |name, test| attribute(region, &names, it, name, test));
        is_wanted && fits
    });
    let (interfaces, next) = page.cut(shown);
    xml.list("networkInterfaceSet", interfaces, |xml, it| {
        write_interface(xml, region, &names, it);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(
    region: &Region,
    names: &DnsNames,
    it: &Interface,
    name: &str,
    test: &dyn Fn(&str) -> bool,
) -> bool {
    let flag = |value: bool| test(if value { "true" } else { "false" });
    let public = it.public.as_ref();
    let attachment = &it.attachment;
    match name {
        "addresses.association.owner-id" | "association.ip-owner-id" => {
            public.is_some_and(|public| test(owner(region, public.allocation.is_some())))
        }
        "addresses.association.public-ip" | "association.public-ip" => {
            public.is_some_and(|public| test(&public.address.to_string()))
        }
        "addresses.primary" => flag(true),
        "addresses.private-ip-address" | "private-ip-address" => test(&it.private_address.to_string()),
        "association.allocation-id" => {
            public.and_then(|public| public.allocation.as_ref()).is_some_and(|allocation| test(allocation))
        }
        "association.association-id" => it.association.as_ref().is_some_and(|association| test(association)),
        "association.public-dns-name" => public.is_some_and(|public| test(&names.public(public.address))),
        "attachment.attach-time" => test(&timestamp::text(attachment.attached.0)),
        "attachment.attachment-id" => test(&attachment.id),
        "attachment.delete-on-termination" => flag(attachment.delete_on_termination),
        "attachment.device-index" => test(&attachment.device_index.to_string()),
        "attachment.instance-id" => test(&attachment.instance),
        "attachment.instance-owner-id" | "owner-id" => test(&region.account),
        "attachment.status" => test("attached"),
        "availability-zone" => test(&it.zone.name),
        "availability-zone-id" => test(&it.zone.id),
        "description" => test(&it.description),
        "group-id" => it.groups.iter().any(|group| test(&group.id)),
        "group-name" => it.groups.iter().any(|group| test(&group.name)),
        "interface-type" => test("interface"),
        "ipv6-addresses.ipv6-address" => it.ipv6.iter().any(|address| test(&address.to_string())),
        "mac-address" => test(&it.mac),
        "network-interface-id" => test(&it.id),
        "operator.managed" | "requester-managed" => flag(false),
        "private-dns-name" => test(&names.private(it.private_address)),
        "source-dest-check" => flag(it.source_dest_check),
        "status" => test("in-use"),
        "subnet-id" => test(&it.subnet),
        "vpc-id" => test(&it.vpc),
        _ => false,
    }
}

/// Owner of a public address: the account has the Elastic IPs, Amazon all others.
fn owner(region: &Region, is_elastic: bool) -> &str {
    if is_elastic { &region.account } else { "amazon" }
}

fn write_interface(xml: &mut Xml, region: &Region, names: &DnsNames, it: &Interface) {
    write_association(xml, region, names, it);
    xml.element("attachment", |xml| {
        xml.time("attachTime", it.attachment.attached);
        xml.plain("attachmentId", &it.attachment.id);
        xml.boolean("deleteOnTermination", it.attachment.delete_on_termination);
        xml.number("deviceIndex", it.attachment.device_index);
        xml.number("networkCardIndex", 0);
        xml.plain("instanceId", &it.attachment.instance);
        xml.plain("instanceOwnerId", &region.account);
        xml.plain("status", "attached");
    });
    xml.plain("availabilityZone", &it.zone.name);
    xml.plain("availabilityZoneId", &it.zone.id);
    match it.description.is_empty() {
        true => xml.empty("description"),
        false => xml.text("description", &it.description),
    }
    instance_xml::groups(xml, &it.groups);
    xml.plain("interfaceType", "interface");
    xml.list("ipv6AddressesSet", it.ipv6.iter().enumerate(), |xml, (index, address)| {
        xml.shown("ipv6Address", address);
        xml.boolean("isPrimaryIpv6", it.primary_ipv6 && index == 0);
    });
    xml.plain("macAddress", &it.mac);
    xml.plain("networkInterfaceId", &it.id);
    xml.plain("ownerId", &region.account);
    names.write_private(xml, "privateDnsName", Some(it.private_address));
    if let Some(public) = &it.public {
        names.write_public(xml, "publicDnsName", Some(public.address));
    }
    xml.address("privateIpAddress", it.private_address);
    xml.list("privateIpAddressesSet", [it], |xml, it| {
        write_association(xml, region, names, it);
        xml.boolean("primary", true);
        names.write_private(xml, "privateDnsName", Some(it.private_address));
        xml.address("privateIpAddress", it.private_address);
    });
    xml.boolean("requesterManaged", false);
    xml.boolean("sourceDestCheck", it.source_dest_check);
    xml.plain("status", "in-use");
    xml.plain("subnetId", &it.subnet);
    xml.tags(tag_pairs(&it.tags));
    xml.plain("vpcId", &it.vpc);
    xml.element("operator", |xml| xml.boolean("managed", false));
    if let Some(address) = it.ipv6.first() {
        xml.shown("ipv6Address", address);
    }
}

fn write_association(xml: &mut Xml, region: &Region, names: &DnsNames, it: &Interface) {
    let Some(public) = &it.public else { return };
    xml.element("association", |xml| {
        if let Some(allocation) = &public.allocation {
            xml.plain("allocationId", allocation);
        }
        if let Some(association) = &it.association {
            xml.plain("associationId", association);
        }
        xml.plain("ipOwnerId", owner(region, public.allocation.is_some()));
        names.write_public(xml, "publicDnsName", Some(public.address));
        xml.address("publicIp", public.address);
    });
}
