//! Checks and results for unit tests.

use crate::check::Check;

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
