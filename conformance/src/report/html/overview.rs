//! What is seen first: the verdict, the findings, the groups, and what was not looked at.

use maud::{Markup, html};

use super::wording::{anchor, class, driver, duration, line, mark, text};
use crate::{
    event::CheckResult,
    report::{
        RunRecord, RunVerdict,
        statistics::{self, Reasons},
        text::count,
    },
    verdict::Verdict,
};

/// Characters of a finding in the list at the top.
const FINDING: usize = 200;

pub(super) fn head(run: &RunRecord) -> Markup {
    let info = &run.run;
    html! {
        header class=(verdict_class(run.verdict)) {
            p.stamp { (run.verdict.headline()) }
            h1 { (driver(run)) }
            p.subject {
                code { (line(&info.driver, 200)) }
                " \u{b7} provider " (line(&info.provider, 40))
                " \u{b7} " (count(info.checks.len(), "check")) " of " (info.clauses_selected) " of "
                (info.clauses_total) " clauses \u{b7} specification " (line(&info.specification, 20))
                " \u{b7} seed " (info.seed)
                " \u{b7} " (duration(run.summary.duration_ms))
            }
            ul.numbers {
                @for (word, number) in statistics::numbers(&run.summary) {
                    li { b { (number) } " " (word) }
                }
            }
            @if let Some(hint) = statistics::hint(run) {
                p.hint { (hint) }
            }
            button #theme type="button" title="light or dark" { "\u{25d0}" }
        }
    }
}

/// Links to the sections that the page has.
pub(super) fn contents(run: &RunRecord) -> Markup {
    let any = |has: &dyn Fn(&CheckResult) -> bool| run.checks.iter().any(has);
    let sections = [
        ("findings", "Findings", any(&|result| statistics::is_finding(result.verdict))),
        ("groups", "Groups", true),
        ("sweeps", "Sweeps", any(&|result| result.sweep.is_some())),
        ("walks", "Walks", any(&|result| result.walks.as_ref().is_some_and(|walks| walks.stories > 0))),
        ("times", "Times", true),
        ("not-tested", "Not tested", any(&|result| result.verdict == Verdict::NotTested)),
        ("not-applicable", "Not applicable", any(&|result| result.verdict == Verdict::NotApplicable)),
        ("checks", "Checks", true),
    ];
    html! {
        nav aria-label="sections" {
            @for (id, name, there) in sections {
                @if there { a href={ "#" (id) } { (name) } " " }
            }
        }
    }
}

fn verdict_class(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Conformant => "good",
        RunVerdict::NotConformant | RunVerdict::SuiteError => "bad",
        RunVerdict::NothingRan | RunVerdict::EnvironmentError | RunVerdict::Interrupted => "doubtful",
    }
}

pub(super) fn findings(run: &RunRecord) -> Markup {
    let findings: Vec<&CheckResult> = statistics::findings(run);
    html! {
        @if !findings.is_empty() {
            section #findings {
                h2 { (count(findings.len(), "finding")) }
                ul.findings {
                    @for result in findings {
                        li class=(class(result.verdict)) {
                            b.mark title=(result.verdict.word()) { (mark(result.verdict)) }
                            " " a href={ "#" (anchor(&result.id)) } { (line(&result.id, 100)) }
                            " " span.quiet { (statistics::level(result).keyword()) " " (broken(result)) }
                            br;
                            (line(statistics::headline(result), FINDING))
                        }
                    }
                }
            }
        }
    }
}

/// The broken clauses; without a problem, all that the check is about.
fn broken(result: &CheckResult) -> String {
    line(&statistics::broken_clauses(result).join(", "), 200)
}

pub(super) fn groups(run: &RunRecord) -> Markup {
    html! {
        section #groups {
            h2 { "Groups" }
            table.groups {
                thead { tr { th scope="col" { "group" } th scope="col" { "checks" } th scope="col" { "verdicts" } } }
                tbody {
                    @for (name, results) in run.groups() {
                        tr {
                            th scope="row" {
                                button.group type="button" data-group=(name) title="show only this group" {
                                    (line(name, 40))
                                }
                            }
                            td.bar { (bar(&results)) }
                            td { (words(&results)) }
                        }
                    }
                }
            }
        }
    }
}

/// A bar of which each verdict has its part.
fn bar(results: &[&CheckResult]) -> Markup {
    let total = results.len().max(1) as f64;
    let mut from = 0.0;
    let parts: Vec<(Verdict, usize, f64, f64)> = statistics::tally(results)
        .into_iter()
        .map(|(verdict, number)| {
            let width = number as f64 / total * 200.0;
            let part = (verdict, number, from, width);
            from += width;
            part
        })
        .collect();
    html! {
        svg viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (verdict, number, x, width) in parts {
                rect class=(class(verdict)) x=(format!("{x:.1}")) width=(format!("{width:.1}")) height="10" {
                    title { (number) " " (verdict.word()) }
                }
            }
        }
    }
}

fn words(results: &[&CheckResult]) -> Markup {
    html! {
        @for (verdict, number) in statistics::tally(results) {
            span class=(class(verdict)) { b.mark { (mark(verdict)) } " " (number) " " (verdict.word()) } " "
        }
    }
}

pub(super) fn times(run: &RunRecord) -> Markup {
    let waits = statistics::close_waits(run);
    html! {
        section #times {
            h2 { "Times" }
            div.columns {
                div {
                    h3 { "Slowest checks" }
                    ol {
                        @for result in statistics::slowest(run) {
                            li {
                                a href={ "#" (anchor(&result.id)) } { (line(&result.id, 100)) }
                                " " span.quiet { (duration(result.duration_ms)) }
                            }
                        }
                    }
                }
                div {
                    h3 { "Waits that nearly timed out" }
                    @if waits.is_empty() {
                        p.quiet { "None: nothing that came in time needed " (statistics::CLOSE_PERCENT) " % of its limit." }
                    } @else {
                        ol {
                            @for (result, wait) in waits {
                                li {
                                    (line(&wait.name, 80)) " "
                                    span.quiet { (duration(wait.took_ms)) " of " (duration(wait.limit_ms)) " in " }
                                    a href={ "#" (anchor(&result.id)) } { (line(&result.id, 100)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn not_run(run: &RunRecord) -> Markup {
    let kinds = [(Verdict::NotTested, "Not tested"), (Verdict::NotApplicable, "Not applicable")];
    html! {
        @for (verdict, title) in kinds {
            @let Reasons { total, reasons } = statistics::reasons(run, verdict);
            @if total > 0 {
                section id=(verdict.word()) {
                    h2 { (title) ": " (total) }
                    table.reasons {
                        @for (reason, number) in reasons {
                            tr { td { (number) } td { (reason) } }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn foot(run: &RunRecord) -> Markup {
    let info = &run.run;
    html! {
        footer {
            p {
                "machine-conformance " (line(&info.suite_version, 40)) " \u{b7} " (line(&info.started_at, 40))
                @for (name, value) in &info.environment {
                    " \u{b7} " (line(name, 40)) " " (text(&line(value, 80)))
                }
            }
            p {
                "Keys: " kbd { "/" } " search, " kbd { "n" } " next finding, " kbd { "j" } " " kbd { "k" }
                " next and previous check, " kbd { "e" } " open or close all that are shown, " kbd { "Esc" } " show everything"
            }
        }
    }
}
