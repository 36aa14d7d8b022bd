//! Walks: numbers, and the stories that failed, told step by step.

use crate::{
    event::{FailedStory, StoryLine, Walks},
    report::text::{count, one_line},
};

/// Lines of a story that are shown; a longer one is told from its end.
const MOST_LINES: usize = 16;

/// One line, for example `12 stories, 118 steps: 1 failed`.
pub(in crate::report) fn numbers(walks: &Walks) -> String {
    let stories = if walks.stories == 1 { "story" } else { "stories" };
    let failed = match walks.failures.len() {
        0 => "none failed".to_owned(),
        number => format!("{number} failed"),
    };
    format!("{} {stories}, {}: {failed}", walks.stories, count(walks.steps, "step"))
}

/// The numbers, then each story that failed.
pub(super) fn excerpt(walks: &Walks, width: usize) -> Vec<String> {
    let mut lines = vec![numbers(walks)];
    for failure in &walks.failures {
        lines.extend(story(failure, width));
    }
    lines.extend(walks.left_out.iter().map(|reason| one_line(&format!("not told: {reason}"), width)));
    lines
}

fn story(failure: &FailedStory, width: usize) -> Vec<String> {
    let steps = count(failure.lines.len(), "step");
    let made_shorter = match (failure.repeats, failure.steps_at_first) {
        (false, _) => "; it did not fail when it was carried out again".to_owned(),
        (true, first) if first > failure.lines.len() => {
            format!(", made shorter from {first} in {}", count(failure.attempts, "attempt"))
        }
        _ => String::new(),
    };
    let likewise = match failure.likewise.as_slice() {
        [] => String::new(),
        others => format!("; likewise {}", others.join(", ")),
    };
    let head = format!("{}: {steps}{made_shorter}{likewise}", failure.origin);
    let mut lines = vec![one_line(&head, width)];
    let skipped = failure.lines.len().saturating_sub(MOST_LINES);
    if skipped > 0 {
        lines.push(format!("  \u{2026} {}", count(skipped, "earlier step")));
    }
    lines.extend(failure.lines[skipped..].iter().map(|line| step(line, width)));
    if let Some(path) = &failure.saved {
        lines.push(one_line(&format!("saved as {path}; --replay carries it out again"), width));
    }
    lines
}

fn step(line: &StoryLine, width: usize) -> String {
    let ways = if line.before == line.after {
        line.before.word().to_owned()
    } else {
        format!("{} \u{2192} {}", line.before.word(), line.after.word())
    };
    let result = if line.result.is_empty() { "" } else { "  " };
    let text = format!("{:>3}. {:<36} {ways}{result}{}", line.round, line.told, line.result);
    one_line(&text, width)
}
