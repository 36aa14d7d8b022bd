//! A tenant whose changes behind the driver's back are recorded, so that a report can show them between the calls.

use std::{collections::BTreeMap, future::Future, path::Path, sync::Arc};

use async_trait::async_trait;
use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use super::{Object, Offer, ProviderRequest, StateChange, Supplied, Tenant, Transition, WorldError};
use crate::{event::CallTarget, recorder::Recorder};

/// Forwards everything to another tenant, and records what changes something there.
#[derive(Debug)]
pub(crate) struct ObservedTenant {
    tenant: Arc<dyn Tenant>,
    recorder: Recorder,
}

impl ObservedTenant {
    pub(crate) fn new(tenant: Arc<dyn Tenant>, recorder: Recorder) -> Self {
        Self { tenant, recorder }
    }

    async fn recorded<T>(
        &self,
        what: &str,
        argument: &str,
        action: impl Future<Output = Result<T, WorldError>>,
    ) -> Result<T, WorldError> {
        let started = self.recorder.elapsed();
        let outcome = action.await;
        let shown = outcome.as_ref().map(|_| "done").map_err(|error| error.0.as_str());
        self.recorder.call(CallTarget::World, started, what, argument, shown);
        outcome
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method that is not forwarded would look as if the provider could not do it"
)]
#[async_trait]
impl Tenant for ObservedTenant {
    fn settings(&self) -> BTreeMap<String, String> {
        self.tenant.settings()
    }

    fn environment(&self) -> BTreeMap<String, String> {
        self.tenant.environment()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        self.tenant.secrets()
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        self.tenant.inventory().await
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        self.tenant.requests().await
    }

    async fn states(&self) -> Vec<StateChange> {
        self.tenant.states().await
    }

    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError> {
        let action = self.tenant.delete_instance(machine);
        self.recorded("delete the instance", machine, action).await
    }

    async fn power_off(&self, machine: &str) -> Result<(), WorldError> {
        let action = self.tenant.power_off(machine);
        self.recorded("power the instance off", machine, action).await
    }

    async fn readdress(&self, machine: &str) -> Result<String, WorldError> {
        let action = self.tenant.readdress(machine);
        self.recorded("change the address", machine, action).await
    }

    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError> {
        let action = self.tenant.freeze_guest(machine);
        self.recorded("freeze the guest", machine, action).await
    }

    async fn set_faults(&self, plan: FaultPlan) -> Result<(), WorldError> {
        let words = words(&plan);
        self.recorded("set faults", &words, self.tenant.set_faults(plan)).await
    }

    async fn fault_hits(&self) -> Result<Vec<u32>, WorldError> {
        self.tenant.fault_hits().await
    }

    fn can_inject(&self, fault: &FaultKind) -> bool {
        self.tenant.can_inject(fault)
    }

    async fn revoke_credentials(&self) -> Result<(), WorldError> {
        let action = self.tenant.revoke_credentials();
        self.recorded("revoke the credentials", "", action).await
    }

    async fn break_provider(&self) -> Result<(), WorldError> {
        let action = self.tenant.break_provider();
        self.recorded("break the provider", "", action).await
    }

    async fn heal(&self) -> Result<(), WorldError> {
        self.recorded("end all faults", "", self.tenant.heal()).await
    }

    async fn crowd(&self, count: usize) -> Result<(), WorldError> {
        let action = self.tenant.crowd(count);
        self.recorded("make instances of others", &count.to_string(), action).await
    }

    async fn catalog(&self) -> Result<Vec<Offer>, WorldError> {
        self.tenant.catalog().await
    }

    async fn seed_namesakes(&self, machine: &str) -> Result<Vec<Object>, WorldError> {
        let action = self.tenant.seed_namesakes(machine);
        self.recorded("make objects of the same names", machine, action).await
    }

    async fn supply(&self, folder: &Path) -> Result<Supplied, WorldError> {
        self.recorded("make objects of a user", "", self.tenant.supply(folder)).await
    }

    async fn hold(&self, machine: &str, transition: Transition) -> Result<(), WorldError> {
        let what = match transition {
            Transition::Starting => "hold the instance while it starts",
            Transition::Stopping => "hold the instance while it stops",
        };
        self.recorded(what, machine, self.tenant.hold(machine, transition)).await
    }

    async fn one_change_at_a_time(&self) -> Result<(), WorldError> {
        let action = self.tenant.one_change_at_a_time();
        self.recorded("allow one change at a time", "", action).await
    }

    async fn make_private_addresses_reachable(&self) -> Result<(), WorldError> {
        self.tenant.make_private_addresses_reachable().await
    }

    async fn give_ipv6(&self) -> Result<(), String> {
        self.tenant.give_ipv6().await
    }

    fn admit(&self, machine: &str) -> Result<(), String> {
        self.tenant.admit(machine)
    }

    fn can_save(&self) -> bool {
        self.tenant.can_save()
    }

    async fn pause(&self, machine: &str) -> Result<(), WorldError> {
        self.recorded("pause the instance", machine, self.tenant.pause(machine)).await
    }

    async fn save(&self, machine: &str) -> Result<(), WorldError> {
        self.recorded("save the instance", machine, self.tenant.save(machine)).await
    }

    async fn served_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        self.tenant.served_image().await
    }

    async fn missing_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        self.tenant.missing_image().await
    }

    async fn slow_shutdown(&self) -> Result<(), WorldError> {
        let action = self.tenant.slow_shutdown();
        self.recorded("slow shutdowns down", "", action).await
    }

    async fn sweep(&self) -> Vec<String> {
        self.tenant.sweep().await
    }

    async fn close(&self) {
        self.tenant.close().await;
    }
}

/// A plan in a few words, for example `throttle at CreateServer, twice at most`.
fn words(plan: &FaultPlan) -> String {
    let faults: Vec<String> = plan.faults.iter().map(fault_words).collect();
    faults.join("; ")
}

fn fault_words(fault: &Fault) -> String {
    let mut words = format!("{} at {}", fault.then.word(), calls(&fault.when));
    match fault.skip {
        0 => {}
        skip => words.push_str(&format!(" from number {}", skip + 1)),
    }
    if fault.every > 1 {
        words.push_str(&format!(", each {}th", fault.every));
    }
    if let Some(times) = fault.times {
        words.push_str(&format!(", at most {times} times"));
    }
    words
}

fn calls(when: &When) -> String {
    let mut words = match &when.operation {
        Some(operation) => operation.clone(),
        None => "calls".to_owned(),
    };
    let conditions = [
        when.method.as_ref().map(|method| format!(" by {method}")),
        when.path.as_ref().map(|path| format!(" to {path}")),
        when.mutating.map(|changes| match changes {
            true => " that change something".to_owned(),
            false => " that only read".to_owned(),
        }),
        when.mutating_call.map(|number| format!(" (change number {number})")),
        when.call.map(|number| format!(" (call number {number})")),
        when.body.as_ref().map(|body| format!(" with {body:?}")),
    ];
    words.extend(conditions.into_iter().flatten());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_read_like_sentences() {
        let twice = Fault::new(When::operation("CreateServer"), FaultKind::NotFound).times(2);
        let third = Fault::new(When::mutating_call(3), FaultKind::Unauthorized);
        let later = Fault::new(When::always(), FaultKind::Stale).skip(4);
        let plan: FaultPlan = [twice, third, later].into_iter().collect();
        assert_eq!(
            words(&plan),
            "not-found at CreateServer, at most 2 times; unauthorized at calls (change number 3); \
             stale at calls from number 5"
        );
    }
}
