//! Clauses and their groups, parsed once from the embedded data file.

use std::{collections::HashMap, fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::verdict::Level;

/// The whole specification. Parsed at the first call, a fraction of a millisecond.
pub fn specification() -> &'static Specification {
    static SPECIFICATION: LazyLock<Specification> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "embedded data, parsed by a unit test")]
        let data: Data = serde_json::from_str(include_str!("clauses.json")).expect("clauses.json is valid");
        let by_id =
            data.clauses.iter().enumerate().map(|(index, clause)| (clause.id.clone(), index)).collect();
        Specification { version: data.version, sections: data.sections, clauses: data.clauses, by_id }
    });
    &SPECIFICATION
}

/// Clauses in their fixed order, in groups.
#[derive(Debug)]
#[non_exhaustive]
pub struct Specification {
    /// Version, for example `v1`.
    pub version: String,
    /// Groups, in the order of the specification.
    pub sections: Vec<Section>,
    /// Clauses, in the order of the specification.
    pub clauses: Vec<Clause>,
    by_id: HashMap<String, usize>,
}

impl Specification {
    /// The clause with this id, in any letter case.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.by_id.get(&id.to_ascii_uppercase()).map(|index| &self.clauses[*index])
    }

    /// The group with this key (`RM`), in any letter case.
    pub fn section(&self, key: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.key.eq_ignore_ascii_case(key))
    }

    /// Clauses of one group, in order.
    pub fn clauses_of<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = &'a Clause> {
        self.clauses.iter().filter(|clause| clause.section == section.key)
    }
}

/// A group of clauses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Section {
    /// First part of the ids of its clauses, for example `RM`.
    pub key: String,
    /// Title, for example `Remove`.
    pub title: String,
    /// What the published specification says about it, in a sentence or two.
    pub intro: String,
}

/// One numbered requirement.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Clause {
    /// Id, for example `RM-008`; stable for ever.
    pub id: String,
    /// Key of the group.
    pub section: String,
    /// How much breaking it weighs.
    pub level: Level,
    /// What the run or the driver must offer for it to be observable.
    pub gates: Vec<Gate>,
    /// The requirement, one sentence or two.
    pub requirement: String,
    /// Where it comes from: specification text, code that relies on it, or defect records.
    pub source: String,
    /// How it is observed. D: the driver's methods; R: plugin process and RPC; S: SSH in the guest; I: provider
    /// inventory and request log; F: provider faults; L: local files; T: timing.
    pub observe: String,
}

/// What the run or the driver must offer for a clause to be observable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Gate {
    /// Any driver.
    Base,
    /// The driver runs as an executable.
    Proc,
    /// The driver supports start, stop, kill and restart.
    Power,
    /// The suite can reach the guest.
    Ssh,
    /// The suite can list and seed provider objects.
    Inv,
    /// The suite can inject provider faults.
    Fault,
    /// The provider has paused or saved states that the suite can set.
    Pause,
    /// The driver accepts objects supplied by the user.
    Xkey,
    /// The suite may create several machines.
    Par,
    /// The driver is for a cloud.
    Cloud,
    /// The driver is for a local hypervisor.
    B2d,
    /// Only for the rancher/machine profile.
    Rancher,
}

impl Gate {
    /// Every gate.
    pub const ALL: [Self; 12] = [
        Self::Base,
        Self::Proc,
        Self::Power,
        Self::Ssh,
        Self::Inv,
        Self::Fault,
        Self::Pause,
        Self::Xkey,
        Self::Par,
        Self::Cloud,
        Self::B2d,
        Self::Rancher,
    ];

    /// The word used in data and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Proc => "proc",
            Self::Power => "power",
            Self::Ssh => "ssh",
            Self::Inv => "inv",
            Self::Fault => "fault",
            Self::Pause => "pause",
            Self::Xkey => "xkey",
            Self::Par => "par",
            Self::Cloud => "cloud",
            Self::B2d => "b2d",
            Self::Rancher => "rancher",
        }
    }

    /// What must be offered, as a sentence fragment.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Base => "any driver",
            Self::Proc => "the driver runs as an executable",
            Self::Power => "the driver supports start, stop, kill and restart",
            Self::Ssh => "the suite can reach the guest",
            Self::Inv => "the suite can list and seed provider objects",
            Self::Fault => "the suite can inject provider faults",
            Self::Pause => "the provider has paused or saved states that the suite can set",
            Self::Xkey => "the driver accepts objects supplied by the user",
            Self::Par => "the suite may create several machines",
            Self::Cloud => "the driver is for a cloud",
            Self::B2d => "the driver is for a local hypervisor",
            Self::Rancher => "the run follows the rancher/machine profile",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    version: String,
    sections: Vec<Section>,
    clauses: Vec<Clause>,
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn count(level: Level) -> usize {
        specification().clauses.iter().filter(|clause| clause.level == level).count()
    }

    #[test]
    fn holds_every_clause_at_its_level() {
        assert_eq!(specification().clauses.len(), 234);
        assert_eq!(specification().sections.len(), 22);
        assert_eq!([count(Level::Must), count(Level::Should), count(Level::May)], [168, 64, 2]);
    }

    #[test]
    fn ids_are_unique_and_count_up_within_each_group() {
        let specification = specification();
        let unique: HashSet<_> = specification.clauses.iter().map(|clause| &clause.id).collect();
        assert_eq!(unique.len(), specification.clauses.len());
        let expected: Vec<String> = specification
            .sections
            .iter()
            .flat_map(|section| {
                let count = specification.clauses_of(section).count();
                (1..=count).map(|number| format!("{}-{number:03}", section.key))
            })
            .collect();
        let actual: Vec<_> = specification.clauses.iter().map(|clause| clause.id.clone()).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn every_text_is_filled_in() {
        for clause in &specification().clauses {
            assert!(!clause.gates.is_empty(), "{} has no gate", clause.id);
            for text in [&clause.requirement, &clause.source, &clause.observe] {
                assert!(!text.trim().is_empty(), "{} has an empty text", clause.id);
            }
        }
        for section in &specification().sections {
            assert!(!section.title.is_empty() && !section.intro.is_empty(), "{}", section.key);
        }
    }

    #[test]
    fn clauses_and_groups_are_found_in_any_letter_case() {
        assert_eq!(specification().clause("rm-008").map(|clause| clause.id.as_str()), Some("RM-008"));
        assert_eq!(specification().section("Rm").map(|section| section.title.as_str()), Some("Remove"));
        assert!(specification().clause("RM-999").is_none());
    }

    #[test]
    fn gate_words_are_the_words_of_the_data() {
        for gate in Gate::ALL {
            let word = serde_json::to_value(gate).map(|value| value.as_str().map(str::to_owned));
            assert_eq!(word.ok().flatten().as_deref(), Some(gate.word()));
        }
    }
}
