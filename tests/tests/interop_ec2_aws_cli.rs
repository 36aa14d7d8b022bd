//! The AWS command line walks through our EC2 as the document says, command by command.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{env, time::Duration};

use machine_tests::{
    console, executables, mock_process::MockProcess, peers::available, python_tools::PythonTools,
};
use tokio::process::Command;

/// Longest time of the walk; each `aws` takes a second.
const LIMIT: Duration = Duration::from_secs(600);
/// Where the document has the mock listen; here it is a free port.
const LISTEN: &str = "127.0.0.1:9100";

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_goes_as_it_stands() {
    let Some(tools) = available("the_walk_through_goes_as_it_stands", PythonTools::installed()) else {
        return;
    };
    let document = executables::workspace().join("mock-providers/src/ec2/WALKTHROUGH.md");
    let mut commands = console::read(&document).unwrap();
    let start = commands.remove(0);
    let arguments = start.command.strip_prefix("machine-conformance ").expect("the mock is started first");
    let arguments: Vec<&str> =
        arguments.split_whitespace().map(|word| if word == LISTEN { "127.0.0.1:0" } else { word }).collect();
    let mock = MockProcess::start(&arguments).await.unwrap();
    let address = mock.endpoint().trim_start_matches("http://").to_owned();
    for typed in &mut commands {
        typed.command = typed.command.replace(LISTEN, &address);
        if mock.ssh_port() != Some(22) && typed.command.starts_with("ssh ") {
            let port = mock.ssh_port().expect("one port for all instances");
            typed.command = typed.command.replacen("ssh ", &format!("ssh -p {port} "), 1);
        }
    }
    let calls = commands.iter().filter(|typed| typed.command.contains("aws ec2 ")).count();
    assert!(calls >= 20, "the document has {calls} calls of the AWS command line");

    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("bash");
    let folders = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.programs().to_path_buf()).chain(env::split_paths(&folders));
    shell
        .current_dir(home.path())
        .env_clear()
        .env("PATH", env::join_paths(folders).unwrap())
        .env("HOME", home.path())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    console::play(&commands, shell, LIMIT).await.unwrap_or_else(|error| panic!("{error:#}"));
}
