//! An unmodified `rancher-machine`, as a host of our plugins and as the plugin of its own drivers.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    go_program::GoProgram,
    peers::NotTested,
    run::{self, Finished},
};

const PEER: &str = "rancher-machine";

/// Finds the executable, or builds it.
///
/// # Errors
///
/// See [`GoProgram::executable`].
pub fn executable() -> Result<PathBuf, NotTested> {
    GoProgram::RANCHER_MACHINE.executable()
}

/// Which SSH client `rancher-machine` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshClient {
    /// The one built into it.
    Native,
    /// `ssh` of OpenSSH, found in `PATH`.
    OpenSsh,
}

/// The command line of `rancher-machine` with a private store.
#[derive(Debug)]
pub struct RancherMachine {
    executable: PathBuf,
    folder: TempDir,
    environment: Vec<(OsString, OsString)>,
    limit: Duration,
}

impl RancherMachine {
    /// A command line with an empty store, which is deleted on drop.
    ///
    /// # Errors
    ///
    /// The executable is missing, or no temporary folder can be made.
    pub fn with_empty_store() -> Result<Self, NotTested> {
        let executable = executable()?;
        let folder = TempDir::with_prefix("rancher-machine-")
            .map_err(|error| NotTested { peer: PEER, reason: format!("no temporary folder: {error}") })?;
        let mut machine =
            Self { executable, folder, environment: Vec::new(), limit: Duration::from_secs(300) };
        let home = machine.folder.path().join("home");
        machine.set("HOME", home);
        // Crashes stay on this machine.
        machine.set("MACHINE_BUGSNAG_API_TOKEN", "no-report");
        machine.set(MARK_VARIABLE, machine.folder.path().to_path_buf());
        Ok(machine)
    }

    /// Sets a variable in the environment of all further commands.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Puts a folder with executables of drivers first in `PATH`, before what was set.
    pub fn find_drivers_in(&mut self, folder: &Path) {
        let set = self.environment.iter().rev().find(|(name, _)| name == "PATH");
        let folders = set.map(|(_, folders)| folders.clone());
        let folders = folders.or_else(|| env::var_os("PATH")).unwrap_or_default();
        let folders = std::iter::once(folder.to_path_buf()).chain(env::split_paths(&folders));
        // Only a folder with a separator in its name can not be joined; then drivers are not found, and said so.
        self.set("PATH", env::join_paths(folders).unwrap_or_default());
    }

    /// Chooses the SSH client of all further commands.
    ///
    /// # Errors
    ///
    /// OpenSSH's client is wanted, but missing.
    pub fn use_ssh(&mut self, client: SshClient) -> Result<(), NotTested> {
        match client {
            SshClient::Native => self.set("MACHINE_NATIVE_SSH", "true"),
            SshClient::OpenSsh => {
                let version = std::process::Command::new("ssh").arg("-V").output();
                version.map_err(|error| NotTested {
                    peer: "ssh",
                    reason: format!("`ssh` does not start ({error}); install OpenSSH's client"),
                })?;
            }
        }
        Ok(())
    }

    /// Path of `rancher-machine`.
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// The folder given as `--storage-path`.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The folder of a machine in the store.
    pub fn machine_folder(&self, machine: &str) -> PathBuf {
        self.store().join("machines").join(machine)
    }

    /// The stored record of a machine.
    ///
    /// # Errors
    ///
    /// It is not there or not JSON.
    pub fn record(&self, machine: &str) -> anyhow::Result<serde_json::Value> {
        let path = self.machine_folder(machine).join("config.json");
        let bytes = std::fs::read(&path).map_err(|e| anyhow::anyhow!("reading {}: {e}", path.display()))?;
        serde_json::from_slice(&bytes).map_err(|e| anyhow::anyhow!("{}: {e}", path.display()))
    }

    /// Copies a file to `MACHINE:PATH` and back. `scp` of OpenSSH 9 speaks SFTP to the server, whatever client the host
    /// uses for commands.
    ///
    /// # Panics
    ///
    /// It does not come back as it was.
    pub async fn copies_files(&self, remote: &str) {
        let (there, back) = (self.folder.path().join("there"), self.folder.path().join("back"));
        let contents: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let written = std::fs::write(&there, &contents);
        assert!(written.is_ok(), "writing {}: {written:?}", there.display());
        let (there, local) = (there.to_string_lossy(), back.to_string_lossy());
        self.run(&["scp", &there, remote]).await.exits(0);
        self.run(&["scp", remote, &local]).await.exits(0);
        let read = std::fs::read(&back);
        assert!(read.is_ok_and(|read| read == contents), "the file has changed on its way");
    }

    /// Runs `rancher-machine --storage-path STORE ARGUMENTS`.
    ///
    /// # Panics
    ///
    /// It does not start or does not end in time.
    pub async fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(&self.executable);
        command.arg("--storage-path").arg(self.store()).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env_remove("MACHINE_STORAGE_PATH").env_remove("MACHINE_DRIVER").env_remove("MACHINE_DEBUG");
        run::to_end(command, self.limit).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Waits until nothing that these commands started is left. Linux only; elsewhere it says nothing.
    ///
    /// `rancher-machine` does not wait for the plugins that it closes, so they may outlive it for a moment, but not
    /// for the 10 seconds after which the protocol ends a plugin without a host.
    ///
    /// # Panics
    ///
    /// Something is still there, shown as `PID COMMAND LINE`.
    pub async fn leaves_no_process(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let left = processes_marked(self.folder.path());
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "processes that are left: {left:#?}");
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Interval of looking for processes.
const POLL: Duration = Duration::from_millis(20);

/// Marks every process below a [`RancherMachine`], however it was detached.
const MARK_VARIABLE: &str = "MACHINE_TESTS_MARK";

/// Linux tells the environment of processes; elsewhere nothing is found.
fn processes_marked(mark: &Path) -> Vec<String> {
    let mark = format!("{MARK_VARIABLE}={}", mark.display());
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    processes
        .flatten()
        .filter(|process| {
            std::fs::read(process.path().join("environ")).is_ok_and(|variables| {
                variables.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
            })
        })
        .map(|process| {
            let words = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&words).replace('\0', " ");
            format!("{} {line}", process.file_name().to_string_lossy())
        })
        .collect()
}
