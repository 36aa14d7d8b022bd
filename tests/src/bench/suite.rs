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
const LIMIT: Duration = Duration::from_secs(120);

pub(super) async fn measured(driver: &Path) -> anyhow::Result<Row> {
    let suite = executables::machine_conformance()?;
    let (mut wall, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let before = processor::seconds_of_children()?;
        let mut command = Command::new(&suite);
        command.arg("run").arg(driver).args(["--provider", "template"]);
        let finished = run::to_end(command, LIMIT).await?;
        ensure!(
            finished.code == Some(0),
            "the template driver must be conformant\n{finished}"
        );
        wall.push(finished.duration.as_secs_f64());
        if let (Some(before), Some(after)) = (before, processor::seconds_of_children()?) {
            cpu.push(after - before);
        }
    }
    let cpu = if cpu.is_empty() {
        "unknown".to_owned()
    } else {
        format!("{:.2} s", median(&mut cpu))
    };
    Ok(Row {
        figure: format!("whole suite against the template driver, median of {RUNS}"),
        ours: format!("{:.2} s wall, {cpu} CPU", median(&mut wall)),
        other: String::new(),
        ratio: String::new(),
    })
}
