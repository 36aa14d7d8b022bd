//! Runs that are over: read from a JSON report or a log of events, and played to reports once more.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{RunRecord, RunVerdict, SchemaError};
use crate::{
    event::{Event, EventKind},
    summary::summarise,
    verdict::ExitCode,
};

/// Largest report that is read, in bytes; a full run has some megabytes.
const LARGEST: u64 = 512 << 20;

/// Reads a JSON report or a log of events.
///
/// A log that ends early, because the run was killed, is a run that was interrupted.
///
/// # Errors
/// If the file cannot be read, or is neither of both.
pub fn read(path: &Path) -> Result<RunRecord, ReadError> {
    let unreadable = |problem| ReadError::Unreadable { path: path.to_owned(), problem };
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(ReadError::TooLarge { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let record = if is_log(&text) {
        from_log(&text).map_err(|(line, problem)| ReadError::Log { path: path.to_owned(), line, problem })?
    } else {
        RunRecord::from_json(&text).map_err(|problem| ReadError::Shape { path: path.to_owned(), problem })?
    };
    Ok(record)
}

/// Whether the text is a log of events: its first line is a whole object with a kind of event.
fn is_log(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    serde_json::from_str::<Event>(first).is_ok()
}

fn from_log(text: &str) -> Result<RunRecord, (usize, serde_json::Error)> {
    let mut record = RunRecord::default();
    let mut finished = false;
    let mut last_ms = 0;
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let event: Event = match serde_json::from_str(line) {
            Ok(event) => event,
            // The last line of a log whose writer was killed.
            Err(_) if index + 1 == lines.len() && !text.ends_with('\n') => break,
            Err(problem) => return Err((index + 1, problem)),
        };
        last_ms = event.at_ms;
        finished |= matches!(event.kind, EventKind::RunFinished(_));
        record.take(&event);
    }
    record.complete();
    if !finished {
        record.summary = summarise(&record.checks, last_ms, true);
        record.summary.exit_code = ExitCode::INTERRUPTED;
        record.verdict = RunVerdict::Interrupted;
    }
    Ok(record)
}

impl RunRecord {
    /// The events of this run, as far as they can be told from its results.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event> + '_ {
        let started = Event::new(0, EventKind::RunStarted(self.run.clone()));
        let finished = self.checks.iter().map(|result| {
            let at_ms = result.started_ms + result.duration_ms;
            Event::new(at_ms, EventKind::CheckFinished(Box::new(result.clone())))
        });
        let summary = EventKind::RunFinished(self.summary.clone());
        std::iter::once(started).chain(finished).chain([Event::new(self.summary.duration_ms, summary)])
    }
}

/// A report of an earlier run that cannot be read; the user's to correct.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the report {}: {problem}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The file is larger than any report.
    #[error("{} is no report of this suite: it has more than 512 MiB", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not a JSON report.
    #[error("{}: {problem}", .path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: SchemaError,
    },
    /// A log of events with a line that is none.
    #[error("{}:{line}: this line is no event of the suite: {problem}", .path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: serde_json::Error,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{event::RunInfo, sample::finished, verdict::Verdict};

    fn written(text: &str) -> Result<RunRecord, ReadError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    fn log(kinds: impl IntoIterator<Item = EventKind>) -> String {
        kinds.into_iter().map(|kind| serde_json::to_string(&Event::new(7, kind)).unwrap() + "\n").collect()
    }

    fn kinds() -> Vec<EventKind> {
        let results =
            vec![finished("remove::twice", Verdict::Pass), finished("create::works", Verdict::Pass)];
        let info =
            RunInfo { checks: vec!["create::works".into(), "remove::twice".into()], ..RunInfo::default() };
        let summary = summarise(&results, 9, false);
        let mut kinds = vec![EventKind::RunStarted(info)];
        kinds.extend(results.into_iter().map(|result| EventKind::CheckFinished(Box::new(result))));
        kinds.push(EventKind::RunFinished(summary));
        kinds
    }

    #[test]
    fn a_log_and_the_report_made_from_it_are_the_same_run() {
        let from_log = written(&log(kinds())).unwrap();
        assert_eq!(from_log.verdict, RunVerdict::Conformant);
        assert_eq!(from_log.checks[0].id, "create::works");
        let json = serde_json::to_string(&from_log).unwrap();
        let again = written(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
        let replayed = written(&log(again.events().map(|event| event.kind))).unwrap();
        assert_eq!(serde_json::to_string(&replayed).unwrap(), json);
    }

    #[test]
    fn a_log_that_was_cut_off_is_an_interrupted_run() {
        let whole = log(kinds());
        let cut = &whole[..whole.len() - 20];
        let record = written(cut).unwrap();
        assert_eq!(record.verdict, RunVerdict::Interrupted);
        assert_eq!((record.summary.passed, record.summary.exit_code), (2, ExitCode::INTERRUPTED));
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        for (text, wanted) in [
            ("", "not a report of this suite: "),
            ("{}", "not a report of this suite: missing field `schema`"),
            ("[1]", "not a report of this suite: "),
        ] {
            let error = written(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let damaged = log(kinds()).replacen("\n", "\n{\"at_ms\":1}\n", 1);
        let error = written(&damaged).unwrap_err().to_string();
        assert!(error.contains("report:2: this line is no event"), "{error}");
    }
}
