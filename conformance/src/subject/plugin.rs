use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use async_trait::async_trait;
use machine_driver::{
    DynDriver, Error, ErrorKind, Result,
    plugin::{DRIVER_NAME_VARIABLE, Host, HostOptions, OutputStream, TOKEN_VARIABLE},
    wait::Waits,
};
use tokio::process::Command;

use super::{HostProgram, Launch, Line, Started, Subject};

/// A driver that runs as an executable, in any language.
#[derive(Clone, Debug)]
pub struct PluginSubject {
    label: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    host: Option<HostProgram>,
}

impl PluginSubject {
    /// The executable `program`, which must exist.
    ///
    /// `arguments` and `environment` go to every process, for executables that are more than a plugin.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the file is missing or cannot be executed, with what to do.
    pub fn new(
        program: &Path,
        arguments: Vec<String>,
        environment: BTreeMap<String, String>,
    ) -> Result<Self> {
        let path = find(program, "driver")?;
        Ok(Self { label: program.display().to_string(), program: path, arguments, environment, host: None })
    }

    /// The same driver, with a host in which checks can run it too.
    #[must_use]
    pub fn with_host(mut self, host: Option<HostProgram>) -> Self {
        self.host = host;
        self
    }

    /// The host in which checks can run the driver.
    pub fn host(&self) -> Option<&HostProgram> {
        self.host.as_ref()
    }

    /// Arguments of every process.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Environment variables of every process.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Absolute path of the executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Name of the driver as the file name gives it, `NAME` of `docker-machine-driver-NAME`.
    pub fn name_of_executable(&self) -> Option<&str> {
        self.program.file_name()?.to_str()?.strip_prefix("docker-machine-driver-")
    }

    /// Name under which the environment selects a driver inside an executable that holds several.
    pub fn selected_name(&self) -> Option<&str> {
        self.environment.get(DRIVER_NAME_VARIABLE).map(String::as_str)
    }

    /// How hosts start the driver, without anything that belongs to one start.
    pub fn host_options(&self) -> HostOptions {
        let mut options = HostOptions::new(&self.program);
        options.arguments = self.arguments.iter().map(Into::into).collect();
        options.environment.extend(self.environment.iter().map(|(name, value)| (name.into(), value.into())));
        if let Some(name) = self.selected_name().or_else(|| self.name_of_executable()) {
            options.driver_name = name.to_owned();
        }
        options
    }

    /// A plain command for the executable, without the variables by which hosts mark a plugin; all streams piped or
    /// empty, and the process dies with the value.
    pub fn plain_command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(&self.environment)
            .env_remove(TOKEN_VARIABLE)
            .env_remove(DRIVER_NAME_VARIABLE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }
}

#[async_trait]
impl Subject for PluginSubject {
    async fn start(&self, launch: Launch) -> Result<Started> {
        let mut options = self.host_options();
        options.on_line = Some(Arc::new(move |line| {
            let stream = match line.stream {
                OutputStream::Stdout => "stdout",
                OutputStream::Stderr => "stderr",
            };
            launch.lines.receive(Line { stream, text: &line.text, length: line.length });
        }));
        options.environment.insert(Waits::FACTOR_VARIABLE.into(), launch.wait_factor.to_string().into());
        options
            .environment
            .extend(launch.environment.into_iter().map(|(name, value)| (name.into(), value.into())));
        let host = Arc::new(Host::spawn(options).await?);
        Ok(Started { driver: Arc::clone(&host) as Arc<dyn DynDriver>, host: Some(host) })
    }

    fn executable(&self) -> Option<&PluginSubject> {
        Some(self)
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}

/// An executable: a path, or a name that is looked up in `PATH`. `what` it is, is said in errors.
pub(super) fn find(program: &Path, what: &str) -> Result<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() || program.exists() {
        return usable(program, what);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find_map(|file| usable(&file, what).ok()).ok_or_else(
        || {
            Error::new(
                ErrorKind::Io,
                format!(
                    "there is no executable {} here or in PATH; give the path of the {what}, for example ./{}",
                    program.display(),
                    program.display()
                ),
            )
        },
    )
}

fn usable(program: &Path, what: &str) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let path = std::path::absolute(program).map_err(|error| {
        Error::new(ErrorKind::Io, format!("{} is no usable path: {error}", program.display()))
    })?;
    let metadata = std::fs::metadata(&path).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot run the {what} {}: {error}", program.display()))
    })?;
    if metadata.is_dir() {
        return Err(Error::new(
            ErrorKind::Io,
            format!("{} is a folder; give the path of the {what}'s executable", program.display()),
        ));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(Error::new(
            ErrorKind::Io,
            format!(
                "{} is not executable; make it so with: chmod +x {}",
                program.display(),
                program.display()
            ),
        ));
    }
    Ok(path)
}
