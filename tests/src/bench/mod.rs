//! The project's figures: each compares ours with Go in one run, alternating, so that both meet the same machine.

mod calls;
mod processor;
mod starts;
mod suite;
mod table;

use std::path::PathBuf;

use crate::{executables, go_tools::GoTools, peers::NotTested, rancher_machine};
use table::Row;
pub(crate) use table::median;

/// A plugin executable written in Go.
struct GoPlugin {
    /// As it is called in the table.
    name: &'static str,
    executable: PathBuf,
    driver: &'static str,
}

/// Measures everything and returns the table as Markdown.
///
/// # Errors
///
/// One of our executables can not be built, or a program that is measured fails.
pub async fn figures() -> anyhow::Result<String> {
    let ours = executables::template_driver()?;
    let (go_plugins, mut missing) = go_plugins();
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(starts::measured(&ours, &go_plugins).await?);
    match GoTools::built() {
        Ok(go) => rows.extend(calls::measured(&ours, &go, &go_plugins).await?),
        Err(not_tested) => missing.push(not_tested),
    }
    rows.push(suite::measured(&ours).await?);
    rows.push(suite::walks(&ours).await?);
    Ok(table::markdown(&rows, &missing))
}

fn go_plugins() -> (Vec<GoPlugin>, Vec<NotTested>) {
    let mut plugins = Vec::new();
    let mut missing = Vec::new();
    match rancher_machine::executable() {
        Ok(executable) => {
            plugins.push(GoPlugin { name: "rancher-machine's `none`", executable, driver: "none" });
        }
        Err(not_tested) => missing.push(not_tested),
    }
    match GoTools::built() {
        Ok(go) => {
            plugins.push(GoPlugin {
                name: "bare `net/rpc` plugin",
                executable: go.plugin(),
                driver: "gopeer",
            });
        }
        Err(not_tested) => missing.push(not_tested),
    }
    (plugins, missing)
}
