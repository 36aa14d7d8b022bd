//! What tests see of an account, and do to it behind the driver's back.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    account::{Account, RegionOfTenant},
    api::Contents,
    error::Ec2Error,
    inventory,
    options::Credentials,
    state::{Id, Instance, InstanceState, Kind, Moment},
};
use crate::{
    faults::{FaultPlan, Injector},
    guest::{Acpi, Guest},
    history::StateChange,
    inventory::Object,
    requests::Request,
};

type Result<T> = std::result::Result<T, Ec2Error>;

/// An instance as tests see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InstanceView {
    /// Id.
    pub id: String,
    /// Tag `Name`; may be empty.
    pub name: String,
    /// State, for example `running`.
    pub state: &'static str,
    /// Image.
    pub image: String,
    /// Name of the key pair.
    pub key_name: Option<String>,
    /// Availability zone.
    pub zone: String,
    /// Public address.
    pub public_address: Option<Ipv4Addr>,
    /// Address in the subnet.
    pub private_address: Option<Ipv4Addr>,
}

impl InstanceView {
    fn of(instance: &Instance) -> Self {
        Self {
            id: instance.id.to_string(),
            name: instance.tags.get("Name").cloned().unwrap_or_default(),
            state: instance.state.name(),
            image: instance.image.id.clone(),
            key_name: instance.key_name.as_deref().map(str::to_owned),
            zone: instance.zone.name.clone(),
            public_address: instance.public.as_ref().map(|public| public.address),
            private_address: instance.private_address,
        }
    }
}

/// Instances can be named by their id or, as long as they are not over, by their tag `Name`, in whatever region they are.
impl Account {
    /// Name of the account.
    pub fn name(&self) -> &str {
        &self.tenant.name
    }

    /// Number of the account, twelve digits.
    pub fn number(&self) -> &str {
        &self.tenant.number
    }

    /// What its requests are signed with.
    pub fn credentials(&self) -> &Credentials {
        &self.tenant.credentials
    }

    /// Every object that the account has made in any region and that is not over, also those that the API does not
    /// show yet.
    pub fn inventory(&self) -> Vec<Object> {
        let now = self.tenant.now();
        let mut objects = Vec::new();
        for region in self.tenant.regions() {
            let mut contents = region.contents.lock();
            contents.advance(now);
            objects.extend(inventory::objects(&contents.region));
        }
        objects
    }

    /// The states that its instances passed through, in the order of time; those of instances that are not shown any
    /// more are forgotten.
    pub fn states(&self) -> Vec<StateChange> {
        let now = self.tenant.now();
        let mut changes = Vec::new();
        for region in self.tenant.regions() {
            let mut contents = region.contents.lock();
            contents.advance(now);
            for instance in contents.region.instances.values() {
                let of_instance = instance.history.iter();
                changes.extend(of_instance.map(|(at, state)| {
                    StateChange::new(self.tenant.moment(*at), instance.id.as_ref(), state.name())
                }));
            }
        }
        changes.sort_by_key(|change| change.at);
        changes
    }

    /// Requests that were signed by the account, in order. The oldest are forgotten when there are very many.
    pub fn request_log(&self) -> Vec<Request> {
        self.tenant.log.all()
    }

    /// Requests from a number on, counted from 0, and the number of the next one.
    pub fn requests_since(&self, number: usize) -> (Vec<Request>, usize) {
        self.tenant.log.since(number)
    }

    /// Empties the request log.
    pub fn clear_request_log(&self) {
        self.tenant.log.clear();
    }

    /// Replaces the faults; all counters start again. They hit requests to any region.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        *self.tenant.injector.lock() = Injector::new(plan.into());
    }

    /// Ends all faults. What they did stays.
    pub fn clear_faults(&self) {
        self.set_faults(FaultPlan::default());
    }

    /// The faults, and how often each has hit.
    pub fn faults(&self) -> (FaultPlan, Vec<u32>) {
        let injector = self.tenant.injector.lock();
        (injector.plan().clone(), injector.hits())
    }

    /// An instance.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`.
    pub fn instance(&self, id_or_name: &str) -> Result<InstanceView> {
        let view = |contents: &mut Contents, id: &Id, _| {
            let instance = contents.region.instances.get(id);
            instance.map(InstanceView::of)
        };
        self.with(id_or_name, view)?.ok_or_else(|| no_such(id_or_name))
    }

    /// All instances of all regions, also terminated ones that are still shown.
    pub fn instances(&self) -> Vec<InstanceView> {
        let now = self.tenant.now();
        let mut views = Vec::new();
        for region in self.tenant.regions() {
            let mut contents = region.contents.lock();
            contents.advance(now);
            views.extend(contents.region.instances.values().map(InstanceView::of));
        }
        views
    }

    /// Machine of an instance. It is put together now if nobody has connected to it yet.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound` when there is no such instance, or no machine behind it any more; 503 when the
    /// machine cannot be made.
    pub fn guest(&self, id_or_name: &str) -> Result<Guest> {
        let guest = |contents: &mut Contents, id: &Id, _| contents.guests.guest(id);
        match self.with(id_or_name, guest)? {
            None => Err(no_such(id_or_name)),
            Some(guest) => guest.map_err(|error| unavailable(&error.to_string())),
        }
    }

    /// Machines that somebody has connected to, or asked for, by the id of their instance.
    pub fn guests(&self) -> BTreeMap<String, Guest> {
        let regions = self.tenant.regions();
        let guests = regions.iter().flat_map(|region| {
            let contents = region.contents.lock();
            let ids = contents.region.instances.values().map(|instance| &instance.id);
            let built = ids.filter_map(|id| Some((id.to_string(), contents.guests.built(id)?)));
            built.collect::<Vec<_>>()
        });
        guests.collect()
    }

    /// Terminates an instance at once, protected or not; volumes and interfaces that go with it are gone. It is shown as
    /// `terminated`.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`.
    pub fn terminate_instance(&self, id_or_name: &str) -> Result<()> {
        self.with(id_or_name, |contents, id, now| {
            let Contents { region, guests } = contents;
            region.terminate_at_once(id, now, guests);
        })
    }

    /// Terminates an instance at once and shows it no more.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`.
    pub fn delete_instance(&self, id_or_name: &str) -> Result<()> {
        self.with(id_or_name, |contents, id, now| {
            let Contents { region, guests } = contents;
            region.vanish(id, now, guests);
        })
    }

    /// Cuts the power of a running instance: it is `stopped` at once.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`.
    pub fn power_off(&self, id_or_name: &str) -> Result<()> {
        self.with(id_or_name, |contents, id, now| {
            let Contents { region, guests } = contents;
            region.power_off(id, now, guests);
        })
    }

    /// Starts a stopped instance.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`.
    pub fn power_on(&self, id_or_name: &str) -> Result<()> {
        self.with(id_or_name, |contents, id, now| {
            let Contents { region, guests } = contents;
            region.power_on(id, now, guests);
        })
    }

    /// Gives a running instance another public address, at once and without a restart. The result is the address.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`; 503 when there is no other address, or the instance does not run.
    pub fn readdress(&self, id_or_name: &str) -> Result<String> {
        let readdress = |contents: &mut Contents, id: &Id, _| {
            let Contents { region, guests } = contents;
            region.readdress(id, guests).map_err(|reason| unavailable(&reason))?;
            let instance = region.instances.get(id);
            Ok(instance.and_then(|instance| Some(instance.public.as_ref()?.address.to_string())))
        };
        let address = self.with(id_or_name, readdress)??;
        address.ok_or_else(|| unavailable("the instance has no public address"))
    }

    /// Hangs the machine of an instance; EC2 does not notice.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn freeze_guest(&self, id_or_name: &str) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.freeze())
    }

    /// Ends a freeze.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn thaw_guest(&self, id_or_name: &str) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.thaw())
    }

    /// Changes what the machine of an instance does when it is asked to shut down.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn set_acpi(&self, id_or_name: &str, acpi: Acpi) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.set_acpi(acpi))
    }

    /// From now on instances take this long from `stopping` to `stopped`, in all regions that the account has used.
    pub fn slow_shutdown(&self, time: Duration) {
        for region in self.tenant.regions() {
            region.contents.lock().region.times.stop = time;
        }
    }

    /// From now on the private addresses of new instances are loopback addresses that lead to them, in all regions.
    pub fn make_private_addresses_reachable(&self) {
        self.tenant.reachable_private_addresses.store(true, Ordering::Relaxed);
        for region in self.tenant.regions() {
            region.contents.lock().region.reachable_private_addresses = true;
        }
    }

    /// From now on the default VPC has IPv6 addresses, in all regions. Whether they lead to new instances:
    /// [`Server::ipv6_is_local`](super::Server::ipv6_is_local).
    pub fn give_ipv6(&self) {
        self.tenant.has_ipv6.store(true, Ordering::Relaxed);
        for region in self.tenant.regions() {
            region.contents.lock().region.give_default_vpc_ipv6();
        }
    }

    /// Holds an instance in a state until something else is asked of it.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound`; `InvalidParameterValue` for a word that is no state.
    pub fn hold_state(&self, id_or_name: &str, state: &str) -> Result<()> {
        use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};
        let states = [Pending, Running, ShuttingDown, Terminated, Stopping, Stopped];
        let state = states.into_iter().find(|it| it.name() == state);
        let state = state
            .ok_or_else(|| Ec2Error::invalid_parameter_value("There is no such state of an instance."))?;
        self.with(id_or_name, |contents, id, now| {
            contents.region.hold(id, state, now);
        })
    }

    /// Removes every object, the faults and the log.
    pub fn reset(&self) {
        for region in self.tenant.regions() {
            let mut contents = region.contents.lock();
            let Contents { region, guests } = &mut *contents;
            region.clear(guests);
        }
        self.clear_faults();
        self.clear_request_log();
    }

    /// Does something with an instance, in the region where it is.
    fn with<R>(&self, id_or_name: &str, act: impl FnOnce(&mut Contents, &Id, Moment) -> R) -> Result<R> {
        let now = self.tenant.now();
        let is_here = |region: &Arc<RegionOfTenant>| {
            let mut contents = region.contents.lock();
            contents.advance(now);
            contents.region.find_instance(id_or_name).cloned()
        };
        let regions = self.tenant.regions();
        let found = regions.iter().find_map(|region| Some((region, is_here(region)?)));
        let (region, id) = found.ok_or_else(|| no_such(id_or_name))?;
        let result = act(&mut region.contents.lock(), &id, now);
        region.wake();
        Ok(result)
    }
}

fn no_such(instance: &str) -> Ec2Error {
    Ec2Error::not_found(Kind::Instance, &[instance])
}

fn unavailable(reason: &str) -> Ec2Error {
    Ec2Error::with_status(503, "Unavailable", reason)
}
