//! From the cases of a sweep to the problems and numbers of its check.

use super::{Reference, case::Done, operation::Operation};
use crate::{
    check::Stop,
    context::Context,
    event::{CaseOutcome, Problem, Sweep},
};

/// Calls that a problem lists by name.
const LISTED: usize = 8;

impl Done {
    /// Adds what was found after the case, because of it or of one before it on the same machine.
    pub(super) fn add(&mut self, problems: Vec<Problem>) {
        if problems.is_empty() {
            return;
        }
        self.case.outcome = CaseOutcome::Broken;
        let clauses = problems.iter().map(|problem| problem.clause.clone());
        self.case.clauses.extend(clauses);
        self.problems.extend(problems);
    }

    fn name(&self) -> String {
        format!("{}: {}", self.case.call, self.case.fault)
    }
}

/// Records problems, evidence and numbers in the context of the check.
///
/// # Errors
/// Why a case broke off.
pub(super) fn report(
    cx: &Context,
    operation: Operation,
    done: Vec<Done>,
    left_out: Vec<String>,
    reference: Reference,
) -> Result<(), Stop> {
    for problem in merged(&done) {
        cx.add_problem(problem);
    }
    let stops: Vec<&Done> = done.iter().filter(|done| done.stop.is_some()).collect();
    let stop = stops.first().and_then(|first| first.stop.clone().map(|stop| (first.name(), stop)));
    let count = stops.len();
    let mut done = done;
    let (calls, log) = match worst(&done).and_then(|worst| done.get_mut(worst)) {
        Some(worst) => (std::mem::take(&mut worst.calls), std::mem::take(&mut worst.log)),
        None => (reference.records, reference.log),
    };
    cx.recorder().adopt(calls, log);
    let cases = done.into_iter().map(|done| done.case).collect();
    cx.set_sweep(Sweep { operation: operation.method().to_owned(), cases, left_out });
    match stop {
        None => Ok(()),
        Some((name, Stop::Prerequisite(why))) => {
            Err(Stop::Prerequisite(format!("{count} cases broke off, the first one ({name}): {why}")))
        }
        Some((_, stop)) => Err(stop),
    }
}

/// The case whose calls are shown: the first one that leaks, or else the first one that breaks anything.
fn worst(done: &[Done]) -> Option<usize> {
    let leaks = |done: &Done| done.case.outcome == CaseOutcome::Leaked;
    let first = done.iter().position(leaks);
    first.or_else(|| done.iter().position(|done| !done.problems.is_empty()))
}

/// One problem for each clause: the first one, with the other cases in which it was broken.
fn merged(done: &[Done]) -> Vec<Problem> {
    let mut merged: Vec<(Problem, Vec<&Done>)> = Vec::new();
    for done in done {
        for problem in &done.problems {
            match merged.iter_mut().find(|(first, _)| first.clause == problem.clause) {
                Some((_, others)) => others.push(done),
                None => merged.push((problem.clone(), Vec::new())),
            }
        }
    }
    let with_others = merged.into_iter().map(|(mut problem, others)| {
        let mut calls = by_call(&others);
        if !calls.is_empty() {
            let more = calls.len().saturating_sub(LISTED);
            calls.truncate(LISTED);
            problem.got.push_str(&format!("; likewise with {}", calls.join(", ")));
            if more > 0 {
                problem.got.push_str(&format!(", and {more} more calls"));
            }
        }
        problem
    });
    with_others.collect()
}

/// The calls of some cases, each with its faults, for example `DeleteKey (error 500, answer lost)`.
fn by_call(cases: &[&Done]) -> Vec<String> {
    let mut calls: Vec<(&str, Vec<&str>)> = Vec::new();
    for done in cases {
        let (call, fault) = (done.case.call.as_str(), done.case.fault.as_str());
        match calls.iter_mut().find(|(known, _)| *known == call) {
            Some((_, faults)) if faults.contains(&fault) => {}
            Some((_, faults)) => faults.push(fault),
            None => calls.push((call, vec![fault])),
        }
    }
    calls.into_iter().map(|(call, faults)| format!("{call} ({})", faults.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::SweepCase, verdict::Level};

    fn done(call: &str, clauses: &[&str]) -> Done {
        let problem = |clause: &&str| Problem {
            clause: (*clause).to_owned(),
            level: Level::Must,
            rule: String::new(),
            expected: "nothing left".to_owned(),
            got: format!("left by {call}"),
        };
        Done {
            case: SweepCase {
                call: call.to_owned(),
                mutating: true,
                fault: "answer lost".to_owned(),
                outcome: CaseOutcome::Broken,
                clauses: Vec::new(),
                left: Vec::new(),
            },
            problems: clauses.iter().map(problem).collect(),
            calls: Vec::new(),
            log: Vec::new(),
            stop: None,
        }
    }

    #[test]
    fn a_clause_that_is_broken_often_is_one_problem_that_names_the_cases() {
        let cases = [
            done("CreateKey", &["CREATE-008"]),
            done("GetKey", &[]),
            done("CreateServer", &["CREATE-008", "CREATE-009"]),
            Done {
                case: SweepCase { fault: "error 500".to_owned(), ..done("CreateServer", &[]).case },
                ..done("CreateServer", &["CREATE-008"])
            },
        ];
        let got: Vec<_> = merged(&cases).into_iter().map(|problem| problem.got).collect();
        assert_eq!(
            got,
            [
                "left by CreateKey; likewise with CreateServer (answer lost, error 500)",
                "left by CreateServer"
            ]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let cases: Vec<_> = (0..20).map(|number| done(&format!("Call{number}"), &["RM-013"])).collect();
        let got = merged(&cases).remove(0).got;
        assert!(got.ends_with(", and 11 more calls"), "{got}");
    }

    #[test]
    fn the_first_leak_is_shown() {
        let mut cases = [done("CreateKey", &[]), done("GetKey", &["ERR-002"]), done("GetServer", &[])];
        assert_eq!(worst(&cases), Some(1));
        cases[2].case.outcome = CaseOutcome::Leaked;
        assert_eq!(worst(&cases), Some(2));
        assert_eq!(worst(&cases[..1]), None);
    }
}
