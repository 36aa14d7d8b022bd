//! The Docker engine of this machine, of which guests can be made, and its client.

use std::{path::Path, time::Duration};

use machine_mock_providers::guest::GuestKind;
use tokio::process::Command;

use crate::{
    peers::NotTested,
    run::{self, Finished},
};

/// Name of the peer.
const PEER: &str = "docker";
/// Longest time of a command of the client.
const LIMIT: Duration = Duration::from_secs(60);

/// Guests that are containers can be made here, and there is a client.
///
/// # Errors
///
/// The feature `containers`, the engine, the image or the client is missing.
pub async fn containers() -> Result<(), NotTested> {
    let missing = |reason: String| NotTested { peer: PEER, reason };
    let required = GuestKind::Container.require().await;
    required.map_err(|error| missing(error.to_string()))?;
    let client = Command::new("docker").arg("--version").output().await;
    client.map_err(|error| missing(format!("`docker` does not start ({error}); install Docker's client")))?;
    Ok(())
}

/// Runs the client against the engine of this machine.
///
/// # Panics
///
/// It does not start or does not end in time.
pub async fn local(arguments: &[&str]) -> Finished {
    let mut command = Command::new("docker");
    command.args(arguments).env_remove("DOCKER_TLS_VERIFY");
    to_end(command).await
}

/// Runs the client over TLS against the engine of a machine, with the variables that a host prints for it.
///
/// # Panics
///
/// It does not start or does not end in time.
pub async fn remote(variables: &[(String, String)], home: &Path, arguments: &[&str]) -> Finished {
    let mut command = Command::new("docker");
    command.arg("--tlsverify").args(arguments);
    command.envs(variables.iter().map(|(name, value)| (name, value))).env("DOCKER_CONFIG", home);
    to_end(command).await
}

async fn to_end(command: Command) -> Finished {
    run::to_end(command, LIMIT).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// The variables of `env`, from lines such as `export DOCKER_HOST="tcp://127.16.1.1:2376"`.
pub fn variables(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("export "));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}
