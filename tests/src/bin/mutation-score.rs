//! Mutation score of the suite: `cargo run -p machine-tests --bin mutation-score -- --driver template`.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Parser;
use machine_tests::{
    executables,
    mutation::{Mutant, Outcome, Plan, Score, judge},
};
use serde::{Deserialize, Serialize};

/// Changes a reference driver in one place at a time, and counts how many of the changes the suite notices. Needs
/// cargo-mutants.
#[derive(Debug, Parser)]
struct Arguments {
    /// Reference driver: template, ec2 or vbox
    #[arg(long, value_name = "NAME", default_value = "template")]
    driver: String,

    /// Most mutants, spread over all; by default every one
    #[arg(long, value_name = "N")]
    sample: Option<usize>,

    /// Which ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: usize,

    /// Executable `machine-conformance`; by default it is built
    #[arg(long, value_name = "PATH")]
    suite: Option<PathBuf>,

    /// Judge again those that survived, for example with a suite that has a new check, and no others
    #[arg(long)]
    survivors: bool,

    /// Mutants that are judged at the same time
    #[arg(long, value_name = "N", default_value_t = 2)]
    jobs: usize,

    /// Seconds after which the suite is ended
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    limit: u64,

    /// Folder for the copies of the workspace; what is built there is used again
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,

    /// File of outcomes, one JSON object a line; mutants that stand in it are not judged again
    #[arg(long, value_name = "FILE")]
    outcomes: PathBuf,

    /// TOML file of mutants that no check has to notice: "FILE: CHANGE" = "REASON"; by default that of the driver in
    /// tests/mutants
    #[arg(long, value_name = "FILE")]
    explained: Option<PathBuf>,
}

/// A line of the file of outcomes.
#[derive(Serialize, Deserialize)]
struct Line {
    mutant: String,
    #[serde(flatten)]
    outcome: Outcome,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let package = format!("docker-machine-driver-{}", arguments.driver);
    let profile =
        executables::workspace().join("reference-drivers").join(&arguments.driver).join("conformance.toml");
    let plan = Plan {
        suite: match &arguments.suite {
            Some(suite) => fs::canonicalize(suite).with_context(|| format!("{}", suite.display()))?,
            None => executables::machine_conformance()?,
        },
        arguments: vec!["--profile".to_owned(), profile.display().to_string()],
        folder: arguments.folder.clone(),
        jobs: arguments.jobs,
        limit: Duration::from_secs(arguments.limit),
        package,
    };
    let mut mutants = Mutant::of(&plan.package).await?;
    if let Some(most) = arguments.sample {
        mutants = Mutant::sample(mutants, most, arguments.seed);
    }
    let mut score = Score { outcomes: earlier(&arguments.outcomes)?, explained: explained(&arguments)? };
    mutants.retain(|mutant| match score.outcomes.get(&mutant.name) {
        Some(Outcome::Survived) => arguments.survivors,
        Some(_) => false,
        None => !arguments.survivors,
    });
    let file = File::options().create(true).append(true).open(&arguments.outcomes);
    let file = Mutex::new(file.with_context(|| format!("opening {}", arguments.outcomes.display()))?);
    let all = mutants.len();
    let judged = judge(&plan, mutants, |mutant, outcome| {
        let line = Line { mutant: mutant.name.clone(), outcome: outcome.clone() };
        tell(&file, &line);
    })
    .await?;
    score.outcomes.extend(judged);
    let mut out = std::io::stdout();
    writeln!(out, "{all} mutants of {} judged now", plan.package)?;
    out.write_all(score.to_string().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn earlier(path: &Path) -> Result<BTreeMap<String, Outcome>> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| {
            let line: Line =
                serde_json::from_str(line).with_context(|| format!("{}: {line}", path.display()))?;
            Ok((line.mutant, line.outcome))
        })
        .collect()
}

fn explained(arguments: &Arguments) -> Result<BTreeMap<String, String>> {
    let usual = executables::workspace().join("tests/mutants").join(format!("{}.toml", arguments.driver));
    let path = match &arguments.explained {
        None if !usual.exists() => return Ok(BTreeMap::new()),
        None => &usual,
        Some(path) => path,
    };
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// Writes the line to the file and to standard error: the work of hours is not lost when it is ended.
#[expect(clippy::print_stderr, reason = "who waits for an hour wants to know how far it is")]
fn tell(file: &Mutex<File>, line: &Line) {
    let text = serde_json::to_string(line).unwrap_or_default();
    eprintln!("{text}");
    let mut file = file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let written = writeln!(file, "{text}").and_then(|()| file.flush());
    if let Err(error) = written {
        eprintln!("the file of outcomes cannot be written: {error}");
    }
}
