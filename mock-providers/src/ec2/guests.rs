//! The machines behind the instances of an account in a region.

use std::{
    collections::{BTreeSet, HashMap},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    addresses::Addresses,
    state::{Build, Hardware, Id, PortSet, ReachablePorts},
};
use crate::{
    guest::{
        DeferredGuest, Guest, GuestFault, GuestKind, GuestOptions, GuestOs, Lease, OpenPorts, Plan, SshPort,
        User,
    },
    locked::Locked,
};

/// What all machines have in common.
#[derive(Clone, Debug)]
pub(super) struct GuestSettings {
    pub(super) kind: GuestKind,
    pub(super) os: Option<GuestOs>,
    pub(super) engine_installed: bool,
    pub(super) ssh_port: SshPort,
    pub(super) boot: Duration,
}

/// Simulated machines by the id of their instance, and the public addresses that are taken.
#[derive(Debug)]
pub(super) struct Guests {
    settings: Arc<GuestSettings>,
    machines: HashMap<Id, Machine>,
    leases: HashMap<Ipv4Addr, Arc<Lease>>,
    /// The latest set of ports with its translation: most instances have the same security groups.
    ports: Option<(PortSet, OpenPorts)>,
    events: Arc<Events>,
}

/// What machines tell.
#[derive(Debug, Default)]
struct Events {
    went_off: Locked<Vec<Id>>,
    /// Wakes whoever lets time pass.
    happened: Arc<Notify>,
}

#[derive(Debug)]
struct Machine {
    guest: DeferredGuest,
    /// Whether it does something by itself, so that it cannot wait for a connection to be put together.
    is_active: bool,
    addresses: Addresses,
}

/// What a machine is made from.
struct MachinePlan {
    settings: Arc<GuestSettings>,
    events: Arc<Events>,
    id: Id,
    image_os: GuestOs,
    private_address: Ipv4Addr,
    public_key: Option<Arc<str>>,
    user_data: Option<Box<[u8]>>,
    faults: BTreeSet<GuestFault>,
}

impl Plan for MachinePlan {
    fn options(&self) -> GuestOptions {
        let user_data = self.user_data.as_deref();
        GuestOptions {
            kind: self.settings.kind,
            os: self.settings.os.unwrap_or(self.image_os),
            host_name: host_name(self.private_address),
            users: vec![User {
                name: self.image_os.default_user().to_owned(),
                authorized_keys: self.public_key.iter().map(|key| key.to_string()).collect(),
            }],
            ssh_port: self.settings.ssh_port,
            boot: self.settings.boot,
            engine_installed: self.settings.engine_installed,
            user_data: user_data.map(|data| String::from_utf8_lossy(data).into_owned()),
            faults: self.faults.clone(),
            ..GuestOptions::default()
        }
    }

    fn ssh_port(&self) -> SshPort {
        self.settings.ssh_port
    }

    fn went_off(&self) {
        self.events.went_off.lock().push(self.id.clone());
        self.events.happened.notify_one();
    }
}

impl Guests {
    /// Machines of a region. `happened` is notified when one of them does something by itself.
    pub(super) fn new(settings: Arc<GuestSettings>, happened: Arc<Notify>) -> Self {
        Self {
            settings,
            machines: HashMap::new(),
            leases: HashMap::new(),
            ports: None,
            events: Arc::new(Events { went_off: Locked::default(), happened }),
        }
    }

    /// Takes the instances whose machines have lost their power since the last time, and have none now.
    pub(super) fn take_went_off(&self) -> Vec<Id> {
        let mut went_off = std::mem::take(&mut *self.events.went_off.lock());
        went_off.retain(|id| self.is_off(id));
        went_off
    }

    /// The machine of an instance, put together now if it has not been.
    pub(super) fn guest(&self, id: &str) -> Option<std::io::Result<Guest>> {
        self.machines.get(id).map(|machine| machine.guest.guest())
    }

    /// The machine of an instance if it has been put together.
    pub(super) fn built(&self, id: &str) -> Option<Guest> {
        self.machines.get(id)?.guest.built()
    }

    fn translate(&mut self, ports: &PortSet) -> OpenPorts {
        if let Some((known, translated)) = &self.ports
            && known == ports
        {
            return translated.clone();
        }
        let is_all = |range: &(u16, u16)| range.0 <= 1 && range.1 == u16::MAX;
        let translated = match ports.ranges() {
            [range] if is_all(range) => None,
            ranges => Some(Arc::new(ranges.iter().flat_map(|(first, last)| *first..=*last).collect())),
        };
        self.ports = Some((ports.clone(), translated.clone()));
        translated
    }

    fn with(&self, id: &Id, order: impl FnOnce(&Machine)) {
        if let Some(machine) = self.machines.get(id) {
            order(machine);
        }
    }
}

impl Hardware for Guests {
    fn take_address(&mut self) -> Result<Ipv4Addr, String> {
        let lease = Lease::take().map_err(|error| error.to_string())?;
        let address = lease.address();
        // Where there is only one address, all instances have it and differ in their ports.
        self.leases.insert(address, Arc::new(lease));
        Ok(address)
    }

    fn release_address(&mut self, address: Ipv4Addr) {
        self.leases.remove(&address);
    }

    fn build(&mut self, machine: Build<'_>) {
        // A container is started at once, so that nobody is kept waiting at an open port while it boots; one without a
        // key, which nobody can log in to, is started when somebody tries.
        let is_active = (self.settings.kind == GuestKind::Container && machine.public_key.is_some())
            || !machine.faults.is_empty()
            || machine.user_data.starts_with(b"#!");
        let plan = MachinePlan {
            settings: Arc::clone(&self.settings),
            events: Arc::clone(&self.events),
            id: machine.id.clone(),
            image_os: machine.os,
            private_address: machine.private_address,
            public_key: machine.public_key.map(Arc::from),
            user_data: (!machine.user_data.is_empty()).then(|| machine.user_data.into()),
            faults: machine.faults.clone(),
        };
        let guest = DeferredGuest::new(Box::new(plan), self.settings.boot);
        let private = self.leases.get(&machine.private_address).cloned();
        let mut addresses = Addresses::new(private, machine.ipv6_addresses, self.settings.ssh_port);
        addresses.connect(&guest);
        let built = Machine { guest, is_active, addresses };
        self.machines.insert(machine.id.clone(), built);
    }

    fn set_address(&mut self, id: &Id, address: Option<Ipv4Addr>) {
        let public = address.and_then(|address| self.leases.get(&address).cloned());
        if let Some(Machine { guest, addresses, .. }) = self.machines.get_mut(id) {
            addresses.set_public(public, guest);
        }
    }

    fn power_on(&mut self, id: &Id) {
        self.with(id, |machine| {
            if machine.is_active
                && let Err(error) = machine.guest.power_on_whole()
            {
                // The instance then runs and nobody answers, which is what its user would see.
                let _ = error;
            }
            machine.guest.power_on();
        });
    }

    fn shut_down(&mut self, id: &Id) -> bool {
        self.machines.get(id).is_some_and(|machine| machine.guest.shut_down())
    }

    fn reboot(&mut self, id: &Id) -> bool {
        self.machines.get(id).is_some_and(|machine| machine.guest.reboot())
    }

    fn power_off(&mut self, id: &Id) {
        self.with(id, |machine| machine.guest.power_off());
    }

    fn is_off(&self, id: &Id) -> bool {
        self.machines.get(id).is_none_or(|machine| machine.guest.is_off())
    }

    fn open_ports(&mut self, id: &Id, ports: &ReachablePorts) {
        let at_ipv4 = self.translate(&ports.ipv4);
        if let Some(Machine { guest, addresses, .. }) = self.machines.get_mut(id) {
            addresses.set_ports(ports);
            let inside = if addresses.has_firewall_in_front() { None } else { at_ipv4 };
            // A port that is in use by somebody else stays shut, which the guest notes.
            let _ = guest.set_open_ports(inside);
        }
    }

    fn add_faults(&mut self, id: &Id, faults: &BTreeSet<GuestFault>) {
        if let Some(machine) = self.machines.get_mut(id).filter(|_| !faults.is_empty()) {
            machine.guest.set_faults(faults);
            machine.is_active = true;
        }
    }

    fn console(&self, id: &Id) -> String {
        let Some(machine) = self.machines.get(id) else {
            return String::new();
        };
        console(&machine.guest)
    }

    fn destroy(&mut self, id: &Id) {
        let machine = self.machines.remove(id);
        if let Some(private) = machine.and_then(|machine| machine.addresses.private) {
            self.leases.remove(&private.address());
        }
    }
}

/// The name that EC2 gives to a machine: `ip-172-31-5-9`.
fn host_name(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("ip-{a}-{b}-{c}-{d}")
}

/// What a machine has written to its serial console: nothing before it has booted. Boot id and host key are there when
/// the machine has been put together.
fn console(guest: &DeferredGuest) -> String {
    if !guest.is_up() {
        return String::new();
    }
    let built = guest.built();
    let boot_id = built.as_ref().and_then(Guest::boot_id);
    let random = boot_id.map(|id| format!("[    0.000000] random: boot id {id}\r\n")).unwrap_or_default();
    let host_key = built.as_ref().map(Guest::host_key);
    let keys = host_key.map(|key| {
        format!("-----BEGIN SSH HOST KEY KEYS-----\r\n{key}\r\n-----END SSH HOST KEY KEYS-----\r\n")
    });
    let keys = keys.unwrap_or_default();
    let name = built.map_or_else(|| guest.planned_host_name(), |guest| guest.host_name());
    format!(
        "[    0.000000] Linux version 6.8.0-mock\r\n{random}[    0.500000] systemd[1]: Hostname set to <{name}>.\r\n\
         {keys}[    1.000000] cloud-init[512]: Cloud-init finished\r\n\r\n{name} login: "
    )
}

/// The machines of a call that is only tried: nothing happens to anything.
#[derive(Debug)]
pub(super) struct NoHardware;

impl Hardware for NoHardware {
    fn take_address(&mut self) -> Result<Ipv4Addr, String> {
        Ok(Ipv4Addr::LOCALHOST)
    }

    fn release_address(&mut self, _: Ipv4Addr) {}

    fn build(&mut self, _: Build<'_>) {}

    fn set_address(&mut self, _: &Id, _: Option<Ipv4Addr>) {}

    fn power_on(&mut self, _: &Id) {}

    fn shut_down(&mut self, _: &Id) -> bool {
        true
    }

    fn reboot(&mut self, _: &Id) -> bool {
        true
    }

    fn power_off(&mut self, _: &Id) {}

    fn is_off(&self, _: &Id) -> bool {
        false
    }

    fn open_ports(&mut self, _: &Id, _: &ReachablePorts) {}

    fn add_faults(&mut self, _: &Id, _: &BTreeSet<GuestFault>) {}

    fn console(&self, _: &Id) -> String {
        String::new()
    }

    fn destroy(&mut self, _: &Id) {}
}
