//! Numbers and orders that several reports show.

use std::cmp::Reverse;

use super::{RunRecord, RunVerdict, text::one_line};
use crate::{
    event::{CheckResult, Guests, Summary, WaitRecord},
    summary,
    verdict::{Level, Verdict},
};

/// Checks and waits in the lists of the slowest.
const LISTED: usize = 5;
/// A wait is close to its limit when it needed so much of it.
pub(super) const CLOSE_PERCENT: u64 = 80;
/// Limits shorter than this are close to the noise of any machine.
const SHORTEST_LIMIT_MS: u64 = 100;

/// The numbers of a run with their words; those that are zero only where people look for them.
pub(super) fn numbers(summary: &Summary) -> Vec<(&'static str, usize)> {
    let count = |verdict: Verdict| summary.verdicts.get(verdict.word()).copied().unwrap_or_default();
    let always = [
        ("selected", summary.selected),
        ("applicable", summary.applicable),
        ("run", summary.run),
        ("passed", summary.passed),
        ("warned", count(Verdict::Warn)),
        ("failed", count(Verdict::Fail)),
    ];
    let if_any = [
        ("timed out", count(Verdict::DriverTimeout)),
        ("known to fail", count(Verdict::KnownFailure)),
        ("stale", count(Verdict::Stale)),
        ("environment errors", count(Verdict::EnvironmentError)),
        ("suite errors", count(Verdict::SuiteError)),
    ];
    always.into_iter().chain(if_any.into_iter().filter(|(_, number)| *number > 0)).collect()
}

/// Checks that were run and logged in to guests that are simulations.
pub(super) fn on_simulated_guests(run: &RunRecord) -> usize {
    let simulated =
        |result: &&CheckResult| result.guests == Some(Guests::Simulated) && result.verdict.was_run();
    run.checks.iter().filter(simulated).count()
}

/// What the verdict rests on when no check says it.
pub(super) fn hint(run: &RunRecord) -> Option<&'static str> {
    match run.verdict {
        RunVerdict::NothingRan if run.run.provider == "none" => Some(
            "No MUST check was executed, so nothing can be said about the driver. Give the run a provider \
             (--provider), or let it create machines without one (--create-machines).",
        ),
        RunVerdict::NothingRan => Some(
            "No MUST check was executed, so nothing can be said about the driver. Widen --only, --skip and --level, \
             or give the run what the reasons above ask for.",
        ),
        RunVerdict::EnvironmentError => Some(
            "The provider, the network or this machine was at fault, not the driver. Repair it and run again.",
        ),
        RunVerdict::SuiteError => {
            Some("The suite itself is at fault. Please report it with the output of --report json=PATH.")
        }
        RunVerdict::Interrupted => {
            Some("The run was interrupted. The numbers are those of the checks that ended.")
        }
        RunVerdict::NotConformant if summary::unexplained(&run.checks) > 0 => Some(
            "The driver failed before checks could be tested, as their reasons say, and no check is about that failure. \
             So the run is not conformant.",
        ),
        RunVerdict::Conformant | RunVerdict::NotConformant => None,
    }
}

/// Whether something was found that a person must look at.
pub(super) fn is_finding(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Pass | Verdict::NotApplicable | Verdict::NotTested)
}

/// Whether the verdict makes a run fail.
pub(super) fn is_failure(verdict: Verdict) -> bool {
    weight(verdict) >= weight(Verdict::EnvironmentError)
}

/// How bad a verdict is; the higher, the worse.
pub(super) fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotApplicable => 0,
        Verdict::NotTested => 1,
        Verdict::Pass => 2,
        Verdict::KnownFailure => 3,
        Verdict::Warn => 4,
        Verdict::EnvironmentError => 5,
        Verdict::Stale => 6,
        Verdict::DriverTimeout => 7,
        Verdict::Fail => 8,
        Verdict::SuiteError => 9,
    }
}

/// The findings, the worst first.
pub(super) fn findings(run: &RunRecord) -> Vec<&CheckResult> {
    let mut findings: Vec<&CheckResult> =
        run.checks.iter().filter(|result| is_finding(result.verdict)).collect();
    findings.sort_by_key(|result| Reverse(weight(result.verdict)));
    findings
}

/// What happened in a few words: the first problem, else the reason, else what the check is about.
pub(super) fn headline(result: &CheckResult) -> &str {
    match (result.problems.first(), &result.reason) {
        (Some(problem), _) => &problem.got,
        (None, Some(reason)) => reason,
        (None, None) => &result.title,
    }
}

/// The highest level among what is broken; without a problem, that of the check.
pub(super) fn level(result: &CheckResult) -> Level {
    let broken = result.problems.iter().map(|problem| problem.level);
    broken.max().unwrap_or(result.level)
}

/// The clauses that are broken; without a problem, all that the check is about.
pub(super) fn broken_clauses(result: &CheckResult) -> Vec<&str> {
    let mut broken: Vec<&str> = Vec::new();
    for problem in &result.problems {
        if !broken.contains(&problem.clause.as_str()) {
            broken.push(&problem.clause);
        }
    }
    if broken.is_empty() {
        broken = result.clauses.iter().map(String::as_str).collect();
    }
    broken
}

/// Number of results of each verdict that occurs, in the usual order.
pub(super) fn tally(results: &[&CheckResult]) -> Vec<(Verdict, usize)> {
    Verdict::ALL
        .into_iter()
        .map(|verdict| {
            let number = results.iter().filter(|result| result.verdict == verdict).count();
            (verdict, number)
        })
        .filter(|(_, number)| *number > 0)
        .collect()
}

/// The checks that took longest.
pub(super) fn slowest(run: &RunRecord) -> Vec<&CheckResult> {
    let mut checks: Vec<&CheckResult> = run.checks.iter().filter(|result| result.duration_ms > 0).collect();
    checks.sort_by_key(|result| Reverse(result.duration_ms));
    checks.truncate(LISTED);
    checks
}

/// Waits that ended well, but close to their limit: the closest first, and each name of a check once.
pub(super) fn close_waits(run: &RunRecord) -> Vec<(&CheckResult, &WaitRecord)> {
    let share = |wait: &WaitRecord| wait.took_ms.saturating_mul(1000) / wait.limit_ms.max(1);
    let mut close: Vec<(&CheckResult, &WaitRecord)> = run
        .checks
        .iter()
        .flat_map(|result| result.waits.iter().map(move |wait| (result, wait)))
        .filter(|(_, wait)| wait.in_time && wait.limit_ms >= SHORTEST_LIMIT_MS)
        .filter(|(_, wait)| share(wait) >= CLOSE_PERCENT * 10)
        .collect();
    close.sort_by_key(|(_, wait)| Reverse(share(wait)));
    let mut kept: Vec<(&CheckResult, &WaitRecord)> = Vec::new();
    for (result, wait) in close {
        let known = kept.iter().any(|(other, kept)| other.id == result.id && kept.name == wait.name);
        if !known && kept.len() < LISTED {
            kept.push((result, wait));
        }
    }
    kept
}

/// Reasons why checks were not run, the most frequent first, each with its number.
pub(super) struct Reasons {
    pub(super) total: usize,
    pub(super) reasons: Vec<(String, usize)>,
}

/// Why the checks with this verdict were not run.
pub(super) fn reasons(run: &RunRecord, verdict: Verdict) -> Reasons {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for result in run.with_verdict(verdict) {
        let reason = one_line(result.reason.as_deref().unwrap_or("no reason given"), 200);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    reasons.sort_by_key(|(_, count)| Reverse(*count));
    Reasons { total: reasons.iter().map(|(_, count)| count).sum(), reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::finished;

    fn wait(name: &str, took_ms: u64, limit_ms: u64, in_time: bool) -> WaitRecord {
        WaitRecord { name: name.into(), took_ms, limit_ms, in_time }
    }

    #[test]
    fn only_waits_that_came_in_time_and_close_are_listed_once() {
        let mut check = finished("stop::waits", Verdict::Pass);
        check.waits = vec![
            wait("far", 500, 1000, true),
            wait("too late", 1000, 1000, false),
            wait("close", 810, 1000, true),
            wait("close", 990, 1000, true),
            wait("noise", 9, 10, true),
        ];
        let run = RunRecord { checks: vec![check], ..RunRecord::default() };
        let close: Vec<_> =
            close_waits(&run).into_iter().map(|(_, wait)| (wait.name.as_str(), wait.took_ms)).collect();
        assert_eq!(close, [("close", 990)]);
    }

    #[test]
    fn what_fails_a_run_weighs_more_than_what_does_not() {
        for verdict in Verdict::ALL {
            let fails = matches!(
                verdict,
                Verdict::Fail
                    | Verdict::Stale
                    | Verdict::DriverTimeout
                    | Verdict::EnvironmentError
                    | Verdict::SuiteError
            );
            assert_eq!(is_failure(verdict), fails, "{verdict:?}");
        }
    }
}
