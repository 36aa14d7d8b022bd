//! Colours, one per meaning.

use owo_colors::{OwoColorize, Style};

use crate::verdict::Verdict;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = Style::new().green();
pub(super) const DOUBTFUL: Style = Style::new().yellow();
pub(super) const BAD: Style = Style::new().red();

/// Adds a style; padding must be done before, because escapes have a length but no width.
pub(super) trait Paint {
    fn paint(&self, style: Style) -> String;
}

impl Paint for str {
    fn paint(&self, style: Style) -> String {
        if self.is_empty() { String::new() } else { self.style(style).to_string() }
    }
}

pub(super) fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass => GOOD,
        Verdict::Warn | Verdict::KnownFailure | Verdict::EnvironmentError => DOUBTFUL,
        Verdict::Fail | Verdict::Stale | Verdict::DriverTimeout | Verdict::SuiteError => BAD,
        Verdict::NotApplicable | Verdict::NotTested => DIM,
    }
}
