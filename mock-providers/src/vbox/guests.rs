//! The machines behind the virtual machines of an account.
//!
//! A machine that is on is a guest with a loopback address of its own: a simulated Boot2Docker, or a container. That address stands for the one
//! that it would get from the DHCP server of its host-only network: the guest shows it for the adapter with that
//! network, and the host reaches it without an interface. Ports that NAT rules name are listened on for as long as the
//! machine is on, and lead to the same machine.
//!
//! Whoever starts the guest is what is on the first disk: the key in the archive that drivers write there. Files of the
//! guest belong to that disk, and are there again at the next start.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, watch::Receiver},
};

use super::{
    disk,
    state::{GuestAdapter, Hardware, Link, MacAddress, NatRule, Start, Uuid},
};
use crate::guest::{
    Gate, GatedStream, Guest, GuestFault, GuestKind, GuestOptions, GuestOs, Interface, InterfaceAddress,
    OpenSocket, PowerState, SshPort, User,
};

/// What all machines have in common.
#[derive(Clone, Debug)]
pub(super) struct GuestSettings {
    pub(super) kind: GuestKind,
    pub(super) ssh_port: SshPort,
    /// From switching on until SSH answers.
    pub(super) boot: Duration,
    /// How long an orderly shutdown takes.
    pub(super) shutdown: Duration,
}

/// Simulated machines by the id of their virtual machine.
#[derive(Debug)]
pub(super) struct Guests {
    settings: GuestSettings,
    machines: BTreeMap<Uuid, Machine>,
    /// Wakes whoever lets time pass.
    happened: Arc<Notify>,
    runtime: Handle,
}

#[derive(Debug)]
struct Machine {
    guest: Guest,
    /// Disk that its files are on.
    disk: Option<Uuid>,
    adapters: Vec<GuestAdapter>,
    /// While it is on.
    power: Option<Power>,
    /// The memory is kept, and the machine is off for everybody else.
    is_suspended: bool,
}

/// What a machine has while it is on.
#[derive(Debug)]
struct Power {
    /// All connections over NAT go through it.
    gate: Arc<Gate>,
    forwards: Vec<(NatRule, OpenSocket)>,
    /// Whether it stands still.
    stands_still: Arc<AtomicBool>,
}

impl Drop for Power {
    fn drop(&mut self) {
        self.gate.close();
    }
}

impl Guests {
    /// Machines of an account; must be called inside a Tokio runtime. `happened` is notified when a guest has switched
    /// itself off.
    pub(super) fn new(settings: GuestSettings, happened: Arc<Notify>) -> Self {
        Self { settings, machines: BTreeMap::new(), happened, runtime: Handle::current() }
    }

    /// The guest of a virtual machine; none before its first start.
    pub(super) fn guest(&self, id: Uuid) -> Option<Guest> {
        self.machines.get(&id).map(|machine| machine.guest.clone())
    }

    /// Changes how long guests take to shut down, also those that are on.
    pub(super) fn set_shutdown(&mut self, time: Duration) {
        self.settings.shutdown = time;
        for machine in self.machines.values() {
            machine.guest.set_shutdown(time);
        }
    }

    fn build(&self, start: &Start<'_>) -> Result<Guest, String> {
        let keys = start.disk.and_then(|(_, image)| disk::public_keys(image));
        let mut faults = start.faults.clone();
        if start.dvd.is_none() {
            // Boot2Docker is on the DVD; without it there is nothing to boot.
            faults.insert(GuestFault::NeverBoots);
        }
        let os = GuestOs::Boot2Docker;
        let options = GuestOptions {
            kind: self.settings.kind,
            os,
            host_name: "boot2docker".to_owned(),
            users: vec![User {
                name: os.default_user().to_owned(),
                authorized_keys: keys.unwrap_or_default(),
            }],
            ssh_port: self.settings.ssh_port,
            boot: self.settings.boot,
            shutdown: self.settings.shutdown,
            interfaces: interfaces(&start.adapters),
            faults,
            ..GuestOptions::default()
        };
        let _runtime = self.runtime.enter();
        let guest = Guest::new(options).map_err(|error| error.to_string())?;
        self.runtime.spawn(watch(guest.states(), Arc::clone(&self.happened)));
        Ok(guest)
    }

    /// The machine for a start: the one with the same disk, or a new one.
    fn prepare(&mut self, start: &Start<'_>) -> Result<&mut Machine, String> {
        let disk = start.disk.map(|(id, _)| id);
        // Without a disk only the memory makes it the same.
        let is_same = |known: &Machine| known.disk == disk && (disk.is_some() || known.is_suspended);
        let is_same = self.machines.get(&start.id).is_some_and(is_same);
        if !is_same {
            let guest = self.build(start)?;
            let machine = Machine { guest, disk, adapters: Vec::new(), power: None, is_suspended: false };
            if let Some(old) = self.machines.insert(start.id, machine) {
                old.guest.power_off();
            }
        }
        let machine = self.machines.get_mut(&start.id).ok_or("the machine is missing")?;
        machine.adapters.clone_from(&start.adapters);
        machine.guest.set_interfaces(interfaces(&start.adapters));
        let mut faults = start.faults.clone();
        if start.dvd.is_none() {
            faults.insert(GuestFault::NeverBoots);
        }
        machine.guest.set_faults(faults);
        Ok(machine)
    }

    fn with(&mut self, id: Uuid, order: impl FnOnce(&mut Machine)) {
        if let Some(machine) = self.machines.get_mut(&id) {
            order(machine);
        }
    }
}

impl Machine {
    /// Freezes the guest, also one that is still booting: as soon as it is up.
    fn stand_still(&self, runtime: &Handle) {
        let Some(power) = &self.power else { return };
        power.stands_still.store(true, Ordering::SeqCst);
        power.gate.freeze();
        self.guest.freeze();
        if self.guest.state() == PowerState::Booting {
            let (guest, stands_still) = (self.guest.clone(), Arc::clone(&power.stands_still));
            runtime.spawn(async move {
                let up_or_off = |state: &PowerState| *state != PowerState::Booting;
                // The handle above keeps the machine, so there is no error.
                let _ = guest.states().wait_for(up_or_off).await;
                if stands_still.load(Ordering::SeqCst) {
                    guest.freeze();
                }
            });
        }
    }

    fn go_on(&self) {
        if let Some(power) = &self.power {
            power.stands_still.store(false, Ordering::SeqCst);
            power.gate.open();
        }
        self.guest.thaw();
    }

    fn switch_off(&mut self) {
        if let Some(power) = self.power.take() {
            power.stands_still.store(false, Ordering::SeqCst);
        }
        self.is_suspended = false;
        self.guest.power_off();
    }
}

impl Hardware for Guests {
    fn power_on(&mut self, start: &Start<'_>) -> Result<(), String> {
        let machine = self.prepare(start)?;
        // A memory that nobody restored is gone.
        machine.switch_off();
        reopen(&machine.guest);
        machine.power = Some(Power::new());
        machine.guest.power_on();
        Ok(())
    }

    fn power_off(&mut self, id: Uuid) {
        self.with(id, Machine::switch_off);
    }

    fn reset(&mut self, id: Uuid) {
        self.with(id, |machine| machine.guest.reset());
    }

    fn press_power_button(&mut self, id: Uuid) -> bool {
        self.machines.get(&id).is_some_and(|machine| machine.guest.shutdown())
    }

    fn is_off(&self, id: Uuid) -> bool {
        let machine = self.machines.get(&id).filter(|machine| machine.power.is_some());
        machine.is_some_and(|machine| machine.guest.state() == PowerState::Off)
    }

    fn pause(&mut self, id: Uuid) {
        if let Some(machine) = self.machines.get(&id) {
            machine.stand_still(&self.runtime);
        }
    }

    fn resume(&mut self, id: Uuid) {
        self.with(id, |machine| machine.go_on());
    }

    fn suspend(&mut self, id: Uuid) {
        let runtime = self.runtime.clone();
        self.with(id, |machine| {
            machine.stand_still(&runtime);
            machine.is_suspended = true;
            if let Some(power) = &mut machine.power {
                power.forwards.clear();
                power.gate.close();
            }
            // Closing ports does not fail.
            let _ = machine.guest.set_open_ports(Some(BTreeSet::new()));
        });
    }

    fn restore(&mut self, start: &Start<'_>) -> Result<(), String> {
        let known = self.machines.get(&start.id);
        if !known.is_some_and(|machine| machine.is_suspended && machine.disk == start.disk.map(|(id, _)| id))
        {
            return self.power_on(start);
        }
        let machine = self.prepare(start)?;
        if let Some(old) = machine.power.replace(Power::new()) {
            old.stands_still.store(false, Ordering::SeqCst);
        }
        machine.is_suspended = false;
        reopen(&machine.guest);
        machine.go_on();
        Ok(())
    }

    fn forward(&mut self, id: Uuid, rules: &[NatRule]) -> Vec<NatRule> {
        let runtime = self.runtime.clone();
        let Some(machine) = self.machines.get_mut(&id) else {
            return Vec::new();
        };
        let guest = &machine.guest;
        let Some(power) = &mut machine.power else {
            return Vec::new();
        };
        power.forwards.retain(|(rule, _)| rules.contains(rule));
        let mut dead = Vec::new();
        for rule in rules {
            if power.forwards.iter().any(|(known, _)| known == rule) {
                continue;
            }
            match listen(rule, guest, &power.gate, &runtime) {
                Some(socket) => power.forwards.push((rule.clone(), socket)),
                None => dead.push(rule.clone()),
            }
        }
        dead
    }

    fn connect(&mut self, id: Uuid, mac: MacAddress, link: Link) {
        self.with(id, |machine| {
            if let Some(adapter) = machine.adapters.iter_mut().find(|adapter| adapter.mac == mac) {
                adapter.link = link;
            }
            machine.guest.set_interfaces(interfaces(&machine.adapters));
        });
    }

    fn readdress(&mut self, id: Uuid) -> Result<Ipv4Addr, String> {
        let machine = self.machines.get(&id).ok_or("the machine was never started")?;
        machine.guest.readdress().map_err(|error| error.to_string())
    }

    fn address(&self, id: Uuid) -> Option<Ipv4Addr> {
        let machine = self.machines.get(&id)?;
        let has_address = machine.adapters.iter().any(|adapter| adapter.link == Link::HostOnly);
        let is_on = machine.power.is_some() && !machine.is_suspended;
        (has_address && is_on).then(|| machine.guest.address())
    }

    fn destroy(&mut self, id: Uuid) {
        if let Some(mut machine) = self.machines.remove(&id) {
            // Other handles may still be held by observers.
            machine.switch_off();
        }
    }
}

impl Power {
    fn new() -> Self {
        Self { gate: Arc::default(), forwards: Vec::new(), stands_still: Arc::default() }
    }
}

/// Lets everything through again.
fn reopen(guest: &Guest) {
    // A port that somebody else has meanwhile stays shut, which the guest notes.
    let _ = guest.set_open_ports(None);
}

/// Interfaces as the guest shows them. Addresses of VirtualBox's address translation are always the same.
fn interfaces(adapters: &[GuestAdapter]) -> Vec<Interface> {
    let interfaces = adapters.iter().map(|adapter| Interface {
        mac: adapter.mac.with_colons(),
        address: match adapter.link {
            Link::Nothing => InterfaceAddress::Missing,
            Link::Nat => InterfaceAddress::Internal(Ipv4Addr::new(10, 0, 2, 15)),
            Link::HostOnly => InterfaceAddress::Own,
        },
    });
    interfaces.collect()
}

/// Listens for a rule; none when the port is taken, or the address is none of the host's.
fn listen(rule: &NatRule, guest: &Guest, gate: &Arc<Gate>, runtime: &Handle) -> Option<OpenSocket> {
    let address = match rule.listen_address()? {
        // Nothing here listens to other machines.
        Ipv4Addr::UNSPECIFIED => Ipv4Addr::LOCALHOST,
        address if address.is_loopback() => address,
        _ => return None,
    };
    let socket = TcpListener::bind((address, rule.host_port)).ok()?;
    let (guest, port) = (guest.clone(), rule.guest_port);
    let serve = move |stream| -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(relay(stream, guest.clone(), port))
    };
    OpenSocket::new(socket, Arc::clone(gate), Arc::new(serve), runtime).ok()
}

/// Passes on what comes in. A client whose port leads nowhere is connected and let go, as VirtualBox does.
async fn relay(client: GatedStream, guest: Guest, port: u16) {
    let port = if port == 22 { guest.ssh_port() } else { port };
    client.pass_on((guest.address(), port)).await;
}

/// Tells when the machine loses its power. Ends with the machine.
async fn watch(mut states: Receiver<PowerState>, happened: Arc<Notify>) {
    while states.changed().await.is_ok() {
        if *states.borrow_and_update() == PowerState::Off {
            happened.notify_one();
        }
    }
}

#[cfg(test)]
#[path = "guests_tests.rs"]
mod tests;
