//! Programs that a driver author may want beside the suite.

use std::{process::Stdio, time::Duration};

use futures_util::future::join_all;
use tokio::process::Command;

use super::Finding;

const AREA: &str = "tools (the suite itself needs none of them)";
/// A program that does not say its version within this time is as good as missing.
const LIMIT: Duration = Duration::from_secs(10);

/// A program, under any of its names.
struct Tool {
    name: &'static str,
    programs: &'static [&'static str],
    arguments: &'static [&'static str],
    /// What it is for.
    purpose: &'static str,
}

const TOOLS: [Tool; 9] = [
    Tool {
        name: "Rust",
        programs: &["cargo"],
        arguments: &["--version"],
        purpose: "drivers in Rust, `machine-conformance new`",
    },
    Tool {
        name: "nextest",
        programs: &["cargo-nextest"],
        arguments: &["nextest", "--version"],
        purpose: "conformance_main! under cargo nextest; cargo test does without",
    },
    Tool { name: "Go", programs: &["go"], arguments: &["version"], purpose: "drivers in Go" },
    Tool {
        name: "git",
        programs: &["git"],
        arguments: &["--version"],
        purpose: "a repository for `machine-conformance new`",
    },
    Tool {
        name: "OpenSSH",
        programs: &["ssh"],
        arguments: &["-V"],
        purpose: "logging in to machines that --keep leaves",
    },
    Tool {
        name: "docker",
        programs: &["docker"],
        arguments: &["--version"],
        purpose: "using the engine of a machine by hand",
    },
    Tool {
        name: "host",
        programs: &["rancher-machine", "docker-machine"],
        arguments: &["--version"],
        purpose: "trying the driver with an unmodified host",
    },
    Tool {
        name: "VirtualBox",
        programs: &["VBoxManage", "vboxmanage"],
        arguments: &["--version"],
        purpose: "machines of a real VirtualBox",
    },
    Tool {
        name: "Python",
        programs: &["python3"],
        arguments: &["--version"],
        purpose: "boto3 and the AWS command line against `machine-conformance mock ec2`",
    },
];

/// Asks every program for its version, all at the same time.
pub(super) async fn look() -> Vec<Finding> {
    join_all(TOOLS.iter().map(look_for)).await
}

async fn look_for(tool: &Tool) -> Finding {
    for program in tool.programs {
        if let Some(version) = version(program, tool.arguments).await {
            return Finding::works(AREA, tool.name, version, tool.purpose);
        }
    }
    let names = tool.programs.join(", ");
    Finding::missing(AREA, tool.name, format!("no {names} in PATH"), tool.purpose)
}

/// The first line that the program prints; `None` if it does not run.
async fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, output).await.ok()?.ok()?;
    if !output.status.success() {
        return None;
    }
    // OpenSSH says its version on standard error.
    let printed = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&printed);
    Some(crate::report::one_line(text.lines().next()?.trim(), 60))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn programs_are_found_under_any_name() {
        let tool = |programs, arguments| Tool { name: "shell", programs, arguments, purpose: "tests" };
        let found = look_for(&tool(&["nothere-at-all", "sh"], &["-c", "echo one; echo two"])).await;
        assert_eq!(found, Finding::works(AREA, "shell", "one", "tests"));
        let missing = look_for(&tool(&["nothere-at-all"], &[])).await;
        assert_eq!(missing, Finding::missing(AREA, "shell", "no nothere-at-all in PATH", "tests"));
        let failing = look_for(&tool(&["sh"], &["-c", "exit 1"])).await;
        assert_eq!(failing.state, super::super::State::Missing);
    }
}
