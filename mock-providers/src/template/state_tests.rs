//! Properties of the state machine under random requests, on hardware that is no more than a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::{prelude::*, test_runner::Config};

use super::*;

/// Power and address of each machine.
#[derive(Debug, Default)]
struct Table {
    machines: BTreeMap<String, Machine>,
    next_address: u32,
    ignores_button: bool,
}

#[derive(Debug, Default)]
struct Machine {
    on: bool,
    address: u32,
    ports: BTreeSet<u16>,
    key: String,
}

impl Hardware for Table {
    fn build(
        &mut self,
        server: &Server,
        public_key: &str,
        _: &BTreeSet<GuestFault>,
    ) -> std::result::Result<u16, String> {
        self.next_address += 1;
        let machine = Machine { address: self.next_address, key: public_key.into(), ..Machine::default() };
        let before = self.machines.insert(server.id.clone(), machine);
        assert!(before.is_none(), "an id was used twice: {}", server.id);
        Ok(22)
    }

    fn power_on(&mut self, id: &str, new_address: bool) -> std::result::Result<String, String> {
        self.next_address += 1;
        let machine = self.machines.get_mut(id).ok_or("no machine")?;
        assert!(!machine.on, "{id} is switched on twice");
        machine.on = true;
        if new_address {
            machine.address = self.next_address;
        }
        Ok(machine.address.to_string())
    }

    fn shut_down(&mut self, id: &str) -> bool {
        if !self.ignores_button {
            self.power_off(id);
        }
        !self.ignores_button
    }

    fn reboot(&mut self, _: &str) -> bool {
        !self.ignores_button
    }

    fn power_off(&mut self, id: &str) {
        if let Some(machine) = self.machines.get_mut(id) {
            machine.on = false;
        }
    }

    fn is_off(&self, id: &str) -> bool {
        self.machines.get(id).is_none_or(|machine| !machine.on)
    }

    fn open_ports(&mut self, id: &str, ports: &BTreeSet<u16>) {
        if let Some(machine) = self.machines.get_mut(id) {
            machine.ports = ports.clone();
        }
    }

    fn add_faults(&mut self, _: &str, _: &BTreeSet<GuestFault>) {}

    fn destroy(&mut self, id: &str) {
        self.machines.remove(id);
    }
}

#[derive(Clone, Debug)]
enum Step {
    CreateKey(usize),
    DeleteKey(usize),
    CreateServer {
        name: usize,
        key: usize,
        idempotent: bool,
        fault: usize,
    },
    DeleteServer(usize),
    Act(usize, Action),
    CreateFirewall(usize, u16),
    DeleteFirewall(usize),
    /// The guest switches itself off.
    GuestOff(usize),
    Wait(u64),
    IgnoreButton(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let action = prop_oneof![
        Just(Action::Start),
        Just(Action::Shutdown),
        Just(Action::PowerOff),
        Just(Action::Reboot),
    ];
    prop_oneof![
        2 => (0..3_usize).prop_map(Step::CreateKey),
        1 => (0..3_usize).prop_map(Step::DeleteKey),
        4 => (0..4_usize, 0..3_usize, any::<bool>(), 0..6_usize)
            .prop_map(|(name, key, idempotent, fault)| Step::CreateServer { name, key, idempotent, fault }),
        2 => (0..4_usize).prop_map(Step::DeleteServer),
        6 => (0..4_usize, action).prop_map(|(server, action)| Step::Act(server, action)),
        1 => (0..4_usize, 1..3_u16).prop_map(|(server, port)| Step::CreateFirewall(server, port)),
        1 => (0..3_usize).prop_map(Step::DeleteFirewall),
        1 => (0..4_usize).prop_map(Step::GuestOff),
        6 => (0..40_u64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::IgnoreButton),
    ]
}

struct World {
    cloud: Cloud,
    table: Table,
    now: Duration,
    /// Ids that are gone.
    gone: BTreeSet<String>,
    seen: BTreeSet<String>,
    keys: BTreeMap<String, String>,
}

impl World {
    fn new(new_address: bool) -> Self {
        let milliseconds = Duration::from_millis;
        let times = Times {
            provision: milliseconds(5),
            start: milliseconds(3),
            shutdown: milliseconds(4),
            shutdown_timeout: milliseconds(20),
            power_off: milliseconds(1),
            delete: milliseconds(6),
            boot: Duration::ZERO,
        };
        Self {
            cloud: Cloud::new(Ids::new(1), times, new_address),
            table: Table::default(),
            now: Duration::ZERO,
            gone: BTreeSet::new(),
            seen: BTreeSet::new(),
            keys: BTreeMap::new(),
        }
    }

    fn server(&self, index: usize) -> String {
        self.cloud.servers.get(index).map_or_else(|| "srv-none".into(), |record| record.server.id.clone())
    }

    #[expect(clippy::needless_pass_by_value, reason = "reads better at the callers")]
    fn apply(&mut self, step: Step) {
        let (cloud, table, now) = (&mut self.cloud, &mut self.table, self.now);
        match step {
            Step::CreateKey(name) => {
                let public_key = format!("{SEED} {name}");
                let taken = cloud.keys.iter().any(|key| key.name == format!("k{name}"));
                let made = cloud.create_key(NewKey { name: format!("k{name}"), public_key });
                assert_eq!(made.is_err(), taken);
            }
            Step::DeleteKey(index) => {
                if let Some(id) = cloud.keys.get(index).map(|key| key.id.clone()) {
                    cloud.delete_key(&id).unwrap();
                    assert_eq!(cloud.delete_key(&id).unwrap_err().status, 404);
                }
            }
            Step::CreateServer { name, key, idempotent, fault } => {
                let key_id = cloud.keys.get(key).map_or_else(|| "key-none".to_owned(), |key| key.id.clone());
                let new = NewServer {
                    name: format!("s{name}"),
                    image: "debian-12".into(),
                    size: "small".into(),
                    region: "eu-1".into(),
                    key_id,
                    idempotency_key: idempotent.then(|| format!("{name}-{key}")),
                    ..NewServer::default()
                };
                let faults = StartFaults {
                    never_ready: fault == 1,
                    no_address: fault == 2,
                    error: (fault == 3).then(|| "broken".into()),
                    ..StartFaults::default()
                };
                let count = cloud.servers.len();
                if let Ok(server) = cloud.create_server(&new, faults, now, table) {
                    let is_new = self.seen.insert(server.id.clone());
                    assert_eq!(cloud.servers.len(), count + usize::from(is_new));
                    if is_new {
                        self.keys.insert(server.id.clone(), table.machines[&server.id].key.clone());
                    }
                }
            }
            Step::DeleteServer(index) => {
                let id = self.server(index);
                let exists = self.cloud.servers.iter().any(|record| record.server.id == id);
                let deleted = self.cloud.delete_server(&id, now, &mut self.table);
                assert_eq!(deleted.is_ok(), exists);
            }
            Step::Act(index, action) => {
                let id = self.server(index);
                let before = self.cloud.record(&id).map(|record| record.server.clone());
                let after = self.cloud.act(&id, action, StartFaults::default(), now, &mut self.table);
                match (before, after) {
                    (Err(error), after) => assert_eq!(after.unwrap_err().status, error.status),
                    (Ok(before), Err(error)) => {
                        assert_eq!(error.code, "wrong_state");
                        assert_eq!(
                            self.cloud.record(&id).unwrap().server,
                            before,
                            "a refused action changes nothing"
                        );
                    }
                    (Ok(before), Ok(after)) => assert_ne!(before.state, ServerState::Deleting, "{after:?}"),
                }
            }
            Step::CreateFirewall(index, port) => {
                let new = NewFirewall { name: "f".into(), server_id: self.server(index), ports: vec![port] };
                // There may be no such server.
                let _ = self.cloud.create_firewall(new, &mut self.table);
            }
            Step::DeleteFirewall(index) => {
                if let Some(id) = cloud.firewalls.get(index).map(|firewall| firewall.id.clone()) {
                    cloud.delete_firewall(&id, table).unwrap();
                }
            }
            Step::GuestOff(index) => {
                let id = self.server(index);
                self.table.power_off(&id);
            }
            Step::Wait(milliseconds) => self.now += Duration::from_millis(milliseconds),
            Step::IgnoreButton(ignores) => table.ignores_button = ignores,
        }
        self.cloud.advance(self.now, &mut self.table);
    }

    fn check(&mut self) {
        use ServerState::{Deleting, Error, Off, Provisioning, Running, Starting, Stopping};
        let ids: BTreeSet<String> =
            self.cloud.servers.iter().map(|record| record.server.id.clone()).collect();
        assert!(ids.is_disjoint(&self.gone), "a deleted server is back");
        self.gone.extend(self.seen.difference(&ids).cloned());
        let with_machine: BTreeSet<String> = self.table.machines.keys().cloned().collect();
        assert_eq!(ids, with_machine, "servers and machines belong together");

        let names: BTreeSet<&String> = self.cloud.servers.iter().map(|record| &record.server.name).collect();
        assert_eq!(names.len(), ids.len(), "names are unique");
        let mut addresses = BTreeSet::new();
        for record in &self.cloud.servers {
            let server = &record.server;
            let machine = &self.table.machines[&server.id];
            if let Some(address) = &server.address {
                assert!(addresses.insert(address), "{address} is used twice");
                assert!(matches!(server.state, Running | Stopping), "{server:?} has an address");
                assert_eq!(*address, machine.address.to_string());
            }
            match server.state {
                Running => assert!(machine.on, "{server:?} has no power"),
                Off | Provisioning | Starting | Deleting | Error => {
                    assert!(!machine.on, "{server:?} has power");
                }
                Stopping => {}
            }
            assert_eq!(server.error.is_some(), server.state == Error, "{server:?}");
            assert_eq!(machine.key, self.keys[&server.id], "a server keeps its key");
            let rules = self.cloud.firewalls.iter().filter(|firewall| firewall.server_id == server.id);
            let ports: BTreeSet<u16> = rules.flat_map(|rule| rule.ports.clone()).chain(OPEN_PORTS).collect();
            assert_eq!(machine.ports, ports);
        }
        if let Some(next) = self.cloud.next_change() {
            assert!(next > self.now, "something that is due has not happened");
        }
    }
}

const SEED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAMu8dyI6XKOOUlEPm1fVn3Qz3NMVlpUaBCDqUG";

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn invariants_hold_after_every_step(steps in proptest::collection::vec(step(), 1..80), new_address: bool) {
        let mut world = World::new(new_address);
        for step in steps {
            world.apply(step);
            world.check();
        }
        // Left alone, everything comes to rest.
        for _ in 0..100 {
            let Some(next) = world.cloud.next_change() else { break };
            world.now = next;
            world.cloud.advance(next, &mut world.table);
            world.check();
        }
        assert_eq!(world.cloud.next_change(), None);
        let moving = [ServerState::Starting, ServerState::Stopping, ServerState::Deleting];
        assert!(world.cloud.servers.iter().all(|record| !moving.contains(&record.server.state)));
    }
}

#[test]
fn a_shutdown_that_is_ignored_times_out_and_a_late_one_counts() {
    let mut world = World::new(false);
    world.apply(Step::CreateKey(0));
    world.apply(Step::CreateServer { name: 0, key: 0, idempotent: false, fault: 0 });
    world.apply(Step::Wait(5));
    let state = |world: &World| world.cloud.servers[0].server.state;
    assert_eq!(state(&world), ServerState::Running);
    world.apply(Step::IgnoreButton(true));
    world.apply(Step::Act(0, Action::Shutdown));
    world.apply(Step::Wait(19));
    assert_eq!(state(&world), ServerState::Stopping);
    world.apply(Step::Wait(1));
    assert_eq!(state(&world), ServerState::Running);
    world.apply(Step::GuestOff(0));
    assert_eq!(state(&world), ServerState::Off);
}
