//! `--report FORMAT=PATH`: which reports are written, and where.

use std::{
    env, fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use thiserror::Error;

use super::{
    BadgeForm, BadgeReport, EventLog, GithubReport, HtmlReport, JsonReport, JunitReport, MarkdownReport,
    Report, SarifReport, Submission, TapReport,
};
use crate::nearest::did_you_mean;

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportTarget {
    /// What to write.
    pub format: Format,
    /// File; `-` is standard output.
    pub path: PathBuf,
}

/// Format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The whole run as one JSON document.
    Json,
    /// JUnit XML.
    Junit,
    /// Every event, as it happens, one JSON object a line.
    Events,
    /// One page for a browser.
    Html,
    /// TAP version 14.
    Tap,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A page of Markdown.
    Markdown,
    /// Annotations on standard output and the summary of the step, for GitHub Actions.
    Github,
    /// A badge; SVG, or with the ending `.json` the answer for shields.io.
    Badge,
    /// A folder with all that others need to believe and repeat the result.
    Submission,
}

impl Format {
    const WORDS: [(&'static str, Self); 10] = [
        ("html", Self::Html),
        ("json", Self::Json),
        ("junit", Self::Junit),
        ("tap", Self::Tap),
        ("sarif", Self::Sarif),
        ("markdown", Self::Markdown),
        ("github", Self::Github),
        ("badge", Self::Badge),
        ("events", Self::Events),
        ("submission", Self::Submission),
    ];
}

/// File to which GitHub Actions lets a step write its summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

impl ReportTarget {
    /// Whether the report goes to standard output.
    pub fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Opens the file, so that a path that cannot be written is found before the run. An old report is emptied: it
    /// must not be taken for the result of a run that never ended. Only the summary of a step is added to.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn open(&self) -> Result<Box<dyn Report>, OpenError> {
        Ok(match self.format {
            Format::Json => Box::new(JsonReport::new(self.writer()?)),
            Format::Junit => Box::new(JunitReport::new(self.writer()?)),
            Format::Events => Box::new(EventLog::new(self.writer()?)),
            Format::Html => Box::new(HtmlReport::new(self.writer()?)),
            Format::Tap => Box::new(TapReport::new(self.writer()?)),
            Format::Sarif => Box::new(SarifReport::new(self.writer()?)),
            Format::Markdown => Box::new(MarkdownReport::new(self.writer()?)),
            Format::Github => Box::new(GithubReport::new(io::stdout(), self.summary()?)),
            Format::Badge => Box::new(BadgeReport::new(self.writer()?, self.badge_form())),
            Format::Submission => {
                fs::create_dir_all(&self.path).map_err(|problem| self.refused(problem))?;
                Box::new(Submission::new(self.path.clone()))
            }
        })
    }

    fn writer(&self) -> Result<Box<dyn Write + Send>, OpenError> {
        if self.is_stdout() {
            return Ok(Box::new(io::stdout()));
        }
        let file = fs::File::create(&self.path).map_err(|problem| self.refused(problem))?;
        Ok(Box::new(file))
    }

    /// Earlier commands of the same step may have written to its summary.
    fn summary(&self) -> Result<fs::File, OpenError> {
        fs::File::options()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(|problem| self.refused(problem))
    }

    fn badge_form(&self) -> BadgeForm {
        match self.path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => BadgeForm::Endpoint,
            _ => BadgeForm::Svg,
        }
    }

    fn refused(&self, problem: io::Error) -> OpenError {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match folder {
            Some(folder) if !folder.exists() => {
                OpenError::NoFolder { target: self.clone(), folder: folder.to_owned() }
            }
            _ if self.path.is_dir() && self.format != Format::Submission => {
                OpenError::Folder { target: self.clone() }
            }
            _ => OpenError::Refused { target: self.clone(), problem },
        }
    }
}

impl fmt::Display for ReportTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word =
            Format::WORDS.iter().find(|(_, format)| *format == self.format).map_or("", |(word, _)| word);
        write!(f, "{word}={}", self.path.display())
    }
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let formats = Format::WORDS.map(|(word, _)| word);
        if text == "github" {
            return env::var_os(STEP_SUMMARY)
                .filter(|path| !path.is_empty())
                .map(|path| Self {
                    format: Format::Github,
                    path: path.into(),
                })
                .ok_or_else(|| {
                    format!(
                        "{STEP_SUMMARY} is not set, as it is in steps of GitHub Actions; elsewhere write github=PATH"
                    )
                });
        }
        let Some((format, path)) = text.split_once('=') else {
            return Err(format!(
                "write FORMAT=PATH, for example json=report.json; formats: {}",
                formats.join(", ")
            ));
        };
        let Some((_, known)) = Format::WORDS.iter().find(|(word, _)| *word == format) else {
            let hint = did_you_mean(format, formats).map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(format!("unknown format \"{format}\"; formats: {}{hint}", formats.join(", ")));
        };
        if path.is_empty() {
            return Err(format!("no path; write {format}=PATH, or {format}=- for standard output"));
        }
        if path == "-" && matches!(known, Format::Github | Format::Submission) {
            return Err(format!("{format} cannot go to standard output; write {format}=PATH"));
        }
        Ok(Self { format: *known, path: path.into() })
    }
}

/// A report that cannot be written. Found before anything runs; the user's to correct.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder is missing.
    #[error("cannot write the report {target}: the folder {} does not exist; create it first", .folder.display())]
    NoFolder {
        /// The report.
        target: ReportTarget,
        /// The folder.
        folder: PathBuf,
    },
    /// The path is a folder.
    #[error("cannot write the report {target}: the path is a folder; name a file in it")]
    Folder {
        /// The report.
        target: ReportTarget,
    },
    /// Anything else that the system says.
    #[error("cannot write the report {target}: {problem}")]
    Refused {
        /// The report.
        target: ReportTarget,
        /// What the system says.
        problem: io::Error,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn targets_are_read_as_they_are_written() {
        for text in [
            "json=report.json",
            "junit=a=b.xml",
            "events=-",
            "html=report.html",
            "submission=folder",
            "github=summary.md",
        ] {
            assert_eq!(text.parse::<ReportTarget>().unwrap().to_string(), text);
        }
        for (text, problem) in [
            (
                "report.json",
                "write FORMAT=PATH, for example json=report.json; formats: html, json, junit, tap, sarif, markdown, github, badge, events, submission",
            ),
            (
                "jsno=x",
                "unknown format \"jsno\"; formats: html, json, junit, tap, sarif, markdown, github, badge, events, submission; did you mean \"json\"?",
            ),
            ("json=", "no path; write json=PATH, or json=- for standard output"),
            ("github=-", "github cannot go to standard output; write github=PATH"),
        ] {
            assert_eq!(text.parse::<ReportTarget>().unwrap_err(), problem);
        }
    }

    #[test]
    fn paths_that_cannot_be_written_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let open = |path: PathBuf| {
            let error = ReportTarget { format: Format::Json, path }.open().err().unwrap().to_string();
            error.replace(&folder.path().display().to_string(), "FOLDER")
        };
        assert_eq!(
            open(folder.path().into()),
            "cannot write the report json=FOLDER: the path is a folder; name a file in it"
        );
        assert_eq!(
            open(folder.path().join("missing/report.json")),
            "cannot write the report json=FOLDER/missing/report.json: the folder FOLDER/missing does not exist; create it first"
        );
    }
}
