use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{host_output::OutputLine, wire::Limits};

/// Called with every line that a plugin prints, in order.
pub type LineCallback = Arc<dyn Fn(&OutputLine) + Send + Sync>;

/// How a plugin is started and driven.
#[derive(Clone)]
#[non_exhaustive]
pub struct HostOptions {
    /// The executable: a path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Name of the driver, for executables with several. Default: the file name without `docker-machine-driver-`.
    pub driver_name: String,
    /// Arguments. docker-machine passes none, rancher-machine its own command line.
    pub arguments: Vec<OsString>,
    /// Environment variables beside the inherited ones. An entry also replaces what the protocol sets.
    pub environment: BTreeMap<OsString, OsString>,
    /// Whether nothing of this process's environment is inherited.
    pub clear_environment: bool,
    /// Working directory; inherited by default.
    pub current_dir: Option<PathBuf>,
    /// Longest time until the address line. Hosts wait 10 s (PLUG-002).
    pub address_deadline: Duration,
    /// Longest time for connecting and for agreeing on the version. Hosts have no limit; the default is 10 s.
    pub connect_deadline: Duration,
    /// Pause between two heartbeats. Plugins end 10 s after the last one; the default is 2 s. A plugin that only has
    /// the oldest service name gets one at least every 200 ms.
    pub heartbeat_interval: Duration,
    /// How long [`Host::close`](super::Host::close) waits for the answer and for the end of the process, each,
    /// before it kills. The default is 5 s.
    pub close_grace: Duration,
    /// Caps on what the plugin may send over the connection.
    pub limits: Limits,
    /// Most bytes that are kept of one printed line. The default is 128 KiB.
    pub kept_line: usize,
    /// Most bytes that are kept of everything printed; the oldest lines are dropped. The default is 16 MiB.
    pub kept_output: usize,
    /// Called with every printed line, from the first one on. See also [`Host::on_line`](super::Host::on_line).
    pub on_line: Option<LineCallback>,
}

impl HostOptions {
    /// The defaults for an executable.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        Self {
            driver_name: driver_name(&program),
            program,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            clear_environment: false,
            current_dir: None,
            address_deadline: Duration::from_secs(10),
            connect_deadline: Duration::from_secs(10),
            heartbeat_interval: Duration::from_secs(2),
            close_grace: Duration::from_secs(5),
            limits: Limits::default(),
            kept_line: 128 << 10,
            kept_output: 16 << 20,
            on_line: None,
        }
    }

    /// Sets an environment variable of the plugin.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }
}

fn driver_name(program: &Path) -> String {
    let name = program.file_stem().unwrap_or_default().to_string_lossy();
    name.strip_prefix("docker-machine-driver-").unwrap_or(&name).to_owned()
}

impl fmt::Debug for HostOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostOptions")
            .field("program", &self.program)
            .field("driver_name", &self.driver_name)
            .field("arguments", &self.arguments)
            // Values are often credentials.
            .field("environment", &self.environment.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_s_name_is_in_the_executable_s() {
        for (program, name) in [
            ("/usr/bin/docker-machine-driver-acme", "acme"),
            ("docker-machine-driver-acme.exe", "acme"),
            ("bin/rancher-machine", "rancher-machine"),
        ] {
            assert_eq!(HostOptions::new(program).driver_name, name);
        }
    }

    #[test]
    fn values_of_the_environment_are_not_shown() {
        let options = HostOptions::new("x").env("ACME_TOKEN", "hush-hush");
        let shown = format!("{options:?}");
        assert!(shown.contains("ACME_TOKEN") && !shown.contains("hush-hush"), "{shown}");
    }
}
