//! Where the processes of a run leave their reports.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use libtest_mimic::Arguments;

use crate::report::{Format, ReportTarget};

/// nextest's name for the run that a process belongs to.
const NEXTEST_RUN: &str = "NEXTEST_RUN_ID";
/// Runs whose reports are kept, beside the present one.
const KEPT_RUNS: usize = 4;

/// The folder of a run, and the name of this process's report in it.
#[derive(Clone, Debug)]
pub(super) struct PartsFolder {
    folder: PathBuf,
    file: String,
    one_check_per_process: bool,
}

impl PartsFolder {
    /// The one of this process.
    pub(super) fn of_this_run(base: &str, arguments: &Arguments) -> Self {
        Self::new(base, std::env::var(NEXTEST_RUN).ok().as_deref(), arguments)
    }

    fn new(base: &str, nextest_run: Option<&str>, arguments: &Arguments) -> Self {
        let base = Path::new(base).join("conformance");
        let nextest_run = nextest_run.filter(|run| is_plain(run));
        let check = arguments.filter.as_deref().filter(|_| arguments.exact && nextest_run.is_some());
        Self {
            folder: base.join(nextest_run.unwrap_or("cargo-test")),
            file: format!("{}.json", check.map_or_else(|| "report".to_owned(), file_name)),
            one_check_per_process: nextest_run.is_some(),
        }
    }

    /// Whether each check has a process of its own.
    pub(super) fn one_check_per_process(&self) -> bool {
        self.one_check_per_process
    }

    /// The report of this process; its folder is there afterwards.
    pub(super) fn report(&self) -> io::Result<ReportTarget> {
        fs::create_dir_all(&self.folder)?;
        if let Some(base) = self.folder.parent() {
            forget_old_runs(base, &self.folder);
        }
        Ok(ReportTarget { format: Format::Json, path: self.folder.join(&self.file) })
    }
}

/// A name that nextest makes; anything else must not become a path.
fn is_plain(run: &str) -> bool {
    !run.is_empty() && run.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

fn file_name(check: &str) -> String {
    check.replace("::", ".")
}

/// Other processes may do the same at the same time: what cannot be removed is left to them.
fn forget_old_runs(base: &Path, present: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    let mut runs: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path() != present)
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    runs.sort();
    let surplus = runs.len().saturating_sub(KEPT_RUNS);
    for (_, folder) in runs.into_iter().take(surplus) {
        let _ = fs::remove_dir_all(folder);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn path(nextest_run: Option<&str>, words: &[&str]) -> PathBuf {
        let base = tempfile::tempdir().unwrap();
        let arguments = Arguments::from_iter(["test"].iter().chain(words));
        let folder = PartsFolder::new(&base.path().display().to_string(), nextest_run, &arguments);
        let report = folder.report().unwrap().path;
        report.strip_prefix(base.path().join("conformance")).unwrap().to_owned()
    }

    #[test]
    fn processes_of_nextest_have_reports_of_their_own() {
        assert_eq!(path(None, &["remove"]), Path::new("cargo-test/report.json"));
        assert_eq!(path(Some("42-ab"), &["--exact", "remove::twice"]), Path::new("42-ab/remove.twice.json"));
        assert_eq!(path(Some("../x"), &[]), Path::new("cargo-test/report.json"));
    }

    #[test]
    fn old_runs_are_forgotten() {
        let base = tempfile::tempdir().unwrap();
        let arguments = Arguments::from_iter(["test"]);
        for number in 0..9 {
            let run = format!("run-{number}");
            PartsFolder::new(&base.path().display().to_string(), Some(&run), &arguments).report().unwrap();
        }
        let left = fs::read_dir(base.path().join("conformance")).unwrap().count();
        assert_eq!(left, KEPT_RUNS + 1);
    }
}
