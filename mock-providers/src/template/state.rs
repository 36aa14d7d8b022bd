//! The cloud of one account: a synchronous state machine. Time and hardware are passed in.

use std::{collections::BTreeMap, collections::BTreeSet, time::Duration};

use super::{
    error::ApiError,
    ids::Ids,
    model::{Action, Firewall, Key, NewFirewall, NewKey, NewServer, Server, ServerState},
    options::Times,
    validate,
};
use crate::guest::GuestFault;

pub(super) type Result<T> = std::result::Result<T, ApiError>;

/// Ports that are let through without a firewall.
const OPEN_PORTS: [u16; 2] = [22, 2376];

/// What servers run on.
pub(super) trait Hardware {
    /// Makes a machine for a server, switched off; the result is its SSH port.
    fn build(
        &mut self,
        server: &Server,
        public_key: &str,
        faults: &BTreeSet<GuestFault>,
    ) -> std::result::Result<u16, String>;
    /// Switches on; the result is the address.
    fn power_on(&mut self, id: &str, new_address: bool) -> std::result::Result<String, String>;
    /// Presses the power button; false when nothing will happen.
    fn shut_down(&mut self, id: &str) -> bool;
    /// Asks for a restart; false when nothing will happen.
    fn reboot(&mut self, id: &str) -> bool;
    /// Cuts the power.
    fn power_off(&mut self, id: &str);
    /// Whether the machine has no power.
    fn is_off(&self, id: &str) -> bool;
    /// Lets these ports through and no others.
    fn open_ports(&mut self, id: &str, ports: &BTreeSet<u16>);
    /// Adds misbehaviour before a start.
    fn add_faults(&mut self, id: &str, faults: &BTreeSet<GuestFault>);
    /// Removes the machine.
    fn destroy(&mut self, id: &str);
}

/// How the start of a server goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StartFaults {
    pub(super) never_ready: bool,
    pub(super) no_address: bool,
    pub(super) error: Option<String>,
    pub(super) guest: BTreeSet<GuestFault>,
}

/// A server with what the cloud knows beyond the wire.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) server: Server,
    /// The server before its latest change, for stale reads.
    pub(super) before: Option<Server>,
    /// Whether there is a machine; seeds have none.
    pub(super) has_machine: bool,
    /// Next change by itself.
    due: Option<(Duration, Change)>,

    start_faults: StartFaults,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Up,
    /// Off if the guest is off by now, else look again.
    CheckDown,
    /// The guest has not reacted.
    GiveUp,
    Down,
    Gone,
}

/// Everything in an account, in the order of creation.
#[derive(Debug)]
pub(super) struct Cloud {
    ids: Ids,
    times: Times,
    new_address_at_start: bool,
    pub(super) keys: Vec<Key>,
    pub(super) servers: Vec<Record>,
    pub(super) firewalls: Vec<Firewall>,
    orders: BTreeMap<String, (NewServer, String)>,
    /// Ids of images that only this account has.
    pub(super) own_images: Vec<String>,
}

impl Cloud {
    pub(super) fn new(ids: Ids, times: Times, new_address_at_start: bool) -> Self {
        Self {
            ids,
            times,
            new_address_at_start,
            keys: Vec::new(),
            servers: Vec::new(),
            firewalls: Vec::new(),
            orders: BTreeMap::new(),
            own_images: Vec::new(),
        }
    }

    pub(super) fn create_key(&mut self, new: NewKey) -> Result<Key> {
        validate::key_name(&new.name)?;
        let fingerprint = validate::public_key(&new.public_key)?;
        if self.keys.iter().any(|key| key.name == new.name) {
            return Err(ApiError::new(
                409,
                "name_taken",
                format!("a key named {:?} exists already", new.name),
            ));
        }
        let key = Key { id: self.ids.next("key"), name: new.name, fingerprint, public_key: new.public_key };
        self.keys.push(key.clone());
        Ok(key)
    }

    pub(super) fn delete_key(&mut self, id: &str) -> Result<()> {
        let index =
            self.keys.iter().position(|key| key.id == id).ok_or_else(|| ApiError::no_such("key", id))?;
        self.keys.remove(index);
        Ok(())
    }

    pub(super) fn create_server(
        &mut self,
        new: &NewServer,
        faults: StartFaults,
        now: Duration,
        hardware: &mut dyn Hardware,
    ) -> Result<Server> {
        if let Some((order, id)) = new.idempotency_key.as_ref().and_then(|key| self.orders.get(key)) {
            let existing = self.servers.iter().find(|record| record.server.id == *id);
            return match existing.filter(|_| order == new) {
                Some(record) => Ok(record.server.clone()),
                None => {
                    let message =
                        "this idempotency_key was used for another order, or for a server that is deleted";
                    Err(ApiError::new(409, "idempotency_mismatch", message))
                }
            };
        }
        validate::server(new, &self.own_images)?;
        let key = self.keys.iter().find(|key| key.id == new.key_id);
        let public_key = key.map(|key| key.public_key.clone());
        let public_key = public_key
            .ok_or_else(|| ApiError::field("key_id", format!("there is no key {:?}", new.key_id)))?;
        self.refuse_taken(&new.name)?;
        let mut server = self.server(new, ServerState::Provisioning);
        let port = hardware
            .build(&server, &public_key, &faults.guest)
            .map_err(|reason| ApiError::new(503, "unavailable", format!("no capacity: {reason}")))?;
        server.ssh_port = Some(port).filter(|port| *port != 22);
        hardware.open_ports(&server.id, &BTreeSet::from(OPEN_PORTS));
        if let Some(key) = &new.idempotency_key {
            self.orders.insert(key.clone(), (new.clone(), server.id.clone()));
        }
        self.servers.push(Record {
            server: server.clone(),
            before: None,
            has_machine: true,
            due: (!faults.never_ready).then_some((now + self.times.provision, Change::Up)),
            start_faults: faults,
        });
        Ok(server)
    }

    /// Puts a server in place that somebody else made: it runs, but there is no machine behind it.
    pub(super) fn seed_server(&mut self, new: &NewServer, address: String) -> Result<Server> {
        self.refuse_taken(&new.name)?;
        let server = Server { address: Some(address), ..self.server(new, ServerState::Running) };
        self.servers.push(Record {
            server: server.clone(),
            before: None,
            has_machine: false,
            due: None,
            start_faults: StartFaults::default(),
        });
        Ok(server)
    }

    fn refuse_taken(&self, name: &str) -> Result<()> {
        if self.servers.iter().any(|record| record.server.name == name) {
            return Err(ApiError::new(409, "name_taken", format!("a server named {name:?} exists already")));
        }
        Ok(())
    }

    fn server(&self, new: &NewServer, state: ServerState) -> Server {
        Server {
            id: self.ids.next("srv"),
            name: new.name.clone(),
            state,
            image: new.image.clone(),
            size: new.size.clone(),
            region: new.region.clone(),
            key_id: new.key_id.clone(),
            address: None,
            ssh_port: None,
            tags: new.tags.clone(),
            user_data: new.user_data.clone(),
            error: None,
        }
    }

    pub(super) fn record(&mut self, id: &str) -> Result<&mut Record> {
        let record = self.servers.iter_mut().find(|record| record.server.id == id);
        record.ok_or_else(|| ApiError::no_such("server", id))
    }

    pub(super) fn delete_server(
        &mut self,
        id: &str,
        now: Duration,
        hardware: &mut dyn Hardware,
    ) -> Result<()> {
        let time = self.times.delete;
        let record = self.record(id)?;
        if record.server.state != ServerState::Deleting {
            hardware.power_off(id);
            record.become_state(ServerState::Deleting);
            record.server.address = None;
            record.due = Some((now + time, Change::Gone));
        }
        if time.is_zero() {
            self.forget(id, hardware);
        }
        Ok(())
    }

    /// Lets orderly shutdowns take longer from now on.
    pub(super) fn slow_shutdown(&mut self, time: Duration) {
        self.times.shutdown = time;
        self.times.shutdown_timeout = time * 10;
    }

    /// Removes a server at once.
    pub(super) fn forget(&mut self, id: &str, hardware: &mut dyn Hardware) {
        hardware.destroy(id);
        self.servers.retain(|record| record.server.id != id);
    }

    pub(super) fn act(
        &mut self,
        id: &str,
        action: Action,
        faults: StartFaults,
        now: Duration,
        hardware: &mut dyn Hardware,
    ) -> Result<Server> {
        use ServerState::{Error, Off, Provisioning, Running, Starting, Stopping};
        let times = self.times;
        let record = self.record(id)?;
        let state = record.server.state;
        match (action, state) {
            (Action::Start, Off) => {
                hardware.add_faults(id, &faults.guest);
                record.become_state(Starting);
                record.due = (!faults.never_ready).then_some((now + times.start, Change::Up));
                record.start_faults = faults;
            }
            (Action::Shutdown, Running) => {
                let reacts = !record.has_machine || hardware.shut_down(id);
                record.become_state(Stopping);
                record.due = Some(match reacts {
                    true => (now + times.shutdown, Change::CheckDown),
                    false => (now + times.shutdown_timeout, Change::GiveUp),
                });
            }
            (Action::PowerOff, Running | Stopping | Starting | Provisioning | Error) => {
                hardware.power_off(id);
                record.become_state(Stopping);
                record.due = Some((now + times.power_off, Change::Down));
            }
            (Action::Reboot, Running) => {
                // A guest that ignores the request stays as it is, and the cloud does not know.
                let _ = hardware.reboot(id);
            }
            (action, state) => {
                let message = format!("the server is {}, which does not fit {action:?}", state.word());
                return Err(ApiError::new(409, "wrong_state", message));
            }
        }
        Ok(record.server.clone())
    }

    pub(super) fn create_firewall(
        &mut self,
        new: NewFirewall,
        hardware: &mut dyn Hardware,
    ) -> Result<Firewall> {
        validate::firewall(&new)?;
        if !self.servers.iter().any(|record| record.server.id == new.server_id) {
            return Err(ApiError::field("server_id", format!("there is no server {:?}", new.server_id)));
        }
        let NewFirewall { name, server_id, ports } = new;
        let firewall = Firewall { id: self.ids.next("fw"), name, server_id, ports };
        self.firewalls.push(firewall.clone());
        self.apply_firewalls(&firewall.server_id, hardware);
        Ok(firewall)
    }

    pub(super) fn delete_firewall(&mut self, id: &str, hardware: &mut dyn Hardware) -> Result<()> {
        let index = self.firewalls.iter().position(|firewall| firewall.id == id);
        let firewall = self.firewalls.remove(index.ok_or_else(|| ApiError::no_such("firewall", id))?);
        self.apply_firewalls(&firewall.server_id, hardware);
        Ok(())
    }

    fn apply_firewalls(&self, server_id: &str, hardware: &mut dyn Hardware) {
        let rules = self.firewalls.iter().filter(|firewall| firewall.server_id == server_id);
        let ports = rules.flat_map(|firewall| firewall.ports.iter().copied()).chain(OPEN_PORTS).collect();
        hardware.open_ports(server_id, &ports);
    }

    /// Removes every object; the machines are the caller's to remove.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.servers.clear();
        self.firewalls.clear();
        self.orders.clear();
        self.own_images.clear();
    }

    /// When something changes by itself next.
    pub(super) fn next_change(&self) -> Option<Duration> {
        self.servers.iter().filter_map(|record| record.due).map(|(due, _)| due).min()
    }

    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now: Duration, hardware: &mut dyn Hardware) {
        let due: Vec<String> = self
            .servers
            .iter()
            .filter(|record| record.due.is_some_and(|(due, _)| due <= now))
            .map(|record| record.server.id.clone())
            .collect();
        for id in due {
            self.change(&id, now, hardware);
        }
        for record in self.servers.iter_mut().filter(|record| record.has_machine) {
            // A guest that switched itself off.
            if record.server.state == ServerState::Running && hardware.is_off(&record.server.id) {
                record.go_down();
            }
        }
    }

    fn change(&mut self, id: &str, now: Duration, hardware: &mut dyn Hardware) {
        let (new_address, times) = (self.new_address_at_start, self.times);
        let Ok(record) = self.record(id) else { return };
        let Some((_, change)) = record.due.take() else {
            return;
        };
        match change {
            Change::Up => record.come_up(new_address, hardware),
            Change::Down => record.go_down(),
            Change::CheckDown if !record.has_machine || hardware.is_off(id) => record.go_down(),
            Change::CheckDown => record.due = Some((now + times.check(), Change::CheckDown)),
            Change::GiveUp if !hardware.is_off(id) => record.become_state(ServerState::Running),
            Change::GiveUp => record.go_down(),
            Change::Gone => self.forget(id, hardware),
        }
    }
}

impl Record {
    fn become_state(&mut self, state: ServerState) {
        self.before = Some(self.server.clone());
        self.server.state = state;
        self.server.error = None;
    }

    /// Holds a server in a state, with nothing due.
    pub(super) fn hold(&mut self, state: ServerState, error: Option<String>) {
        self.due = None;
        self.become_state(state);
        self.server.error = error;
    }

    pub(super) fn go_down(&mut self) {
        self.due = None;
        self.become_state(ServerState::Off);
        self.server.address = None;
    }

    fn come_up(&mut self, new_address: bool, hardware: &mut dyn Hardware) {
        let faults = std::mem::take(&mut self.start_faults);
        if let Some(reason) = faults.error {
            return self.hold(ServerState::Error, Some(reason));
        }
        if !self.has_machine {
            return self.become_state(ServerState::Running);
        }
        let is_start = self.server.state == ServerState::Starting;
        match hardware.power_on(&self.server.id, new_address && is_start) {
            Ok(address) => {
                self.become_state(ServerState::Running);
                self.server.address = (!faults.no_address).then_some(address);
            }
            Err(reason) => self.hold(ServerState::Error, Some(reason)),
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
