//! Defects that one operation alone does not show: the driver remembers something, and it is wrong later.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use machine_driver::{BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, Result, State};

use super::{
    Defect,
    inner::{Inner, pass_on},
};

/// Key of the record with the state after the last operation.
const LAST_STATE: &str = "LastState";
/// Key of the record that counts the starts.
const STARTS: &str = "Starts";
/// From the call to choosing a server: what a real driver needs to log in at its provider.
const MEANWHILE: Duration = Duration::from_millis(250);

/// Server that is being killed, by account. A real driver would have it in a file.
static KILLED: LazyLock<Mutex<BTreeMap<String, String>>> = LazyLock::new(Mutex::default);

/// The template driver with a memory.
pub(super) struct Remembering {
    inner: Inner,
    defect: Defect,
    /// Whether this process has restarted the machine.
    restarted: AtomicBool,
    /// Whether this process is restarting it.
    restarting: AtomicBool,
}

impl Remembering {
    /// Defects that this wrapper shows.
    pub(super) const DEFECTS: &'static [Defect] = &[
        Defect::StartBelievesTheRecord,
        Defect::StoppedAndVanishedCannotBeRemoved,
        Defect::SecondStartForgetsTheServer,
        Defect::StopAfterRestartDoesNothing,
        Defect::GetterCrashesDuringRestart,
        Defect::WrongServerIsStopped,
    ];

    pub(super) fn new(inner: Arc<dyn DynDriver>, defect: Defect) -> Self {
        Self {
            inner: Inner(inner),
            defect,
            restarted: AtomicBool::new(false),
            restarting: AtomicBool::new(false),
        }
    }

    async fn vanished(&self) -> bool {
        matches!(self.inner.0.state().await, Err(error) if error.kind() == ErrorKind::NotFound)
    }

    /// Notes the state after an operation that succeeded.
    async fn remember(&self, state: &str) -> Result<()> {
        match self.defect {
            Defect::StartBelievesTheRecord | Defect::StoppedAndVanishedCannotBeRemoved => {
                self.inner.set(LAST_STATE, state).await
            }
            _ => Ok(()),
        }
    }

    /// `Stop`; with the defect of the server that is being killed at the moment, whoever's it is.
    async fn stop_the_killed_one(&self) -> Result<()> {
        let (account, own) = (self.inner.text("Token").await, self.inner.text("ServerId").await);
        tokio::time::sleep(MEANWHILE).await;
        let killed = killed().get(&account).cloned();
        self.inner.set("ServerId", killed.unwrap_or_else(|| own.clone())).await?;
        let outcome = self.inner.0.stop().await;
        self.inner.set("ServerId", own).await?;
        outcome
    }

    /// `Kill`, which leaves a note for [`stop_the_killed_one`](Self::stop_the_killed_one).
    async fn kill_and_tell(&self) -> Result<()> {
        let (account, own) = (self.inner.text("Token").await, self.inner.text("ServerId").await);
        killed().insert(account.clone(), own);
        // Longer than a Stop that begins at the same time takes to look.
        tokio::time::sleep(2 * MEANWHILE).await;
        let outcome = self.inner.0.kill().await;
        killed().remove(&account);
        outcome
    }

    fn crash_during_restart(&self) -> Result<()> {
        if self.defect == Defect::GetterCrashesDuringRestart && self.restarting.load(Ordering::SeqCst) {
            return Err(Error::new(
                ErrorKind::Panic,
                "Panic in the driver: the connection is being replaced",
            ));
        }
        Ok(())
    }
}

fn killed() -> MutexGuard<'static, BTreeMap<String, String>> {
    KILLED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DynDriver for Remembering {
    fn url(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            self.crash_during_restart()?;
            self.inner.0.url().await
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.inner.0.create().await?;
            self.remember("Running").await
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let believed = self.inner.text(LAST_STATE).await == "Running";
            if self.defect == Defect::StartBelievesTheRecord && believed && !self.vanished().await {
                return Ok(());
            }
            let stopped = matches!(self.inner.0.state().await, Ok(State::Stopped));
            self.inner.0.start().await?;
            if self.defect == Defect::SecondStartForgetsTheServer && stopped {
                let record = self.inner.record().await?;
                let starts = record.get(STARTS).and_then(serde_json::Value::as_u64).unwrap_or(0) + 1;
                self.inner.set(STARTS, starts).await?;
                if starts > 1 {
                    self.inner.set("ServerId", "srv-forgotten").await?;
                }
            }
            self.remember("Running").await
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let restarted = self.restarted.load(Ordering::SeqCst);
            if self.defect == Defect::StopAfterRestartDoesNothing && restarted && !self.vanished().await {
                return Ok(());
            }
            match self.defect {
                Defect::WrongServerIsStopped => self.stop_the_killed_one().await?,
                _ => self.inner.0.stop().await?,
            }
            self.remember("Stopped").await
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::WrongServerIsStopped => self.kill_and_tell().await?,
                _ => self.inner.0.kill().await?,
            }
            self.remember("Stopped").await
        })
    }

    fn restart(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.restarting.store(true, Ordering::SeqCst);
            let outcome = self.inner.0.restart().await;
            self.restarting.store(false, Ordering::SeqCst);
            outcome?;
            self.restarted.store(true, Ordering::SeqCst);
            self.remember("Running").await
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let stopped = self.inner.text(LAST_STATE).await == "Stopped";
            if self.defect == Defect::StoppedAndVanishedCannotBeRemoved && stopped && self.vanished().await {
                return Err(Error::new(
                    ErrorKind::Other,
                    "cannot release the disk of a server that does not exist",
                ));
            }
            self.inner.0.remove().await
        })
    }

    pass_on! {
        driver_name() -> String;
        create_flags() -> Vec<Flag>;
        config_raw() -> Vec<u8>;
        set_config_raw(json: Vec<u8>) -> ();
        set_config_from_flags(options: DriverOptions) -> ();
        machine_name() -> String;
        ip() -> String;
        ipv6() -> String;
        ssh_hostname() -> String;
        ssh_key_path() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
        state() -> State;
        pre_create_check() -> ();
    }
}
