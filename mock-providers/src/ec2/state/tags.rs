//! Tags: their rules, and where they are kept.

use std::collections::BTreeMap;

use super::{Kind, Moment, Region, Result};
use crate::ec2::error::Ec2Error;

/// Tags of one object.
pub(crate) type Tags = BTreeMap<String, String>;

/// Tags as pairs of key and value.
pub(crate) fn tag_pairs(tags: &Tags) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Most tags of one object.
const MOST: usize = 50;
/// Longest key and longest value, in characters.
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// Tags that a call gives to what it creates, by the type of resource (`TagSpecification`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagSpecification {
    /// Type of resource, for example `instance`.
    pub(crate) resource_type: String,
    /// The tags, as they were given.
    pub(crate) tags: Vec<(String, String)>,
}

/// The tags of one type of resource, checked.
///
/// # Errors
/// When a tag breaks a rule.
pub(crate) fn tags_for(specifications: &[TagSpecification], resource_type: &str) -> Result<Tags> {
    let mut tags = Tags::new();
    for specification in specifications.iter().filter(|it| it.resource_type == resource_type) {
        merge(&mut tags, &specification.tags)?;
    }
    Ok(tags)
}

/// Refuses tags for resources that a call does not create.
///
/// # Errors
/// `InvalidParameterValue` that names the type.
pub(crate) fn require_types(specifications: &[TagSpecification], possible: &[&str]) -> Result<()> {
    match specifications.iter().find(|it| !possible.contains(&it.resource_type.as_str())) {
        None => Ok(()),
        Some(specification) => {
            let message = format!(
                "'{}' is not a valid taggable resource type for this operation.",
                specification.resource_type
            );
            Err(Ec2Error::invalid_parameter_value(message))
        }
    }
}

/// Adds tags to others.
fn merge(tags: &mut Tags, new: &[(String, String)]) -> Result<()> {
    for (key, value) in new {
        check(key, value)?;
        tags.insert(key.clone(), value.clone());
    }
    if tags.len() > MOST {
        let message = "The maximum number of Tags for a resource has been reached.";
        return Err(Ec2Error::client("TagLimitExceeded", message));
    }
    Ok(())
}

fn check(key: &str, value: &str) -> Result<()> {
    if key.is_empty() {
        return Err(Ec2Error::invalid_parameter_value("Tag key must not be empty."));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        let message = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    if key.chars().count() > LONGEST_KEY {
        let message = format!("Tag key exceeds the maximum length of {LONGEST_KEY} characters.");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    if value.chars().count() > LONGEST_VALUE {
        let message = format!("Tag value exceeds the maximum length of {LONGEST_VALUE} characters.");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    Ok(())
}

/// A tag with the object that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagOf<'a> {
    /// Id of the object.
    pub(crate) resource: &'a str,
    /// Type of resource, for example `instance`.
    pub(crate) resource_type: &'static str,
    /// Key.
    pub(crate) key: &'a str,
    /// Value.
    pub(crate) value: &'a str,
}

impl Region {
    /// Adds tags to objects, or changes their values. All or nothing.
    ///
    /// # Errors
    /// An object that does not exist, an id of no known kind, or a tag that breaks a rule.
    pub(crate) fn create_tags(&mut self, ids: &[&str], tags: &[(String, String)], now: Moment) -> Result<()> {
        for id in ids {
            let mut all = self.tags_mut(id)?.clone();
            self.require_visible(kind_of(id)?, &[id], now)?;
            merge(&mut all, tags)?;
        }
        for id in ids {
            merge(self.tags_mut(id)?, tags)?;
        }
        Ok(())
    }

    /// Removes tags from objects: with a value only those that have it, without any tag all of them.
    ///
    /// # Errors
    /// An object that does not exist, or an id of no known kind.
    pub(crate) fn delete_tags(
        &mut self,
        ids: &[&str],
        tags: &[(String, Option<String>)],
        now: Moment,
    ) -> Result<()> {
        for id in ids {
            self.tags_mut(id)?;
            self.require_visible(kind_of(id)?, &[id], now)?;
        }
        for id in ids {
            let own = self.tags_mut(id)?;
            if tags.is_empty() {
                own.clear();
            }
            for (key, value) in tags {
                if own.get(key).is_some_and(|own| value.as_ref().is_none_or(|value| own == value)) {
                    own.remove(key);
                }
            }
        }
        Ok(())
    }

    /// All tags of all objects.
    pub(crate) fn tags(&self) -> impl Iterator<Item = TagOf<'_>> {
        self.tagged().flat_map(|(resource_type, resource, tags)| {
            tags.iter().map(move |(key, value)| TagOf { resource, resource_type, key, value })
        })
    }

    /// All objects that can have tags, with their types.
    fn tagged(&self) -> impl Iterator<Item = (&'static str, &str, &Tags)> {
        let groups = self.groups.values();
        let rules = self.groups.values().flat_map(|group| &group.rules);
        let boxed: [Box<dyn Iterator<Item = (&'static str, &str, &Tags)> + '_>; 10] = [
            Box::new(self.instances.values().map(|it| ("instance", &*it.id, &it.tags))),
            Box::new(self.volumes.values().map(|it| ("volume", &*it.id, &it.tags))),
            Box::new(self.interfaces.values().map(|it| ("network-interface", &*it.id, &it.tags))),
            Box::new(groups.map(|it| ("security-group", &*it.id, &it.tags))),
            Box::new(rules.map(|it| ("security-group-rule", &*it.id, &it.tags))),
            Box::new(self.key_pairs.values().map(|it| ("key-pair", &*it.id, &it.tags))),
            Box::new(self.addresses.values().map(|it| ("elastic-ip", &*it.allocation, &it.tags))),
            Box::new(self.spot_requests.values().map(|it| ("spot-instances-request", &*it.id, &it.tags))),
            Box::new(self.vpcs.values().map(|it| ("vpc", &*it.id, &it.tags))),
            Box::new(self.subnets.values().map(|it| ("subnet", &*it.id, &it.tags))),
        ];
        boxed.into_iter().flatten()
    }

    fn tags_mut(&mut self, id: &str) -> Result<&mut Tags> {
        let kind = kind_of(id)?;
        let tags = match kind {
            Kind::Instance => self.instances.get_mut(id).map(|it| &mut it.tags),
            Kind::Volume => self.volumes.get_mut(id).map(|it| &mut it.tags),
            Kind::Interface => self.interfaces.get_mut(id).map(|it| &mut it.tags),
            Kind::Group => self.groups.get_mut(id).map(|it| &mut it.tags),
            Kind::Rule => {
                let mut rules = self.groups.values_mut().flat_map(|group| &mut group.rules);
                rules.find(|rule| *rule.id == *id).map(|it| &mut it.tags)
            }
            Kind::KeyPair => {
                let mut keys = self.key_pairs.values_mut();
                keys.find(|key| *key.id == *id).map(|it| &mut it.tags)
            }
            Kind::Allocation => self.addresses.get_mut(id).map(|it| &mut it.tags),
            Kind::SpotRequest => self.spot_requests.get_mut(id).map(|it| &mut it.tags),
            Kind::Vpc => self.vpcs.get_mut(id).map(|it| &mut it.tags),
            Kind::Subnet => self.subnets.get_mut(id).map(|it| &mut it.tags),
            _ => None,
        };
        tags.ok_or_else(|| Ec2Error::not_found(kind, &[id]))
    }
}

/// Kinds that can have tags.
const TAGGABLE: &[Kind] = &[
    Kind::Instance,
    Kind::Volume,
    Kind::Interface,
    Kind::Group,
    Kind::Rule,
    Kind::KeyPair,
    Kind::Allocation,
    Kind::SpotRequest,
    Kind::Vpc,
    Kind::Subnet,
    Kind::Image,
    Kind::Snapshot,
];

/// The kind that an id tells.
fn kind_of(id: &str) -> Result<Kind> {
    let kind = TAGGABLE.iter().find(|kind| kind.fits(id));
    kind.copied().ok_or_else(|| Ec2Error::client("InvalidID", format!("The ID '{id}' is not valid")))
}
