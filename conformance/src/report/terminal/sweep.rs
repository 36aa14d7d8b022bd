//! The cases of a sweep: numbers, and what was found at which call.

use crate::{
    event::{CaseOutcome, Sweep, SweepCase},
    report::text::{count, one_line},
};

/// Lines of findings.
const MOST_FINDINGS: usize = 8;

/// One line, for example `88 of Create: 85 held, 3 leaked`.
pub(in crate::report) fn numbers(sweep: &Sweep) -> String {
    const WORDS: [(CaseOutcome, &str); 5] = [
        (CaseOutcome::Held, "held"),
        (CaseOutcome::Leaked, "leaked"),
        (CaseOutcome::Broken, "broke a clause"),
        (CaseOutcome::NotReached, "not reached"),
        (CaseOutcome::BrokenOff, "broke off"),
    ];
    let words: Vec<String> = WORDS
        .iter()
        .map(|(outcome, word)| (sweep.count(*outcome), word))
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!(
        "{} of {}: {}",
        count(sweep.cases.len(), "case"),
        one_line(&sweep.operation, 40),
        words.join(", ")
    )
}

/// The numbers, then the findings in the order of the calls, then what was left out.
pub(super) fn excerpt(sweep: &Sweep, width: usize) -> Vec<String> {
    let findings: Vec<&SweepCase> = sweep.findings().collect();
    let more = findings.len().saturating_sub(MOST_FINDINGS);
    let mut lines = vec![numbers(sweep)];
    lines.extend(findings.iter().take(MOST_FINDINGS).map(|case| finding(case, width)));
    if more > 0 {
        lines.push(format!("\u{2026} {more} more; --report json=PATH has them all"));
    }
    let left_out = sweep.left_out.iter();
    lines.extend(left_out.map(|reason| one_line(&format!("not tried: {reason}"), width)));
    lines
}

fn finding(case: &SweepCase, width: usize) -> String {
    let left = match case.left.as_slice() {
        [] => String::new(),
        left => format!("  left {}", left.join(", ")),
    };
    let text = format!("{:<24} {}{left}  {}", case.call, case.fault, case.clauses.join(" "));
    one_line(&text, width)
}
