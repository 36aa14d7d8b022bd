//! The objects that exist at a provider, and what changed between two moments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One object of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the same for every provider")]
pub struct Object {
    /// What it is, for example `server`, `key` or `firewall`.
    pub kind: String,
    /// The provider's id.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
    /// Name of the machine that it was made for, as far as the provider knows, for example from a tag.
    #[serde(default)]
    pub owner: Option<String>,
    /// Everything else, for example `state` and `address`; tags are `tag.NAME`.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// All objects at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a list")]
pub struct Inventory(pub Vec<Object>);

impl Inventory {
    /// The object with a kind and an id.
    pub fn object(&self, kind: &str, id: &str) -> Option<&Object> {
        self.0.iter().find(|object| object.kind == kind && object.id == id)
    }

    /// Objects of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Object> {
        self.0.iter().filter(move |object| object.kind == kind)
    }

    /// What is different now from what was `before`; objects are the same when kind and id are.
    pub fn since(&self, before: &Self) -> Difference {
        let is_new = |object: &&Object| before.object(&object.kind, &object.id).is_none();
        let is_gone = |object: &&Object| self.object(&object.kind, &object.id).is_none();
        let changes = self.0.iter().filter_map(|now| {
            let old = before.object(&now.kind, &now.id).filter(|old| *old != now)?;
            Some((old.clone(), now.clone()))
        });
        Difference {
            added: self.0.iter().filter(is_new).cloned().collect(),
            removed: before.0.iter().filter(is_gone).cloned().collect(),
            changed: changes.collect(),
        }
    }
}

impl From<Vec<Object>> for Inventory {
    fn from(objects: Vec<Object>) -> Self {
        Self(objects)
    }
}

/// What changed between two inventories.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Difference {
    /// New objects.
    pub added: Vec<Object>,
    /// Objects that are gone.
    pub removed: Vec<Object>,
    /// Objects that are different: before and now.
    pub changed: Vec<(Object, Object)>,
}

impl Difference {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_what_was_added_removed_and_changed() {
        let object = |id: &str, name: &str| Object {
            kind: "server".into(),
            id: id.into(),
            name: name.into(),
            ..Object::default()
        };
        let before = Inventory(vec![object("1", "a"), object("2", "b"), object("3", "c")]);
        let now = Inventory(vec![object("2", "b"), object("3", "renamed"), object("4", "d")]);
        let difference = now.since(&before);
        assert_eq!(difference.added, [object("4", "d")]);
        assert_eq!(difference.removed, [object("1", "a")]);
        assert_eq!(difference.changed, [(object("3", "c"), object("3", "renamed"))]);
        assert!(!difference.is_empty() && now.since(&now).is_empty());
    }
}
