//! Elastic IPs.

use std::collections::HashSet;

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{
    error::Ec2Error,
    state::{Address, Kind, Region, tag_pairs},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("AllocateAddress", Effect::Changes, Kind::Allocation, allocate_address),
    Operation::new("AssociateAddress", Effect::Changes, Kind::Allocation, associate_address),
    Operation::new("DescribeAddresses", Effect::Reads, Kind::Allocation, describe_addresses),
    Operation::new("DisassociateAddress", Effect::Changes, Kind::Association, disassociate_address),
    Operation::new("ReleaseAddress", Effect::Changes, Kind::Allocation, release_address),
];

const FILTERS: &[&str] = &[
    "allocation-id",
    "association-id",
    "domain",
    "instance-id",
    "network-border-group",
    "network-interface-id",
    "network-interface-owner-id",
    "private-ip-address",
    "public-ip",
    "tag-key",
    "tag-value",
];

fn allocate_address(call: &mut Call<'_>) -> Result<()> {
    call.parameters.word("Domain", &["vpc", "standard"])?;
    call.parameters.ignore(&["NetworkBorderGroup", "PublicIpv4Pool"]);
    let recovered = call.parameters.filled("Address");
    let tags = call.tag_specifications();
    let Stage { region, hardware, xml, now } = call.begin()?;
    if let Some(address) = recovered {
        // Addresses that were released are not kept for their former owner.
        return Err(Ec2Error::not_found(Kind::Address, &[address]));
    }
    let address = region.allocate_address(&tags, now, hardware)?.clone();
    xml.plain("allocationId", &address.allocation);
    xml.plain("publicIpv4Pool", "amazon");
    xml.plain("networkBorderGroup", &region.name);
    xml.plain("domain", "vpc");
    xml.address("publicIp", address.address);
    Ok(())
}

fn release_address(call: &mut Call<'_>) -> Result<()> {
    let (id, address) = (call.parameters.filled("AllocationId"), call.parameters.filled("PublicIp"));
    call.parameters.ignore(&["NetworkBorderGroup"]);
    let Stage { region, hardware, xml, now } = call.begin()?;
    let allocation = allocation(region, id, address)?;
    region.release_address(&allocation, now, hardware)?;
    super::done(xml);
    Ok(())
}

fn associate_address(call: &mut Call<'_>) -> Result<()> {
    let (id, address) = (call.parameters.filled("AllocationId"), call.parameters.filled("PublicIp"));
    let instance = call.parameters.filled("InstanceId");
    let interface = call.parameters.filled("NetworkInterfaceId");
    // Since 2012 an address that is associated moves when nothing else is said.
    let reassociate = call.parameters.boolean("AllowReassociation")?.unwrap_or(true);
    call.parameters.ignore(&["PrivateIpAddress"]);
    let Stage { region, hardware, xml, now } = call.begin()?;
    let allocation = allocation(region, id, address)?;
    let instance = match (instance, interface) {
        (Some(id), _) => id.to_owned(),
        (None, Some(id)) => region.interface(id)?.attachment.instance.to_string(),
        (None, None) => return Err(Ec2Error::missing_parameter("InstanceId")),
    };
    let association = region.associate_address(&allocation, &instance, reassociate, now, hardware)?;
    super::done(xml);
    xml.plain("associationId", &association);
    Ok(())
}

fn disassociate_address(call: &mut Call<'_>) -> Result<()> {
    let (id, address) = (call.parameters.filled("AssociationId"), call.parameters.filled("PublicIp"));
    let Stage { region, hardware, xml, .. } = call.begin()?;
    let association = match (id, address) {
        (Some(id), _) => id.to_owned(),
        (None, Some(address)) => {
            let allocation = region.allocation_of(address)?;
            let association = region.address(&allocation)?.association.as_ref();
            let association = association.map(|association| association.id.to_string());
            association.ok_or_else(|| Ec2Error::not_found(Kind::Association, &[address]))?
        }
        (None, None) => return Err(Ec2Error::missing_parameter("AssociationId")),
    };
    region.disassociate_address(&association, hardware)?;
    super::done(xml);
    Ok(())
}

/// The allocation that a call means.
fn allocation(region: &Region, id: Option<&str>, address: Option<&str>) -> Result<String> {
    match (id, address) {
        (Some(id), _) => Ok(id.to_owned()),
        (None, Some(address)) => Ok(region.allocation_of(address)?.to_string()),
        (None, None) => Err(Ec2Error::missing_parameter("AllocationId")),
    }
}

fn describe_addresses(call: &mut Call<'_>) -> Result<()> {
    let (ids, addresses) = (call.parameters.list("AllocationId"), call.parameters.list("PublicIp"));
    let filters = call.filters(FILTERS)?;
    let Stage { region, xml, now, .. } = call.begin()?;
    let is_named = !(ids.is_empty() && addresses.is_empty());
    let mut wanted: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    for address in addresses {
        wanted.push(region.allocation_of(address)?.to_string());
    }
    let texts: Vec<&str> = wanted.iter().map(String::as_str).collect();
    region.visible_addresses(&texts, now)?;
    let hidden = match is_named {
        true => HashSet::new(),
        false => region.hidden_among(Kind::Allocation, now),
    };
    let shown = region.addresses.values().filter(|address| {
        let is_wanted = !is_named || texts.contains(&&*address.allocation);
        let fits =
            filters.fit(|| tag_pairs(&address.tags), |name, test| attribute(region, address, name, test));
        is_wanted && fits && !hidden.contains(&address.allocation)
    });
    xml.list("addressesSet", shown, |xml, address| {
        write_address(xml, region, address);
    });
    Ok(())
}

fn attribute(region: &Region, address: &Address, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let association = |name: &str| {
        address.association.as_ref().is_some_and(|association| match name {
            "association-id" => test(&association.id),
            "instance-id" => test(&association.instance),
            "network-interface-id" => test(&association.interface),
            "network-interface-owner-id" => test(&region.account),
            _ => test(&association.private_address.to_string()),
        })
    };
    match name {
        "allocation-id" => test(&address.allocation),
        "domain" => test("vpc"),
        "network-border-group" => test(&region.name),
        "public-ip" => test(&address.address.to_string()),
        name => association(name),
    }
}

fn write_address(xml: &mut Xml, region: &Region, address: &Address) {
    xml.plain("allocationId", &address.allocation);
    xml.plain("domain", "vpc");
    if let Some(association) = &address.association {
        xml.plain("associationId", &association.id);
        xml.plain("networkInterfaceId", &association.interface);
        xml.plain("networkInterfaceOwnerId", &region.account);
        xml.address("privateIpAddress", association.private_address);
        xml.plain("instanceId", &association.instance);
    }
    xml.tags(tag_pairs(&address.tags));
    xml.plain("publicIpv4Pool", "amazon");
    xml.plain("networkBorderGroup", &region.name);
    xml.address("publicIp", address.address);
}
