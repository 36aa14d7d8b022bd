//! Words of the page: verdicts, times, and untrusted text made fit to be shown.

use std::borrow::Cow;

use maud::{Markup, html};

use crate::{
    report::{
        RunRecord,
        text::{one_line, printable},
    },
    verdict::Verdict,
};

/// Characters of a value that is shown whole.
const SHORT: usize = 110;

/// Untrusted text of one line, cut at `limit` characters.
pub(super) fn line(text: &str, limit: usize) -> String {
    one_line(text, limit)
}

/// Untrusted text of several lines.
pub(super) fn text(text: &str) -> String {
    printable(text.trim_end())
}

/// Untrusted text of several lines, with what stands between backquotes set as code.
pub(super) fn prose(prose: &str) -> Markup {
    let clean = text(prose);
    let parts: Vec<&str> = clean.split('`').collect();
    // An even number of parts: the last backquote has no partner.
    let paired = parts.len() - 1 + parts.len() % 2;
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @match (index % 2, index < paired) {
                (1, true) => code { (part) },
                (1, false) => { "`" (part) },
                _ => (part),
            }
        }
    }
}

/// Untrusted text of a cell: what is long shows its beginning until it is clicked or reached by the keyboard.
pub(super) fn value(text: &str, limit: usize) -> Markup {
    let text = line(&on_one_line(text), limit);
    html! {
        @match text.chars().count() > SHORT {
            true => span.long tabindex="0" title="click to see all of it" { (text) },
            false => (text),
        }
    }
}

/// Records as drivers write them have a line for each key, which says nothing in a table.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.contains('\n') && text.trim_start().starts_with(['{', '[']) {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        return Cow::Owned(lines.join(" "));
    }
    Cow::Borrowed(text)
}

/// The driver's name, or what was started if it never told.
pub(super) fn driver(run: &RunRecord) -> String {
    match run.run.driver_name.as_str() {
        "" => line(&run.run.driver, 80),
        name => line(name, 80),
    }
}

/// Fragment that leads to a check. Ids of other suites' reports may hold anything.
pub(super) fn anchor(id: &str) -> String {
    let mut anchor = String::with_capacity(id.len());
    for character in id.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ':' | '_' | '-' | '.' => anchor.push(character),
            other => anchor.push_str(&format!("~{:x}", u32::from(other))),
        }
    }
    anchor
}

/// A character for each verdict, so that none is told apart by its colour alone.
pub(super) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "\u{2713}",
        Verdict::Fail => "\u{2717}",
        Verdict::Warn => "!",
        Verdict::NotApplicable => "\u{2013}",
        Verdict::NotTested => "?",
        Verdict::KnownFailure => "K",
        Verdict::Stale => "S",
        Verdict::DriverTimeout => "T",
        Verdict::EnvironmentError => "E",
        Verdict::SuiteError => "D",
    }
}

/// Style of a verdict: several share one.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::Warn | Verdict::KnownFailure | Verdict::EnvironmentError => "doubtful",
        Verdict::Fail | Verdict::Stale | Verdict::DriverTimeout | Verdict::SuiteError => "bad",
        Verdict::NotApplicable | Verdict::NotTested => "blank",
    }
}

/// `850 ms`, `4.2 s`.
pub(super) fn duration(milliseconds: u64) -> String {
    match milliseconds {
        short if short < 1000 => format!("{short} ms"),
        long => format!("{:.1} s", long as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_hold_nothing_that_means_something_elsewhere() {
        assert_eq!(anchor("remove::instance_already_gone"), "remove::instance_already_gone");
        assert_eq!(anchor("a\"><b c%"), "a~22~3e~3cb~20c~25");
    }

    #[test]
    fn code_stands_between_two_backquotes() {
        for (text, expected) in [
            ("`Remove` MUST", "<code>Remove</code> MUST"),
            ("a `b` c `d", "a <code>b</code> c `d"),
            ("`<b>`", "<code>&lt;b&gt;</code>"),
            ("`", "`"),
            ("", ""),
        ] {
            assert_eq!(prose(text).into_string(), expected);
        }
    }

    #[test]
    fn records_fit_on_one_line() {
        assert_eq!(value("{\n    \"a\": 1\n}", 80).into_string(), "{ &quot;a&quot;: 1 }");
        assert!(value(&"x".repeat(SHORT + 1), 400).into_string().starts_with("<span class=\"long\""));
    }

    #[test]
    fn every_verdict_has_a_mark_of_its_own() {
        let mut marks = Verdict::ALL.map(mark).to_vec();
        marks.sort_unstable();
        marks.dedup();
        assert_eq!(marks.len(), Verdict::ALL.len());
    }
}
