//! Expectations of a check. A broken one becomes a problem with rule, expected and got; the check goes on.

use std::fmt::{Debug, Display};

use crate::{context::Context, event::Problem, spec::specification, verdict::Level};

/// Expectations under one clause.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    cx: &'a Context,
    clause: &'static str,
}

impl<'a> Rule<'a> {
    pub(crate) fn new(cx: &'a Context, clause: &'static str) -> Self {
        Self { cx, clause }
    }

    /// Records that the rule is broken: what was expected in this run, and what happened.
    pub fn broken(self, expected: impl Display, got: impl Display) {
        let (level, rule) = self.level_and_text();
        let recorder = self.cx.recorder();
        self.cx.add_problem(Problem {
            clause: self.clause.to_owned(),
            level,
            rule,
            expected: recorder.clean(&expected.to_string()),
            got: recorder.clean(&got.to_string()),
        });
    }

    /// A rule that the run's set of requirements does not ask for is only recorded.
    fn level_and_text(self) -> (Level, String) {
        let Some(clause) = specification().clause(self.clause) else {
            let unknown = format!("clause {} (not in the specification: a defect of the suite)", self.clause);
            return (Level::Must, unknown);
        };
        let requirements = self.cx.requirements();
        match requirements.level(self.clause) {
            Some(level) => (level, clause.requirement.clone()),
            None => (Level::May, format!("{} (not asked for by {requirements})", clause.requirement)),
        }
    }

    /// Expects `condition`; `got` is only made when it does not hold.
    pub fn holds(self, condition: bool, expected: impl Display, got: impl FnOnce() -> String) -> bool {
        if !condition {
            self.broken(expected, got());
        }
        condition
    }

    /// Expects no error from `what`.
    pub fn succeeds<T, E: Display>(self, outcome: &Result<T, E>, what: &str) -> bool {
        if let Err(error) = outcome {
            self.broken(format!("{what} returns no error"), format!("{what} failed: {error}"));
        }
        outcome.is_ok()
    }

    /// Expects an error from `what`.
    pub fn fails<T: Debug, E>(self, outcome: &Result<T, E>, what: &str) -> bool {
        if let Ok(value) = outcome {
            let got = match format!("{value:?}").as_str() {
                // Most operations return nothing else.
                "()" => format!("{what} returned no error"),
                value => format!("{what} returned {value} and no error"),
            };
            self.broken(format!("{what} returns an error"), got);
        }
        outcome.is_err()
    }

    /// Expects `what` to be `expected`.
    pub fn equals<T: PartialEq + Debug>(self, what: &str, expected: &T, got: &T) -> bool {
        let same = expected == got;
        if !same {
            self.broken(format!("{what} is {expected:?}"), format!("{what} is {got:?}"));
        }
        same
    }

    /// Expects `what` to answer without error and with `expected`.
    pub fn answers<T: PartialEq + Debug, E: Display>(
        self,
        what: &str,
        expected: &T,
        got: &Result<T, E>,
    ) -> bool {
        match got {
            Ok(value) => self.equals(what, expected, value),
            Err(error) => {
                self.broken(format!("{what} is {expected:?}"), format!("{what} failed: {error}"));
                false
            }
        }
    }
}
