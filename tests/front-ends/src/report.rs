//! What JSON reports say.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use serde_json::Value;

/// Verdict of each check in a report.
///
/// # Errors
///
/// The file is no report.
pub fn verdicts(report: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(report).with_context(|| format!("reading {}", report.display()))?;
    let document: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", report.display()))?;
    let checks = document["checks"].as_array().context("the report has no checks")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(checks.iter().map(|check| (text(&check["id"]), text(&check["verdict"]))).collect())
}
