//! From the start of a plugin's process to its `DriverName` reply, seen by one and the same host.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use machine_driver::{
    DynDriver,
    plugin::{Host, HostOptions},
};

use super::{
    GoPlugin,
    table::{Row, median, milliseconds, times},
};

/// Starts of each plugin.
const STARTS: usize = 41;

pub(super) async fn measured(ours: &Path, go_plugins: &[GoPlugin]) -> anyhow::Result<Vec<Row>> {
    let mut our_starts = Vec::new();
    let mut go_starts = vec![Vec::new(); go_plugins.len()];
    // Page caches are filled by one start that does not count.
    started(ours, "template").await?;
    for plugin in go_plugins {
        started(&plugin.executable, plugin.driver).await?;
    }
    for _ in 0..STARTS {
        our_starts.push(started(ours, "template").await?.as_secs_f64());
        for (plugin, starts) in go_plugins.iter().zip(&mut go_starts) {
            starts.push(started(&plugin.executable, plugin.driver).await?.as_secs_f64());
        }
    }
    let our_median = median(&mut our_starts);
    Ok(go_plugins
        .iter()
        .zip(&mut go_starts)
        .map(|(plugin, starts)| {
            let go_median = median(starts);
            Row {
                figure: format!("start of a plugin to its DriverName reply, median of {STARTS}"),
                ours: milliseconds(our_median),
                other: format!("{} ({})", milliseconds(go_median), plugin.name),
                ratio: format!("{} faster", times(go_median / our_median)),
            }
        })
        .collect())
}

async fn started(executable: &Path, driver: &str) -> anyhow::Result<Duration> {
    let mut options = HostOptions::new(executable);
    driver.clone_into(&mut options.driver_name);
    let begin = Instant::now();
    let host = Host::spawn(options).await?;
    host.driver_name().await?;
    let taken = begin.elapsed();
    host.close().await?;
    Ok(taken)
}
