//! Which clauses are decided by a check, which never will be, and which are still missing.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use thiserror::Error;

use super::{Clause, Section, specification};
use crate::check::Check;

/// A clause that no check will ever decide.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Exclusion {
    /// Id of the clause.
    pub clause: String,
    /// Why it cannot be decided; one sentence.
    pub reason: String,
}

impl Exclusion {
    /// Every exclusion of the embedded data file.
    pub fn all() -> &'static [Self] {
        static EXCLUSIONS: LazyLock<Vec<Exclusion>> = LazyLock::new(|| {
            #[derive(Deserialize)]
            struct Data {
                exclusion: Vec<Exclusion>,
            }
            #[expect(clippy::expect_used, reason = "embedded data, parsed by a unit test")]
            let data: Data =
                toml::from_str(include_str!("exclusions.toml")).expect("exclusions.toml is valid");
            data.exclusion
        });
        &EXCLUSIONS
    }
}

/// Where a clause stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Decided by these checks.
    Covered(Vec<&'static str>),
    /// Never decided, for this reason.
    Excluded(String),
    /// No check decides it yet.
    NotYet,
}

impl Standing {
    /// Word used in reports.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Covered(_) => "covered",
            Self::Excluded(_) => "excluded",
            Self::NotYet => "not yet",
        }
    }
}

/// Standing of every clause, in the order of the specification.
#[derive(Clone, Debug)]
pub struct Coverage {
    standings: BTreeMap<&'static str, Standing>,
}

impl Coverage {
    /// Coverage that `checks` give, together with the recorded exclusions.
    pub fn of(checks: &[&'static Check]) -> Result<Self, CoverageError> {
        Self::with_exclusions(checks, Exclusion::all())
    }

    fn with_exclusions(checks: &[&'static Check], exclusions: &[Exclusion]) -> Result<Self, CoverageError> {
        let mut standings: BTreeMap<&'static str, Standing> =
            specification().clauses.iter().map(|clause| (clause.id.as_str(), Standing::NotYet)).collect();
        for exclusion in exclusions {
            let standing = standings
                .get_mut(exclusion.clause.as_str())
                .ok_or_else(|| CoverageError::UnknownExclusion(exclusion.clause.clone()))?;
            *standing = Standing::Excluded(exclusion.reason.clone());
        }
        for check in checks {
            for clause in check.clauses {
                match standings.get_mut(clause) {
                    None => {
                        return Err(CoverageError::UnknownClause { check: check.id, clause });
                    }
                    Some(Standing::Excluded(_)) => {
                        return Err(CoverageError::CoveredAndExcluded { check: check.id, clause });
                    }
                    Some(Standing::Covered(ids)) => ids.push(check.id),
                    Some(standing) => *standing = Standing::Covered(vec![check.id]),
                }
            }
        }
        Ok(Self { standings })
    }

    /// Standing of one clause.
    pub fn standing(&self, clause: &Clause) -> &Standing {
        self.standings.get(clause.id.as_str()).unwrap_or(&Standing::NotYet)
    }

    /// Numbers of one group.
    pub fn tally_of(&self, section: &'static Section) -> Tally {
        self.tally(specification().clauses_of(section))
    }

    /// Numbers of the whole specification.
    pub fn total(&self) -> Tally {
        self.tally(specification().clauses.iter())
    }

    fn tally<'a>(&self, clauses: impl Iterator<Item = &'a Clause>) -> Tally {
        clauses.fold(Tally::default(), |mut tally, clause| {
            tally.clauses += 1;
            match self.standing(clause) {
                Standing::Covered(_) => tally.covered += 1,
                Standing::Excluded(_) => tally.excluded += 1,
                Standing::NotYet => tally.not_yet += 1,
            }
            tally
        })
    }
}

/// Numbers of clauses by standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// All of them.
    pub clauses: usize,
    /// Decided by at least one check.
    pub covered: usize,
    /// Never decided.
    pub excluded: usize,
    /// Without a check so far.
    pub not_yet: usize,
}

/// A contradiction between checks, clauses and exclusions: a defect of the suite.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CoverageError {
    /// A check cites a clause that does not exist.
    #[error("check {check} cites {clause}, which is no clause of the specification")]
    UnknownClause {
        /// Id of the check.
        check: &'static str,
        /// What it cites.
        clause: &'static str,
    },
    /// A check decides a clause that is recorded as undecidable.
    #[error(
        "check {check} decides {clause}, which is also listed in spec/exclusions.toml: remove one of the two"
    )]
    CoveredAndExcluded {
        /// Id of the check.
        check: &'static str,
        /// The clause.
        clause: &'static str,
    },
    /// An exclusion names a clause that does not exist.
    #[error("spec/exclusions.toml excludes {0}, which is no clause of the specification")]
    UnknownExclusion(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::sample::check;

    fn exclusion(clause: &str) -> Exclusion {
        Exclusion { clause: clause.into(), reason: "because".into() }
    }

    #[test]
    fn recorded_exclusions_name_clauses_and_give_reasons() {
        Coverage::of(&[]).unwrap();
        assert!(Exclusion::all().iter().all(|exclusion| exclusion.reason.split_whitespace().count() > 3));
    }

    #[test]
    fn checks_and_exclusions_agree_with_the_specification() {
        Coverage::of(crate::checks::all()).unwrap();
    }

    #[test]
    fn every_clause_has_one_standing() {
        let checks = [check("a::one", &["RM-001", "RM-002"]), check("b::two", &["RM-001"])];
        let coverage = Coverage::with_exclusions(&checks, &[exclusion("RM-003")]).unwrap();
        let standing = |id| coverage.standing(specification().clause(id).unwrap());
        assert_eq!(standing("RM-001"), &Standing::Covered(vec!["a::one", "b::two"]));
        assert_eq!(standing("RM-003"), &Standing::Excluded("because".into()));
        assert_eq!(standing("RM-004"), &Standing::NotYet);
        let remove = coverage.tally_of(specification().section("RM").unwrap());
        assert_eq!(remove, Tally { clauses: 22, covered: 2, excluded: 1, not_yet: 19 });
        assert_eq!(coverage.total(), Tally { clauses: 234, covered: 2, excluded: 1, not_yet: 231 });
    }

    #[test]
    fn contradictions_are_errors() {
        let checks = [check("a::one", &["RM-001"])];
        assert_eq!(
            Coverage::with_exclusions(&checks, &[exclusion("RM-001")]).unwrap_err(),
            CoverageError::CoveredAndExcluded { check: "a::one", clause: "RM-001" }
        );
        assert_eq!(
            Coverage::with_exclusions(&[check("a::one", &["RM-900"])], &[]).unwrap_err(),
            CoverageError::UnknownClause { check: "a::one", clause: "RM-900" }
        );
        assert_eq!(
            Coverage::with_exclusions(&[], &[exclusion("RM-900")]).unwrap_err(),
            CoverageError::UnknownExclusion("RM-900".into())
        );
    }
}
