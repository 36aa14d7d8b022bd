//! From the cases of a sweep to the problems and numbers of its check.

use super::{Reference, case::Done, operation::Operation};
use crate::{
    check::Stop,
    context::Context,
    event::{CaseOutcome, Problem, Sweep},
};

/// Other cases that a problem lists by name.
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
    let stop = stops
        .first()
        .and_then(|first| first.stop.clone().map(|stop| (first.name(), stop)));
    let count = stops.len();
    let mut cases = Vec::new();
    let mut evidence = Some((reference.records, reference.log));
    let mut found = false;
    for done in done {
        if !found && !done.problems.is_empty() {
            found = true;
            evidence = Some((done.calls, done.log));
        }
        cases.push(done.case);
    }
    if let Some((calls, log)) = evidence.take() {
        cx.recorder().adopt(calls, log);
    }
    cx.set_sweep(Sweep {
        operation: operation.method().to_owned(),
        cases,
        left_out,
    });
    match stop {
        None => Ok(()),
        Some((name, Stop::Prerequisite(why))) => Err(Stop::Prerequisite(format!(
            "{count} cases broke off, the first one ({name}): {why}"
        ))),
        Some((_, stop)) => Err(stop),
    }
}

/// One problem for each clause: the first one, with the other cases in which it was broken.
fn merged(done: &[Done]) -> Vec<Problem> {
    let mut merged: Vec<(Problem, Vec<String>)> = Vec::new();
    for done in done {
        for problem in &done.problems {
            match merged
                .iter_mut()
                .find(|(first, _)| first.clause == problem.clause)
            {
                Some((_, others)) => others.push(done.name()),
                None => merged.push((problem.clone(), Vec::new())),
            }
        }
    }
    let with_others = merged.into_iter().map(|(mut problem, mut others)| {
        others.dedup();
        if !others.is_empty() {
            let more = others.len().saturating_sub(LISTED);
            others.truncate(LISTED);
            problem
                .got
                .push_str(&format!("; likewise with {}", others.join(", ")));
            if more > 0 {
                problem.got.push_str(&format!(", and {more} more"));
            }
        }
        problem
    });
    with_others.collect()
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
        ];
        let got: Vec<_> = merged(&cases).into_iter().map(|problem| problem.got).collect();
        assert_eq!(
            got,
            [
                "left by CreateKey; likewise with CreateServer: answer lost",
                "left by CreateServer"
            ]
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let cases: Vec<_> = (0..20)
            .map(|number| done(&format!("Call{number}"), &["RM-013"]))
            .collect();
        let got = merged(&cases).remove(0).got;
        assert!(got.ends_with(", and 11 more"), "{got}");
    }
}
