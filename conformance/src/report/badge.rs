//! `--report badge=PATH`: the verdict on a badge, as SVG or as the JSON that shields.io draws one from.

use std::io::{self, Write};

use maud::{Markup, html};
use serde_json::json;

use super::{Report, RunRecord, RunVerdict};

const LABEL: &str = "machine driver";
/// Width of a character of Verdana at 11 pixels, and the space beside a text.
const CHARACTER: usize = 7;
const SPACE: usize = 10;

/// How a badge is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadgeForm {
    /// A picture.
    Svg,
    /// The answer of an endpoint for <https://shields.io/badges/endpoint-badge>.
    Endpoint,
}

/// Writes the badge when the run is over.
pub struct BadgeReport<W: Write> {
    writer: W,
    form: BadgeForm,
}

impl<W: Write> BadgeReport<W> {
    /// A badge to `writer`.
    pub fn new(writer: W, form: BadgeForm) -> Self {
        Self { writer, form }
    }
}

impl<W: Write + Send> Report for BadgeReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let message = message(run);
        let (name, colour) = colour(run.verdict);
        match self.form {
            BadgeForm::Svg => writeln!(self.writer, "{}", svg(&message, colour).into_string())?,
            BadgeForm::Endpoint => {
                let badge = json!({
                    "schemaVersion": 1,
                    "label": LABEL,
                    "message": message,
                    "color": name,
                    "isError": run.verdict == RunVerdict::NotConformant,
                });
                writeln!(self.writer, "{badge}")?;
            }
        }
        self.writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for BadgeReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BadgeReport").field("form", &self.form).finish_non_exhaustive()
    }
}

/// `conformant v1 · 191 of 193`: a badge never says more than was looked at.
fn message(run: &RunRecord) -> String {
    let summary = &run.summary;
    match run.verdict {
        RunVerdict::Conformant => format!(
            "conformant {} \u{b7} {} of {}",
            super::text::one_line(&run.run.specification, 10),
            summary.run,
            summary.applicable
        ),
        other => other.headline().to_lowercase(),
    }
}

fn colour(verdict: RunVerdict) -> (&'static str, &'static str) {
    match verdict {
        RunVerdict::Conformant => ("brightgreen", "#2e7d32"),
        RunVerdict::NotConformant | RunVerdict::SuiteError => ("red", "#c62828"),
        RunVerdict::NothingRan | RunVerdict::EnvironmentError | RunVerdict::Interrupted => {
            ("lightgrey", "#6b7580")
        }
    }
}

fn svg(message: &str, colour: &str) -> Markup {
    let width = |text: &str| text.chars().count() * CHARACTER + SPACE;
    let (left, right) = (width(LABEL), width(message));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width=(left + right) height="20" role="img"
            aria-label={ (LABEL) ": " (message) } {
            title { (LABEL) ": " (message) }
            clipPath id="round" { rect width=(left + right) height="20" rx="3" {} }
            g clip-path="url(#round)" {
                rect width=(left) height="20" fill="#444" {}
                rect x=(left) width=(right) height="20" fill=(colour) {}
            }
            g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" {
                text x=(left / 2) y="14" { (LABEL) }
                text x=(left + right / 2) y="14" { (message) }
            }
        }
    }
}
