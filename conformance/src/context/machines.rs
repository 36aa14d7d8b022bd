//! Machines that checks make, and how far they are when a check gets them.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use futures_util::future::try_join_all;
use machine_driver::{DriverOptions, OptionValue, State};

use super::Context;
use crate::{
    check::{Need, Stop},
    machine::Machine,
};

impl Context {
    /// A name for a machine: short, lower-case, unlike any other, the same for the same seed.
    pub fn machine_name(&self) -> String {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        format!("mc-{:08x}", self.random(&format!("machine {number}")) as u32)
    }

    /// A private, empty store. It exists; the machine's folder in it does not.
    ///
    /// # Errors
    /// [`Stop::Environment`] if the folder cannot be made.
    pub async fn store(&self) -> Result<PathBuf, Stop> {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        let path = self.0.private.join(format!("store-{number}"));
        tokio::fs::create_dir_all(&path).await.map_err(|error| {
            Stop::Environment(format!("cannot make the folder {}: {error}", path.display()))
        })?;
        Ok(path)
    }

    /// A machine whose driver knows its name and store, and nothing else yet.
    ///
    /// # Errors
    /// [`Stop`] if the driver does not start.
    pub async fn named(&self) -> Result<Arc<Machine>, Stop> {
        let options = self.options().unwrap_or_default();
        self.machine_with(self.machine_name(), options).await
    }

    /// A machine with this name and these options, not configured yet.
    ///
    /// # Errors
    /// [`Stop`] if the driver does not start.
    pub async fn machine_with(&self, name: String, options: DriverOptions) -> Result<Arc<Machine>, Stop> {
        self.machine_in(BTreeMap::new(), name, options).await
    }

    /// Like [`machine_with`](Self::machine_with); all its processes have further environment variables.
    ///
    /// # Errors
    /// [`Stop`] if the driver does not start.
    pub async fn machine_in(
        &self,
        environment: BTreeMap<String, String>,
        name: String,
        options: DriverOptions,
    ) -> Result<Arc<Machine>, Stop> {
        if self.0.check.needs.contains(&Need::Machine) {
            self.admit(&name)?;
        }
        let store = self.store().await?;
        let machine = Machine::begin(self, environment, name, store, options).await?;
        self.add_machine(&machine);
        Ok(machine)
    }

    pub(crate) fn add_machine(&self, machine: &Arc<Machine>) {
        let mut machines = self.0.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.push(Arc::clone(machine));
    }

    /// Tells the provider that this machine is about to be made.
    ///
    /// # Errors
    /// [`Stop::NotTested`] if the run may not make another one.
    pub fn admit(&self, machine: &str) -> Result<(), Stop> {
        self.0.tenant.admit(machine).map_err(Stop::NotTested)
    }

    /// A machine that accepted its options and is ready for `Create`.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the driver refuses the options, for example because required flags are unknown.
    pub async fn configured(&self) -> Result<Arc<Machine>, Stop> {
        self.configured_with(self.machine_name(), self.options()?).await
    }

    /// Like [`configured`](Self::configured), with this name and these options.
    ///
    /// # Errors
    /// As [`configured`](Self::configured).
    pub async fn configured_with(&self, name: String, options: DriverOptions) -> Result<Arc<Machine>, Stop> {
        let machine = self.machine_with(name, options).await?;
        machine.configure().await.map_err(|error| {
            Stop::Prerequisite(format!(
                "SetConfigFromFlags refuses the options of the run: {error} (give required flags with --flag NAME=VALUE)"
            ))
        })?;
        Ok(machine)
    }

    /// So many configured machines, each with a process and a store of its own.
    ///
    /// # Errors
    /// As [`configured`](Self::configured).
    pub async fn several(&self, count: usize) -> Result<Vec<Arc<Machine>>, Stop> {
        let mut machines = Vec::with_capacity(count);
        for _ in 0..count {
            machines.push(self.configured().await?);
        }
        Ok(machines)
    }

    /// So many machines that run, created at once.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if one could not be created or does not run within the settle window.
    pub async fn several_created(&self, count: usize) -> Result<Vec<Arc<Machine>>, Stop> {
        let machines = self.several(count).await?;
        try_join_all(machines.iter().map(|machine| self.create(machine))).await?;
        Ok(machines)
    }

    /// A machine that was created and runs.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if it could not be created or does not run within the settle window.
    pub async fn created(&self) -> Result<Arc<Machine>, Stop> {
        let machine = self.configured().await?;
        self.create(&machine).await?;
        Ok(machine)
    }

    /// Port of Swarm masters: not the default, which a driver may have built in.
    pub const SWARM_PORT: u16 = 4376;

    /// A created machine that is a Swarm master on [`SWARM_PORT`](Self::SWARM_PORT).
    ///
    /// # Errors
    /// As [`created`](Self::created).
    pub async fn created_swarm_master(&self) -> Result<Arc<Machine>, Stop> {
        let mut options = self.options()?;
        options.insert("swarm-master", OptionValue::Bool(true));
        let host = format!("tcp://0.0.0.0:{}", Self::SWARM_PORT);
        options.insert("swarm-host", OptionValue::String(host));
        let machine = self.configured_with(self.machine_name(), options).await?;
        self.create(&machine).await?;
        Ok(machine)
    }

    /// Creates a configured machine and waits until it runs.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if that fails.
    pub async fn create(&self, machine: &Machine) -> Result<(), Stop> {
        self.admit(machine.name())?;
        machine
            .create()
            .await
            .map_err(|error| Stop::Prerequisite(format!("the machine cannot be created: {error}")))?;
        machine
            .settle(State::Running)
            .await
            .map_err(|error| Stop::Prerequisite(format!("the created machine does not run: {error}")))
    }

    /// A machine that was created and then stopped by a host.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if that fails.
    pub async fn stopped(&self) -> Result<Arc<Machine>, Stop> {
        let machine = self.created().await?;
        machine
            .stop()
            .await
            .map_err(|error| Stop::Prerequisite(format!("the machine cannot be stopped: {error}")))?;
        Ok(machine)
    }

    /// The machines made so far, for the clean-up.
    pub(crate) fn machines(&self) -> Vec<Arc<Machine>> {
        std::mem::take(&mut self.0.machines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
