//! Regions, zones and attributes of the account.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{catalog, error::Ec2Error, state::Kind};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("DescribeAccountAttributes", Effect::Reads, Kind::Vpc, describe_account_attributes),
    Operation::new("DescribeAvailabilityZones", Effect::Reads, Kind::Subnet, describe_zones),
    Operation::new("DescribeRegions", Effect::Reads, Kind::Vpc, describe_regions),
];

const ZONE_FILTERS: &[&str] = &[
    "group-long-name",
    "group-name",
    "message",
    "opt-in-status",
    "parent-zone-id",
    "parent-zone-name",
    "region-name",
    "state",
    "zone-id",
    "zone-name",
    "zone-type",
];

fn describe_account_attributes(call: &mut Call<'_>) -> Result<()> {
    let wanted = call.parameters.list("AttributeName");
    let Stage { region, xml, .. } = call.begin()?;
    let limit = region.instance_limit.map_or_else(|| "20".to_owned(), |limit| limit.to_string());
    let default_vpc = region.default_vpc().map_or("none", |vpc| &*vpc.id).to_owned();
    let attributes = [
        ("supported-platforms", "VPC".to_owned()),
        ("vpc-max-security-groups-per-interface", "5".to_owned()),
        ("max-elastic-ips", "5".to_owned()),
        ("max-instances", limit),
        ("vpc-max-elastic-ips", "5".to_owned()),
        ("default-vpc", default_vpc),
    ];
    if let Some(unknown) = wanted.iter().find(|name| !attributes.iter().any(|(known, _)| known == *name)) {
        let reason = "It is not an attribute of accounts.";
        return Err(Ec2Error::invalid_value("attributeName", unknown, reason));
    }
    let mut shown = attributes.to_vec();
    shown.retain(|(name, _)| wanted.is_empty() || wanted.contains(name));
    xml.list("accountAttributeSet", &shown, |xml, (name, value)| {
        xml.plain("attributeName", name);
        xml.list("attributeValueSet", [value], |xml, value| {
            xml.text("attributeValue", value);
        });
    });
    Ok(())
}

fn describe_zones(call: &mut Call<'_>) -> Result<()> {
    let (names, ids) = (call.parameters.list("ZoneName"), call.parameters.list("ZoneId"));
    let filters = call.filters(ZONE_FILTERS)?;
    call.parameters.ignore(&["AllAvailabilityZones"]);
    let Stage { region, xml, .. } = call.begin()?;
    for name in &names {
        region.zone(name)?;
    }
    if let Some(id) = ids.iter().find(|id| !region.zones.iter().any(|zone| zone.id == **id)) {
        return Err(Ec2Error::invalid_parameter_value(format!("Invalid availability zone-id: [{id}]")));
    }
    let shown = region.zones.iter().filter(|zone| {
        let named = names.is_empty() && ids.is_empty();
        let is_wanted = named || names.contains(&zone.name.as_str()) || ids.contains(&zone.id.as_str());
        let fits = filters.fit(std::iter::empty, |name, test| match name {
            "group-name" => test(&format!("{}-zg-1", region.name)),
            "opt-in-status" => test("opt-in-not-required"),
            "region-name" => test(&region.name),
            "state" => test("available"),
            "zone-id" => test(&zone.id),
            "zone-name" => test(&zone.name),
            "zone-type" => test("availability-zone"),
            _ => false,
        });
        is_wanted && fits
    });
    xml.list("availabilityZoneInfo", shown, |xml, zone| {
        xml.plain("optInStatus", "opt-in-not-required");
        xml.empty("messageSet");
        xml.plain("regionName", &region.name);
        xml.plain("zoneName", &zone.name);
        xml.plain("zoneId", &zone.id);
        xml.shown("groupName", format_args!("{}-zg-1", region.name));
        xml.plain("networkBorderGroup", &region.name);
        xml.plain("zoneType", "availability-zone");
        xml.plain("zoneState", "available");
    });
    Ok(())
}

fn describe_regions(call: &mut Call<'_>) -> Result<()> {
    let names = call.parameters.list("RegionName");
    let filters = call.filters(&["endpoint", "opt-in-status", "region-name"])?;
    call.parameters.ignore(&["AllRegions"]);
    let Stage { region: here, xml, .. } = call.begin()?;
    let partition = catalog::partition(&here.name);
    let visible = || catalog::REGIONS.iter().filter(|region| region.partition() == partition);
    let unknown = |name: &&&str| !visible().any(|region| region.name == **name);
    if let Some(name) = names.iter().find(unknown) {
        return Err(Ec2Error::invalid_parameter_value(format!("Invalid region: [{name}]")));
    }
    let shown = visible().filter(|region| {
        let is_wanted = names.is_empty() || names.contains(&region.name);
        let fits = filters.fit(std::iter::empty, |name, test| match name {
            "endpoint" => test(&region.endpoint()),
            "opt-in-status" => test(region.opt_in_status()),
            "region-name" => test(region.name),
            _ => false,
        });
        is_wanted && fits
    });
    xml.list("regionInfo", shown, |xml, region| {
        xml.plain("optInStatus", region.opt_in_status());
        xml.plain("regionName", region.name);
        xml.plain("regionEndpoint", &region.endpoint());
    });
    Ok(())
}
