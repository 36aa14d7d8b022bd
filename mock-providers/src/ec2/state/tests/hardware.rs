//! Machines that are lines of a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    time::Duration,
};

use crate::{
    ec2::{
        catalog,
        key_material::PublicKey,
        state::{
            Build, Cidr, Hardware, Id, Ids, InstanceState, Lag, Launch, Moment, NewRule, Peer, Permission,
            ReachablePorts, Region, RegionSettings, Times,
        },
    },
    guest::GuestFault,
};

/// Public addresses that the table has, so few that they are soon used again.
const ADDRESSES: u8 = 6;

/// Simulated machines as a table.
#[derive(Debug, Default)]
pub(crate) struct Machines {
    pub(crate) machines: BTreeMap<Id, Machine>,
    pub(crate) taken: BTreeSet<Ipv4Addr>,
    pub(crate) ignores_button: bool,
    last: u8,
}

#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) on: bool,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) ports: ReachablePorts,
}

impl Hardware for Machines {
    fn take_address(&mut self) -> Result<Ipv4Addr, String> {
        for _ in 0..ADDRESSES {
            self.last = (self.last + 1) % ADDRESSES;
            let address = Ipv4Addr::new(127, 16, 1, self.last + 1);
            if self.taken.insert(address) {
                return Ok(address);
            }
        }
        Err("no address is free".to_owned())
    }

    fn release_address(&mut self, address: Ipv4Addr) {
        assert!(self.taken.remove(&address), "{address} was not taken");
    }

    fn build(&mut self, machine: Build<'_>) {
        let twice = self.machines.insert(machine.id.clone(), Machine::default());
        assert!(twice.is_none());
    }

    fn set_address(&mut self, id: &Id, address: Option<Ipv4Addr>) {
        assert!(address.is_none_or(|address| self.taken.contains(&address)));
        self.machines.get_mut(id).unwrap().address = address;
    }

    fn power_on(&mut self, id: &Id) {
        self.machines.get_mut(id).unwrap().on = true;
    }

    fn shut_down(&mut self, id: &Id) -> bool {
        if !self.ignores_button {
            self.power_off(id);
        }
        !self.ignores_button
    }

    fn reboot(&mut self, _: &Id) -> bool {
        !self.ignores_button
    }

    fn power_off(&mut self, id: &Id) {
        self.machines.get_mut(id).unwrap().on = false;
    }

    fn is_off(&self, id: &Id) -> bool {
        !self.machines[id].on
    }

    fn open_ports(&mut self, id: &Id, ports: &ReachablePorts) {
        self.machines.get_mut(id).unwrap().ports = ports.clone();
    }

    fn add_faults(&mut self, _: &Id, _: &BTreeSet<GuestFault>) {}

    fn console(&self, _: &Id) -> String {
        "booted".to_owned()
    }

    fn destroy(&mut self, id: &Id) {
        assert!(self.machines.remove(id).is_some());
    }
}

/// A region with short times.
pub(crate) fn region() -> Region {
    region_with(false)
}

fn region_with(ipv6: bool) -> Region {
    let milliseconds = Duration::from_millis;
    let settings = RegionSettings {
        name: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        times: Times {
            boot: milliseconds(5),
            stop: milliseconds(4),
            stop_timeout: milliseconds(20),
            terminate: milliseconds(6),
            terminated_visible: milliseconds(50),
            spot_fulfilment: milliseconds(3),
            ..Times::default()
        },
        lag: Lag::default(),
        ipv6,
        reachable_private_addresses: false,
        profiles: vec!["machines".to_owned()],
        instance_limit: None,
    };
    Region::new(settings, Ids::new(1))
}

/// A region on a table, with a clock.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) region: Region,
    pub(crate) table: Machines,
    pub(crate) now: Moment,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::on(region())
    }

    pub(crate) fn with_ipv6() -> Self {
        Self::on(region_with(true))
    }

    fn on(region: Region) -> Self {
        Self { region, table: Machines::default(), now: Moment(1_000_000) }
    }

    pub(crate) fn add_key(&mut self, name: &str) {
        let key = PublicKey {
            key_type: "ed25519",
            line: format!("ssh-ed25519 AAAA {name}"),
            fingerprint: "SHA256:none".to_owned(),
        };
        self.region.add_key_pair(name, &key, &[], self.now).unwrap();
    }

    /// An order of one instance.
    pub(crate) fn order(&self) -> Launch {
        Launch {
            image: catalog::ubuntu("us-east-1"),
            min_count: 1,
            max_count: 1,
            instance_type: Some("t3.micro".to_owned()),
            ..Launch::default()
        }
    }

    /// Launches one instance.
    pub(crate) fn launch(&mut self, launch: &Launch) -> Id {
        let launched = self.region.run_instances(launch, self.now, &mut self.table).unwrap();
        launched.instances.first().unwrap().clone()
    }

    /// Launches one instance and waits until it runs.
    pub(crate) fn running(&mut self) -> Id {
        let id = self.launch(&self.order());
        self.wait(5);
        assert_eq!(self.state(&id), InstanceState::Running);
        id
    }

    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.now = self.now.after(Duration::from_millis(milliseconds));
        self.region.advance(self.now, &mut self.table);
    }

    pub(crate) fn state(&self, id: &str) -> InstanceState {
        self.region.instances.get(id).unwrap().state
    }
}

/// A rule for TCP ports from everywhere.
pub(crate) fn ingress(from: i32, to: i32) -> NewRule {
    let peer = Peer::Ipv4(Cidr::parse("0.0.0.0/0").unwrap());
    NewRule {
        permission: Permission::checked("tcp", Some(from), Some(to), peer).unwrap(),
        description: String::new(),
    }
}
