//! A machine, handled as `docker-machine` handles it: a fresh process for every command, and a record that is saved
//! at the same points (state machine, save points).

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use machine_driver::{
    BaseDriver, DriverOptions, Error, ErrorKind, Result, State,
    ssh::{Client, Endpoint, Limits as SshLimits, Output},
};

use crate::{check::Stop, context::Context, event::CallTarget, session::Session, store};

/// A machine of a check. It is removed when the check ends, whatever happened.
pub struct Machine {
    cx: Context,
    name: String,
    store: PathBuf,
    options: DriverOptions,
    environment: BTreeMap<String, String>,
    session: Mutex<Arc<Session>>,
    create_called: AtomicBool,
}

impl Machine {
    /// A machine with a fresh process that knows its name and the store: what a host does first.
    pub(crate) async fn begin(
        cx: &Context,
        environment: BTreeMap<String, String>,
        name: String,
        store: PathBuf,
        options: DriverOptions,
    ) -> Result<Arc<Self>, Stop> {
        let session = cx.process_in(environment.clone()).await?;
        let machine = Arc::new(Self {
            cx: cx.clone(),
            name,
            store,
            options,
            environment,
            session: Mutex::new(Arc::clone(&session)),
            create_called: AtomicBool::new(false),
        });
        session.set_config(&machine.first_config()).await.map_err(|error| {
            Stop::Prerequisite(format!("SetConfigRaw refuses the first configuration: {error}"))
        })?;
        Ok(machine)
    }

    /// The same machine, seen from another context: its calls are recorded there.
    pub(crate) fn in_context(&self, cx: &Context) -> Arc<Self> {
        Arc::new(Self {
            cx: cx.clone(),
            name: self.name.clone(),
            store: self.store.clone(),
            options: self.options.clone(),
            environment: self.environment.clone(),
            session: Mutex::new(self.session()),
            create_called: AtomicBool::new(self.create_was_called()),
        })
    }

    /// A machine with the same name, store and options, made anew as by `create` after `rm`, which deletes the folder of
    /// the machine. It is not configured yet.
    ///
    /// # Errors
    /// [`Stop`] if the folder cannot be deleted, or the driver does not start.
    pub async fn anew(&self) -> Result<Arc<Self>, Stop> {
        self.session().close().await;
        let dir = self.dir();
        match tokio::fs::remove_dir_all(&dir).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let text = format!("cannot delete the folder {}: {error}", dir.display());
                return Err(Stop::Environment(text));
            }
            _ => {}
        }
        let (name, store) = (self.name.clone(), self.store.clone());
        let machine =
            Self::begin(&self.cx, self.environment.clone(), name, store, self.options.clone()).await?;
        self.cx.add_machine(&machine);
        Ok(machine)
    }

    /// Name of the machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Root of the private store.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Folder of the machine in the store.
    pub fn dir(&self) -> PathBuf {
        store::machine_dir(&self.store, &self.name)
    }

    /// Options that the machine is made with.
    pub fn options(&self) -> &DriverOptions {
        &self.options
    }

    /// Whether `Create` was called.
    pub fn create_was_called(&self) -> bool {
        self.create_called.load(Ordering::Relaxed)
    }

    /// The configuration that a host sends first: machine name and store path, everything else zero (BASE-002).
    pub fn first_config(&self) -> Vec<u8> {
        let base = BaseDriver::new(self.name.clone(), self.store.to_string_lossy());
        serde_json::to_vec(&base).unwrap_or_default()
    }

    fn current(&self) -> MutexGuard<'_, Arc<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process in use.
    pub fn session(&self) -> Arc<Session> {
        Arc::clone(&self.current())
    }

    /// Saves the record as the driver has it now.
    ///
    /// # Errors
    /// The driver's, or that of the file system.
    pub async fn save(&self) -> Result<()> {
        let record = self.session().config().await?;
        let driver_name = self.session().driver_name().await?;
        store::save(&self.store, &self.name, &driver_name, &record).await
    }

    /// The record in the store: the bytes that the next process gets.
    ///
    /// # Errors
    /// If nothing was saved yet.
    pub async fn saved(&self) -> Result<Vec<u8>> {
        store::load(&self.store, &self.name).await
    }

    /// Ends the process and starts a fresh one with the saved record, as every command of a host does.
    ///
    /// # Errors
    /// [`Stop`] if the process does not start or refuses its own record.
    pub async fn fresh_process(&self) -> Result<Arc<Session>, Stop> {
        let record = self.saved().await.map_err(|error| {
            Stop::Prerequisite(format!("there is no saved record of {}: {error}", self.name))
        })?;
        self.fresh_process_with(&record).await
    }

    /// Like [`fresh_process`](Self::fresh_process) with another record.
    ///
    /// # Errors
    /// [`Stop`] if the process does not start or refuses the record.
    pub async fn fresh_process_with(&self, record: &[u8]) -> Result<Arc<Session>, Stop> {
        self.session().close().await;
        let session = self.cx.process_in(self.environment.clone()).await?;
        *self.current() = Arc::clone(&session);
        session
            .set_config(record)
            .await
            .map_err(|error| Stop::Prerequisite(format!("SetConfigRaw refuses the saved record: {error}")))?;
        Ok(session)
    }

    /// `SetConfigFromFlags` with the machine's options.
    ///
    /// # Errors
    /// The driver's.
    pub async fn configure(&self) -> Result<()> {
        self.session().set_config_from_flags(&self.options).await
    }

    /// What a host does for `create` once the driver is configured: `PreCreateCheck`, save, `Create`, save.
    ///
    /// # Errors
    /// The driver's. After a failed `Create` the record is the one saved before it.
    pub async fn create(&self) -> Result<()> {
        self.session().pre_create_check().await?;
        self.create_checked().await
    }

    /// What a host does after `PreCreateCheck` has passed: save, `Create`, save.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_checked(&self) -> Result<()> {
        let session = self.session();
        self.save().await?;
        self.create_called.store(true, Ordering::Relaxed);
        session.create().await?;
        self.save().await
    }

    /// `start` of a host: fresh process, `Start`, settle window until Running, save.
    ///
    /// # Errors
    /// The driver's, or of kind [`ErrorKind::Timeout`] if the state is not reached.
    pub async fn start(&self) -> Result<()> {
        let session = self.command().await?;
        session.start().await?;
        self.settle(State::Running).await?;
        self.save().await
    }

    /// `stop` of a host: fresh process, `Stop`, settle window until Stopped, save.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn stop(&self) -> Result<()> {
        let session = self.command().await?;
        session.stop().await?;
        self.settle(State::Stopped).await?;
        self.save().await
    }

    /// `kill` of a host: fresh process, `Kill`, settle window until Stopped, save.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn kill(&self) -> Result<()> {
        let session = self.command().await?;
        session.kill().await?;
        self.settle(State::Stopped).await?;
        self.save().await
    }

    /// `restart` of a host for a running machine: fresh process, `Restart`, settle window until Running, save.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<()> {
        let session = self.command().await?;
        session.restart().await?;
        self.settle(State::Running).await?;
        self.save().await
    }

    /// `rm` of a host: fresh process, `Remove`. The local folder stays for the check to look at.
    ///
    /// # Errors
    /// The driver's.
    pub async fn remove(&self) -> Result<()> {
        self.command().await?.remove().await
    }

    async fn command(&self) -> Result<Arc<Session>> {
        self.fresh_process().await.map_err(|stop| Error::new(ErrorKind::Other, stop.to_string()))
    }

    /// Polls `GetState` until it answers `state`; an error counts as "not yet", as in libmachine.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] with the last answer, at the end of the settle window.
    pub async fn settle(&self, state: State) -> Result<()> {
        let limits = self.cx.limits();
        let session = self.session();
        let last = Mutex::new(String::from("nothing"));
        let reached = limits
            .machine_waits()
            .until(&limits.settle(), || async {
                let answer = session.state().await;
                let shown =
                    answer.as_ref().map_or_else(|error| format!("the error {error}"), State::to_string);
                *last.lock().unwrap_or_else(PoisonError::into_inner) = shown;
                Ok((answer.is_ok_and(|answer| answer == state)).then_some(()))
            })
            .await;
        reached.map_err(|_| {
            let window = limits.machine_waits().scale(limits.settle().deadline).as_secs_f64();
            let last = last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Error::new(
                ErrorKind::Timeout,
                format!("GetState did not answer {state} within the settle window of {window:.1} s; the last answer was {last}"),
            )
        })
    }

    /// Where and as whom SSH logs in, as the getters say.
    ///
    /// # Errors
    /// The driver's.
    pub async fn endpoint(&self) -> Result<Endpoint> {
        let session = self.session();
        let host = session.ssh_hostname().await?;
        let port = session.ssh_port().await?;
        let user = session.ssh_username().await?;
        let key = session.ssh_key_path().await?;
        Ok(Endpoint { host, port, user, key_path: key.into() })
    }

    /// Runs `command` in the guest, waiting until SSH answers.
    ///
    /// # Errors
    /// If SSH does not answer within the window, or refuses the key.
    pub async fn guest(&self, command: &str) -> Result<Output> {
        let endpoint = self.endpoint().await?;
        let limits = self.cx.limits();
        let last = Mutex::new(None);
        let answered = limits
            .machine_waits()
            .until(&limits.ssh(), || async {
                match self.guest_once(&endpoint, command).await {
                    Ok(output) => Ok(Some(output)),
                    Err(error) => {
                        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        Ok(None)
                    }
                }
            })
            .await;
        answered
            .map_err(|timeout| last.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(timeout))
    }

    /// Runs `command` in the guest with one try.
    ///
    /// # Errors
    /// If SSH does not answer, or refuses the key.
    pub async fn guest_once(&self, endpoint: &Endpoint, command: &str) -> Result<Output> {
        let recorder = self.cx.recorder();
        let started = recorder.elapsed();
        let outcome =
            async { Client::connect(endpoint, SshLimits::default()).await?.run(command).await }.await;
        let shown = outcome.as_ref().map_or_else(ToString::to_string, |output| {
            format!("exit status {:?}, {} bytes", output.exit_status, output.stdout.len())
        });
        let result = if outcome.is_ok() { Ok(shown.as_str()) } else { Err(shown.as_str()) };
        recorder.call(CallTarget::Guest, started, "ssh", command, result);
        outcome
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("name", &self.name).finish_non_exhaustive()
    }
}
