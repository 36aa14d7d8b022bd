//! Sweeps: a map of calls and faults for each operation, and the cases that did not hold.

use maud::{Markup, html};

use super::wording::{anchor, line};
use crate::{
    event::{CaseOutcome, Sweep, SweepCase},
    report::{RunRecord, text::count},
};

/// Cases that are listed below a check.
const MOST_CASES: usize = 40;
/// Width of the column of a fault, in characters of the names of calls.
const FAULT: usize = 4;
/// Widest map that has another one beside it.
const HALF_A_PAGE: usize = 74;

pub(super) fn heat_maps(run: &RunRecord) -> Markup {
    let sweeps: Vec<(&str, &Sweep)> =
        run.checks.iter().filter_map(|result| Some((result.id.as_str(), result.sweep.as_ref()?))).collect();
    let order = faults(sweeps.iter().flat_map(|(_, sweep)| &sweep.cases));
    html! {
        @if !sweeps.is_empty() {
            section #sweeps {
                h2 { "Sweeps: every fault at every call" }
                p.legend {
                    @for outcome in OUTCOMES {
                        span class=(class(outcome)) { b { (symbol(outcome)) } " " (word(outcome)) } " "
                    }
                }
                div.maps {
                    @for (id, sweep) in &sweeps { (heat_map(id, sweep, &order)) }
                }
            }
        }
    }
}

/// The faults of these cases, each once.
fn faults<'s>(cases: impl Iterator<Item = &'s SweepCase>) -> Vec<&'s str> {
    let mut faults: Vec<&str> = Vec::new();
    for case in cases {
        if !faults.contains(&case.fault.as_str()) {
            faults.push(&case.fault);
        }
    }
    faults
}

/// A row for each call, a column for each fault in the order of all maps of the page.
fn heat_map(id: &str, sweep: &Sweep, order: &[&str]) -> Markup {
    let mut calls: Vec<(&str, bool)> = Vec::new();
    for case in &sweep.cases {
        if !calls.iter().any(|(call, _)| *call == case.call) {
            calls.push((&case.call, case.mutating));
        }
    }
    let mut faults = faults(sweep.cases.iter());
    faults.sort_by_key(|fault| order.iter().position(|known| known == fault));
    let longest = calls.iter().map(|(call, _)| call.chars().count().min(60)).max();
    let wide = longest.unwrap_or_default() + FAULT * faults.len() > HALF_A_PAGE;
    html! {
        figure .wide[wide] {
            figcaption {
                a href={ "#" (anchor(id)) } { (line(&sweep.operation, 40)) }
                " \u{b7} " (count(sweep.cases.len(), "case"))
                " \u{b7} " (count(sweep.count(CaseOutcome::Leaked), "leak"))
            }
            div.scroll {
                table.heat {
                    thead {
                        tr {
                            td {}
                            @for fault in &faults { th scope="col" { span { (line(fault, 40)) } } }
                        }
                    }
                    tbody {
                        @for (call, mutating) in &calls {
                            tr {
                                th scope="row" .mutating[*mutating] { (line(call, 60)) }
                                @for fault in &faults {
                                    (cell(sweep.cases.iter().find(|case| case.call == *call && case.fault == *fault)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(case: Option<&SweepCase>) -> Markup {
    html! {
        @match case {
            Some(case) => td class=(class(case.outcome)) title=(title(case)) { (symbol(case.outcome)) },
            None => td {},
        }
    }
}

fn title(case: &SweepCase) -> String {
    let mut title = format!("{}: {}: {}", case.call, case.fault, word(case.outcome));
    for (name, list) in [("clauses", &case.clauses), ("left", &case.left)] {
        if !list.is_empty() {
            title.push_str(&format!("; {name}: {}", list.join(", ")));
        }
    }
    line(&title, 400)
}

/// The cases of one check that did not hold, and what was not tried.
pub(super) fn cases(sweep: &Sweep) -> Markup {
    let findings: Vec<&SweepCase> = sweep
        .cases
        .iter()
        .filter(|case| {
            matches!(case.outcome, CaseOutcome::Broken | CaseOutcome::Leaked | CaseOutcome::BrokenOff)
        })
        .collect();
    let more = findings.len().saturating_sub(MOST_CASES);
    html! {
        h4 { "Cases" }
        p { (crate::report::terminal::sweep::numbers(sweep)) }
        @if !findings.is_empty() {
            table.cases {
                thead { tr { @for name in ["outcome", "call", "fault", "broken", "left behind"] { th scope="col" { (name) } } } }
                @for case in findings.iter().take(MOST_CASES) {
                    tr class=(class(case.outcome)) {
                        td.outcome { b { (symbol(case.outcome)) } " " (word(case.outcome)) }
                        td { (line(&case.call, 60)) }
                        td { (line(&case.fault, 60)) }
                        td.clause { (line(&case.clauses.join(" "), 120)) }
                        td { (line(&case.left.join(", "), 200)) }
                    }
                }
                @if more > 0 { tr { td.quiet colspan="5" { "and " (more) " more" } } }
            }
        }
        @for reason in &sweep.left_out { p.quiet { "not tried: " (line(reason, 200)) } }
    }
}

const OUTCOMES: [CaseOutcome; 5] = [
    CaseOutcome::Held,
    CaseOutcome::Broken,
    CaseOutcome::Leaked,
    CaseOutcome::NotReached,
    CaseOutcome::BrokenOff,
];

fn class(outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Held => "good",
        CaseOutcome::Broken => "doubtful",
        CaseOutcome::Leaked => "bad",
        CaseOutcome::NotReached | CaseOutcome::BrokenOff => "blank",
    }
}

fn symbol(outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Held => "\u{b7}",
        CaseOutcome::Broken => "B",
        CaseOutcome::Leaked => "L",
        CaseOutcome::NotReached => "\u{2013}",
        CaseOutcome::BrokenOff => "?",
    }
}

fn word(outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Held => "held",
        CaseOutcome::Broken => "broke a clause",
        CaseOutcome::Leaked => "leaked",
        CaseOutcome::NotReached => "not reached",
        CaseOutcome::BrokenOff => "broke off",
    }
}
