//! One run from several: shards on different machines, processes of a test runner.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{RunRecord, RunVerdict, statistics::weight};
use crate::{event::CheckResult, summary::summarise, verdict::ExitCode};

/// Puts the parts of a run together.
///
/// Of a check that occurs in several parts the result that says most counts: one that ran before one that did not,
/// and among those the worst. The duration is that of the longest part, since parts run at the same time.
///
/// # Errors
/// If there are no parts, or they are not of the same suite, specification, driver and provider.
pub fn merge(parts: Vec<RunRecord>) -> Result<RunRecord, MergeError> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or(MergeError::Nothing)?;
    let mut interrupted = was_cut_short(&whole);
    for part in parts {
        same(&whole, &part)?;
        interrupted |= was_cut_short(&part);
        let info = &mut whole.run;
        if part.run.started_at < info.started_at {
            info.started_at = part.run.started_at;
        }
        info.jobs += part.run.jobs;
        for id in part.run.checks {
            if !info.checks.contains(&id) {
                info.checks.push(id);
            }
        }
        whole.summary.duration_ms = whole.summary.duration_ms.max(part.summary.duration_ms);
        whole.checks.extend(part.checks);
    }
    whole.checks = best_of_each(whole.checks);
    order(&mut whole);
    let mut clauses: Vec<&String> = whole.checks.iter().flat_map(|result| &result.clauses).collect();
    clauses.sort_unstable();
    clauses.dedup();
    whole.run.clauses_selected = clauses.len();
    whole.summary = summarise(&whole.checks, whole.summary.duration_ms, interrupted);
    whole.verdict = RunVerdict::of(&whole.summary);
    if interrupted {
        whole.summary.exit_code = ExitCode::INTERRUPTED;
    }
    Ok(whole)
}

/// Whether checks of the part are missing.
fn was_cut_short(part: &RunRecord) -> bool {
    part.summary.interrupted || part.checks.len() < part.run.checks.len()
}

fn same(whole: &RunRecord, part: &RunRecord) -> Result<(), MergeError> {
    let (one, other) = (&whole.run, &part.run);
    let pairs = [
        ("versions of the suite", &one.suite_version, &other.suite_version),
        ("specifications", &one.specification, &other.specification),
        ("drivers", &one.driver_name, &other.driver_name),
        ("providers", &one.provider, &other.provider),
    ];
    match pairs.into_iter().find(|(_, one, other)| one != other) {
        None => Ok(()),
        Some((what, one, other)) => {
            Err(MergeError::Different { what, one: one.clone(), other: other.clone() })
        }
    }
}

fn best_of_each(results: Vec<CheckResult>) -> Vec<CheckResult> {
    let mut best: BTreeMap<String, CheckResult> = BTreeMap::new();
    for result in results {
        match best.get(&result.id) {
            Some(known) if weight(known.verdict) >= weight(result.verdict) => {}
            _ => {
                best.insert(result.id.clone(), result);
            }
        }
    }
    best.into_values().collect()
}

/// The order of the suite; checks that it does not know come last.
fn order(whole: &mut RunRecord) {
    let places: BTreeMap<&str, usize> =
        crate::checks::all().iter().enumerate().map(|(place, check)| (check.id, place)).collect();
    let place = |id: &str| places.get(id).copied().unwrap_or(usize::MAX);
    whole.run.checks.sort_by_key(|id| place(id));
    whole.complete();
}

/// Why parts cannot be put together; the user's to correct.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// There are no parts.
    #[error("there is nothing to merge")]
    Nothing,
    /// They are not parts of one run.
    #[error("these are no parts of one run: they are of two {what}, \"{one}\" and \"{other}\"")]
    Different {
        /// What is different.
        what: &'static str,
        /// In the first part.
        one: String,
        /// In another part.
        other: String,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{sample::finished, verdict::Verdict};

    fn part(results: &[(&str, Verdict)], duration_ms: u64) -> RunRecord {
        let checks: Vec<_> = results.iter().map(|(id, verdict)| finished(id, *verdict)).collect();
        let mut record = RunRecord::default();
        record.run.checks = checks.iter().map(|result| result.id.clone()).collect();
        record.run.driver_name = "acme".to_owned();
        record.run.jobs = 4;
        record.summary = summarise(&checks, duration_ms, false);
        record.verdict = RunVerdict::of(&record.summary);
        record.checks = checks;
        record
    }

    #[test]
    fn the_whole_has_every_check_once_in_the_order_of_the_suite() {
        let one = part(&[("remove::twice", Verdict::Pass), ("b::later", Verdict::Pass)], 30);
        let other = part(&[("create::makes_one_instance", Verdict::Fail)], 50);
        let whole = merge(vec![one, other]).unwrap();
        let ids: Vec<_> = whole.checks.iter().map(|result| result.id.as_str()).collect();
        assert_eq!(ids, ["create::makes_one_instance", "remove::twice", "b::later"]);
        assert_eq!(whole.run.checks, ids);
        assert_eq!((whole.summary.duration_ms, whole.run.jobs), (50, 8));
        assert_eq!(whole.verdict, RunVerdict::NotConformant);
    }

    #[test]
    fn a_failure_is_never_lost_and_a_run_beats_none() {
        let results = [
            (Verdict::Pass, Verdict::Fail, Verdict::Fail),
            (Verdict::NotTested, Verdict::Pass, Verdict::Pass),
            (Verdict::DriverTimeout, Verdict::Pass, Verdict::DriverTimeout),
        ];
        for (one, other, expected) in results {
            for (first, second) in [(one, other), (other, one)] {
                let whole = merge(vec![part(&[("a::b", first)], 1), part(&[("a::b", second)], 1)]).unwrap();
                assert_eq!(whole.checks.len(), 1);
                assert_eq!(whole.checks[0].verdict, expected);
            }
        }
    }

    #[test]
    fn a_part_that_was_cut_short_makes_the_whole_so() {
        let mut cut = part(&[("a::b", Verdict::Pass)], 1);
        cut.run.checks.push("a::missing".to_owned());
        let whole = merge(vec![part(&[("c::d", Verdict::Pass)], 1), cut]).unwrap();
        assert_eq!(whole.verdict, RunVerdict::Interrupted);
        assert_eq!(whole.summary.exit_code, ExitCode::INTERRUPTED);
    }

    #[test]
    fn parts_of_different_drivers_are_refused() {
        let mut other = part(&[], 1);
        other.run.driver_name = "other".to_owned();
        assert_eq!(
            merge(vec![part(&[], 1), other]).unwrap_err().to_string(),
            "these are no parts of one run: they are of two drivers, \"acme\" and \"other\""
        );
        assert_eq!(merge(Vec::new()).unwrap_err(), MergeError::Nothing);
    }
}
