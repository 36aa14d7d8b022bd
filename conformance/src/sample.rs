//! Checks and results for unit tests.

use crate::{
    check::Check,
    event::CheckResult,
    verdict::{Level, Verdict},
};

/// A check that does nothing, with this id and these clauses.
pub(crate) fn check(id: &'static str, clauses: &'static [&'static str]) -> &'static Check {
    Box::leak(Box::new(Check {
        id,
        title: "Does nothing",
        clauses,
        needs: &[],
        why: "",
        good: "",
        bad: "",
        run: |_| Box::pin(async { Ok(()) }),
    }))
}

/// A result with this verdict and nothing else.
pub(crate) fn finished(id: &str, verdict: Verdict) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        title: "Does nothing".to_owned(),
        clauses: vec!["RM-008".to_owned()],
        level: Level::Must,
        verdict,
        reason: None,
        blocked: false,
        problems: Vec::new(),
        calls: Vec::new(),
        log: Vec::new(),
        started_ms: 0,
        duration_ms: 0,
        rerun: String::new(),
        sweep: None,
        walks: None,
        inventory: None,
        states: Vec::new(),
        waits: Vec::new(),
        guests: None,
    }
}
