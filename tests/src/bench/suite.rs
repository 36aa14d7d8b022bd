//! The whole suite against the template driver.

use std::{path::Path, time::Duration};

use anyhow::ensure;
use tokio::process::Command;

use super::{
    processor,
    table::{Row, median},
};
use crate::{executables, run};

/// Runs of the suite; the median counts.
const RUNS: usize = 5;
/// Walks that are measured.
const WALKS: u32 = 100;
const LIMIT: Duration = Duration::from_secs(120);

pub(super) async fn measured(driver: &Path) -> anyhow::Result<Row> {
    let suite = executables::machine_conformance()?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let before = processor::seconds_of_children()?;
        let mut command = Command::new(&suite);
        command.arg("run").arg(driver).args(["--provider", "template"]);
        let finished = run::to_end(command, LIMIT).await?;
        ensure!(finished.code == Some(0), "the template driver must be conformant\n{finished}");
        wall.push(finished.duration.as_secs_f64());
        if let (Some(before), Some(after)) = (before, processor::seconds_of_children()?) {
            cpu.push(after - before);
        }
    }
    let cpu = if cpu.is_empty() { "unknown".to_owned() } else { format!("{:.2} s", median(&mut cpu)) };
    Ok(Row {
        figure: format!("whole suite against the template driver, median of {RUNS}"),
        ours: format!("{:.2} s wall, {cpu} CPU", median(&mut wall)),
        other: String::new(),
        ratio: String::new(),
    })
}

/// Random walks of one machine, with as many at the same time as the suite has by itself.
pub(super) async fn walks(driver: &Path) -> anyhow::Result<Row> {
    let suite = executables::machine_conformance()?;
    let mut command = Command::new(&suite);
    command
        .arg("run")
        .arg(driver)
        .args(["--provider", "template", "--only", "walk::one_machine"])
        .args(["--walks", &WALKS.to_string()]);
    let finished = run::to_end(command, LIMIT).await?;
    ensure!(finished.code == Some(0), "the template driver must be conformant\n{finished}");
    let minutes = finished.duration.as_secs_f64() / 60.0;
    Ok(Row {
        figure: "random walks of ten steps, template driver".to_owned(),
        ours: format!("{:.0} a minute", f64::from(WALKS) / minutes),
        other: String::new(),
        ratio: String::new(),
    })
}
