//! How long the commands take that people wait for, and what reporting adds to a run.
//!
//! `cargo run --release -p machine-front-end-tests --bin bench-front-ends`, on a machine that does nothing else.

use std::{
    path::Path,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use machine_front_end_tests::executables::{machine_conformance, template_driver};

/// Times that a command is measured.
const COMMANDS: usize = 41;
/// Runs with and without reports, alternating.
const RUNS: usize = 5;
/// Every format that is written to a file.
const FORMATS: [&str; 7] = ["html", "json", "junit", "tap", "sarif", "markdown", "events"];

fn main() -> ExitCode {
    match measured() {
        Ok(table) => {
            print(&table);
            ExitCode::SUCCESS
        }
        Err(error) => {
            print(&format!("nothing is measured: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn measured() -> anyhow::Result<String> {
    let suite = machine_conformance()?;
    let driver = template_driver()?;
    let folder = tempfile::tempdir().context("a folder for the reports")?;
    let mut table = String::from("| figure | median | goal |\n| --- | --- | --- |\n");
    for words in [&["--help"][..], &["list"], &["explain", "remove::instance_already_gone"]] {
        let mut times = Vec::new();
        for _ in 0..COMMANDS {
            times.push(timed(&suite, words, folder.path())?);
        }
        let median = median(&mut times);
        table.push_str(&format!(
            "| `{}` | {:.1} ms | 20 ms |\n",
            words.join(" "),
            median.as_secs_f64() * 1e3
        ));
    }
    let driver = driver.display().to_string();
    let plain =
        ["run", &driver, "--provider", "template", "--seed", "5121", "--skip", "sweep", "--skip", "walk"];
    let targets: Vec<String> =
        FORMATS.iter().map(|format| format!("--report={format}=report.{format}")).collect();
    let reporting: Vec<&str> = plain.into_iter().chain(targets.iter().map(String::as_str)).collect();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        without.push(timed(&suite, &plain, folder.path())?);
        with.push(timed(&suite, &reporting, folder.path())?);
    }
    let (without, with) = (median(&mut without).as_secs_f64(), median(&mut with).as_secs_f64());
    table.push_str(&format!(
        "| a run without sweeps and walks | {without:.2} s | |\n\
         | the same with {} reports | {with:.2} s ({:+.1} %) | + 5 % |\n",
        FORMATS.len(),
        (with / without - 1.0) * 100.0
    ));
    // What is written after the last check, by itself.
    let mut alone = Vec::new();
    let show: Vec<&str> = ["report", "show", "report.json"]
        .into_iter()
        .chain(targets.iter().map(String::as_str).filter(|target| !target.contains("report.json")))
        .collect();
    for _ in 0..RUNS {
        alone.push(timed(&suite, &show, folder.path())?);
    }
    table.push_str(&format!(
        "| reading the JSON report and writing the others | {:.0} ms | |\n",
        median(&mut alone).as_secs_f64() * 1e3
    ));
    Ok(table)
}

fn timed(program: &Path, words: &[&str], folder: &Path) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let status = Command::new(program)
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("{} does not start", program.display()))?;
    ensure!(status.success(), "{} ended with {status}", words.join(" "));
    Ok(begin.elapsed())
}

/// The middle value; zero for none.
fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn print(text: &str) {
    println!("{text}");
}
