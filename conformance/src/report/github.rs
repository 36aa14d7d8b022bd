//! `--report github`: what GitHub Actions shows: annotations of the findings, and the summary of the step.

use std::io::{self, Write};

use super::{MarkdownReport, Report, RunRecord, statistics, text::one_line};
use crate::event::CheckResult;

/// Annotations of each kind that GitHub keeps of a step.
const MOST_ANNOTATIONS: usize = 10;
/// Characters of a message.
const MESSAGE: usize = 2000;

/// Writes workflow commands to `commands` (the standard output of the step), and the run in Markdown to `summary`.
pub struct GithubReport<C: Write, S: Write> {
    commands: C,
    summary: MarkdownReport<S>,
}

impl<C: Write, S: Write> GithubReport<C, S> {
    /// A report to both.
    pub fn new(commands: C, summary: S) -> Self {
        Self { commands, summary: MarkdownReport::new(summary) }
    }
}

impl<C: Write + Send, S: Write + Send> Report for GithubReport<C, S> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        self.summary.finish(run)?;
        let findings = statistics::findings(run);
        let (failures, warnings): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|result| statistics::is_failure(result.verdict));
        for (command, results) in [("error", failures), ("warning", warnings)] {
            for result in results.iter().take(MOST_ANNOTATIONS) {
                writeln!(self.commands, "{}", annotation(command, run, result))?;
            }
            let more = results.len().saturating_sub(MOST_ANNOTATIONS);
            if more > 0 {
                writeln!(self.commands, "::notice::{more} more in the summary of the step")?;
            }
        }
        self.commands.flush()
    }
}

impl<C: Write, S: Write> std::fmt::Debug for GithubReport<C, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GithubReport").finish_non_exhaustive()
    }
}

/// A workflow command, at the driver's source if the profile names it.
fn annotation(command: &str, run: &RunRecord, result: &CheckResult) -> String {
    let file = run
        .run
        .source
        .as_ref()
        .map(|source| format!("file={},line=1,", property(source)))
        .unwrap_or_default();
    let title = format!(
        "{} {} ({})",
        result.id,
        result.verdict.word(),
        statistics::broken_clauses(result).join(", ")
    );
    let mut message = one_line(statistics::headline(result), MESSAGE);
    if let Some(problem) = result.problems.first() {
        message = format!(
            "{}\nexpected: {}\ngot: {message}",
            one_line(&problem.rule, MESSAGE),
            one_line(&problem.expected, MESSAGE),
        );
    }
    message.push_str(&format!("\nrerun: {}", one_line(&result.rerun, MESSAGE)));
    format!("::{command} {file}title={}::{}", property(&title), data(&message))
}

/// Text of a command: as GitHub's own tools escape it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Value of a property of a command.
fn property(text: &str) -> String {
    data(&one_line(text, MESSAGE)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::finished, verdict::Verdict};

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        let mut result = finished("remove::twice", Verdict::Fail);
        result.reason = Some("50%\n::set-env name=A::b".to_owned());
        assert_eq!(
            annotation("error", &RunRecord::default(), &result),
            "::error title=remove%3A%3Atwice fail (RM-008)::50%25 \u{23ce} ::set-env name=A::b%0Arerun: "
        );
    }
}
