//! `machine-conformance baseline update`

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};

use super::{failure::Failure, output};
use crate::{
    baseline::{self, NewEntries},
    calendar::CalendarDate,
    checks,
    report::{self, count},
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance run --report json=report.json; machine-conformance baseline update baseline.toml report.json
  machine-conformance baseline update baseline.toml report.json --reason 'ticket 4711' --until 2027-03-01
  machine-conformance run --baseline baseline.toml";

/// What to do with a baseline.
#[derive(Debug, Subcommand)]
pub(super) enum BaselineCommand {
    /// Bring the list to the state of a run: add what fails, take out what passes
    ///
    /// Comments and the other entries stay as they are. Entries about checks that the run did not execute stay too.
    Update(UpdateArguments),
}

/// Options of `baseline update`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct UpdateArguments {
    /// File of known failures; it is made if there is none. A profile has a list of its own, which is kept by hand
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// JSON report or log of events of a run
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// Why the new failures are accepted
    #[arg(long, value_name = "TEXT", default_value = "known when the baseline was written")]
    reason: String,

    /// Last day on which they are, for example 2027-03-01
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<CalendarDate>,

    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

impl BaselineCommand {
    pub(super) fn execute(self) -> Result<u8, Failure> {
        match self {
            Self::Update(arguments) => arguments.execute(),
        }
    }
}

impl UpdateArguments {
    fn execute(&self) -> Result<u8, Failure> {
        let run = report::read(&self.report)?;
        let file = self.file.display().to_string();
        let text = match fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => String::new(),
            Err(problem) => {
                return Err(Failure::usage(format!("cannot read the baseline {file}: {problem}")));
            }
        };
        let new = NewEntries { reason: self.reason.clone(), until: self.until };
        let updated = baseline::update(&file, &text, &run, &new, checks::all())?;
        if !self.dry_run && updated.text != text {
            replace(&self.file, &updated.text)
                .map_err(|problem| Failure::usage(format!("cannot write the baseline {file}: {problem}")))?;
        }
        output::to_stdout(|out| {
            for (sign, names) in [("+", &updated.added), ("-", &updated.removed)] {
                for name in names {
                    writeln!(out, "{sign} {name}")?;
                }
            }
            writeln!(
                out,
                "{file}: {} added, {} removed{}",
                count(updated.added.len(), "known failure"),
                updated.removed.len(),
                if self.dry_run { " (dry run: nothing was written)" } else { "" }
            )?;
            Ok(())
        })
    }
}

/// Writes beside the file first, so that an interruption loses nothing.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    // Others may read a list that is kept in a repository.
    let permissions = fs::metadata(path).map(|known| known.permissions());
    let permissions = permissions.unwrap_or_else(|_| std::os::unix::fs::PermissionsExt::from_mode(0o644));
    file.as_file().set_permissions(permissions)?;
    file.persist(path)?;
    Ok(())
}

fn day(text: &str) -> Result<CalendarDate, String> {
    text.parse()
}
