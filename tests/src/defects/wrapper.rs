//! The template driver with one thing wrong, as a wrapper around its object-safe form.

#![expect(clippy::disallowed_methods, reason = "a driver that ends its process is one of the defects")]

use std::{
    io::Write,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use docker_machine_driver_template::TemplateDriver;
use machine_driver::wait::Waits;
use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, Hosted, Log, OptionValue, Result, State,
};
use serde_json::{Map, Value};

use super::{
    Defect, faulty::Faulty, making::Making, remembering::Remembering, serial::Serial, telling::Telling,
};

impl std::fmt::Debug for Defective {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Defective").field("defect", &self.defect).finish_non_exhaustive()
    }
}

/// A driver with a defect.
pub struct Defective {
    inner: Arc<dyn DynDriver>,
    defect: Defect,
    log: Log,
    calls: AtomicUsize,
    remembered_state: Mutex<Option<State>>,
    remembered_ip: Mutex<Option<String>>,
    token: Mutex<String>,
}

impl Defective {
    /// `inner` with `defect`.
    pub fn new(inner: Arc<dyn DynDriver>, defect: Defect, log: Log) -> Self {
        Self {
            inner,
            defect,
            log,
            calls: AtomicUsize::new(0),
            remembered_state: Mutex::default(),
            remembered_ip: Mutex::default(),
            token: Mutex::default(),
        }
    }

    /// The template driver with `defect`.
    pub fn template(defect: Defect, log: Log, waits: Waits) -> Arc<dyn DynDriver> {
        let template: Arc<dyn DynDriver> =
            Arc::new(Hosted::new(TemplateDriver::default(), log.clone(), waits));
        match defect {
            Defect::ServesOneCallAtATime => Arc::new(Serial::new(template)),
            defect if defect.is_about_faults() => Arc::new(Faulty::new(template, defect)),
            _ if Making::DEFECTS.contains(&defect) => Arc::new(Making::new(template, defect)),
            _ if Telling::DEFECTS.contains(&defect) => Arc::new(Telling::new(template, defect)),
            _ if Remembering::DEFECTS.contains(&defect) => Arc::new(Remembering::new(template, defect)),
            _ => Arc::new(Self::new(template, defect, log)),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// How often this was called before.
    fn count(&self) -> usize {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    async fn record(&self) -> Result<Map<String, Value>> {
        let json = self.inner.config_raw().await?;
        serde_json::from_slice(&json).map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
    }

    async fn text(&self, key: &str) -> String {
        let record = self.record().await.unwrap_or_default();
        record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    async fn machine_dir(&self) -> PathBuf {
        PathBuf::from(self.text("StorePath").await).join("machines").join(self.text("MachineName").await)
    }

    /// Whether the instance does not exist at the provider any more.
    async fn vanished(&self) -> bool {
        matches!(self.inner.state().await, Err(error) if error.kind() == ErrorKind::NotFound)
    }

    async fn running(&self) -> bool {
        matches!(self.inner.state().await, Ok(State::Running))
    }

    fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn object(record: &Map<String, Value>) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}

fn broken(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Other, text)
}

impl DynDriver for Defective {
    fn driver_name(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let name = self.inner.driver_name().await?;
            let machine = self.text("MachineName").await;
            if self.has(Defect::NameFollowsTheMachine) && !machine.is_empty() && machine != "flag-lookup" {
                return Ok(format!("{name}-{machine}"));
            }
            Ok(name)
        })
    }

    fn create_flags(&self) -> BoxFuture<'_, Result<Vec<Flag>>> {
        Box::pin(async move {
            let mut flags = self.inner.create_flags().await?;
            match self.defect {
                Defect::FlagDeclaredTwice => flags.extend(flags.first().cloned()),
                Defect::FlagOfTheHost => {
                    flags.push(Flag::string("engine-label").usage("Labels of the engine"));
                }
                Defect::FlagWithoutUsage => flags.push(Flag::string("template-secret-feature")),
                Defect::FlagsDependOnTheMachine if self.text("MachineName").await != "flag-lookup" => {
                    flags.truncate(flags.len().saturating_sub(1));
                }
                Defect::SwitchThatIsOn => {
                    flags.push(Flag::bool("template-enable-backups").usage("Make backups (default: true)"));
                }
                _ => {}
            }
            Ok(flags)
        })
    }

    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let mut record = self.record().await?;
            match self.defect {
                Defect::RecordCountsItsReads => {
                    record.insert("Reads".to_owned(), self.count().into());
                }
                Defect::RecordWithoutSwarmHost => {
                    record.remove("SwarmHost");
                }
                Defect::RecordWithoutAddress if !self.text("ServerId").await.is_empty() => {
                    record.insert("IPAddress".to_owned(), "".into());
                }
                _ => {}
            }
            Ok(object(&record))
        })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let incoming: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
            if let Some(token) = incoming.values().filter_map(Value::as_str).find(|text| is_token(text)) {
                token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
            }
            if self.has(Defect::UnknownKeysAreRefused) {
                let known = self.record().await?;
                if let Some(unknown) = incoming.keys().find(|key| !known.contains_key(*key)) {
                    return Err(broken(format!("unknown field {unknown:?}")));
                }
            }
            if self.has(Defect::SecondLoadIsRefused) && self.count() > 0 {
                return Err(broken("the configuration was already loaded"));
            }
            self.inner.set_config_raw(json).await
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut options = options;
            let token = options.iter().find_map(|(_, value)| match value {
                OptionValue::String(text) if is_token(text) => Some(text.clone()),
                _ => None,
            });
            if let Some(token) = token {
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
            }
            match self.defect {
                Defect::RequiredFlagIsOptional if options.string("template-token").is_empty() => {
                    options.insert("template-token", OptionValue::String("none".to_owned()));
                }
                Defect::OptionsAreMixedUp => {
                    let lost: Vec<String> = options.iter().map(|(name, _)| name.to_owned()).collect();
                    if !lost.iter().any(|name| name == "template-region") {
                        return Err(broken("option template-region is missing"));
                    }
                }
                Defect::SwarmOptionsAreDropped => {
                    for name in ["swarm-master", "swarm-host", "swarm-discovery"] {
                        options.remove(name);
                    }
                }
                Defect::MalformedValueCrashes
                    if options
                        .iter()
                        .any(|(_, value)| matches!(value, OptionValue::Int(number) if *number < 0)) =>
                {
                    std::process::abort();
                }
                Defect::TokenIsLogged => self.log.debug(format!("using token {}", self.token())),
                _ => {}
            }
            self.inner.set_config_from_flags(options).await?;
            if self.has(Defect::ListsGrow) {
                let mut record = self.record().await?;
                let mut seen = record.get("Seen").and_then(Value::as_array).cloned().unwrap_or_default();
                seen.push("option".into());
                record.insert("Seen".to_owned(), seen.into());
                self.inner.set_config_raw(object(&record)).await?;
            }
            Ok(())
        })
    }

    fn machine_name(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let name = self.inner.machine_name().await?;
            Ok(if self.has(Defect::MachineNameInLowerCase) { name.to_lowercase() } else { name })
        })
    }

    fn ip(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            if self.has(Defect::GetterExits) && self.running().await {
                std::process::exit(1);
            }
            let ip = self.inner.ip().await;
            match self.defect {
                Defect::AddressWithScheme => ip.map(|ip| format!("tcp://{ip}")),
                Defect::AddressIsEmptyWhenStopped => Ok(ip.unwrap_or_default()),
                Defect::AddressIsRemembered => {
                    let mut remembered = self.remembered_ip.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (None, Ok(ip)) = (&*remembered, &ip) {
                        *remembered = Some(ip.clone());
                    }
                    remembered.clone().map_or(ip, Ok)
                }
                _ => ip,
            }
        })
    }

    fn ipv6(&self) -> BoxFuture<'_, Result<String>> {
        self.inner.ipv6()
    }

    fn ssh_hostname(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let host = self.inner.ssh_hostname().await;
            match self.defect {
                Defect::SshHostIsEmptyBeforeCreate => Ok(host.unwrap_or_default()),
                Defect::SshHostWithPort => host.map(|host| format!("{host}:22")),
                _ => host,
            }
        })
    }

    fn ssh_key_path(&self) -> BoxFuture<'_, Result<String>> {
        self.inner.ssh_key_path()
    }

    fn ssh_port(&self) -> BoxFuture<'_, Result<u16>> {
        Box::pin(async move {
            if self.has(Defect::SshDefaultsAreLost) {
                let record = self.record().await?;
                let port = record.get("SSHPort").and_then(Value::as_u64).unwrap_or_default();
                return Ok(u16::try_from(port).unwrap_or_default());
            }
            self.inner.ssh_port().await
        })
    }

    fn ssh_username(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            if self.has(Defect::SshDefaultsAreLost) {
                return Ok(self.text("SSHUser").await);
            }
            if self.has(Defect::SshUserCannotLogIn) {
                return Ok("nobody".to_owned());
            }
            self.inner.ssh_username().await
        })
    }

    fn url(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let url = self.inner.url().await;
            match self.defect {
                Defect::UrlWithoutPort => url.map(|url| url.trim_end_matches(":2376").to_owned()),
                Defect::UrlOfAnotherHost => url.map(|_| "tcp://localhost:2376".to_owned()),
                Defect::UrlWhenStopped => Ok(url.unwrap_or_else(|_| "tcp://203.0.113.9:2376".to_owned())),
                Defect::UrlWithEmptyHost => Ok(url.unwrap_or_else(|_| "tcp://:2376".to_owned())),
                Defect::NotRunningInOtherWords => url.map_err(|error| {
                    if error.kind() == ErrorKind::NotRunning { broken("machine is off") } else { error }
                }),
                _ => url,
            }
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            let state = self.inner.state().await;
            match self.defect {
                Defect::StateIsRemembered => {
                    let mut remembered = self.remembered_state.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (None, Ok(State::Running)) = (&*remembered, &state) {
                        *remembered = Some(State::Running);
                    }
                    remembered.map_or(state, Ok)
                }
                Defect::VanishedIsStopped => match state {
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(State::Stopped),
                    other => other,
                },
                Defect::UnknownIsStopped if !self.text("ServerId").await.is_empty() => match state {
                    Err(error) if error.kind() != ErrorKind::NotFound => Ok(State::Stopped),
                    other => other,
                },
                Defect::OffIsError => {
                    state.map(|state| if state == State::Stopped { State::Error } else { state })
                }
                Defect::RunningBeforeCreate if self.text("ServerId").await.is_empty() => {
                    Ok(state.unwrap_or(State::Running))
                }
                Defect::StateNeedsTheGuest if matches!(state, Ok(State::Running)) => {
                    let (host, port) = (self.inner.ssh_hostname().await?, self.inner.ssh_port().await?);
                    let endpoint = machine_driver::ssh::Endpoint {
                        host,
                        port,
                        user: self.inner.ssh_username().await?,
                        key_path: self.inner.ssh_key_path().await?.into(),
                    };
                    let limits = machine_driver::ssh::Limits {
                        // Longer than a login takes on a busy machine, shorter than anybody waits for a state.
                        connect: std::time::Duration::from_secs(4),
                        ..machine_driver::ssh::Limits::default()
                    };
                    machine_driver::ssh::Client::connect(&endpoint, limits).await?;
                    state
                }
                _ => state,
            }
        })
    }

    fn pre_create_check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let dir = self.machine_dir().await;
            match self.defect {
                Defect::PreCreateCheckMakesTheFolder => {
                    let _ = tokio::fs::create_dir_all(&dir).await;
                }
                Defect::PreCreateCheckWorksOnce if self.count() > 0 => {
                    return Err(broken("the check was already made"));
                }
                _ => {}
            }
            self.inner.pre_create_check().await
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::LineIsTooLong => {
                    // Past the SDK's log, which would split it.
                    let _ = writeln!(std::io::stdout(), "{}", "x".repeat(100_000));
                }
                Defect::WritesBesideTheMachine => {
                    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
                    let _ =
                        tokio::fs::write(home.join(format!("{}.log", self.text("MachineName").await)), "x")
                            .await;
                }
                Defect::SecondCreateMakesAnother if self.running().await => {
                    let mut record = self.record().await?;
                    for (key, value) in &mut record {
                        if key.to_lowercase().contains("id") && value.is_string() && key != "IPAddress" {
                            *value = "".into();
                        }
                    }
                    let renamed = format!("{}-again", self.text("MachineName").await);
                    record.insert("MachineName".to_owned(), renamed.into());
                    self.inner.set_config_raw(object(&record)).await?;
                }
                _ => {}
            }
            self.inner.create().await?;
            match self.defect {
                Defect::KeyIsReadableByAll => {
                    use std::os::unix::fs::PermissionsExt;
                    let path = self.inner.ssh_key_path().await?;
                    let _ = tokio::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).await;
                }
                Defect::KeyIsPrinted => {
                    let path = self.inner.ssh_key_path().await?;
                    let key = tokio::fs::read_to_string(path).await.unwrap_or_default();
                    self.log.debug(key);
                }
                Defect::MachineIsOffAfterCreate => self.inner.kill().await?,
                _ => {}
            }
            Ok(())
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::RemoveDoesNothing => return Ok(()),
                Defect::RemoveCrashes => std::process::abort(),
                Defect::RemoveFailsWhenGone
                    if self.vanished().await && !self.text("ServerId").await.is_empty() =>
                {
                    return Err(broken("server does not exist (404)"));
                }
                Defect::RemoveOnlyWhenRunning if matches!(self.inner.state().await, Ok(State::Stopped)) => {
                    return Err(broken("the server is not running"));
                }
                Defect::RemoveNeedsTheKey => {
                    let path = self.inner.ssh_key_path().await?;
                    tokio::fs::metadata(&path)
                        .await
                        .map_err(|error| broken(format!("cannot read {path}: {error}")))?;
                }
                Defect::RemoveDeletesTheStore => {
                    let store = PathBuf::from(self.text("StorePath").await);
                    let _ = tokio::fs::remove_dir_all(store.join("machines")).await;
                }
                Defect::RemoveStopsFirst if self.running().await => self.inner.stop().await?,
                _ => {}
            }
            match (self.inner.remove().await, self.defect) {
                (Err(_), Defect::RemoveSwallowsErrors) => Ok(()),
                (Err(error), Defect::EveryMissingPageIsAbsence)
                    if error.to_string().contains("answers 404") =>
                {
                    Ok(())
                }
                (Err(_), Defect::ErrorsSayNothing) => Err(broken("exit status 1")),
                (Err(error), Defect::TokenInErrors) => {
                    Err(broken(format!("{error} (token {})", self.token())))
                }
                (outcome, _) => outcome,
            }
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::StartDoesNothing if !self.vanished().await => return Ok(()),
                Defect::StartOfVanishedSucceeds if self.vanished().await => return Ok(()),
                Defect::StartOfRunningReboots if self.running().await => return self.inner.restart().await,
                Defect::StartOfRunningFails if self.running().await => {
                    return Err(broken("the server is in the wrong state"));
                }
                _ => {}
            }
            self.inner.start().await
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::StopDoesNothing if !self.vanished().await => Ok(()),
                Defect::StopKills => self.inner.kill().await,
                Defect::StopOfVanishedSucceeds if self.vanished().await => Ok(()),
                Defect::StopDeletes if !self.vanished().await => self.inner.remove().await,
                Defect::StopHangsWhenIgnored => {
                    let outcome = self.inner.stop().await;
                    if outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout) {
                        return Ok(());
                    }
                    outcome
                }
                _ => self.inner.stop().await,
            }
        })
    }

    fn restart(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::RestartDoesNothing if self.running().await => Ok(()),
                Defect::RestartOfVanishedSucceeds if self.vanished().await => Ok(()),
                Defect::RestartOfStoppedDoesNothing if !self.running().await && !self.vanished().await => {
                    Ok(())
                }
                _ => self.inner.restart().await,
            }
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::KillAsksTheGuest => self.inner.stop().await,
                Defect::KillDeletes => self.inner.remove().await,
                Defect::KillStartsStopped if matches!(self.inner.state().await, Ok(State::Stopped)) => {
                    self.inner.start().await
                }
                Defect::KillWaitsForTheShutdown
                    if matches!(self.inner.state().await, Ok(State::Stopping)) =>
                {
                    self.inner.stop().await
                }
                _ => self.inner.kill().await,
            }
        })
    }
}

/// Whether a text is the token of a mock's account: long, and nothing but letters, digits, dashes and underscores.
fn is_token(text: &str) -> bool {
    text.len() >= 16 && !text.contains(['/', ':', '.', ' '])
}
