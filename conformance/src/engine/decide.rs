//! From what a check found to its verdict.

use glob::Pattern;

use crate::{
    check::Stop,
    event::{CheckResult, Problem},
    verdict::{Level, Verdict},
};

/// A check that is known to fail, from the profile.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct KnownFailure {
    /// Ids of the checks.
    pub pattern: Pattern,
    /// Why they fail.
    pub reason: String,
}

/// How a check ended.
pub(super) enum Ending {
    /// It ran to its end or stopped.
    Returned(Result<(), Stop>),
    /// It panicked: a defect of the suite.
    Panicked(String),
    /// It did not end within the limit of a check.
    TooLong(String),
    /// The user interrupted the run.
    Interrupted,
}

/// Verdict and reason. Problems that were found before a check stopped count.
pub(super) fn verdict(
    ending: Ending,
    problems: &[Problem],
    timed_out: Option<String>,
) -> (Verdict, Option<String>) {
    match ending {
        Ending::Panicked(what) => {
            return (Verdict::SuiteError, Some(format!("the check panicked: {what}; please report this")));
        }
        Ending::TooLong(what) => return (Verdict::DriverTimeout, Some(what)),
        Ending::Interrupted => return (Verdict::NotTested, Some("the run was interrupted".to_owned())),
        Ending::Returned(Err(Stop::Suite(what))) => return (Verdict::SuiteError, Some(what)),
        Ending::Returned(Err(Stop::Environment(what))) => return (Verdict::EnvironmentError, Some(what)),
        Ending::Returned(Err(stop)) if problems.is_empty() && timed_out.is_none() => {
            return match stop {
                Stop::NotApplicable(why) => (Verdict::NotApplicable, Some(why)),
                Stop::DriverTimeout(what) => (Verdict::DriverTimeout, Some(what)),
                other => (Verdict::NotTested, Some(other.to_string())),
            };
        }
        Ending::Returned(_) => {}
    }
    if let Some(what) = timed_out {
        return (Verdict::DriverTimeout, Some(what));
    }
    let worst = problems.iter().map(|problem| problem.level).max();
    (
        match worst {
            Some(Level::Must) => Verdict::Fail,
            Some(Level::Should) => Verdict::Warn,
            Some(Level::May) | None => Verdict::Pass,
        },
        None,
    )
}

/// Applies the profile's known failures.
pub(super) fn apply_known_failures(result: &mut CheckResult, known: &[KnownFailure]) {
    let Some(known) = known.iter().find(|known| known.pattern.matches(&result.id)) else {
        return;
    };
    match result.verdict {
        Verdict::Fail | Verdict::Warn | Verdict::DriverTimeout => {
            result.verdict = Verdict::KnownFailure;
            result.reason = Some(known.reason.clone());
        }
        Verdict::Pass => {
            result.verdict = Verdict::Stale;
            result.reason = Some(format!("it passes now; remove its entry (reason: {})", known.reason));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn problem(level: Level) -> Problem {
        Problem {
            clause: "RM-001".to_owned(),
            level,
            rule: "rule".to_owned(),
            expected: "expected".to_owned(),
            got: "got".to_owned(),
        }
    }

    fn of(ending: Ending, problems: &[Problem], timed_out: Option<&str>) -> Verdict {
        verdict(ending, problems, timed_out.map(str::to_owned)).0
    }

    #[test]
    fn the_worst_level_decides() {
        let done = || Ending::Returned(Ok(()));
        assert_eq!(of(done(), &[], None), Verdict::Pass);
        assert_eq!(of(done(), &[problem(Level::May)], None), Verdict::Pass);
        assert_eq!(of(done(), &[problem(Level::Should)], None), Verdict::Warn);
        assert_eq!(of(done(), &[problem(Level::Should), problem(Level::Must)], None), Verdict::Fail);
        assert_eq!(of(done(), &[problem(Level::Must)], Some("Stop hangs")), Verdict::DriverTimeout);
    }

    #[test]
    fn a_stop_counts_unless_something_was_found_before() {
        let stopped = |stop: Stop| Ending::Returned(Err(stop));
        let prerequisite = Stop::Prerequisite("Create failed".to_owned());
        let (outcome, reason) = verdict(stopped(prerequisite.clone()), &[], None);
        assert_eq!(outcome, Verdict::NotTested);
        assert_eq!(reason.unwrap(), "prerequisite failed: Create failed");
        assert_eq!(of(stopped(prerequisite), &[problem(Level::Must)], None), Verdict::Fail);
        let blame = [
            (Stop::NotApplicable("x".to_owned()), Verdict::NotApplicable),
            (Stop::NotTested("x".to_owned()), Verdict::NotTested),
            (Stop::Environment("x".to_owned()), Verdict::EnvironmentError),
            (Stop::Suite("x".to_owned()), Verdict::SuiteError),
        ];
        for (stop, expected) in blame {
            assert_eq!(of(stopped(stop), &[], None), expected);
        }
        assert_eq!(
            of(Ending::Panicked("index".to_owned()), &[problem(Level::Must)], None),
            Verdict::SuiteError
        );
        assert_eq!(of(Ending::TooLong("60 s".to_owned()), &[], None), Verdict::DriverTimeout);
        assert_eq!(of(Ending::Interrupted, &[], None), Verdict::NotTested);
    }
}
