//! A world that the suite does not know: the author's own commands list its objects and act in it. For real clouds and
//! for mocks of others; `conformance/EXTERNAL.md` describes the commands.

mod command;
mod lines;
mod options;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;

pub use self::options::{Act, ExternalOptions};
use self::{
    command::Call,
    lines::{AddressLine, ObjectLine, RequestLine},
};
use super::{Object, ProviderRequest, Tenant, World, WorldError};
use crate::{check::Need, provider::objects_of};

/// The author's provider.
#[derive(Debug)]
pub struct ExternalWorld(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: ExternalOptions,
    most_machines: u32,
    admitted: AtomicU32,
    /// What is there at the end although everything was done to remove it.
    left: Mutex<Vec<String>>,
}

impl ExternalWorld {
    /// A world that lets the run make at most so many machines.
    pub fn new(options: ExternalOptions, most_machines: u32) -> Self {
        Self(Arc::new(Shared { options, most_machines, admitted: AtomicU32::new(0), left: Mutex::default() }))
    }

    /// What a world with these options offers to checks.
    pub fn offers_of(options: &ExternalOptions) -> BTreeSet<Need> {
        let acts = |acts: &[Act]| acts.iter().all(|act| options.has(*act));
        let freezable = !options.guests || options.has(Act::Freeze);
        [
            (Need::Machine, true),
            (Need::Parallel, true),
            (Need::Guest, options.guests),
            (Need::Inventory, acts(&[Act::Inventory])),
            (Need::RequestLog, acts(&[Act::RequestLog])),
            (Need::OutOfBand, acts(&[Act::Delete, Act::PowerOff]) && freezable),
            (Need::Readdress, acts(&[Act::Readdress])),
            (Need::Pause, acts(&[Act::Pause])),
        ]
        .into_iter()
        .filter_map(|(need, offered)| offered.then_some(need))
        .collect()
    }
}

#[async_trait]
impl World for ExternalWorld {
    fn kind(&self) -> &'static str {
        "external"
    }

    fn offers(&self) -> BTreeSet<Need> {
        Self::offers_of(&self.0.options)
    }

    fn pace(&self) -> f64 {
        self.0.options.pace
    }

    async fn tenant(&self, check: &str) -> Result<Arc<dyn Tenant>, WorldError> {
        Ok(Arc::new(ExternalTenant {
            shared: Arc::clone(&self.0),
            check: check.to_owned(),
            machines: Mutex::default(),
        }))
    }

    fn left_behind(&self) -> Vec<String> {
        self.0.left.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One check at a time uses the provider; what belongs to it is told by the names of its machines.
#[derive(Debug)]
struct ExternalTenant {
    shared: Arc<Shared>,
    check: String,
    machines: Mutex<BTreeSet<String>>,
}

impl ExternalTenant {
    fn machines(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, act: Act, machines: Vec<String>) -> Result<Call<'_>, WorldError> {
        let options = &self.shared.options;
        let words = options.commands.get(&act).ok_or_else(|| {
            WorldError(format!("the profile has no command \"{}\" in [provider.external]", act.word()))
        })?;
        Ok(Call {
            word: act.word(),
            words,
            machines,
            folder: &options.folder,
            check: &self.check,
            limit: options.limit,
        })
    }

    /// Runs a command that only acts; what it prints is its own affair.
    async fn act(&self, act: Act, machine: &str) -> Result<(), WorldError> {
        self.call(act, vec![machine.to_owned()])?.output().await.map(drop)
    }

    async fn objects(&self, act: Act, machines: Vec<String>) -> Result<Vec<Object>, WorldError> {
        let call = self.call(act, machines)?;
        let lines = lines::parse::<ObjectLine>(&call.output().await?, "an object {kind, id, name, machine}")
            .map_err(|what| call.error(&what))?;
        Ok(lines.into_iter().map(Object::from).collect())
    }

    /// Objects that say that they belong to a machine of this check.
    async fn own_objects(&self) -> Result<Vec<Object>, WorldError> {
        let mut objects = self.inventory().await?;
        let machines = self.machines();
        objects.retain(|object| object.owner.as_ref().is_some_and(|owner| machines.contains(owner)));
        Ok(objects)
    }

    fn note_left(&self, what: String) {
        let mut left = self.shared.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(what);
    }
}

#[async_trait]
impl Tenant for ExternalTenant {
    fn settings(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn admit(&self, machine: &str) -> Result<(), String> {
        if self.machines().contains(machine) {
            return Ok(());
        }
        let most = self.shared.most_machines;
        let counted = self.shared.admitted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |admitted| {
            (admitted < most).then_some(admitted + 1)
        });
        counted.map_err(|_| {
            format!(
                "the run has created as many machines as it may, {most} (machines in [provider.external])"
            )
        })?;
        self.machines().insert(machine.to_owned());
        Ok(())
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        self.objects(Act::Inventory, Vec::new()).await
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        let call = self.call(Act::RequestLog, Vec::new())?;
        let lines = lines::parse::<RequestLine>(
            &call.output().await?,
            "a request {operation, time, mutating, status, failed}",
        )
        .map_err(|what| call.error(&what))?;
        Ok(lines.into_iter().map(ProviderRequest::from).collect())
    }

    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError> {
        self.act(Act::Delete, machine).await
    }

    async fn power_off(&self, machine: &str) -> Result<(), WorldError> {
        self.act(Act::PowerOff, machine).await
    }

    async fn readdress(&self, machine: &str) -> Result<String, WorldError> {
        let call = self.call(Act::Readdress, vec![machine.to_owned()])?;
        let lines = lines::parse::<AddressLine>(&call.output().await?, "the new address {address}")
            .map_err(|what| call.error(&what))?;
        match lines.into_iter().next() {
            Some(line) => Ok(line.address),
            None => Err(call.error("must print the new address {address}, but printed nothing")),
        }
    }

    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError> {
        self.act(Act::Freeze, machine).await
    }

    async fn pause(&self, machine: &str) -> Result<(), WorldError> {
        self.act(Act::Pause, machine).await
    }

    async fn save(&self, machine: &str) -> Result<(), WorldError> {
        self.act(Act::Save, machine).await
    }

    fn can_save(&self) -> bool {
        self.shared.options.has(Act::Save)
    }

    async fn heal(&self) -> Result<(), WorldError> {
        Ok(()) // it injects no faults
    }

    async fn sweep(&self) -> Vec<String> {
        let machines: Vec<String> = self.machines().iter().cloned().collect();
        if machines.is_empty() {
            return Vec::new();
        }
        let mut notes = Vec::new();
        if self.shared.options.has(Act::Sweep) {
            match self.objects(Act::Sweep, machines.clone()).await {
                Ok(swept) if swept.is_empty() => {}
                Ok(swept) => notes.push(format!("clean-up: swept {}", objects_of(&swept))),
                Err(error) => {
                    self.note_left(format!("perhaps something of {}: {error}", machines.join(", ")));
                    notes.push(format!("clean-up: {error}"));
                }
            }
        }
        if self.shared.options.has(Act::Inventory) {
            match self.own_objects().await {
                Ok(left) if left.is_empty() => {}
                Ok(left) => {
                    let left = objects_of(&left);
                    notes.push(format!("clean-up: still there: {left}"));
                    self.note_left(left);
                }
                Err(error) => notes.push(format!("clean-up: {error}")),
            }
        }
        notes
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests;
