//! Permissions of security groups: `IpPermissions` in requests, `ipPermissions` in answers.

use super::{Call, Result};
use crate::ec2::{
    error::Ec2Error,
    query::Parameters,
    state::{Cidr, Cidr6, Direction, Group, NewRule, Peer, Permission, Region, Rule},
    xml::Xml,
};

/// A peer as the request names it; groups by name are looked up later.
#[derive(Debug)]
enum NamedPeer {
    Peer(Peer),
    GroupName(String),
}

/// A rule as the request has it.
#[derive(Debug)]
pub(super) struct RequestedRule {
    protocol: String,
    from_port: Option<i32>,
    to_port: Option<i32>,
    peer: NamedPeer,
    description: String,
}

impl RequestedRule {
    /// The rule with its peer looked up.
    ///
    /// # Errors
    /// What [`Permission::checked`] refuses; a group that does not exist.
    pub(super) fn rule(self, region: &Region) -> Result<NewRule> {
        let peer = match self.peer {
            NamedPeer::Peer(peer) => peer,
            NamedPeer::GroupName(name) => Peer::Group(region.group_id_by_name(&name)?),
        };
        Ok(NewRule {
            permission: Permission::checked(&self.protocol, self.from_port, self.to_port, peer)?,
            description: self.description,
        })
    }
}

/// Reads `IpPermissions.N`, and the parameters of the older form that stand for one of them.
///
/// # Errors
/// `MissingParameter`, `InvalidParameterValue`.
pub(super) fn read(call: &Call<'_>) -> Result<Vec<RequestedRule>> {
    let parameters = &call.parameters;
    let mut rules = Vec::new();
    for group in parameters.groups("IpPermissions") {
        read_permission(&group, &mut rules)?;
    }
    if let Some(protocol) = parameters.filled("IpProtocol") {
        let peer = match (parameters.filled("CidrIp"), parameters.filled("SourceSecurityGroupName")) {
            (Some(block), _) => NamedPeer::Peer(ipv4(block)?),
            (None, Some(name)) => NamedPeer::GroupName(name.to_owned()),
            (None, None) => return Err(Ec2Error::missing_parameter("CidrIp")),
        };
        rules.push(RequestedRule {
            protocol: protocol.to_owned(),
            from_port: parameters.number("FromPort")?,
            to_port: parameters.number("ToPort")?,
            peer,
            description: String::new(),
        });
    }
    parameters.ignore(&["SourceSecurityGroupOwnerId"]);
    Ok(rules)
}

fn read_permission(group: &Parameters<'_>, rules: &mut Vec<RequestedRule>) -> Result<()> {
    let protocol = group.required("IpProtocol")?.to_owned();
    let (from_port, to_port) = (group.number("FromPort")?, group.number("ToPort")?);
    let mut peers = Vec::new();
    let description = |peer: &Parameters<'_>| peer.filled("Description").unwrap_or_default().to_owned();
    for range in group.groups("IpRanges") {
        peers.push((NamedPeer::Peer(ipv4(range.required("CidrIp")?)?), description(&range)));
    }
    for range in group.groups("Ipv6Ranges") {
        peers.push((NamedPeer::Peer(ipv6(range.required("CidrIpv6")?)?), description(&range)));
    }
    for list in group.groups("PrefixListIds") {
        let id = list.required("PrefixListId")?.to_owned();
        peers.push((NamedPeer::Peer(Peer::PrefixList(id)), description(&list)));
    }
    for pair in group.groups("Groups") {
        pair.ignore(&["UserId", "VpcId", "VpcPeeringConnectionId", "PeeringStatus"]);
        let by_name = pair.filled("GroupName").map(|name| NamedPeer::GroupName(name.to_owned()));
        let by_id = pair.filled("GroupId").map(|id| NamedPeer::Peer(Peer::Group(id.into())));
        let peer = by_id.or(by_name).ok_or_else(|| Ec2Error::missing_parameter(&pair.name("GroupId")))?;
        peers.push((peer, description(&pair)));
    }
    if peers.is_empty() {
        let message = "A permission must name IpRanges, Ipv6Ranges, PrefixListIds or Groups.";
        return Err(Ec2Error::client("MissingParameter", message));
    }
    rules.extend(peers.into_iter().map(|(peer, description)| RequestedRule {
        protocol: protocol.clone(),
        from_port,
        to_port,
        peer,
        description,
    }));
    Ok(())
}

fn ipv4(text: &str) -> Result<Peer> {
    // An address alone is not a block for EC2, either.
    let block = Cidr::parse(text);
    block
        .map(Peer::Ipv4)
        .ok_or_else(|| Ec2Error::invalid_parameter_value(format!("CIDR block {text} is malformed")))
}

fn ipv6(text: &str) -> Result<Peer> {
    let block = Cidr6::parse(text);
    block
        .map(Peer::Ipv6)
        .ok_or_else(|| Ec2Error::invalid_parameter_value(format!("CIDR block {text} is malformed")))
}

/// Writes the rules of one direction; those with the same protocol and ports are one permission.
pub(super) fn write(xml: &mut Xml, region: &Region, group: &Group, direction: Direction) {
    let name = match direction {
        Direction::Ingress => "ipPermissions",
        Direction::Egress => "ipPermissionsEgress",
    };
    let ports = |rule: &Rule| {
        let Permission { protocol, from_port, to_port, .. } = &rule.permission;
        (protocol.clone(), *from_port, *to_port)
    };
    let rules: Vec<&Rule> = group.rules.iter().filter(|rule| rule.direction == direction).collect();
    let mut permissions: Vec<(String, Option<i32>, Option<i32>)> = Vec::new();
    for rule in &rules {
        if !permissions.contains(&ports(rule)) {
            permissions.push(ports(rule));
        }
    }
    xml.list(name, &permissions, |xml, permission| {
        let (protocol, from_port, to_port) = permission;
        xml.plain("ipProtocol", protocol);
        xml.optional_number("fromPort", *from_port);
        xml.optional_number("toPort", *to_port);
        let own = || rules.iter().filter(|rule| ports(rule) == *permission);
        let groups = own().filter_map(|rule| match &rule.permission.peer {
            Peer::Group(id) => Some((id, rule)),
            _ => None,
        });
        xml.list("groups", groups, |xml, (id, rule)| {
            write_description(xml, rule);
            xml.plain("userId", &region.account);
            xml.plain("groupId", id);
        });
        let ranges = own().filter_map(|rule| match &rule.permission.peer {
            Peer::Ipv4(block) => Some((block, rule)),
            _ => None,
        });
        xml.list("ipRanges", ranges, |xml, (block, rule)| {
            write_description(xml, rule);
            xml.shown("cidrIp", block);
        });
        let ranges = own().filter_map(|rule| match &rule.permission.peer {
            Peer::Ipv6(block) => Some((block, rule)),
            _ => None,
        });
        xml.list("ipv6Ranges", ranges, |xml, (block, rule)| {
            write_description(xml, rule);
            xml.shown("cidrIpv6", block);
        });
        let lists = own().filter_map(|rule| match &rule.permission.peer {
            Peer::PrefixList(id) => Some((id, rule)),
            _ => None,
        });
        xml.list("prefixListIds", lists, |xml, (id, rule)| {
            write_description(xml, rule);
            xml.text("prefixListId", id);
        });
    });
}

fn write_description(xml: &mut Xml, rule: &Rule) {
    if !rule.description.is_empty() {
        xml.text("description", &rule.description);
    }
}
