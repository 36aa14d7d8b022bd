//! Defects of real drivers, as reported by their users, with the clauses that would have caught them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// One reported defect of a real driver.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Bug {
    /// Id, for example `B001`.
    pub id: String,
    /// Driver that had it.
    pub driver: String,
    /// Short name of the report, for example `docker/machine#661`.
    pub reference: String,
    /// Address of the report.
    pub url: String,
    /// What users saw.
    pub symptom: String,
    /// Ids of the clauses that it breaks.
    pub clauses: Vec<String>,
}

/// Every recorded defect, in order.
pub fn bugs() -> &'static [Bug] {
    static BUGS: LazyLock<Vec<Bug>> = LazyLock::new(|| {
        #[derive(Deserialize)]
        struct Data {
            bugs: Vec<Bug>,
        }
        #[expect(clippy::expect_used, reason = "embedded data, parsed by a unit test")]
        let data: Data = serde_json::from_str(include_str!("bugs.json")).expect("bugs.json is valid");
        data.bugs
    });
    &BUGS
}

/// Defects that break any of `clauses`; those that name an earlier clause of the list first.
pub fn bugs_citing<'a>(clauses: impl IntoIterator<Item = &'a str>) -> Vec<&'static Bug> {
    let mut found: Vec<&'static Bug> = Vec::new();
    for clause in clauses {
        for bug in bugs() {
            let cites = bug.clauses.iter().any(|cited| cited == clause);
            if cites && !found.iter().any(|known| known.id == bug.id) {
                found.push(bug);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::spec::specification;

    #[test]
    fn every_bug_cites_clauses_that_exist() {
        assert_eq!(bugs().len(), 145);
        assert_eq!(bugs().iter().map(|bug| &bug.id).collect::<HashSet<_>>().len(), 145);
        for bug in bugs() {
            assert!(!bug.clauses.is_empty(), "{} cites no clause", bug.id);
            for clause in &bug.clauses {
                assert!(specification().clause(clause).is_some(), "{} cites {clause}", bug.id);
            }
        }
    }

    #[test]
    fn bugs_of_several_clauses_are_counted_once() {
        let together = bugs_citing(["RM-008", "RM-009"]);
        let first = bugs_citing(["RM-008"]);
        assert!(together.len() >= first.len() && !first.is_empty());
        assert_eq!(together.first().map(|bug| &bug.id), first.first().map(|bug| &bug.id));
        assert_eq!(together.iter().map(|bug| &bug.id).collect::<HashSet<_>>().len(), together.len());
    }

    #[test]
    fn a_clause_without_reports_has_none() {
        assert!(bugs_citing(["NAME-002"]).is_empty());
    }
}
