//! Round trips per second: our host and our plugin against Go's `net/rpc` client and a Go plugin.

use std::{path::Path, time::Instant};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use machine_driver::{
    DynDriver,
    plugin::{Host, HostOptions},
};
use serde::Deserialize;
use tokio::process::Command;

use super::{
    GoPlugin,
    table::{Row, median, per_second, times},
};
use crate::{go_tools::GoTools, run};

/// Calls of one measurement.
const CALLS: usize = 20_000;
/// Measurements of each pair; the median counts.
const ROUNDS: usize = 7;
/// Pipelined calls under way at once, the same number as in `interop/go/rpcbench`.
const OUTSTANDING: usize = 64;

#[derive(Deserialize)]
struct Rates {
    sequential_per_second: f64,
    pipelined_per_second: f64,
}

pub(super) async fn measured(ours: &Path, go: &GoTools, go_plugins: &[GoPlugin]) -> anyhow::Result<Vec<Row>> {
    let mut our_rates = Vec::new();
    let mut go_rates: Vec<Vec<Rates>> = go_plugins.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        our_rates.push(rates_of_ours(ours).await?);
        for (plugin, rates) in go_plugins.iter().zip(&mut go_rates) {
            rates.push(rates_of_go(go, plugin).await?);
        }
    }
    let mut rows = Vec::new();
    for (plugin, rates) in go_plugins.iter().zip(&go_rates) {
        for (mode, rate) in [
            ("one after the other", (|rates| rates.sequential_per_second) as fn(&Rates) -> f64),
            ("64 under way", |rates| rates.pipelined_per_second),
        ] {
            let our_median = median(&mut our_rates.iter().map(rate).collect::<Vec<_>>());
            let go_median = median(&mut rates.iter().map(rate).collect::<Vec<_>>());
            rows.push(Row {
                figure: format!("GetMachineName round trips, {mode}, median of {ROUNDS} × {CALLS}"),
                ours: per_second(our_median),
                other: format!("{} (Go's client, {})", per_second(go_median), plugin.name),
                ratio: times(our_median / go_median),
            });
        }
    }
    Ok(rows)
}

async fn rates_of_ours(plugin: &Path) -> anyhow::Result<Rates> {
    let host = Host::spawn(HostOptions::new(plugin)).await?;
    let begin = Instant::now();
    for _ in 0..CALLS {
        host.machine_name().await?;
    }
    let sequential_per_second = CALLS as f64 / begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    stream::iter(0..CALLS)
        .map(|_| host.machine_name())
        .buffer_unordered(OUTSTANDING)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    let pipelined_per_second = CALLS as f64 / begin.elapsed().as_secs_f64();
    host.close().await?;
    Ok(Rates { sequential_per_second, pipelined_per_second })
}

async fn rates_of_go(go: &GoTools, plugin: &GoPlugin) -> anyhow::Result<Rates> {
    let mut command = Command::new(go.rpcbench());
    command
        .arg("calls")
        .arg(&plugin.executable)
        .args([plugin.driver, "GetMachineName"])
        .arg(CALLS.to_string());
    let finished = run::to_end(command, std::time::Duration::from_secs(120)).await?;
    anyhow::ensure!(finished.code == Some(0), "the benchmark client failed\n{finished}");
    serde_json::from_str(&finished.stdout).with_context(|| finished.to_string())
}
