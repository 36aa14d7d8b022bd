use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use machine_driver::{
    plugin::{DRIVER_NAME_VARIABLE, TOKEN_VARIABLE},
    wait::{Wait, Waits},
};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use super::{HostProgram, processes::alive_in_group};
use crate::subject::PluginSubject;

/// Drivers that hosts have built in: they start themselves for these, not an executable of `PATH`.
const BUILT_IN: [&str; 17] = [
    "amazonec2",
    "azure",
    "digitalocean",
    "exoscale",
    "generic",
    "google",
    "hyperv",
    "none",
    "noop",
    "openstack",
    "pod",
    "rackspace",
    "softlayer",
    "virtualbox",
    "vmwarefusion",
    "vmwarevcloudair",
    "vmwarevsphere",
];

/// Variables that would change what a host does.
const NOT_INHERITED: [&str; 6] = [
    TOKEN_VARIABLE,
    DRIVER_NAME_VARIABLE,
    "MACHINE_STORAGE_PATH",
    "MACHINE_DRIVER",
    "MACHINE_DEBUG",
    "MACHINE_NATIVE_SSH",
];

/// Why the driver cannot be run in the host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The host would start another driver of this name.
    #[error("{host} has a driver {driver} of its own, and would start that one")]
    BuiltIn {
        /// Name of the host.
        host: String,
        /// Name of the driver.
        driver: String,
    },
    /// The folder for it cannot be made.
    #[error("cannot make {}: {problem}", .path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
}

/// The command line of a host with a private store, which finds the driver under test by its name.
#[derive(Debug)]
pub struct HostCommandLine {
    host: HostProgram,
    folder: PathBuf,
    environment: BTreeMap<OsString, OsString>,
}

/// How a command of a host ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ran {
    /// The command line, from the name of the host on.
    pub command: String,
    /// Exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Processes that it has left, with their command lines; empty where the system does not tell.
    pub left: Vec<String>,
}

impl Ran {
    /// First line on standard output, without the space around it.
    pub fn first_line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default().trim()
    }

    /// Exit status, and the last line that tells why, for messages.
    pub fn ending(&self) -> String {
        let status = match self.status {
            Some(status) => format!("exit status {status}"),
            None => "ended by a signal".to_owned(),
        };
        let mut lines = self.stderr.lines().rev().chain(self.stdout.lines().rev());
        match lines.find(|line| !line.trim().is_empty()) {
            Some(line) => format!("{status}: {}", line.trim()),
            None => status,
        }
    }
}

impl HostCommandLine {
    /// Makes a store and puts the driver where the host looks for it, all below `folder`.
    ///
    /// Drivers on the SDK are told `wait_factor`; others poll at their own speed.
    ///
    /// # Errors
    /// If the host has another driver of that name, or the folders cannot be made.
    pub fn prepare(
        host: &HostProgram,
        driver: &PluginSubject,
        driver_name: &str,
        folder: &Path,
        wait_factor: f64,
    ) -> Result<Self, Unusable> {
        let programs = folder.join("programs");
        let made = |path: &Path, outcome: io::Result<()>| {
            outcome.map_err(|problem| Unusable::Folder { path: path.to_owned(), problem })
        };
        for folder in [&programs, &folder.join("home")] {
            made(folder, std::fs::create_dir_all(folder))?;
        }
        if !BUILT_IN.contains(&driver_name) {
            let plugin = programs.join(format!("docker-machine-driver-{driver_name}"));
            made(&plugin, install(driver, &plugin))?;
        } else if !is_same_file(host.program(), driver.program()) {
            return Err(Unusable::BuiltIn { host: host.name(), driver: driver_name.to_owned() });
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(programs).chain(std::env::split_paths(&path));
        let mut environment: BTreeMap<OsString, OsString> =
            driver.environment().iter().map(|(name, value)| (name.into(), value.into())).collect();
        environment.remove(&OsString::from(DRIVER_NAME_VARIABLE));
        let own: [(&str, OsString); 4] = [
            // Only a folder with a separator in its name cannot be joined; then the host does not find the driver.
            ("PATH", std::env::join_paths(path).unwrap_or_default()),
            ("HOME", folder.join("home").into()),
            // A crash of the host is no affair of its authors.
            ("MACHINE_BUGSNAG_API_TOKEN", "no-report".into()),
            (Waits::FACTOR_VARIABLE, wait_factor.to_string().into()),
        ];
        environment.extend(own.map(|(name, value)| (name.into(), value)));
        Ok(Self { host: host.clone(), folder: folder.to_owned(), environment })
    }

    /// Name of the host.
    pub fn host(&self) -> String {
        self.host.name()
    }

    /// Sets a variable for all further commands, for example one that gives an option its value.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    /// The folder that the host is given as its store.
    pub fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Runs `HOST --storage-path STORE ARGUMENTS` without input. `exit` is the time in which its plugins must end
    /// after it.
    ///
    /// # Errors
    /// If it does not start, or is still running at the limit; then it is ended, with all that it has started.
    pub async fn run(
        &self,
        arguments: &[String],
        limit: Duration,
        waits: &Waits,
        exit: &Wait,
    ) -> io::Result<Ran> {
        let mut command = Command::new(self.host.program());
        command
            .arg("--storage-path")
            .arg(self.store())
            .args(arguments)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        let child = command.spawn()?;
        let id = child.id().map_or(0, u32::cast_signed);
        let _group = Group(Pid::from_raw(id));
        let output = tokio::time::timeout(limit, child.wait_with_output())
            .await
            .map_err(|_| io::ErrorKind::TimedOut)??;
        let none_left = waits
            .until(exit, || async {
                let left = alive_in_group(id).unwrap_or_default();
                Ok(left.is_empty().then_some(()))
            })
            .await;
        let left = match none_left {
            Ok(()) => Vec::new(),
            Err(_) => alive_in_group(id).unwrap_or_default(),
        };
        Ok(Ran {
            command: format!("{} {}", self.host.name(), arguments.join(" ")),
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            left,
        })
    }
}

/// Ends every process of a group when it goes.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually nobody is left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Puts the driver under the name by which hosts find it. Hosts give plugins no arguments of the user's.
fn install(driver: &PluginSubject, plugin: &Path) -> io::Result<()> {
    if driver.arguments().is_empty() {
        return std::os::unix::fs::symlink(driver.program(), plugin);
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let words: Vec<String> = std::iter::once(driver.program().to_string_lossy().into_owned())
        .chain(driver.arguments().iter().cloned())
        .map(|word| quoted(&word))
        .collect();
    write_script(plugin, &format!("exec {} \"$@\"", words.join(" ")))
}

/// Writes an executable script by another process: a file that this one has open for writing may still be open in a
/// child which it starts at the same moment, and then cannot be executed.
fn write_script(path: &Path, text: &str) -> io::Result<()> {
    let mut writer = std::process::Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = writer.stdin.take() {
        io::Write::write_all(&mut input, format!("#!/bin/sh\n{text}\n").as_bytes())?;
    }
    let status = writer.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("writing it ended with {status}"))) }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests;
