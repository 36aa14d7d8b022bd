//! `--report html=PATH`: one page that needs nothing else, neither a network nor other files.
//!
//! Everything that comes from a driver, provider or guest is untrusted: the templates escape it, control characters
//! become visible, and the page's own policy lets no script run but the one that is part of it.

mod check;
mod inventory;
mod overview;
mod policy;
mod sweep;
mod timeline;
mod transcript;
mod walk;
mod wording;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::wording::{driver, line};
use super::{Report, RunRecord};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the page when the run is over.
pub struct HtmlReport<W: Write> {
    writer: W,
}

impl<W: Write> HtmlReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for HtmlReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        self.writer.write_all(page(run).into_string().as_bytes())?;
        self.writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for HtmlReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HtmlReport").finish_non_exhaustive()
    }
}

fn page(run: &RunRecord) -> Markup {
    let before = html! {
        (overview::findings(run))
        (overview::groups(run))
        (sweep::heat_maps(run))
        (walk::diagrams(run))
        (overview::times(run))
        (overview::not_run(run))
    };
    let used = STYLE.len() + SCRIPT.len() + before.0.len();
    let title = format!("{}: {}", driver(run), run.verdict.headline().to_lowercase());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::of(STYLE, SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (line(&title, 120)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#checks" { "Skip to the checks" }
                (overview::head(run))
                (overview::contents(run))
                main {
                    (before)
                    (check::list(run, used))
                }
                (overview::foot(run))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
