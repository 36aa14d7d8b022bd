//! Adding and removing rules of security groups.

use super::{
    Direction, Group, Hardware, Id, Kind, Moment, NewRule, Permission, Region, Result, Rule, Tags, permission,
};
use crate::ec2::error::Ec2Error;

/// Most rules of a group in one direction.
const MOST: usize = 1000;

/// Rules that are to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// By what they let through.
    Permissions(Vec<Permission>),
    /// By their ids.
    Ids(Vec<String>),
}

impl Region {
    /// Adds rules to a group: all or none. The result are the new rules.
    ///
    /// # Errors
    /// No such group, also one that is named as a peer; `InvalidPermission.Duplicate`; too many rules.
    pub(crate) fn authorize(
        &mut self,
        group: &str,
        direction: Direction,
        rules: &[NewRule],
        tags: &Tags,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Vec<Rule>> {
        self.require_visible(Kind::Group, &[group], now)?;
        let present = self.group(group)?;
        self.check_peers(present, rules)?;
        let own = |rule: &&Rule| rule.direction == direction;
        let has = |permission: &Permission| {
            present.rules.iter().filter(own).any(|rule| rule.permission == *permission)
        };
        for (index, rule) in rules.iter().enumerate() {
            let earlier = rules.iter().take(index);
            if has(&rule.permission) {
                let words = rule.permission.in_words();
                let message = format!("the specified rule \"{words}\" already exists");
                return Err(Ec2Error::client("InvalidPermission.Duplicate", message));
            }
            if earlier.into_iter().any(|other| other.permission == rule.permission) {
                let message = "The same permission must not appear multiple times";
                return Err(Ec2Error::invalid_parameter_value(message));
            }
        }
        if present.rules.iter().filter(own).count() + rules.len() > MOST {
            let message = "The maximum number of rules per security group has been reached.";
            return Err(Ec2Error::client("RulesPerSecurityGroupLimitExceeded", message));
        }
        let added: Vec<Rule> = rules
            .iter()
            .map(|rule| Rule {
                id: self.ids.next(Kind::Rule),
                direction,
                permission: rule.permission.clone(),
                description: rule.description.clone(),
                tags: tags.clone(),
            })
            .collect();
        self.change_rules(group, hardware, |rules| rules.extend(added.iter().cloned()));
        Ok(added)
    }

    /// Removes rules from a group: all or none. The result are the rules that are gone.
    ///
    /// # Errors
    /// No such group; `InvalidPermission.NotFound`; `InvalidSecurityGroupRuleId.NotFound`.
    pub(crate) fn revoke(
        &mut self,
        group: &str,
        direction: Direction,
        revoked: &Revoked,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Vec<Rule>> {
        self.require_visible(Kind::Group, &[group], now)?;
        let present = self.group(group)?;
        let own = || present.rules.iter().filter(|rule| rule.direction == direction);
        let mut gone = Vec::new();
        match revoked {
            Revoked::Permissions(permissions) => {
                for permission in permissions {
                    let rule = own().find(|rule| rule.permission == *permission);
                    let message = "The specified rule does not exist in this security group.";
                    gone.push(
                        rule.ok_or_else(|| Ec2Error::client("InvalidPermission.NotFound", message))?.clone(),
                    );
                }
            }
            Revoked::Ids(ids) => {
                for id in ids {
                    let rule = own().find(|rule| *rule.id == **id);
                    gone.push(rule.ok_or_else(|| Self::missing(Kind::Rule, id))?.clone());
                }
            }
        }
        let is_gone = |rule: &Rule| gone.iter().any(|other| other.id == rule.id);
        self.change_rules(group, hardware, |rules| rules.retain(|rule| !is_gone(rule)));
        Ok(gone)
    }

    /// Groups that rules name must exist.
    fn check_peers(&self, group: &Group, rules: &[NewRule]) -> Result<()> {
        for rule in rules {
            if let super::Peer::Group(peer) = &rule.permission.peer {
                let other = self.group(peer)?;
                if other.vpc != group.vpc {
                    let message = format!(
                        "You have specified two resources that belong to different networks: {} and {peer}.",
                        group.id
                    );
                    return Err(Ec2Error::client("InvalidGroup.NotFound", message));
                }
            }
        }
        Ok(())
    }

    fn change_rules(
        &mut self,
        group: &str,
        hardware: &mut dyn Hardware,
        change: impl FnOnce(&mut Vec<Rule>),
    ) {
        let Some(group) = self.groups.get_mut(group) else {
            return;
        };
        change(&mut group.rules);
        let members: Vec<Id> = group.members.iter().cloned().collect();
        for interface in members {
            let instance = self.interfaces.get(&interface).map(|it| it.attachment.instance.clone());
            if let Some(instance) = instance {
                self.apply_rules(&instance, hardware);
            }
        }
    }

    /// Opens the ports of an instance that its security groups let through, and closes all others.
    pub(super) fn apply_rules(&self, instance: &Id, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get(instance) else {
            return;
        };
        let interfaces = instance.interfaces.iter().filter_map(|id| self.interfaces.get(id));
        let groups = interfaces.flat_map(|it| &it.groups);
        let rules = groups.filter_map(|group| self.groups.get(&group.id)).flat_map(|group| &group.rules);
        hardware.open_ports(&instance.id, &permission::reachable(&rules));
    }
}
