//! Security groups.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Cidr, Direction, Id, Kind, Moment, Peer, Permission, Region, Result, Rule, TagSpecification, Tags, tags,
};
use crate::ec2::error::Ec2Error;

/// Name of the group that every VPC has.
pub(super) const DEFAULT: &str = "default";
/// Longest name and longest description.
const LONGEST: usize = 255;

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Id.
    pub(crate) id: Id,
    /// Name, unique in its VPC.
    pub(crate) name: Arc<str>,
    /// Description.
    pub(crate) description: String,
    /// VPC.
    pub(crate) vpc: Id,
    /// Rules, in the order in which they were made.
    pub(crate) rules: Vec<Rule>,
    /// Tags.
    pub(crate) tags: Tags,
    /// Network interfaces that are in it.
    pub(super) members: BTreeSet<Id>,
}

impl Group {
    /// Whether one of its rules names a group.
    pub(super) fn mentions(&self, id: &Id) -> bool {
        let peer = |rule: &Rule| matches!(&rule.permission.peer, Peer::Group(other) if other == id);
        self.rules.iter().any(peer)
    }
}

/// An order of a security group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewGroup {
    /// Name.
    pub(crate) name: String,
    /// Description.
    pub(crate) description: String,
    /// VPC; the default one when nothing is said.
    pub(crate) vpc: Option<String>,
    /// Tags.
    pub(crate) tags: Vec<TagSpecification>,
}

impl Region {
    /// Makes a security group that lets everything out and nothing in.
    ///
    /// # Errors
    /// A name or description that cannot be, `InvalidVpcID.NotFound`, `VPCIdNotSpecified` without a default VPC,
    /// `InvalidGroup.Duplicate`.
    pub(crate) fn create_group(&mut self, new: &NewGroup, now: Moment) -> Result<Id> {
        tags::require_types(&new.tags, &["security-group"])?;
        let own_tags = tags::tags_for(&new.tags, "security-group")?;
        check_text("GroupName", &new.name)?;
        check_text("GroupDescription", &new.description)?;
        if new.name.starts_with("sg-") {
            let rule = "Group names may not be in the format sg-*.";
            return Err(Ec2Error::invalid_value("groupName", &new.name, rule));
        }
        if new.name == DEFAULT {
            let message = "Cannot use reserved security group name: default";
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        let vpc = match &new.vpc {
            Some(id) => self.vpc(id)?.id.clone(),
            None => self.default_vpc_id()?,
        };
        if self.group_named(&vpc, &new.name).is_some() {
            let message = format!("The security group '{}' already exists for VPC '{vpc}'", new.name);
            return Err(Ec2Error::client("InvalidGroup.Duplicate", message));
        }
        let id = self.add_group(&new.name, &new.description, vpc, own_tags);
        self.hide(Kind::Group, &id, self.lag, now);
        Ok(id)
    }

    /// Adds a group with the rule that lets everything out.
    pub(super) fn add_group(&mut self, name: &str, description: &str, vpc: Id, tags: Tags) -> Id {
        let id = self.ids.next(Kind::Group);
        let egress = Cidr::new(std::net::Ipv4Addr::UNSPECIFIED, 0).map(|everywhere| Rule {
            id: self.ids.next(Kind::Rule),
            direction: Direction::Egress,
            permission: Permission::everything(Peer::Ipv4(everywhere)),
            description: String::new(),
            tags: Tags::new(),
        });
        let group = Group {
            id: id.clone(),
            name: name.into(),
            description: description.to_owned(),
            vpc: vpc.clone(),
            rules: egress.into_iter().collect(),
            tags,
            members: BTreeSet::new(),
        };
        self.groups.insert(id.clone(), group);
        self.group_names.insert((vpc, name.into()), id.clone());
        id
    }

    /// Removes a security group.
    ///
    /// # Errors
    /// No such group, `CannotDelete` for a default one, `DependencyViolation` while an interface is in it or a rule of
    /// another group names it.
    pub(crate) fn delete_group(&mut self, id: &str, now: Moment) -> Result<Id> {
        self.require_visible(Kind::Group, &[id], now)?;
        let group = self.group(id)?;
        if &*group.name == DEFAULT {
            let message =
                format!("the specified group: \"{id}\" name: \"{DEFAULT}\" cannot be deleted by a user");
            return Err(Ec2Error::client("CannotDelete", message));
        }
        let is_mentioned =
            || self.groups.values().any(|other| other.id != group.id && other.mentions(&group.id));
        if !group.members.is_empty() || is_mentioned() {
            return Err(Ec2Error::dependency_violation(id));
        }
        let (id, key) = (group.id.clone(), (group.vpc.clone(), Arc::clone(&group.name)));
        self.groups.remove(&id);
        self.group_names.remove(&key);
        Ok(id)
    }

    /// A security group.
    ///
    /// # Errors
    /// When there is none with this id.
    pub(crate) fn group(&self, id: &str) -> Result<&Group> {
        self.groups.get(id).ok_or_else(|| Self::missing(Kind::Group, id))
    }

    /// The group with a name in a VPC.
    pub(crate) fn group_named(&self, vpc: &Id, name: &str) -> Option<&Group> {
        let id = self.group_names.get(&(vpc.clone(), name.into()))?;
        self.groups.get(id)
    }

    /// The id of the group with a name in the default VPC, for calls that name groups.
    ///
    /// # Errors
    /// `InvalidGroup.NotFound`; `VPCIdNotSpecified` without a default VPC.
    pub(crate) fn group_id_by_name(&self, name: &str) -> Result<Id> {
        let vpc = self.default_vpc_id()?;
        match self.group_named(&vpc, name) {
            Some(group) => Ok(group.id.clone()),
            None => {
                let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
                Err(Ec2Error::client(Kind::Group.not_found_code(), message))
            }
        }
    }
}

fn check_text(name: &str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Ec2Error::missing_parameter(name));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.chars().count() > LONGEST || !text.chars().all(allowed) {
        let rule = "Character sets beyond ASCII are not supported; up to 255 of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*.";
        return Err(Ec2Error::invalid_value(name, text, rule));
    }
    Ok(())
}
