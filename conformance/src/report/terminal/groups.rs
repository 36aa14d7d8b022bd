//! One line per group: a bar and the numbers.

use std::io::{self, Write};

use super::paint::{self, Paint};
use crate::{
    event::{CaseOutcome, CheckResult, Sweep},
    report::{RunRecord, text},
    verdict::Verdict,
};

/// Characters of a bar.
pub(super) const BAR: usize = 23;

/// How checks are told apart in a bar and beside it: the verdicts, the character, and the word.
const CLASSES: [(&[Verdict], char, &str); 8] = [
    (&[Verdict::Pass], '\u{2588}', "passed"),
    (&[Verdict::Warn], '\u{2592}', "warned"),
    (&[Verdict::KnownFailure], '\u{2592}', "known to fail"),
    (&[Verdict::Fail], '\u{2591}', "failed"),
    (&[Verdict::DriverTimeout], '\u{2591}', "timed out"),
    (&[Verdict::Stale], '\u{2591}', "stale"),
    (&[Verdict::EnvironmentError, Verdict::SuiteError], '\u{2591}', "in error"),
    (&[Verdict::NotTested, Verdict::NotApplicable], '\u{b7}', "not run"),
];

pub(super) fn write(writer: &mut impl Write, run: &RunRecord) -> io::Result<()> {
    let groups = run.groups();
    let name_width = groups.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, results) in &groups {
        let bar = bar(results, BAR);
        let cases =
            cases(results).or_else(|| steps(results)).map(|cases| format!("   {cases}")).unwrap_or_default();
        writeln!(writer, "  {name:<name_width$}  {bar}  {}{cases}", numbers(results))?;
    }
    Ok(())
}

/// The cases of the sweeps in a group.
fn cases(results: &[&CheckResult]) -> Option<String> {
    let sweeps: Vec<&Sweep> = results.iter().filter_map(|result| result.sweep.as_ref()).collect();
    let total: usize = sweeps.iter().map(|sweep| sweep.cases.len()).sum();
    let leaks: usize = sweeps.iter().map(|sweep| sweep.count(CaseOutcome::Leaked)).sum();
    let leaks = match leaks {
        0 => "no leak".to_owned(),
        leaks => text::count(leaks, "leak").paint(paint::BAD),
    };
    (total > 0).then(|| format!("{}, {leaks}", text::count(total, "case")))
}

/// The walks in a group.
fn steps(results: &[&CheckResult]) -> Option<String> {
    let walks = || results.iter().filter_map(|result| result.walks.as_ref());
    let stories: usize = walks().map(|walks| walks.stories).sum();
    let steps: usize = walks().map(|walks| walks.steps).sum();
    (stories > 0).then(|| format!("{stories} stories, {}", text::count(steps, "step")))
}

/// The bar of some results, `width` characters long.
pub(super) fn bar(results: &[&CheckResult], width: usize) -> String {
    let counts = CLASSES.map(|(verdicts, _, _)| count(results, verdicts));
    let widths = share(&counts, width);
    CLASSES
        .iter()
        .zip(widths)
        .map(|((verdicts, character, _), width)| {
            character.to_string().repeat(width).paint(paint::style_of(verdicts[0]))
        })
        .collect()
}

fn numbers(results: &[&CheckResult]) -> String {
    let words: Vec<String> = CLASSES
        .iter()
        .filter_map(|(verdicts, _, word)| match count(results, verdicts) {
            0 => None,
            number => Some(format!("{number:>3} {word}").paint(paint::style_of(verdicts[0]))),
        })
        .collect();
    words.join("  ")
}

fn count(results: &[&CheckResult], verdicts: &[Verdict]) -> usize {
    results.iter().filter(|result| verdicts.contains(&result.verdict)).count()
}

/// Divides `width` among `counts`; whatever is counted at all gets at least one.
fn share(counts: &[usize], width: usize) -> Vec<usize> {
    let total: usize = counts.iter().sum();
    let mut widths: Vec<usize> = counts
        .iter()
        .map(|count| match count {
            0 => 0,
            count => (count * width / total.max(1)).max(1),
        })
        .collect();
    if total == 0 || width < widths.iter().filter(|width| **width > 0).count() {
        return share_without_room(counts, width);
    }
    // Rounding is settled with the widest part.
    while widths.iter().sum::<usize>() != width {
        let short = widths.iter().sum::<usize>() < width;
        let Some(widest) = widths.iter_mut().max() else {
            break;
        };
        if short { *widest += 1 } else { *widest -= 1 }
    }
    widths
}

/// A bar too short for every class shows the first one only.
fn share_without_room(counts: &[usize], width: usize) -> Vec<usize> {
    let first = counts.iter().position(|count| *count > 0);
    (0..counts.len()).map(|index| if Some(index) == first { width } else { 0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_always_full_and_show_every_class() {
        assert_eq!(share(&[22, 0, 0], 23), [23, 0, 0]);
        assert_eq!(share(&[17, 0, 2], 23), [21, 0, 2]);
        assert_eq!(share(&[1000, 1, 1], 23), [21, 1, 1]);
        assert_eq!(share(&[0, 0], 23), [0, 0]);
        assert_eq!(share(&[3, 1, 1], 2), [2, 0, 0]);
    }
}
