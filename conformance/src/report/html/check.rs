//! The checks: each folded away, with everything that is known about it.

use maud::{Markup, html};

use super::{
    inventory, sweep, timeline,
    transcript::{self, Detail},
    walk,
    wording::{anchor, class, duration, line, mark, prose, text},
};
use crate::{
    event::{CheckResult, Problem},
    report::{RunRecord, statistics},
    spec::{bugs_citing, specification},
    verdict::{Level, Verdict},
};

/// Size of the page in bytes: it is to stay below 2 MB.
const PAGE: usize = 1_950_000;
/// Clauses that the line of a check names.
const NAMED_CLAUSES: usize = 4;
/// Clauses that are shown without being asked for, beside the broken ones.
const SHOWN_CLAUSES: usize = 6;
/// Reports about real drivers that a check lists.
const MOST_BUGS: usize = 3;

/// The section of all checks, in a page that has `used` bytes already.
pub(super) fn list(run: &RunRecord, used: usize) -> Markup {
    let fixed: usize = run.checks.iter().map(|result| check(result, &Markup::default()).0.len()).sum();
    let evidence = evidence(run, PAGE.saturating_sub(used + fixed));
    html! {
        section #checks {
            h2 { "Checks" }
            (filters(run))
            p #none .quiet hidden { "No check matches. " button #reset type="button" { "Show all" } }
            @for (result, evidence) in run.checks.iter().zip(evidence) {
                (check(result, &evidence))
            }
        }
    }
}

fn filters(run: &RunRecord) -> Markup {
    let all: Vec<&CheckResult> = run.checks.iter().collect();
    html! {
        form #filters role="search" {
            label { "Search " input #search type="search" placeholder="id, title, clause" autocomplete="off"; }
            label {
                "Group "
                select #group {
                    option value="" { "all" }
                    @for (name, _) in run.groups() { option value=(name) { (line(name, 40)) } }
                }
            }
            label {
                "Level "
                select #level {
                    option value="" { "all" }
                    @for level in [Level::Must, Level::Should, Level::May] {
                        option { (level.keyword()) }
                    }
                }
            }
            fieldset {
                legend { "Verdict" }
                @for (verdict, number) in statistics::tally(&all) {
                    label class=(class(verdict)) {
                        input type="checkbox" name="verdict" value=(verdict.word()) checked;
                        " " (verdict.word()) " " (number)
                    }
                }
            }
            output #shown aria-live="polite" {}
        }
    }
}

/// Calls, log and time line of each check: those of findings first, as far as there is room.
fn evidence(run: &RunRecord, mut room: usize) -> Vec<Markup> {
    let mut order: Vec<usize> = (0..run.checks.len()).collect();
    order.sort_by_key(|&index| !statistics::is_finding(run.checks[index].verdict));
    let mut all = vec![Markup::default(); run.checks.len()];
    for index in order {
        let result = &run.checks[index];
        let written = [Detail::Full, Detail::Short]
            .map(|detail| transcript_of(result, detail))
            .into_iter()
            .find(|markup| markup.0.len() <= room)
            .unwrap_or_else(left_out);
        room = room.saturating_sub(written.0.len());
        all[index] = written;
    }
    all
}

fn transcript_of(result: &CheckResult, detail: Detail) -> Markup {
    html! {
        (timeline::lanes(result, detail))
        (inventory::difference(result, detail))
        (transcript::calls(result, detail))
        (transcript::log(result, detail))
    }
}

fn left_out() -> Markup {
    html! {
        p.quiet { "Calls and log are left out, so that this page stays small. The JSON report has them." }
    }
}

fn check(result: &CheckResult, evidence: &Markup) -> Markup {
    html! {
        details .check .(class(result.verdict)) id=(anchor(&result.id))
            data-group=(crate::report::collect::group_of(&result.id))
            data-verdict=(result.verdict.word()) data-level=(result.level.keyword()) {
            summary {
                b.mark { (mark(result.verdict)) } " "
                span.word { (result.verdict.word()) } " "
                code { (line(&result.id, 120)) } " "
                span.title { (line(&result.title, 200)) } " "
                span.quiet {
                    (statistics::level(result).keyword()) " " (names(&result.clauses))
                    @if result.verdict.was_run() { " \u{b7} " (duration(result.duration_ms)) }
                    @if let Some(guests) = result.guests { " \u{b7} " (guests.word()) " guests" }
                }
            }
            div.body {
                @if let Some(reason) = &result.reason {
                    p.reason { b { (reason_word(result.verdict)) } " " (text(reason)) }
                }
                @for problem in &result.problems { (self::problem(problem)) }
                @if let Some(swept) = &result.sweep { (sweep::cases(swept)) }
                @if let Some(walks) = &result.walks { (walk::stories(walks)) }
                (rules(result))
                (evidence)
                (seen_in(result))
                h4 { "Run just this check" }
                p.rerun { code { (line(&result.rerun, usize::MAX)) } " " button.copy type="button" { "copy" } }
                p { a.link href={ "#" (anchor(&result.id)) } { "link to this check" } }
            }
        }
    }
}

/// The first clauses; those of a walk are half of the specification.
fn names(clauses: &[String]) -> String {
    let first: Vec<String> = clauses.iter().take(NAMED_CLAUSES).map(|id| line(id, 40)).collect();
    match clauses.len().saturating_sub(NAMED_CLAUSES) {
        0 => first.join(" "),
        more => format!("{} and {more} more", first.join(" ")),
    }
}

fn reason_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "Not applicable:",
        Verdict::NotTested => "Not tested:",
        Verdict::KnownFailure => "Known to fail:",
        _ => "Reason:",
    }
}

fn problem(problem: &Problem) -> Markup {
    html! {
        dl.problem {
            dt { "rule" }
            dd { b { (line(&problem.clause, 40)) } " " span.quiet { (problem.level.keyword()) } " " (prose(&problem.rule)) }
            dt { "expected" }
            dd { (text(&problem.expected)) }
            dt { "got" }
            dd.got { (text(&problem.got)) }
        }
    }
}

fn rules(result: &CheckResult) -> Markup {
    let why = crate::checks::all().iter().find(|check| check.id == result.id).map(|check| check.why);
    let broken: Vec<&str> = result.problems.iter().map(|problem| problem.clause.as_str()).collect();
    let few = result.clauses.len() <= SHOWN_CLAUSES;
    let (first, others): (Vec<&str>, Vec<&str>) =
        result.clauses.iter().map(String::as_str).partition(|id| few || broken.contains(id));
    html! {
        h4 { "Clauses" }
        dl.clauses {
            @for id in &first { (clause(id)) }
            @if let Some(why) = why { dt { "why" } dd { (prose(why)) } }
        }
        @if !others.is_empty() {
            details.more {
                summary { @if first.is_empty() { (others.len()) " clauses" } @else { (others.len()) " more clauses, which are not broken" } }
                dl.clauses { @for id in &others { (clause(id)) } }
            }
        }
    }
}

fn clause(id: &str) -> Markup {
    html! {
        dt { (line(id, 40)) }
        @match specification().clause(id) {
            Some(clause) => {
                dd {
                    span.quiet { (clause.level.keyword()) } " " (prose(&clause.requirement))
                    " " span.quiet { (text(&clause.source)) }
                }
            }
            None => dd.quiet { "not a clause of this version" }
        }
    }
}

fn seen_in(result: &CheckResult) -> Markup {
    let bugs = bugs_citing(statistics::broken_clauses(result));
    let more = bugs.len().saturating_sub(MOST_BUGS);
    html! {
        @if statistics::is_finding(result.verdict) && !bugs.is_empty() {
            h4 { "Seen in real drivers" }
            ul {
                @for bug in bugs.iter().take(MOST_BUGS) {
                    li {
                        a href=(bug.url) rel="noreferrer" { (bug.reference) } " " (bug.driver) ": " (bug.symptom)
                    }
                }
                @if more > 0 { li.quiet { "and " (more) " more" } }
            }
        }
    }
}
