//! What holds after any sequence of calls and events.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{proptest, test_runner::Config};

use super::{
    Desk, hardware,
    step::{Step, step},
};
use crate::ec2::{
    error::Ec2Error,
    state::{
        ClientToken, Direction, Id, InstanceState, Launch, NewGroup, NewRule, Peer, Permission, Revoked,
        SpotOptions, StartFaults, Subnet,
    },
};

use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

#[derive(Debug)]
struct World {
    desk: Desk,
    /// Latest state of every instance that was ever seen.
    seen: BTreeMap<Id, InstanceState>,
    /// What was launched with each token.
    tokens: BTreeMap<u8, (Launch, Vec<Id>)>,
}

impl World {
    fn new() -> Self {
        Self { desk: Desk::new(), seen: BTreeMap::new(), tokens: BTreeMap::new() }
    }

    fn instance(&self, index: usize) -> Id {
        let mut all = self.desk.region.instances.values().rev();
        all.nth(index).map_or_else(|| "i-12345678".into(), |it| it.id.clone())
    }

    fn group(&self, index: usize) -> Id {
        let mut all = self.desk.region.groups.values();
        all.nth(index).map_or_else(|| "sg-12345678".into(), |it| it.id.clone())
    }

    fn address(&self, index: usize) -> Id {
        let mut all = self.desk.region.addresses.values();
        all.nth(index).map_or_else(|| "eipalloc-12345678".into(), |it| it.allocation.clone())
    }

    /// Everything that a failed call must leave alone.
    fn picture(&self) -> String {
        let region = &self.desk.region;
        let free: Vec<u32> = region.subnets.values().map(Subnet::available).collect();
        let tables = (&region.instances, &region.groups, &region.interfaces, &region.volumes);
        let others = (&region.addresses, &region.spot_requests, &region.key_pairs, &region.reservations);
        format!("{tables:?} {others:?} {free:?} {:?} {:?}", self.desk.table.machines, self.desk.table.taken)
    }

    fn apply(&mut self, step: &Step) {
        let before = self.picture();
        if let Err(error) = self.call(step) {
            assert!(
                (400..500).contains(&error.status) || error.code == "InsufficientAddressCapacity",
                "{error}"
            );
            assert_eq!(self.picture(), before, "a refused call changes nothing: {step:?} {error}");
        }
        let desk = &mut self.desk;
        desk.region.advance(desk.now, &mut desk.table);
    }

    fn call(&mut self, step: &Step) -> Result<(), Ec2Error> {
        let id = |index: &usize| self.instance(*index);
        match step {
            Step::Run { .. } => return self.run(step),
            Step::Wait(milliseconds) => self.desk.wait(*milliseconds),
            Step::IgnoreButton(ignores) => self.desk.table.ignores_button = *ignores,
            Step::Start(index) => {
                let (id, faults, desk) = (id(index), StartFaults::default(), &mut self.desk);
                desk.region.start_instances(&[&id], &faults, desk.now, &mut desk.table)?;
            }
            Step::Stop(index, force) => {
                let (id, desk) = (id(index), &mut self.desk);
                desk.region.stop_instances(&[&id], *force, desk.now, &mut desk.table)?;
            }
            Step::Reboot(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                desk.region.reboot_instances(&[&id], desk.now, &mut desk.table)?;
            }
            Step::Terminate(one, other) => {
                let (one, other, desk) = (id(one), id(other), &mut self.desk);
                desk.region.terminate_instances(&[&one, &other], desk.now, &mut desk.table)?;
            }
            Step::Unprotect(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                let change = [crate::ec2::state::AttributeChange::DisableApiTermination(false)];
                desk.region.modify_attributes(&id, &change, desk.now, &mut desk.table)?;
            }
            Step::RequestSpot(count) => {
                let (order, desk) = (self.desk.order(), &mut self.desk);
                desk.region.request_spot_instances(*count, &order, &SpotOptions::default(), &[], desk.now)?;
            }
            Step::CancelSpot(index) => {
                let request = self.desk.region.spot_requests.values().nth(*index).map(|it| it.id.clone());
                let request = request.unwrap_or_else(|| "sir-12345678".into());
                self.desk.region.cancel_spot_requests(&[&request], self.desk.now)?;
            }
            Step::Tag(index, key) => {
                let (id, tag) = (id(index), [(format!("k{key}"), "v".to_owned())]);
                self.desk.region.create_tags(&[&id], &tag, self.desk.now)?;
            }
            Step::GuestOff(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                if desk.region.instances.get(&id).is_some_and(|it| it.state == Running) {
                    desk.table.machines.get_mut(&id).unwrap().on = false;
                    desk.region.machine_went_off(&id, desk.now, &mut desk.table);
                }
            }
            Step::PowerOff(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                desk.region.power_off(&id, desk.now, &mut desk.table);
            }
            Step::Readdress(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                // There may be no other address.
                let _ = desk.region.readdress(&id, &mut desk.table);
            }
            Step::Vanish(index) => {
                let (id, desk) = (id(index), &mut self.desk);
                desk.region.vanish(&id, desk.now, &mut desk.table);
                self.seen.insert(id, Terminated);
            }
            step => return self.call_about_others(step),
        }
        Ok(())
    }

    fn run(&mut self, step: &Step) -> Result<(), Ec2Error> {
        let Step::Run { group, count, token, key, fault, protected, spot } = step else {
            return Ok(());
        };
        let desk = &mut self.desk;
        let faults = StartFaults {
            never_ready: *fault == 1,
            no_address: *fault == 2,
            error: (*fault == 3).then(|| "broken".to_owned()),
            ..StartFaults::default()
        };
        let order = Launch {
            max_count: *count,
            group_names: vec![["default", "g0", "g1"][*group].to_owned()],
            key_name: key.then(|| "k0".to_owned()),
            start_faults: faults,
            disable_api_termination: *protected,
            spot: spot.then(SpotOptions::default),
            ..desk.order()
        };
        let fingerprint =
            [u64::from(*count), *group as u64, *fault as u64, u64::from(*key), u64::from(*protected)];
        let fingerprint = fingerprint.iter().fold(u64::from(*spot), |sum, part| sum * 7 + part);
        let client_token = token.map(|token| ClientToken { token: token.to_string(), fingerprint });
        let with_token = Launch { client_token, ..order.clone() };
        let launched = desk.region.run_instances(&with_token, desk.now, &mut desk.table)?;
        if let Some(token) = token {
            let (first, ids) =
                self.tokens.entry(*token).or_insert_with(|| (order.clone(), launched.instances.clone()));
            assert_eq!((&*first, &*ids), (&order, &launched.instances), "a token is for one order");
        }
        Ok(())
    }

    fn call_about_others(&mut self, step: &Step) -> Result<(), Ec2Error> {
        let (group, address) = (|index: &usize| self.group(*index), |index: &usize| self.address(*index));
        match step {
            Step::CreateGroup(name) => {
                let new =
                    NewGroup { name: format!("g{name}"), description: "d".to_owned(), ..NewGroup::default() };
                self.desk.region.create_group(&new, self.desk.now)?;
            }
            Step::DeleteGroup(index) => {
                let id = group(index);
                let region = &self.desk.region;
                let in_use =
                    region.interfaces.values().any(|it| it.groups.iter().any(|group| group.id == id))
                        || region.groups.values().any(|other| other.id != id && other.mentions(&id));
                let deleted = self.desk.region.delete_group(&id, self.desk.now);
                assert!(!(in_use && deleted.is_ok()), "a group that is used is deleted");
                deleted?;
            }
            Step::Authorize(index, port, peer) => {
                let mut rules = vec![hardware::ingress(*port, *port)];
                if let Some(peer) = peer {
                    let permission = Permission::checked("tcp", Some(1), Some(2), Peer::Group(group(peer)))?;
                    rules.push(NewRule { permission, description: String::new() });
                }
                let (id, desk) = (group(index), &mut self.desk);
                desk.region.authorize(
                    &id,
                    Direction::Ingress,
                    &rules,
                    &Default::default(),
                    desk.now,
                    &mut desk.table,
                )?;
            }
            Step::Revoke(index, rule) => {
                let id = group(index);
                let rules = self.desk.region.group(&id)?.rules.get(*rule).map(|rule| rule.id.to_string());
                let gone = Revoked::Ids(rules.into_iter().collect());
                let desk = &mut self.desk;
                desk.region.revoke(&id, Direction::Ingress, &gone, desk.now, &mut desk.table)?;
            }
            Step::CreateKey(index) => {
                let name = format!("k{index}");
                if !self.desk.region.key_pairs.contains(&name) {
                    self.desk.add_key(&name);
                }
            }
            Step::DeleteKey(index) => drop(self.desk.region.delete_key_pair(&format!("k{index}"))),
            Step::Allocate => {
                let desk = &mut self.desk;
                desk.region.allocate_address(&[], desk.now, &mut desk.table)?;
            }
            Step::Associate(index, instance, again) => {
                let (allocation, instance, desk) = (address(index), self.instance(*instance), &mut self.desk);
                desk.region.associate_address(&allocation, &instance, *again, desk.now, &mut desk.table)?;
            }
            Step::Disassociate(index) => {
                let association = self.desk.region.address(&address(index))?.association.clone();
                let association = association.map_or_else(|| "eipassoc-12345678".into(), |it| it.id);
                self.desk.region.disassociate_address(&association, &mut self.desk.table)?;
            }
            Step::Release(index) => {
                let (allocation, desk) = (address(index), &mut self.desk);
                desk.region.release_address(&allocation, desk.now, &mut desk.table)?;
            }
            _ => unreachable!("{step:?}"),
        }
        Ok(())
    }

    fn check(&mut self) {
        let Desk { region, table, now } = &self.desk;
        let mut public = BTreeSet::new();
        let mut private = BTreeSet::new();
        let mut with_machine = BTreeSet::new();
        for it in region.instances.values() {
            let before = self.seen.insert(it.id.clone(), it.state);
            assert!(before != Some(Terminated) || it.state == Terminated, "{} left terminated", it.id);
            assert!(before != Some(ShuttingDown) || it.state.is_ending(), "{} left shutting-down", it.id);
            let over = it.state == Terminated;
            assert_eq!(
                over,
                it.interfaces.is_empty() && it.volumes.is_empty() && it.private_address.is_none()
            );
            assert!(over || private.insert(it.private_address), "a private address is used twice");
            if let Some(own) = &it.public {
                assert!(public.insert(own.address), "{} is used twice", own.address);
                assert!(own.allocation.is_some() || matches!(it.state, Running | Stopping), "{it:?}");
                assert!(!it.state.is_ending());
            }
            if over {
                continue;
            }
            with_machine.insert(it.id.clone());
            let machine = &table.machines[&it.id];
            assert_eq!(machine.address, it.public.as_ref().map(|own| own.address));
            match it.state {
                Running => assert!(machine.on, "{it:?} has no power"),
                Pending | Stopped | ShuttingDown => assert!(!machine.on, "{it:?} has power"),
                Stopping | Terminated => {}
            }
            let groups = it.groups.iter().map(|group| region.group(&group.id).unwrap());
            let rules: Vec<_> = groups.flat_map(|group| group.rules.clone()).collect();
            let open = (0..10).filter(|port| machine.ports.ipv4.contains(*port)).collect::<Vec<u16>>();
            let ruled = rules.iter().filter_map(|rule| match rule.permission.peer {
                Peer::Ipv4(_) if rule.direction == Direction::Ingress => rule.permission.from_port,
                _ => None,
            });
            let ruled: BTreeSet<u16> = ruled.map(|port| u16::try_from(port).unwrap()).collect();
            assert_eq!(open, ruled.into_iter().collect::<Vec<_>>());
            assert_eq!(it.state_reason.is_none(), it.state == Running);
        }
        assert_eq!(
            with_machine,
            table.machines.keys().cloned().collect(),
            "instances and machines belong together"
        );
        let elastic = region.addresses.values().map(|it| it.address);
        let held: BTreeSet<_> = public.into_iter().chain(elastic).collect();
        assert_eq!(held, table.taken, "every address that was taken is held by somebody");
        self.check_tables();
        if let Some(next) = self.desk.region.next_change() {
            assert!(next > *now, "something that is due has not happened");
        }
    }

    fn check_tables(&self) {
        let region = &self.desk.region;
        for interface in region.interfaces.values() {
            let owner = region.instances.get(&interface.attachment.instance).unwrap();
            assert!(owner.interfaces.contains(&interface.id) && owner.public == interface.public);
            let elastic = interface.public.as_ref().is_some_and(|it| it.allocation.is_some());
            assert_eq!(elastic, interface.association.is_some());
        }
        let used: usize = region.subnets.values().map(|subnet| 4091 - subnet.available() as usize).sum();
        assert_eq!(used, region.interfaces.len(), "addresses are given back");
        for volume in region.volumes.values() {
            let owner = region.instances.get(&volume.attachment.as_ref().unwrap().instance).unwrap();
            assert!(owner.volumes.iter().any(|it| it.volume == volume.id));
        }
        for elastic in region.addresses.values() {
            if let Some(association) = &elastic.association {
                let public = region.instances.get(&association.instance).unwrap().public.as_ref();
                assert_eq!(public.and_then(|it| it.allocation.as_ref()), Some(&elastic.allocation));
            }
        }
        let listed = region.reservations.values().map(Vec::len).sum::<usize>();
        assert_eq!(listed, region.instances.len());
        let alive = region.instances.values().filter(|it| !it.state.is_ending()).count();
        assert_eq!(region.active, alive);
    }
}

proptest! {
    #![proptest_config(Config { cases: 120, failure_persistence: None, ..Config::default() })]

    #[test]
    fn invariants_hold_after_every_step(steps in proptest::collection::vec(step(), 1..80)) {
        let mut world = World::new();
        for step in steps {
            world.apply(&step);
            world.check();
        }
        // Left alone, everything comes to rest.
        for _ in 0..200 {
            let Some(next) = world.desk.region.next_change() else { break };
            world.desk.now = next;
            world.desk.wait(0);
            world.check();
        }
        assert_eq!(world.desk.region.next_change(), None);
        let moving = [Stopping, ShuttingDown];
        assert!(world.desk.region.instances.values().all(|it| !moving.contains(&it.state)));
    }
}
