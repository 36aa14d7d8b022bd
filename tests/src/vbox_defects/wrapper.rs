//! The VirtualBox driver with one thing wrong, as a wrapper around its object-safe form.

use std::{fs, io, path::Path, sync::Arc};

use docker_machine_driver_vbox::VBoxDriver;
use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, FlagKind, Hosted, Log, Result, State,
    wait::Waits,
};

use serde_json::Value;

use super::{Defect, calls::call};
use crate::defects::inner::{Inner, pass_on};

/// The VirtualBox driver with a defect.
pub(super) struct Defective {
    inner: Inner,
    defect: Defect,
}

impl Defective {
    pub(super) fn new(defect: Defect, log: Log, waits: Waits) -> Self {
        Self { inner: Inner(Arc::new(Hosted::new(VBoxDriver::default(), log, waits))), defect }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// Does something in the background, and returns at once.
    fn later<F>(&self, act: impl FnOnce(Arc<dyn DynDriver>) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let act = act(Arc::clone(&self.inner.0));
        tokio::spawn(async move {
            // Nobody is there any more to be told of an error.
            let _ = act.await;
        });
    }

    async fn is(&self, states: &[State]) -> bool {
        self.inner.0.state().await.is_ok_and(|state| states.contains(&state))
    }
}

/// Changes the driver's list of networks: nobody has made the DHCP servers of those that no machine uses.
fn forget_left_servers() -> io::Result<()> {
    let home = std::env::var_os("VBOX_USER_HOME").unwrap_or_default();
    let path = Path::new(&home).join("docker-machine-driver-vbox.json");
    let Ok(text) = fs::read(&path) else {
        return Ok(());
    };
    let mut list: Value = serde_json::from_slice(&text)?;
    for (_, entry) in list["objects"].as_object_mut().into_iter().flatten() {
        if entry["users"].as_array().is_some_and(Vec::is_empty) {
            entry["object"]["dhcp"] = Value::Bool(false);
        }
    }
    fs::write(&path, list.to_string())
}

impl DynDriver for Defective {
    fn create_flags(&self) -> BoxFuture<'_, Result<Vec<Flag>>> {
        Box::pin(async move {
            let mut flags = self.inner.0.create_flags().await?;
            for flag in flags.iter_mut().filter(|flag| flag.name == "vbox-boot2docker-url") {
                if self.has(Defect::DefaultImageIsAnother) {
                    flag.kind =
                        FlagKind::String { default: "https://example.com/alpine-virt-3.20.iso".to_owned() };
                }
            }
            Ok(flags)
        })
    }

    fn pre_create_check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::PreCreateCheckMakesANetwork) {
                call(&["hostonlyif", "create"]).await?;
            }
            match self.inner.0.pre_create_check().await {
                Err(error)
                    if self.has(Defect::DownloadIsNotChecked) && error.to_string().contains("download") =>
                {
                    Ok(())
                }
                Err(error)
                    if self.has(Defect::ChecksumIsNotCompared) && error.to_string().contains("SHA-256") =>
                {
                    Ok(())
                }
                outcome => outcome,
            }
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            if self.has(Defect::StateWrites) {
                let vm = self.inner.text("Vm").await;
                call(&["guestproperty", "set", &vm, "/asked", "once more"]).await?;
            }
            let state = self.inner.0.state().await;
            match (self.defect, state) {
                (Defect::PausedIsNone, Ok(State::Paused)) => Ok(State::None),
                (Defect::TransitionsAreRunning, Ok(State::Starting | State::Stopping)) => Ok(State::Running),
                (Defect::MissingIsStopped, Err(error)) if error.kind() == ErrorKind::NotFound => {
                    Ok(State::Stopped)
                }
                (Defect::FailureIsStopped, Err(error)) if error.kind() == ErrorKind::Provider => {
                    Ok(State::Stopped)
                }
                (_, state) => state,
            }
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::LeftServerIsForgotten) {
                forget_left_servers().map_err(|error| Error::new(ErrorKind::Io, error.to_string()))?;
            }
            self.inner.0.create().await
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::StartKnowsOffOnly) && self.is(&[State::Paused, State::Saved]).await {
                return Ok(());
            }
            self.inner.0.start().await
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::StopReturnsEarly) && self.is(&[State::Running]).await {
                self.later(|driver| async move { driver.stop().await });
                return Ok(());
            }
            if self.has(Defect::StopOnlyPresses) && self.is(&[State::Paused]).await {
                let text = "cannot press the power button of the VM: Invalid machine state: Paused";
                return Err(Error::new(ErrorKind::Provider, text));
            }
            self.inner.0.stop().await
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let idle = [State::Paused, State::Starting, State::Stopping];
            if self.has(Defect::KillKnowsRunningOnly) && self.is(&idle).await {
                return Ok(());
            }
            self.inner.0.kill().await
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.has(Defect::RemoveSwitchesOffFirst) && self.is(&[State::Saved]).await {
                let text = "cannot switch the VM off: it is not currently running";
                return Err(Error::new(ErrorKind::Provider, text));
            }
            self.inner.0.remove().await
        })
    }

    pass_on! {
        driver_name() -> String;
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
        url() -> String;
        restart() -> ();
    }
}
