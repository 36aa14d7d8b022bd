//! boto3 asks our EC2 and moto the same questions; `interop/ec2/differences.toml` has every difference that it may find.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{path::Path, time::Duration};

use machine_mock_providers::ec2::{Credentials, Server, ServerOptions, Times};
use machine_tests::{
    peers::available,
    python_tools::{PythonTools, ec2_folder},
    run,
};
use tokio::process::Command;

/// Longest time of the comparison; moto takes most of it.
const LIMIT: Duration = Duration::from_secs(600);

fn python(tools: &PythonTools, folder: &Path) -> Command {
    let mut command = Command::new(tools.python());
    command.current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Long enough that a client on a busy machine sees the states on the way.
fn unhurried() -> Times {
    let milliseconds = Duration::from_millis;
    Times {
        boot: milliseconds(900),
        stop: milliseconds(500),
        terminate: milliseconds(300),
        spot_fulfilment: milliseconds(300),
        ..Times::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_sees_what_differs() {
    let Some(tools) = available("the_comparison_sees_what_differs", PythonTools::installed()) else {
        return;
    };
    let mut command = python(&tools, &ec2_folder());
    command.args(["-m", "unittest", "--quiet", "test_fidelity"]);
    run::to_end(command, LIMIT).await.unwrap().exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_difference_from_moto_is_reviewed() {
    let Some(tools) = available("every_difference_from_moto_is_reviewed", PythonTools::installed()) else {
        return;
    };
    let server =
        Server::start(ServerOptions { times: unhurried(), ..ServerOptions::default() }).await.unwrap();
    let account = server.account("default");
    let Credentials { access_key, secret_key, .. } = account.credentials();
    let mut command = python(&tools, &ec2_folder());
    command.args(["-m", "fidelity", "--endpoint", &server.endpoint()]);
    command.args(["--access-key", access_key, "--secret-key", secret_key]);
    run::to_end(command, LIMIT).await.unwrap().exits(0);
}
