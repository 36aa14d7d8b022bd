//! VPCs and subnets.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{
    error::Ec2Error,
    state::{Cidr6, Kind, Region, Subnet, Vpc, tag_pairs},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("AssociateSubnetCidrBlock", Effect::Changes, Kind::Subnet, associate_subnet),
    Operation::new("AssociateVpcCidrBlock", Effect::Changes, Kind::Vpc, associate_vpc),
    Operation::new("DescribeSubnets", Effect::Reads, Kind::Subnet, describe_subnets),
    Operation::new("DescribeVpcs", Effect::Reads, Kind::Vpc, describe_vpcs),
    Operation::new("ModifySubnetAttribute", Effect::Changes, Kind::Subnet, modify_subnet),
];

const VPC_FILTERS: &[&str] = &[
    "cidr",
    "cidr-block-association.association-id",
    "cidr-block-association.cidr-block",
    "cidr-block-association.state",
    "dhcp-options-id",
    "ipv6-cidr-block-association.association-id",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-cidr-block-association.ipv6-pool",
    "ipv6-cidr-block-association.state",
    "is-default",
    "isDefault",
    "owner-id",
    "state",
    "tag-key",
    "tag-value",
    "vpc-id",
];

const SUBNET_FILTERS: &[&str] = &[
    "availability-zone",
    "availability-zone-id",
    "availabilityZone",
    "availabilityZoneId",
    "available-ip-address-count",
    "cidr",
    "cidr-block",
    "cidrBlock",
    "customer-owned-ipv4-pool",
    "default-for-az",
    "defaultForAz",
    "enable-dns64",
    "enable-lni-at-device-index",
    "ipv6-cidr-block-association.association-id",
    "ipv6-cidr-block-association.ipv6-cidr-block",
    "ipv6-cidr-block-association.state",
    "ipv6-native",
    "map-customer-owned-ip-on-launch",
    "map-public-ip-on-launch",
    "outpost-arn",
    "owner-id",
    "private-dns-name-options-on-launch.hostname-type",
    "state",
    "subnet-arn",
    "subnet-id",
    "tag-key",
    "tag-value",
    "vpc-id",
];

fn describe_vpcs(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("VpcId");
    let filters = call.filters(VPC_FILTERS)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let Stage { region, xml, .. } = call.begin()?;
    for id in &ids {
        region.vpc(id)?;
    }
    let shown = region.vpcs.starting_at(0).filter(|(_, vpc)| {
        let fits = filters.fit(|| tag_pairs(&vpc.tags), |name, test| vpc_attribute(region, vpc, name, test));
        fits && (ids.is_empty() || ids.contains(&&*vpc.id))
    });
    let (vpcs, next) = page.cut(shown);
    xml.list("vpcSet", vpcs, |xml, vpc| write_vpc(xml, region, vpc));
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn vpc_attribute(region: &Region, vpc: &Vpc, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let ipv6 = |name: &str| {
        vpc.ipv6.as_ref().is_some_and(|(block, association)| match name {
            "association-id" => test(association),
            "ipv6-cidr-block" => test(&block.to_string()),
            "ipv6-pool" => test("Amazon"),
            _ => test("associated"),
        })
    };
    match name {
        "cidr" | "cidr-block-association.cidr-block" => test(&vpc.cidr.to_string()),
        "cidr-block-association.association-id" => test(&vpc.cidr_association),
        "cidr-block-association.state" => test("associated"),
        "dhcp-options-id" => test(&vpc.dhcp_options),
        "is-default" | "isDefault" => test(if vpc.is_default { "true" } else { "false" }),
        "owner-id" => test(&region.account),
        "state" => test("available"),
        "vpc-id" => test(&vpc.id),
        name => name.strip_prefix("ipv6-cidr-block-association.").is_some_and(ipv6),
    }
}

fn write_vpc(xml: &mut Xml, region: &Region, vpc: &Vpc) {
    xml.plain("ownerId", &region.account);
    xml.plain("instanceTenancy", "default");
    xml.list("ipv6CidrBlockAssociationSet", &vpc.ipv6, |xml, (block, association)| {
        write_vpc_ipv6(xml, region, *block, association);
    });
    xml.list("cidrBlockAssociationSet", [&vpc.cidr], |xml, block| {
        xml.plain("associationId", &vpc.cidr_association);
        xml.shown("cidrBlock", block);
        write_state(xml, "cidrBlockState");
    });
    xml.boolean("isDefault", vpc.is_default);
    xml.tags(tag_pairs(&vpc.tags));
    xml.element("blockPublicAccessStates", |xml| {
        xml.plain("internetGatewayBlockMode", "off");
    });
    xml.plain("vpcId", &vpc.id);
    xml.plain("state", "available");
    xml.shown("cidrBlock", vpc.cidr);
    xml.plain("dhcpOptionsId", &vpc.dhcp_options);
}

fn write_vpc_ipv6(xml: &mut Xml, region: &Region, block: Cidr6, association: &str) {
    xml.plain("associationId", association);
    xml.shown("ipv6CidrBlock", block);
    write_state(xml, "ipv6CidrBlockState");
    xml.plain("networkBorderGroup", &region.name);
    xml.plain("ipv6Pool", "Amazon");
    xml.plain("ipv6AddressAttribute", "public");
    xml.plain("ipSource", "amazon");
}

fn write_state(xml: &mut Xml, tag: &str) {
    xml.element(tag, |xml| xml.plain("state", "associated"));
}

fn describe_subnets(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("SubnetId");
    let filters = call.filters(SUBNET_FILTERS)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let Stage { region, xml, .. } = call.begin()?;
    for id in &ids {
        region.subnet(id)?;
    }
    let shown = region.subnets.starting_at(0).filter(|(_, subnet)| {
        let fits = filters
            .fit(|| tag_pairs(&subnet.tags), |name, test| subnet_attribute(region, subnet, name, test));
        fits && (ids.is_empty() || ids.contains(&&*subnet.id))
    });
    let (subnets, next) = page.cut(shown);
    xml.list("subnetSet", subnets, |xml, subnet| {
        write_subnet(xml, region, subnet);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn subnet_attribute(region: &Region, subnet: &Subnet, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let flag = |value: bool| test(if value { "true" } else { "false" });
    let ipv6 = |name: &str| {
        subnet.ipv6.as_ref().is_some_and(|(block, association)| match name {
            "association-id" => test(association),
            "ipv6-cidr-block" => test(&block.to_string()),
            _ => test("associated"),
        })
    };
    match name {
        "availability-zone" | "availabilityZone" => test(&subnet.zone.name),
        "availability-zone-id" | "availabilityZoneId" => test(&subnet.zone.id),
        "available-ip-address-count" => test(&subnet.available().to_string()),
        "cidr" | "cidr-block" | "cidrBlock" => test(&subnet.cidr.to_string()),
        "default-for-az" | "defaultForAz" => flag(subnet.default_for_zone),
        "enable-dns64" | "ipv6-native" | "map-customer-owned-ip-on-launch" => flag(false),
        "map-public-ip-on-launch" => flag(subnet.public_address_on_launch),
        "owner-id" => test(&region.account),
        "private-dns-name-options-on-launch.hostname-type" => test("ip-name"),
        "state" => test("available"),
        "subnet-arn" => test(&region.arn("subnet", &subnet.id)),
        "subnet-id" => test(&subnet.id),
        "vpc-id" => test(&subnet.vpc),
        name => name.strip_prefix("ipv6-cidr-block-association.").is_some_and(ipv6),
    }
}

fn write_subnet(xml: &mut Xml, region: &Region, subnet: &Subnet) {
    xml.plain("availabilityZoneId", &subnet.zone.id);
    xml.boolean("mapCustomerOwnedIpOnLaunch", false);
    xml.plain("ownerId", &region.account);
    xml.boolean("assignIpv6AddressOnCreation", subnet.ipv6_on_launch);
    xml.list("ipv6CidrBlockAssociationSet", &subnet.ipv6, |xml, (block, association)| {
        write_subnet_ipv6(xml, *block, association);
    });
    xml.tags(tag_pairs(&subnet.tags));
    xml.plain("subnetArn", &region.arn("subnet", &subnet.id));
    xml.boolean("enableDns64", false);
    xml.boolean("ipv6Native", false);
    xml.element("privateDnsNameOptionsOnLaunch", |xml| {
        xml.plain("hostnameType", "ip-name");
        xml.boolean("enableResourceNameDnsARecord", false);
        xml.boolean("enableResourceNameDnsAAAARecord", false);
    });
    xml.element("blockPublicAccessStates", |xml| {
        xml.plain("internetGatewayBlockMode", "off");
    });
    xml.plain("subnetId", &subnet.id);
    xml.plain("state", "available");
    xml.plain("vpcId", &subnet.vpc);
    xml.shown("cidrBlock", subnet.cidr);
    xml.number("availableIpAddressCount", subnet.available());
    xml.plain("availabilityZone", &subnet.zone.name);
    xml.boolean("defaultForAz", subnet.default_for_zone);
    xml.boolean("mapPublicIpOnLaunch", subnet.public_address_on_launch);
}

fn write_subnet_ipv6(xml: &mut Xml, block: Cidr6, association: &str) {
    xml.plain("associationId", association);
    xml.shown("ipv6CidrBlock", block);
    write_state(xml, "ipv6CidrBlockState");
    xml.plain("ipv6AddressAttribute", "public");
    xml.plain("ipSource", "amazon");
}

fn associate_vpc(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("VpcId")?;
    let wants_ipv6 = call.parameters.boolean("AmazonProvidedIpv6CidrBlock")?.unwrap_or(false);
    let Stage { region, xml, .. } = call.begin()?;
    if !wants_ipv6 {
        return Err(Ec2Error::missing_parameter("AmazonProvidedIpv6CidrBlock"));
    }
    region.associate_vpc_ipv6(id)?;
    let vpc = region.vpc(id)?;
    if let Some((block, association)) = &vpc.ipv6 {
        xml.element("ipv6CidrBlockAssociation", |xml| {
            write_vpc_ipv6(xml, region, *block, association);
        });
    }
    xml.plain("vpcId", &vpc.id);
    Ok(())
}

fn associate_subnet(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("SubnetId")?;
    let text = call.parameters.required("Ipv6CidrBlock")?;
    let Stage { region, xml, .. } = call.begin()?;
    let block = Cidr6::parse(text)
        .ok_or_else(|| Ec2Error::invalid_value("ipv6CidrBlock", text, "This is not a valid CIDR block."))?;
    let subnet = region.associate_subnet_ipv6(id, block)?;
    if let Some((block, association)) = &subnet.ipv6 {
        xml.element("ipv6CidrBlockAssociation", |xml| {
            write_subnet_ipv6(xml, *block, association);
        });
    }
    xml.plain("subnetId", &subnet.id);
    Ok(())
}

fn modify_subnet(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("SubnetId")?;
    let public_address = call.parameters.group("MapPublicIpOnLaunch").boolean("Value")?;
    let ipv6 = call.parameters.group("AssignIpv6AddressOnCreation").boolean("Value")?;
    let Stage { region, xml, .. } = call.begin()?;
    region.modify_subnet(id, public_address, ipv6)?;
    super::done(xml);
    Ok(())
}
