//! `--report submission=FOLDER`: what others need to believe a result, and to repeat it.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};

use super::{
    BadgeForm, BadgeReport, HtmlReport, JsonReport, Report, RunRecord,
    markdown::{cell, sign},
    statistics,
    text::one_line,
};
use crate::{
    check::Check,
    selection::level_of,
    verdict::{Level, Verdict},
};

/// Writes a folder when the run is over: `README.md` (verdict, environment, how to reproduce), `required-checks.txt`
/// (every MUST check of the suite with its outcome), `profile.toml` (without secrets), `report.json`, `report.html` and
/// `badge.svg`.
#[derive(Debug)]
pub struct Submission {
    folder: PathBuf,
}

impl Submission {
    /// A submission in `folder`, which exists.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Report for Submission {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let required = Required::of(run, crate::checks::all());
        fs::write(self.file("README.md"), readme(run, &required))?;
        fs::write(self.file("required-checks.txt"), required.text())?;
        write_or_remove(&self.file("profile.toml"), run.run.profile.as_deref())?;
        JsonReport::new(fs::File::create(self.file("report.json"))?).finish(run)?;
        HtmlReport::new(fs::File::create(self.file("report.html"))?).finish(run)?;
        BadgeReport::new(fs::File::create(self.file("badge.svg"))?, BadgeForm::Svg).finish(run)
    }
}

/// The profile of an earlier run must not stay beside the result of one without.
fn write_or_remove(path: &Path, text: Option<&str>) -> io::Result<()> {
    match text {
        Some(text) => fs::write(path, text),
        None => match fs::remove_file(path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => Err(problem),
            _ => Ok(()),
        },
    }
}

/// Every MUST check that the suite has, with its outcome.
struct Required<'r> {
    /// Id, clauses and outcome; `None` if the run did not select the check.
    checks: Vec<(&'static str, String, Option<Verdict>)>,
    run: &'r RunRecord,
}

impl<'r> Required<'r> {
    fn of(run: &'r RunRecord, checks: &[&'static Check]) -> Self {
        let outcome = |id: &str| {
            let result = run.checks.iter().find(|result| result.id == id)?;
            Some(result.verdict)
        };
        let required = checks.iter().filter(|check| level_of(check) == Level::Must);
        Self {
            checks: required.map(|check| (check.id, check.clauses.join(" "), outcome(check.id))).collect(),
            run,
        }
    }

    /// Digest of what the suite requires: the same for every driver, so that nobody leaves out a check unseen.
    fn digest(&self) -> String {
        let mut text = format!("{}\n", self.run.run.specification);
        for (id, clauses, _) in &self.checks {
            text.push_str(&format!("{id} {clauses}\n"));
        }
        let digest = digest(&SHA256, text.as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn left_out(&self) -> usize {
        self.checks.iter().filter(|(_, _, outcome)| outcome.is_none()).count()
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# MUST checks of specification {}, sha256 {}\n",
            one_line(&self.run.run.specification, 20),
            self.digest()
        );
        for (id, clauses, outcome) in &self.checks {
            let word = outcome.map_or("left-out", Verdict::word);
            text.push_str(&format!("{word}\t{id}\t{clauses}\n"));
        }
        text
    }
}

fn readme(run: &RunRecord, required: &Required<'_>) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_readme(&mut page, run, required);
    page
}

fn write_readme(page: &mut String, run: &RunRecord, required: &Required<'_>) -> std::fmt::Result {
    let info = &run.run;
    writeln!(
        page,
        "# {}: {}\n\n![{}](badge.svg)\n",
        cell(&info.driver_name),
        run.verdict.headline(),
        run.verdict.headline().to_lowercase()
    )?;
    let numbers: Vec<String> = statistics::numbers(&run.summary)
        .into_iter()
        .map(|(word, number)| format!("{word} {number}"))
        .collect();
    writeln!(page, "{}.\n", numbers.join(", "))?;
    match required.left_out() {
        0 => {}
        number => writeln!(
            page,
            "**Partial**: {number} of {} MUST checks were left out of the run.\n",
            required.checks.len()
        )?,
    }
    writeln!(page, "| | |\n| --- | --- |")?;
    let rows = [
        ("suite", format!("machine-conformance {}", cell(&info.suite_version))),
        ("specification", cell(&info.specification)),
        ("required checks", format!("{}, sha256 `{}`", required.checks.len(), required.digest())),
        ("driver", cell(&info.driver)),
        ("provider", cell(&info.provider)),
        ("seed", info.seed.to_string()),
        ("started", cell(&info.started_at)),
    ];
    let environment = info.environment.iter().map(|(name, value)| (name.as_str(), cell(value)));
    for (name, value) in rows.into_iter().chain(environment) {
        writeln!(page, "| {} | {value} |", cell(name))?;
    }
    let findings = statistics::findings(run);
    if !findings.is_empty() {
        writeln!(page, "\n## Findings\n")?;
        for result in findings {
            writeln!(
                page,
                "- {} {} <code>{}</code> ({}): {}",
                sign(result.verdict),
                result.verdict.word(),
                cell(&result.id),
                cell(&statistics::broken_clauses(result).join(", ")),
                cell(statistics::headline(result))
            )?;
        }
    }
    writeln!(page, "\n## Reproduce\n")?;
    writeln!(page, "With machine-conformance {} and the driver at hand:\n", cell(&info.suite_version))?;
    writeln!(page, "```sh\n{}\n```\n", one_line(&reproduce(run), usize::MAX).replace('`', "'"))?;
    writeln!(
        page,
        "Files: [all checks](report.html), [for programs](report.json), [what is required](required-checks.txt){}.",
        if info.profile.is_some() {
            ", [the profile](profile.toml), in which secrets are replaced"
        } else {
            ""
        }
    )
}

/// The command line of the whole run: what the rerun lines of all checks have in common.
fn reproduce(run: &RunRecord) -> String {
    let seed = format!(" --seed {}", run.run.seed);
    run.checks
        .first()
        .and_then(|result| result.rerun.split(" --only ").next())
        .map_or_else(|| "machine-conformance run".to_owned(), |line| format!("{line}{seed}"))
}
