//! Frozen sets of requirements. The suite has a version, and so has what it asks: a clause that is added later belongs
//! to a later set, so that a driver which conformed to a set conforms to it for ever.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use serde::Deserialize;

use super::specification;
use crate::{check::Check, verdict::Level};

/// What a run asks of a driver: clauses, each with its level.
#[derive(PartialEq, Eq)]
pub struct RequirementSet {
    name: &'static str,
    version: String,
    rancher: bool,
    levels: BTreeMap<String, Level>,
}

impl RequirementSet {
    /// Names of all sets. One for rancher-machine asks for everything that the one without asks for, and more.
    /// `next` is not frozen: every clause that there is, at its present level.
    pub const NAMES: [&'static str; 4] = ["v1", "v1-rancher", "next", "next-rancher"];

    /// The set of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        all().iter().find(|set| set.name == name)
    }

    /// The set that runs ask for when nobody says another one: the newest frozen one, for docker-machine.
    pub fn newest() -> &'static Self {
        &all()[0]
    }

    /// Every clause that there is, at its present level: what the next frozen set will ask for, if nothing changes.
    pub fn next() -> &'static Self {
        &all()[2]
    }

    /// The set of the same version for drivers that rancher-machine starts.
    pub fn for_rancher(&'static self) -> &'static Self {
        let same = |set: &&Self| set.rancher && set.version == self.version;
        all().iter().find(same).unwrap_or(self)
    }

    /// Name, for example `v1-rancher`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Version of the specification, for example `v1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the rules that only rancher-machine has are part of it.
    pub fn is_for_rancher(&self) -> bool {
        self.rancher
    }

    /// Level of a clause in this set; `None` if the set does not ask for it.
    pub fn level(&self, clause: &str) -> Option<Level> {
        self.levels.get(clause).copied()
    }

    /// Number of clauses.
    #[expect(clippy::len_without_is_empty, reason = "no set is empty")]
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// Whether the set asks for any clause of the check.
    pub fn asks_for(&self, check: &Check) -> bool {
        check.clauses.iter().any(|clause| self.level(clause).is_some())
    }

    /// Level of a check: the highest among its clauses in this set.
    pub fn level_of(&self, check: &Check) -> Level {
        let levels = check.clauses.iter().filter_map(|clause| self.level(clause));
        levels.max().unwrap_or(Level::May)
    }

    /// A set for unit tests.
    #[cfg(test)]
    pub(crate) fn of(levels: &[(&str, Level)]) -> &'static Self {
        Box::leak(Box::new(Self {
            name: "test",
            version: "test".to_owned(),
            rancher: false,
            levels: levels.iter().map(|(id, level)| ((*id).to_owned(), *level)).collect(),
        }))
    }
}

impl fmt::Debug for RequirementSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequirementSet({})", self.name)
    }
}

impl fmt::Display for RequirementSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// All sets, in the order of [`RequirementSet::NAMES`], made once.
fn all() -> &'static [RequirementSet; 4] {
    static SETS: LazyLock<[RequirementSet; 4]> = LazyLock::new(|| {
        let frozen = frozen();
        // The rules of rancher-machine are known to both sets: without it they are not applicable, and said to be.
        let v1: BTreeMap<_, _> = frozen.clauses.into_iter().chain(frozen.rancher).collect();
        let clauses = specification().clauses.iter();
        let next: BTreeMap<_, _> = clauses.map(|clause| (clause.id.clone(), clause.level)).collect();
        RequirementSet::NAMES.map(|name| RequirementSet {
            name,
            version: name.trim_end_matches("-rancher").to_owned(),
            rancher: name.ends_with("-rancher"),
            levels: if name.starts_with(&frozen.version) { v1.clone() } else { next.clone() },
        })
    });
    &SETS
}

fn frozen() -> Data {
    #[expect(clippy::expect_used, reason = "embedded data, parsed by a unit test")]
    toml::from_str(include_str!("v1.toml")).expect("v1.toml is valid")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    version: String,
    clauses: BTreeMap<String, Level>,
    rancher: BTreeMap<String, Level>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{sample::check, spec::Gate};

    /// FNV-1a over the lines `ID LEVEL`, in the order of the ids. It never changes.
    const V1: u64 = 0x4569_4338_dbe6_085b;

    #[test]
    fn v1_is_frozen() {
        for name in ["v1", "v1-rancher"] {
            let set = RequirementSet::named(name).unwrap();
            let lines = set.levels.iter().map(|(id, level)| format!("{id} {}\n", level.keyword()));
            let digest =
                lines.flat_map(String::into_bytes).fold(0xcbf2_9ce4_8422_2325, |digest: u64, byte| {
                    (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                });
            assert_eq!(
                (set.levels.len(), digest),
                (234, V1),
                "the set {name} has changed; clauses and levels that are new belong to a later set"
            );
        }
    }

    #[test]
    fn no_clause_of_a_set_is_taken_out_of_the_specification() {
        for set in all() {
            for id in set.levels.keys() {
                assert!(specification().clause(id).is_some(), "{set} asks for {id}");
            }
        }
        let data = frozen();
        for id in data.rancher.keys() {
            assert_eq!(specification().clause(id).unwrap().gates, [Gate::Rancher], "{id}");
        }
        for id in data.clauses.keys() {
            assert_ne!(specification().clause(id).unwrap().gates, [Gate::Rancher], "{id}");
        }
    }

    #[test]
    fn sets_are_found_by_name_and_for_rancher() {
        assert_eq!(RequirementSet::newest().name(), "v1");
        assert!(!RequirementSet::newest().is_for_rancher());
        assert_eq!(RequirementSet::newest().for_rancher().name(), "v1-rancher");
        let names: Vec<_> = all().iter().map(RequirementSet::name).collect();
        assert_eq!(names, RequirementSet::NAMES);
        assert_eq!(RequirementSet::named("v2"), None);
    }

    #[test]
    fn a_clause_outside_of_the_set_has_no_level() {
        let set = RequirementSet::of(&[("RM-001", Level::Should)]);
        assert_eq!(set.level("RM-001"), Some(Level::Should));
        assert_eq!(set.level("RM-002"), None);
        let both = check("a::both", &["RM-001", "RM-002"]);
        assert_eq!((set.asks_for(both), set.level_of(both)), (true, Level::Should));
        let other = check("a::other", &["RM-002"]);
        assert_eq!((set.asks_for(other), set.level_of(other)), (false, Level::May));
    }
}
