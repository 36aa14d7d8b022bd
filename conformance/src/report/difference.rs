//! What became of each check from one run to another.

use std::collections::HashMap;

use super::{
    RunRecord,
    statistics::{broken_clauses, is_failure, weight},
};
use crate::{event::CheckResult, verdict::Verdict};

/// A check whose outcome is not the same in both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Id of the check.
    pub id: String,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// Verdict in the first run; `None` if the check is not part of it.
    pub before: Option<Verdict>,
    /// Verdict in the second run; `None` if the check is not part of it.
    pub after: Option<Verdict>,
    /// The clauses that are broken in the second run, or were in the first if none is.
    pub clauses: Vec<String>,
    /// What happened in the second run, or in the first if the check is not part of the second.
    pub headline: String,
}

/// What kind of change a check went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It fails and did not, or it warns and passed.
    Worse,
    /// It was run and is not any more.
    Lost,
    /// It is broken in another way.
    Different,
    /// It is only in the second run.
    Added,
    /// It is only in the first run.
    Gone,
    /// It does not fail any more, or is run now.
    Better,
}

impl ChangeKind {
    /// Every kind, the most important first.
    pub const ALL: [Self; 6] =
        [Self::Worse, Self::Lost, Self::Different, Self::Added, Self::Gone, Self::Better];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Lost => "lost",
            Self::Different => "different",
            Self::Added => "added",
            Self::Gone => "gone",
            Self::Better => "better",
        }
    }
}

/// The changes between two runs: the worst kind first, and in each kind in the order of the plan.
pub fn changes(before: &RunRecord, after: &RunRecord) -> Vec<Change> {
    let old: HashMap<&str, &CheckResult> = by_id(before);
    let new: HashMap<&str, &CheckResult> = by_id(after);
    let in_second =
        after.checks.iter().filter_map(|result| change(old.get(result.id.as_str()).copied(), Some(result)));
    let only_in_first = before
        .checks
        .iter()
        .filter(|result| !new.contains_key(result.id.as_str()))
        .filter_map(|result| change(Some(result), None));
    let mut changes: Vec<Change> = in_second.chain(only_in_first).collect();
    changes.sort_by_key(|change| change.kind);
    changes
}

/// Whether any change is one that a gate must not let through.
pub fn is_worse(changes: &[Change]) -> bool {
    changes.iter().any(|change| match change.kind {
        ChangeKind::Worse | ChangeKind::Lost => true,
        ChangeKind::Added => change.after.is_some_and(is_failure),
        ChangeKind::Different | ChangeKind::Gone | ChangeKind::Better => false,
    })
}

fn by_id(run: &RunRecord) -> HashMap<&str, &CheckResult> {
    run.checks.iter().map(|result| (result.id.as_str(), result)).collect()
}

fn change(before: Option<&CheckResult>, after: Option<&CheckResult>) -> Option<Change> {
    let kind = match (before, after) {
        (Some(before), Some(after)) => kind(before, after)?,
        (None, Some(_)) => ChangeKind::Added,
        (Some(_), None) => ChangeKind::Gone,
        (None, None) => return None,
    };
    let told = after.or(before)?;
    let telling =
        [after, before].into_iter().flatten().find(|result| !result.problems.is_empty()).unwrap_or(told);
    Some(Change {
        id: told.id.clone(),
        kind,
        before: before.map(|result| result.verdict),
        after: after.map(|result| result.verdict),
        clauses: broken_clauses(telling).into_iter().map(str::to_owned).collect(),
        headline: super::statistics::headline(told).to_owned(),
    })
}

fn kind(before: &CheckResult, after: &CheckResult) -> Option<ChangeKind> {
    let (old, new) = (before.verdict, after.verdict);
    if old == new {
        let same = before.problems.is_empty() && after.problems.is_empty()
            || broken_clauses(before) == broken_clauses(after);
        return (!same).then_some(ChangeKind::Different);
    }
    Some(match (old.was_run(), new.was_run()) {
        (true, false) => ChangeKind::Lost,
        (false, true) if is_failure(new) => ChangeKind::Worse,
        (false, _) => ChangeKind::Better,
        (true, true) if weight(new) > weight(old) => ChangeKind::Worse,
        (true, true) => ChangeKind::Better,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::Problem, sample::finished, verdict::Level};

    fn run(results: Vec<CheckResult>) -> RunRecord {
        RunRecord { checks: results, ..RunRecord::default() }
    }

    fn broken(id: &str, clause: &str) -> CheckResult {
        let mut result = finished(id, Verdict::Fail);
        result.problems = vec![Problem {
            clause: clause.into(),
            level: Level::Must,
            rule: String::new(),
            expected: String::new(),
            got: format!("{clause} is broken"),
        }];
        result
    }

    #[test]
    fn every_kind_of_change_is_told_apart() {
        let before = run(vec![
            finished("a::same", Verdict::Pass),
            finished("a::worse", Verdict::Pass),
            finished("a::lost", Verdict::Pass),
            broken("a::other", "RM-001"),
            finished("a::gone", Verdict::Pass),
            broken("a::better", "RM-001"),
            finished("a::run_now", Verdict::NotTested),
            finished("a::fails_now", Verdict::NotTested),
        ]);
        let after = run(vec![
            finished("a::same", Verdict::Pass),
            broken("a::worse", "RM-001"),
            finished("a::lost", Verdict::NotTested),
            broken("a::other", "RM-002"),
            finished("a::better", Verdict::Pass),
            finished("a::run_now", Verdict::Warn),
            broken("a::fails_now", "RM-001"),
            finished("a::added", Verdict::Pass),
        ]);
        let found = changes(&before, &after);
        let shown: Vec<_> = found.iter().map(|change| (change.kind.word(), change.id.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("worse", "a::worse"),
                ("worse", "a::fails_now"),
                ("lost", "a::lost"),
                ("different", "a::other"),
                ("added", "a::added"),
                ("gone", "a::gone"),
                ("better", "a::better"),
                ("better", "a::run_now"),
            ]
        );
        assert!(is_worse(&found));
        assert_eq!(found[0].headline, "RM-001 is broken");
    }

    #[test]
    fn a_gate_lets_what_is_no_worse_through() {
        let before = run(vec![broken("a::b", "RM-001"), finished("a::c", Verdict::Pass)]);
        assert!(changes(&before, &before).is_empty());
        let better = run(vec![finished("a::b", Verdict::Pass), finished("a::d", Verdict::Pass)]);
        assert!(!is_worse(&changes(&before, &better)));
        let added = run(vec![broken("a::b", "RM-001"), broken("a::e", "RM-002")]);
        assert!(is_worse(&changes(&before, &added)), "a new check that fails");
    }
}
