//! Security groups.

use std::collections::HashSet;

use super::{Call, Effect, Operation, Result, Stage, permissions};
use crate::ec2::{
    error::Ec2Error,
    state::{Direction, Group, Kind, NewGroup, Peer, Region, Rule, tag_pairs},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("CreateSecurityGroup", Effect::Changes, Kind::Vpc, create_group),
    Operation::new("DeleteSecurityGroup", Effect::Changes, Kind::Group, delete_group),
    Operation::new("DescribeSecurityGroups", Effect::Reads, Kind::Group, describe_groups),
];

const FILTERS: &[&str] = &[
    "description",
    "egress.ip-permission.cidr",
    "egress.ip-permission.from-port",
    "egress.ip-permission.group-id",
    "egress.ip-permission.group-name",
    "egress.ip-permission.ipv6-cidr",
    "egress.ip-permission.prefix-list-id",
    "egress.ip-permission.protocol",
    "egress.ip-permission.to-port",
    "egress.ip-permission.user-id",
    "group-id",
    "group-name",
    "ip-permission.cidr",
    "ip-permission.from-port",
    "ip-permission.group-id",
    "ip-permission.group-name",
    "ip-permission.ipv6-cidr",
    "ip-permission.prefix-list-id",
    "ip-permission.protocol",
    "ip-permission.to-port",
    "ip-permission.user-id",
    "owner-id",
    "tag-key",
    "tag-value",
    "vpc-id",
];

fn create_group(call: &mut Call<'_>) -> Result<()> {
    let new = NewGroup {
        name: call.parameters.required("GroupName")?.to_owned(),
        description: call.parameters.required("GroupDescription")?.to_owned(),
        vpc: call.parameters.filled("VpcId").map(str::to_owned),
        tags: call.tag_specifications(),
    };
    let Stage { region, xml, now, .. } = call.begin()?;
    let id = region.create_group(&new, now)?;
    let group = region.group(&id)?;
    super::done(xml);
    xml.plain("groupId", &id);
    xml.tags(tag_pairs(&group.tags));
    xml.plain("securityGroupArn", &region.arn("security-group", &id));
    Ok(())
}

fn delete_group(call: &mut Call<'_>) -> Result<()> {
    let (id, name) = (call.parameters.filled("GroupId"), call.parameters.filled("GroupName"));
    let Stage { region, xml, now, .. } = call.begin()?;
    let id = group_id(region, id, name)?;
    region.delete_group(&id, now)?;
    super::done(xml);
    xml.plain("groupId", &id);
    Ok(())
}

/// The group that a call means, by id or by name in the default VPC.
pub(super) fn group_id(region: &Region, id: Option<&str>, name: Option<&str>) -> Result<String> {
    match (id, name) {
        (Some(id), _) => Ok(id.to_owned()),
        (None, Some(name)) => Ok(region.group_id_by_name(name)?.to_string()),
        (None, None) => {
            let message = "The request must contain the parameter groupName or groupId";
            Err(Ec2Error::client("MissingParameter", message))
        }
    }
}

fn describe_groups(call: &mut Call<'_>) -> Result<()> {
    let (ids, names) = (call.parameters.list("GroupId"), call.parameters.list("GroupName"));
    let filters = call.filters(FILTERS)?;
    let is_named = !(ids.is_empty() && names.is_empty());
    let page = call.page(5..=1000, is_named)?;
    let Stage { region, xml, now, .. } = call.begin()?;
    let mut wanted: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    for name in names {
        wanted.push(region.group_id_by_name(name)?.to_string());
    }
    let texts: Vec<&str> = wanted.iter().map(String::as_str).collect();
    region.visible_groups(&texts, now)?;
    let hidden = match is_named {
        true => HashSet::new(),
        false => region.hidden_among(Kind::Group, now),
    };
    let shown = region.groups.starting_at(0).filter(|(_, group)| {
        let is_wanted = !is_named || texts.contains(&&*group.id);
        let fits = filters.fit(|| tag_pairs(&group.tags), |name, test| attribute(region, group, name, test));
        is_wanted && fits && !hidden.contains(&group.id)
    });
    let (groups, next) = page.cut(shown);
    xml.list("securityGroupInfo", groups, |xml, group| {
        write_group(xml, region, group);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(region: &Region, group: &Group, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let of_rules = |direction, name: &str| {
        let mut rules = group.rules.iter().filter(|rule| rule.direction == direction);
        rules.any(|rule| rule_attribute(region, rule, name, test))
    };
    match name {
        "description" => test(&group.description),
        "group-id" => test(&group.id),
        "group-name" => test(&group.name),
        "owner-id" => test(&region.account),
        "vpc-id" => test(&group.vpc),
        name => match (name.strip_prefix("ip-permission."), name.strip_prefix("egress.ip-permission.")) {
            (Some(name), _) => of_rules(Direction::Ingress, name),
            (_, Some(name)) => of_rules(Direction::Egress, name),
            _ => false,
        },
    }
}

fn rule_attribute(region: &Region, rule: &Rule, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let permission = &rule.permission;
    let port = |port: Option<i32>| port.is_some_and(|port| test(&port.to_string()));
    match (name, &permission.peer) {
        ("protocol", _) => test(&permission.protocol),
        ("from-port", _) => port(permission.from_port),
        ("to-port", _) => port(permission.to_port),
        ("cidr", Peer::Ipv4(block)) => test(&block.to_string()),
        ("ipv6-cidr", Peer::Ipv6(block)) => test(&block.to_string()),
        ("prefix-list-id", Peer::PrefixList(id)) => test(id),
        ("group-id", Peer::Group(id)) => test(id),
        ("group-name", Peer::Group(id)) => region.groups.get(id).is_some_and(|group| test(&group.name)),
        ("user-id", Peer::Group(_)) => test(&region.account),
        _ => false,
    }
}

fn write_group(xml: &mut Xml, region: &Region, group: &Group) {
    xml.plain("groupId", &group.id);
    permissions::write(xml, region, group, Direction::Egress);
    xml.tags(tag_pairs(&group.tags));
    xml.plain("vpcId", &group.vpc);
    xml.plain("securityGroupArn", &region.arn("security-group", &group.id));
    xml.plain("ownerId", &region.account);
    xml.text("groupName", &group.name);
    xml.text("groupDescription", &group.description);
    permissions::write(xml, region, group, Direction::Ingress);
}
