//! Rules of security groups.

use super::{Call, Effect, Operation, Result, Stage, groups, permissions};
use crate::ec2::{
    error::Ec2Error,
    state::{Direction, Kind, Peer, Region, Revoked, Rule, tag_pairs, tags_for},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("AuthorizeSecurityGroupEgress", Effect::Changes, Kind::Group, authorize_egress),
    Operation::new("AuthorizeSecurityGroupIngress", Effect::Changes, Kind::Group, authorize_ingress),
    Operation::new("DescribeSecurityGroupRules", Effect::Reads, Kind::Rule, describe_rules),
    Operation::new("RevokeSecurityGroupEgress", Effect::Changes, Kind::Group, revoke_egress),
    Operation::new("RevokeSecurityGroupIngress", Effect::Changes, Kind::Group, revoke_ingress),
];

fn authorize_ingress(call: &mut Call<'_>) -> Result<()> {
    authorize(call, Direction::Ingress)
}

fn authorize_egress(call: &mut Call<'_>) -> Result<()> {
    authorize(call, Direction::Egress)
}

fn authorize(call: &mut Call<'_>, direction: Direction) -> Result<()> {
    let (id, name) = (call.parameters.filled("GroupId"), call.parameters.filled("GroupName"));
    let requested = permissions::read(call)?;
    let tags = tags_for(&call.tag_specifications(), "security-group-rule")?;
    let Stage { region, hardware, xml, now } = call.begin()?;
    let id = groups::group_id(region, id, name)?;
    if requested.is_empty() {
        return Err(Ec2Error::missing_parameter("IpPermissions"));
    }
    let rules = requested.into_iter().map(|rule| rule.rule(region));
    let rules = rules.collect::<Result<Vec<_>>>()?;
    let added = region.authorize(&id, direction, &rules, &tags, now, hardware)?;
    super::done(xml);
    xml.list("securityGroupRuleSet", &added, |xml, rule| {
        write_rule(xml, region, &id, rule);
    });
    Ok(())
}

fn revoke_ingress(call: &mut Call<'_>) -> Result<()> {
    revoke(call, Direction::Ingress)
}

fn revoke_egress(call: &mut Call<'_>) -> Result<()> {
    revoke(call, Direction::Egress)
}

fn revoke(call: &mut Call<'_>, direction: Direction) -> Result<()> {
    let (id, name) = (call.parameters.filled("GroupId"), call.parameters.filled("GroupName"));
    let ids: Vec<String> =
        call.parameters.list("SecurityGroupRuleId").into_iter().map(str::to_owned).collect();
    let requested = permissions::read(call)?;
    let Stage { region, hardware, xml, now } = call.begin()?;
    let id = groups::group_id(region, id, name)?;
    let revoked = match (requested.is_empty(), ids.is_empty()) {
        (true, true) => return Err(Ec2Error::missing_parameter("IpPermissions")),
        (false, false) => {
            let message = "IpPermissions and SecurityGroupRuleIds cannot be used in the same request.";
            return Err(Ec2Error::invalid_combination(message));
        }
        (true, false) => Revoked::Ids(ids),
        (false, true) => {
            let rules = requested.into_iter().map(|rule| Ok(rule.rule(region)?.permission));
            Revoked::Permissions(rules.collect::<Result<Vec<_>>>()?)
        }
    };
    let gone = region.revoke(&id, direction, &revoked, now, hardware)?;
    super::done(xml);
    xml.empty("unknownIpPermissionSet");
    xml.list("revokedSecurityGroupRuleSet", &gone, |xml, rule| {
        write_start(xml, &id, rule);
        if let Peer::Group(peer) = &rule.permission.peer {
            xml.plain("referencedGroupId", peer);
        }
        write_description(xml, rule);
    });
    Ok(())
}

fn describe_rules(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("SecurityGroupRuleId");
    let filters = call.filters(&["group-id", "security-group-rule-id", "tag-key", "tag-value"])?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let Stage { region, xml, .. } = call.begin()?;
    let rules = || region.groups.values().flat_map(|group| group.rules.iter().map(move |rule| (group, rule)));
    if let Some(id) = ids.iter().find(|id| !rules().any(|(_, rule)| *rule.id == ***id)) {
        return Err(match Kind::Rule.fits(id) {
            true => Ec2Error::not_found(Kind::Rule, &[id]),
            false => Ec2Error::malformed(Kind::Rule, id),
        });
    }
    let shown = (0..).zip(rules()).filter(|(_, (group, rule))| {
        let fits = filters.fit(
            || tag_pairs(&rule.tags),
            |name, test| match name {
                "group-id" => test(&group.id),
                "security-group-rule-id" => test(&rule.id),
                _ => false,
            },
        );
        fits && (ids.is_empty() || ids.contains(&&*rule.id))
    });
    let (shown, next) = page.cut(shown);
    xml.list("securityGroupRuleSet", shown, |xml, (group, rule)| {
        write_rule(xml, region, &group.id, rule);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

/// A rule as Authorize and Describe answer it.
fn write_rule(xml: &mut Xml, region: &Region, group: &str, rule: &Rule) {
    write_start(xml, group, rule);
    xml.plain("groupOwnerId", &region.account);
    if let Peer::Group(peer) = &rule.permission.peer {
        xml.element("referencedGroupInfo", |xml| {
            xml.plain("groupId", peer);
            xml.plain("userId", &region.account);
            if let Some(peer) = region.groups.get(peer) {
                xml.plain("vpcId", &peer.vpc);
            }
        });
    }
    write_description(xml, rule);
    xml.tags(tag_pairs(&rule.tags));
    xml.plain("securityGroupRuleArn", &region.arn("security-group-rule", &rule.id));
}

fn write_start(xml: &mut Xml, group: &str, rule: &Rule) {
    let permission = &rule.permission;
    xml.plain("securityGroupRuleId", &rule.id);
    xml.plain("groupId", group);
    xml.boolean("isEgress", rule.direction == Direction::Egress);
    xml.plain("ipProtocol", &permission.protocol);
    // Rules, other than permissions, have numbers here also when there are no ports.
    xml.number("fromPort", permission.from_port.unwrap_or(-1));
    xml.number("toPort", permission.to_port.unwrap_or(-1));
    match &permission.peer {
        Peer::Ipv4(block) => xml.shown("cidrIpv4", block),
        Peer::Ipv6(block) => xml.shown("cidrIpv6", block),
        Peer::PrefixList(id) => xml.text("prefixListId", id),
        Peer::Group(_) => {}
    }
}

fn write_description(xml: &mut Xml, rule: &Rule) {
    if !rule.description.is_empty() {
        xml.text("description", &rule.description);
    }
}
