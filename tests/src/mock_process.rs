//! `machine-conformance mock ...` as a process of its own, as its users start it.

use std::{process::Stdio, time::Duration};

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::executables;

/// Longest time until a mock says where it listens.
const START: Duration = Duration::from_secs(30);

/// A mock that runs until this is dropped.
#[derive(Debug)]
pub struct MockProcess {
    child: Child,
    announced: serde_json::Value,
}

impl MockProcess {
    /// Starts `machine-conformance ARGUMENTS --json` and reads what it announces.
    ///
    /// # Errors
    ///
    /// It cannot be built or started, or does not announce itself.
    pub async fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = executables::machine_conformance()?;
        let mut child = Command::new(&program)
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("the mock has no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START, lines.next_line())
            .await
            .with_context(|| format!("the mock said nothing in {START:?}"))??
            .with_context(|| format!("`machine-conformance {}` ended at once", arguments.join(" ")))?;
        let announced =
            serde_json::from_str(&line).with_context(|| format!("the mock announced {line:?}"))?;
        Ok(Self { child, announced })
    }

    /// URL of the API.
    pub fn endpoint(&self) -> &str {
        self.announced["endpoint"].as_str().unwrap_or_default()
    }

    /// Something else that it announced, by its key.
    pub fn announced(&self, key: &str) -> &serde_json::Value {
        &self.announced[key]
    }

    /// Port of SSH on every machine, if all have the same.
    pub fn ssh_port(&self) -> Option<u64> {
        self.announced["ssh_port"].as_u64()
    }

    /// Process id; 0 when it has ended.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }
}
