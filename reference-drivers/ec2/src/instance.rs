use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use aws_sdk_ec2::types::{Instance, Tag};
use machine_driver::{
    Context, Driver, Error, ErrorKind, Result, State, quoted,
    ssh::{self, Endpoint},
    wait::Wait,
};

use crate::{
    api::Ec2,
    driver::Ec2Driver,
    names::{self, MACHINE_TAG, NAME_TAG, OWNER_TAG, filter, is_owned, owned_by, tag},
};

// Every wait has a name, which errors quote, and an end (CREATE-017, START-010, STOP-007, RM-018).
pub(crate) const SHOWN: Wait = wait("EC2 to show what it has made", 120, 1);
pub(crate) const SEARCHED: Wait = wait("EC2 to show what it may have made", 20, 1);
pub(crate) const UP: Wait = wait("the instance to run and have an address", 300, 1);
pub(crate) const SHUT_DOWN: Wait = wait("the guest to shut down", 300, 1);
pub(crate) const POWERED_OFF: Wait = wait("the instance to be off", 180, 1);
pub(crate) const GONE: Wait = wait("the instance to be terminated", 300, 1);
pub(crate) const GROUP_UNUSED: Wait = wait("the security group to be unused", 120, 1);
pub(crate) const VOLUMES_GONE: Wait = wait("the volumes to be gone", 120, 1);

// EC2's names of the states of an instance.
pub(crate) const PENDING: &str = "pending";
pub(crate) const RUNNING: &str = "running";
pub(crate) const STOPPING: &str = "stopping";
pub(crate) const STOPPED: &str = "stopped";
pub(crate) const ENDING: &str = "shutting-down";
pub(crate) const TERMINATED: &str = "terminated";

const fn wait(name: &'static str, deadline: u64, interval: u64) -> Wait {
    Wait::new(name, Duration::from_secs(deadline), Duration::from_secs(interval))
}

/// The machine's instance, as all methods need it.
impl Ec2Driver {
    /// By the recorded id, or before it is known by the machine's mark, never by name (RM-016). A terminated instance
    /// is none, although EC2 shows it for an hour.
    pub(crate) async fn find(&self, ec2: &Ec2) -> Result<Option<Instance>> {
        if self.instance_id.is_empty() {
            return Ok(self.own_instances(ec2).await?.into_iter().next());
        }
        let found = ec2.instance(&self.instance_id).await?;
        Ok(found.filter(|instance| state(instance) != TERMINATED))
    }

    /// The instances with the machine's mark that are not terminated.
    pub(crate) async fn own_instances(&self, ec2: &Ec2) -> Result<Vec<Instance>> {
        let states = [PENDING, RUNNING, STOPPING, STOPPED, ENDING];
        let owner = self.owner();
        let filters = vec![owned_by(&owner), filter("instance-state-name", &states)];
        let mut found = ec2.instances(filters).await?;
        // What is found may be terminated, so EC2's filter is not trusted.
        found.retain(|instance| is_owned(instance.tags(), &owner) && instance.instance_id().is_some());
        Ok(found)
    }

    /// As [`find`](Self::find); no instance is an error (START-007, STOP-006, RST-007, STATE-006).
    pub(crate) async fn existing(&self, ec2: &Ec2) -> Result<Instance> {
        self.find(ec2).await?.ok_or_else(|| self.gone())
    }

    fn gone(&self) -> Error {
        let machine = &self.base.machine_name;
        if self.instance_id.is_empty() {
            let text = format!("machine {machine} has no instance: it was not created");
            return Error::new(ErrorKind::Other, text);
        }
        let text = format!("machine {machine} not found: EC2 has no instance {}", self.instance_id);
        Error::new(ErrorKind::NotFound, text)
    }

    /// Waits for a state of the instance; it may still be in the old one for a while. `fresh`: it is starting, and EC2 may
    /// not show it yet (FAULT-003).
    pub(crate) async fn reach(
        &self,
        ec2: &Ec2,
        cx: &Context,
        id: &str,
        wait: &Wait,
        wanted: &str,
        fresh: bool,
    ) -> Result<Instance> {
        // An instance that begins to start and then stops will not run.
        let begun = AtomicBool::new(fresh);
        let reached = cx.waits().until(wait, || async {
            let Some(instance) = ec2.instance(id).await? else {
                return if fresh { Ok(None) } else { Err(self.gone()) };
            };
            let (starts, now) = (wanted == RUNNING, state(&instance));
            let (ends, stops) = ([ENDING, TERMINATED].contains(&now), [STOPPING, STOPPED].contains(&now));
            if ends || starts && stops && begun.load(Ordering::Relaxed) {
                return Err(given_up(&instance));
            }
            begun.fetch_or(now == PENDING, Ordering::Relaxed);
            let usable = !starts || self.has_addresses(&instance);
            Ok((now == wanted && usable).then_some(instance))
        });
        reached.await.map_err(|error| error.with_context("instance", id))
    }

    /// Waits until the instance runs and its guest answers (CREATE-003, CREATE-004, START-002, START-003).
    pub(crate) async fn come_up(&mut self, ec2: &Ec2, cx: &Context, id: &str, fresh: bool) -> Result<()> {
        cx.log().info("Waiting for the instance to run...");
        let instance = self.reach(ec2, cx, id, &UP, RUNNING, fresh).await?;
        self.record(&instance);
        cx.publish(self);
        if let Some(endpoint) = self.guest(&instance) {
            cx.log().info("Waiting for SSH...");
            ssh::wait_until_ready(&endpoint, cx.waits()).await?;
        }
        Ok(())
    }

    /// Stops the instance from any state, with `force` without asking its guest.
    pub(crate) async fn switch_off(&self, cx: &Context, force: bool) -> Result<()> {
        let ec2 = self.ec2(cx).await?;
        let mut instance = self.existing(&ec2).await?;
        let id = instance.instance_id.clone().unwrap_or_default();
        if state(&instance) == PENDING {
            // EC2 refuses to stop what has never run.
            instance = self.reach(&ec2, cx, &id, &UP, RUNNING, true).await?;
        }
        match state(&instance) {
            STOPPED => Ok(()),
            STOPPING if !force => self.reach(&ec2, cx, &id, &SHUT_DOWN, STOPPED, false).await.map(drop),
            _ => self.power_down(&ec2, cx, &id, force).await,
        }
    }

    async fn power_down(&self, ec2: &Ec2, cx: &Context, id: &str, force: bool) -> Result<()> {
        if let Err(error) = ec2.stop(id, force).await {
            // It may have stopped by itself in the meantime.
            let stopped = state(&self.existing(ec2).await?) == STOPPED;
            return if stopped { Ok(()) } else { Err(error) };
        }
        let wait = if force { &POWERED_OFF } else { &SHUT_DOWN };
        let reached = self.reach(ec2, cx, id, wait, STOPPED, false).await;
        reached.map(drop).map_err(|error| match error.kind() {
            ErrorKind::Timeout if !force => error.with_context("hint", "kill does not ask the guest"),
            _ => error,
        })
    }

    /// The guest's boot id, if it answers soon.
    pub(crate) async fn boot_id(&self, cx: &Context, instance: &Instance) -> Option<ssh::BootId> {
        ssh::current_boot(&self.guest(instance)?, cx.waits()).await
    }

    fn guest(&self, instance: &Instance) -> Option<Endpoint> {
        Some(self.ssh_endpoint(self.address(instance)?))
    }

    /// An address of the running instance.
    pub(crate) async fn running_address(
        &self,
        cx: &Context,
        choose: impl Fn(&Self, &Instance) -> Option<String> + Send,
    ) -> Result<String> {
        let instance = self.existing(&self.ec2(cx).await?).await?;
        if state(&instance) != RUNNING {
            return Err(Error::not_running());
        }
        choose(self, &instance).ok_or_else(|| {
            let id = instance.instance_id().unwrap_or_default();
            Error::new(ErrorKind::Provider, format!("EC2 gave the instance {id} no such address"))
        })
    }

    /// The address that the options ask for (NET-011).
    pub(crate) fn address(&self, instance: &Instance) -> Option<String> {
        let options = &self.options;
        let address = if options.ipv6_address_only {
            instance.ipv6_address()
        } else if options.private_address_only || options.use_private_address {
            instance.private_ip_address()
        } else {
            instance.public_ip_address()
        };
        address.filter(|address| !address.is_empty()).map(str::to_owned)
    }

    fn has_addresses(&self, instance: &Instance) -> bool {
        let ipv6 = self.options.ipv6_address_count == 0 || instance.ipv6_address().is_some();
        ipv6 && self.address(instance).is_some()
    }

    /// Takes over what EC2 chose (START-004, NET-010).
    pub(crate) fn record(&mut self, instance: &Instance) {
        self.base.ip_address = self.address(instance).unwrap_or_default();
        self.base.ipv6_address = instance.ipv6_address().unwrap_or_default().to_owned();
        self.private_ip_address = instance.private_ip_address().unwrap_or_default().to_owned();
    }

    pub(crate) fn owner(&self) -> String {
        if self.owner.is_empty() { self.base.mark().to_string() } else { self.owner.clone() }
    }

    pub(crate) fn object_name(&self) -> String {
        names::object_name(&self.base.machine_name, &self.owner())
    }

    /// Tags of what belongs to the machine alone.
    pub(crate) fn machine_tags(&self) -> Vec<Tag> {
        let name = &self.base.machine_name;
        vec![tag(NAME_TAG, name), tag(MACHINE_TAG, name), tag(OWNER_TAG, &self.owner())]
    }
}

/// The instance's state; what lacks one is not taken for gone (FAULT-006).
pub(crate) fn state(instance: &Instance) -> &str {
    let name = instance.state().and_then(|state| state.name());
    name.map_or("unknown", |name| name.as_str())
}

/// The contract's state; `None` for one that is not known, which must not be guessed (STATE-004, STATE-005).
pub(crate) fn to_machine(state: &str) -> Option<State> {
    match state {
        PENDING => Some(State::Starting),
        RUNNING => Some(State::Running),
        STOPPING | ENDING => Some(State::Stopping),
        STOPPED => Some(State::Stopped),
        _ => None,
    }
}

/// An instance that will not do what it should is an error of whoever waits for it (FAULT-008, FAULT-011).
fn given_up(instance: &Instance) -> Error {
    let reason = instance.state_reason().and_then(|reason| reason.message());
    let text = format!(
        "the instance {} is {} instead: {}",
        instance.instance_id().unwrap_or_default(),
        state(instance),
        quoted(reason.filter(|reason| !reason.is_empty()).unwrap_or("no reason given"))
    );
    Error::new(ErrorKind::Provider, text)
}
