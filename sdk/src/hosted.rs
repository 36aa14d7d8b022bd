use std::{
    any::Any,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::FutureExt;

use crate::{
    driver::{Context, Driver},
    dynamic::{BoxFuture, DynDriver},
    error::{Error, ErrorKind, Result},
    flag::Flag,
    log::Log,
    options::{DriverFlags, DriverOptions},
    record::Record,
    state::State,
    wait::Waits,
};

/// A driver value made callable from many tasks at once: [`DynDriver`] for any [`Driver`].
///
/// Methods that change the machine take turns and work on a copy; the copy is published when the method ends.
/// Getters answer from the published value and never wait. A panic in a method becomes an error, and the copy that
/// it was working on is dropped.
pub struct Hosted<D> {
    published: Arc<Mutex<Record<D>>>,
    turn: tokio::sync::Mutex<()>,
    log: Log,
    waits: Waits,
}

impl<D: Driver> Hosted<D> {
    /// Hosts `driver`, with its log and its waits.
    pub fn new(driver: D, log: Log, waits: Waits) -> Self {
        Self {
            published: Arc::new(Mutex::new(Record::new(driver))),
            turn: tokio::sync::Mutex::new(()),
            log,
            waits,
        }
    }

    /// Looks at the published value, for tests and for programs that embed a driver.
    pub fn with_driver<T>(&self, look: impl FnOnce(&D) -> T) -> T {
        look(&self.record().driver)
    }

    fn record(&self) -> MutexGuard<'_, Record<D>> {
        // The lock is only held for moves and clones, so a poisoned value is still whole.
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> D {
        self.record().driver.clone()
    }

    fn context(&self) -> Context {
        let published = Arc::clone(&self.published);
        Context::new(self.log.clone(), self.waits.clone(), move |value: &dyn Any| {
            if let Some(driver) = value.downcast_ref::<D>() {
                published.lock().unwrap_or_else(PoisonError::into_inner).driver = driver.clone();
            }
        })
    }

    /// Answers from a snapshot, without a turn.
    async fn look<T>(
        &self,
        method: &'static str,
        ask: impl for<'a> FnOnce(&'a D, &'a Context) -> BoxFuture<'a, Result<T>>,
    ) -> Result<T> {
        let (driver, cx) = (self.snapshot(), self.context());
        guarded(method, async { ask(&driver, &cx).await }).await
    }

    /// Changes a working copy, in turn, and publishes it.
    async fn change(
        &self,
        method: &'static str,
        act: impl for<'a> FnOnce(&'a mut D, &'a Context) -> BoxFuture<'a, Result<()>>,
    ) -> Result<()> {
        let _turn = self.turn.lock().await;
        let (mut driver, cx) = (self.snapshot(), self.context());
        let outcome = guarded(method, async { act(&mut driver, &cx).await }).await;
        if !matches!(&outcome, Err(error) if error.kind() == ErrorKind::Panic) {
            self.record().driver = driver;
        }
        outcome
    }
}

impl<D> fmt::Debug for Hosted<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").finish_non_exhaustive()
    }
}

/// Turns a panic into an error: hosts must get an answer, and the process must live (PLUG-007).
async fn guarded<T>(method: &'static str, future: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(panicked(method, panic.as_ref())),
    }
}

pub(crate) fn panicked(method: &str, panic: &(dyn Any + Send)) -> Error {
    let what = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::new(
        ErrorKind::Panic,
        format!("Panic in the driver: {what} (in {method}; this is a bug of the driver)"),
    )
}

macro_rules! getters {
    ($($method:ident -> $reply:ty, $name:literal, |$driver:ident, $cx:ident| $ask:expr;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<$reply>> {
            Box::pin(self.look($name, |$driver, $cx| Box::pin(async move { let _ = $cx; $ask })))
        }
    )*};
}

macro_rules! changes {
    ($($method:ident, $name:literal;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<()>> {
            Box::pin(self.change($name, |driver, cx| Box::pin(driver.$method(cx))))
        }
    )*};
}

impl<D: Driver> DynDriver for Hosted<D> {
    getters! {
        driver_name -> String, "DriverName", |driver, cx| Ok(driver.driver_name().to_owned());
        create_flags -> Vec<Flag>, "GetCreateFlags", |driver, cx| Ok(driver.create_flags());
        machine_name -> String, "GetMachineName", |driver, cx| Ok(driver.machine_name());
        ip -> String, "GetIP", |driver, cx| driver.ip(cx).await;
        ipv6 -> String, "GetIPv6", |driver, cx| driver.ipv6(cx).await;
        ssh_hostname -> String, "GetSSHHostname", |driver, cx| driver.ssh_hostname(cx).await;
        ssh_key_path -> String, "GetSSHKeyPath", |driver, cx| Ok(driver.ssh_key_path());
        ssh_port -> u16, "GetSSHPort", |driver, cx| Ok(driver.ssh_port());
        ssh_username -> String, "GetSSHUsername", |driver, cx| Ok(driver.ssh_username());
        url -> String, "GetURL", |driver, cx| driver.url(cx).await;
        state -> State, "GetState", |driver, cx| driver.state(cx).await;
        pre_create_check -> (), "PreCreateCheck", |driver, cx| driver.pre_create_check(cx).await;
    }

    changes! {
        create, "Create";
        remove, "Remove";
        start, "Start";
        stop, "Stop";
        restart, "Restart";
        kill, "Kill";
    }

    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move { self.record().to_json() })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            self.record().merge(&json)
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.change("SetConfigFromFlags", move |driver, _| {
            Box::pin(async move {
                let own = D::Options::from_options(&options)?;
                driver.base_mut().set_swarm_options(&options);
                driver.set_config_from_flags(own)
            })
        }))
    }
}
