//! `--report markdown=PATH`: the run in a page of Markdown, for the summary of a step in GitHub and for comments.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{
    Report, RunRecord,
    statistics::{self, Reasons},
    text::{count, one_line},
};
use crate::{
    event::{CaseOutcome, CheckResult},
    verdict::Verdict,
};

/// Findings that are shown in full; GitHub cuts summaries at 1 MiB.
const MOST_FINDINGS: usize = 100;
/// Characters of a text in a table.
const CELL: usize = 300;

/// Writes the run as Markdown when it is over.
pub struct MarkdownReport<W: Write> {
    writer: W,
}

impl<W: Write> MarkdownReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for MarkdownReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        self.writer.write_all(page(run).as_bytes())?;
        self.writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for MarkdownReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MarkdownReport").finish_non_exhaustive()
    }
}

fn page(run: &RunRecord) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, run);
    page
}

fn write_page(page: &mut String, run: &RunRecord) -> std::fmt::Result {
    let info = &run.run;
    let name = if info.driver_name.is_empty() { &info.driver } else { &info.driver_name };
    writeln!(page, "## {}: {}\n", cell(name), run.verdict.headline())?;
    let numbers: Vec<String> = statistics::numbers(&run.summary)
        .into_iter()
        .map(|(word, number)| format!("{word} **{number}**"))
        .collect();
    writeln!(page, "{}\n", numbers.join(" \u{b7} "))?;
    if let Some(hint) = statistics::hint(run) {
        writeln!(page, "> {hint}\n")?;
    }
    write_findings(page, run)?;
    write_groups(page, run)?;
    for (verdict, title) in [(Verdict::NotTested, "Not tested"), (Verdict::NotApplicable, "Not applicable")] {
        let Reasons { total, reasons } = statistics::reasons(run, verdict);
        if total > 0 {
            writeln!(page, "<details><summary>{title}: {total}</summary>\n")?;
            for (reason, number) in reasons {
                writeln!(page, "- {number}: {}", cell(&reason))?;
            }
            writeln!(page, "\n</details>\n")?;
        }
    }
    writeln!(
        page,
        "<sub>machine-conformance {} \u{b7} specification {} \u{b7} provider {} \u{b7} seed {} \u{b7} {} of {} clauses \u{b7} {:.1} s</sub>",
        cell(&info.suite_version),
        cell(&info.specification),
        cell(&info.provider),
        info.seed,
        info.clauses_selected,
        info.clauses_total,
        run.summary.duration_ms as f64 / 1000.0
    )
}

fn write_findings(page: &mut String, run: &RunRecord) -> std::fmt::Result {
    let findings = statistics::findings(run);
    for result in findings.iter().take(MOST_FINDINGS) {
        let failed = statistics::is_failure(result.verdict);
        writeln!(
            page,
            "<details{}><summary>{} <b>{}</b> <code>{}</code> {} {}: {}</summary>\n",
            if failed { " open" } else { "" },
            sign(result.verdict),
            result.verdict.word(),
            cell(&result.id),
            result.level.keyword(),
            cell(&statistics::broken_clauses(result).join(", ")),
            cell(statistics::headline(result)),
        )?;
        write_finding(page, result)?;
        writeln!(page, "\n</details>\n")?;
    }
    match findings.len().saturating_sub(MOST_FINDINGS) {
        0 => Ok(()),
        more => writeln!(page, "and {}\n", count(more, "more finding")),
    }
}

fn write_finding(page: &mut String, result: &CheckResult) -> std::fmt::Result {
    writeln!(page, "| | |\n| --- | --- |")?;
    if let Some(reason) = &result.reason {
        writeln!(page, "| reason | {} |", cell(reason))?;
    }
    for problem in &result.problems {
        writeln!(page, "| rule | {} {} |", cell(&problem.clause), cell(&problem.rule))?;
        writeln!(page, "| expected | {} |", cell(&problem.expected))?;
        writeln!(page, "| got | {} |", cell(&problem.got))?;
    }
    if let Some(sweep) = &result.sweep {
        let leaks = count(sweep.count(CaseOutcome::Leaked), "leak");
        writeln!(page, "| cases | {}, {leaks} |", sweep.cases.len())?;
    }
    writeln!(page, "\n{}", code(&result.rerun))
}

fn write_groups(page: &mut String, run: &RunRecord) -> std::fmt::Result {
    writeln!(page, "| group | verdicts |\n| --- | --- |")?;
    for (name, results) in run.groups() {
        let words: Vec<String> = statistics::tally(&results)
            .into_iter()
            .map(|(verdict, number)| format!("{} {number} {}", sign(verdict), verdict.word()))
            .collect();
        writeln!(page, "| {} | {} |", cell(name), words.join(", "))?;
    }
    writeln!(page)
}

/// A sign that is seen without colours.
pub(super) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "\u{2705}",
        Verdict::Warn | Verdict::KnownFailure => "\u{26a0}\u{fe0f}",
        Verdict::Fail
        | Verdict::Stale
        | Verdict::DriverTimeout
        | Verdict::EnvironmentError
        | Verdict::SuiteError => "\u{274c}",
        Verdict::NotApplicable | Verdict::NotTested => "\u{26aa}",
    }
}

/// Untrusted text in a table, a list or HTML: one line in which nothing is markup.
pub(crate) fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in one_line(text, CELL).chars() {
        match character {
            '<' => cell.push_str("&lt;"),
            '>' => cell.push_str("&gt;"),
            '&' => cell.push_str("&amp;"),
            '"' => cell.push_str("&quot;"),
            // A name or an issue number of somebody else must not be told of the run.
            '@' => cell.push_str("&#64;"),
            '#' => cell.push_str("&#35;"),
            // Addresses would become links.
            ':' => cell.push_str("&#58;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                cell.push_str(&format!("&#{};", u32::from(character)));
            }
            other => cell.push(other),
        }
    }
    cell
}

/// Untrusted text as a block of code; its fence is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = one_line(text, usize::MAX);
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}sh\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_is_no_markup() {
        assert_eq!(
            cell("a|b\n<img src=x> @team #12 https://x `c` *d*"),
            "a&#124;b \u{23ce} &lt;img src=x&gt; &#64;team &#35;12 https&#58;//x &#96;c&#96; &#42;d&#42;"
        );
        assert_eq!(code("a ``` b"), "````sh\na ``` b\n````");
    }
}
