//! Scripts that are run as a user or a runner would.

use std::{env, ffi::OsString, os::unix::fs::symlink, path::Path, time::Duration};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::{
    executables::{machine_conformance, template_driver, told_by_cargo},
    run::{Finished, to_end},
};

/// A script may run a part of the suite on a loaded machine.
const LIMIT: Duration = Duration::from_secs(300);

/// A folder as the documents describe it: the suite is in `PATH`, the template driver lies in the folder.
///
/// # Errors
///
/// The executables can not be built or linked.
pub fn furnish(folder: &Path) -> anyhow::Result<()> {
    let programs = folder.join(".programs");
    std::fs::create_dir_all(&programs)?;
    symlink(machine_conformance()?, programs.join("machine-conformance"))?;
    symlink(template_driver()?, folder.join("docker-machine-driver-template"))?;
    Ok(())
}

/// Runs a script with bash in a furnished folder, as strictly as a workflow does.
///
/// # Errors
///
/// Bash can not be started, or the script was still running at the limit.
pub async fn bash(folder: &Path, script: &str, variables: &[(&str, &str)]) -> anyhow::Result<Finished> {
    let mut command = Command::new("bash");
    for name in told_by_cargo() {
        command.env_remove(name);
    }
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(folder)
        .env("PATH", path(folder)?)
        .env("NO_COLOR", "1")
        .env_remove("GITHUB_STEP_SUMMARY")
        .envs(variables.iter().copied());
    to_end(command, LIMIT).await
}

/// Whether a program can be used. If not, the reason is written, and with its name in `MACHINE_TESTS_REQUIRE` the test
/// fails instead.
///
/// # Errors
///
/// The program is required, but missing.
pub fn found(program: &str, what_is_left_out: &str) -> anyhow::Result<bool> {
    let paths = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&paths).any(|folder| folder.join(program).is_file()) {
        return Ok(true);
    }
    let required = env::var("MACHINE_TESTS_REQUIRE").unwrap_or_default();
    ensure!(
        !required.split(',').any(|name| name == program),
        "{program} is required by MACHINE_TESTS_REQUIRE, but it is not in PATH"
    );
    #[expect(clippy::print_stderr, reason = "what is not tested is said")]
    {
        eprintln!("not tested, because {program} is not in PATH: {what_is_left_out}");
    }
    Ok(false)
}

pub(crate) fn path(folder: &Path) -> anyhow::Result<OsString> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let programs = [folder.join(".programs")].into_iter();
    env::join_paths(programs.chain(env::split_paths(&paths))).context("the search path")
}
