//! Lives of instances.

use std::time::Duration;

use super::Desk;
use crate::ec2::state::{
    AttributeChange, ClientToken, InstanceState, Lag, Launch, ShutdownBehavior, StartFaults,
};

use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

#[test]
fn an_instance_lives_stops_starts_and_ends() {
    let mut desk = Desk::new();
    let id = desk.launch(&desk.order());
    assert_eq!(desk.state(&id), Pending);
    assert!(desk.region.instances.get(&id).unwrap().public.is_none());
    desk.wait(4);
    assert_eq!(desk.state(&id), Pending);
    desk.wait(1);
    assert_eq!(desk.state(&id), Running);
    let first = desk.region.instances.get(&id).unwrap().public.clone().unwrap();
    assert!(desk.table.machines[&id].on && desk.table.machines[&id].address == Some(first.address));

    let changes = desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap();
    assert_eq!((changes[0].previous, changes[0].current), (Running, Stopping));
    desk.wait(4);
    let instance = desk.region.instances.get(&id).unwrap();
    assert_eq!((instance.state, instance.public.clone()), (Stopped, None));
    assert_eq!(instance.state_reason.as_ref().unwrap().code, "Client.UserInitiatedShutdown");
    assert!(
        instance.transition_reason.starts_with("User initiated (1970-01-01 "),
        "{}",
        instance.transition_reason
    );
    let (private, launched) = (instance.private_address, instance.launched);
    assert!(desk.table.taken.is_empty());

    let again = desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap();
    assert_eq!((again[0].previous, again[0].current), (Stopped, Stopped));
    let error = desk.region.reboot_instances(&[&id], desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    let faults = StartFaults::default();
    let changes = desk.region.start_instances(&[&id], &faults, desk.now, &mut desk.table).unwrap();
    assert_eq!((changes[0].previous, changes[0].current), (Stopped, Pending));
    desk.wait(5);
    let instance = desk.region.instances.get(&id).unwrap();
    assert!(instance.state == Running && instance.private_address == private && instance.launched > launched);
    assert_ne!(instance.public.clone().unwrap(), first);

    let changes = desk.region.terminate_instances(&[&id], desk.now, &mut desk.table).unwrap();
    assert_eq!((changes[0].previous, changes[0].current), (Running, ShuttingDown));
    assert!(desk.table.taken.is_empty() && desk.region.interfaces.len() == 1);
    desk.wait(6);
    let instance = desk.region.instances.get(&id).unwrap();
    assert_eq!((instance.state, instance.subnet.clone(), instance.private_address), (Terminated, None, None));
    assert!(
        instance.volumes.is_empty() && desk.region.volumes.len() == 0 && desk.region.interfaces.len() == 0
    );
    assert!(desk.table.machines.is_empty());
    let again = desk.region.terminate_instances(&[&id], desk.now, &mut desk.table).unwrap();
    assert_eq!((again[0].previous, again[0].current), (Terminated, Terminated));
    for error in [
        desk.region.start_instances(&[&id], &faults, desk.now, &mut desk.table).unwrap_err(),
        desk.region.stop_instances(&[&id], true, desk.now, &mut desk.table).unwrap_err(),
    ] {
        assert_eq!(error.code, "IncorrectInstanceState");
    }
    desk.wait(50);
    assert!(desk.region.instances.len() == 0 && desk.region.reservations.len() == 0);
    assert_eq!(desk.region.next_change(), None);
}

#[test]
fn stopping_what_never_ran_is_refused_in_the_words_of_aws() {
    let mut desk = Desk::new();
    let id = desk.launch(&desk.order());
    let error = desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    assert!(error.message.ends_with("cannot be stopped as it has never reached the 'running' state"));
}

#[test]
fn a_guest_that_ignores_the_button_loses_its_power() {
    let mut desk = Desk::new();
    let id = desk.running();
    desk.table.ignores_button = true;
    desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap();
    desk.wait(19);
    assert_eq!(desk.state(&id), Stopping);
    desk.wait(1);
    assert!(desk.state(&id) == Stopped && !desk.table.machines[&id].on);
}

#[test]
fn protections_hold_until_they_are_taken_away() {
    let mut desk = Desk::new();
    let order = Launch { disable_api_termination: true, disable_api_stop: true, ..desk.order() };
    let id = desk.launch(&order);
    desk.wait(5);
    let error = desk.region.terminate_instances(&[&id], desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "OperationNotPermitted");
    let words = format!(
        "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
    );
    assert_eq!(error.message, words);
    let error = desk.region.stop_instances(&[&id], false, desk.now, &mut desk.table).unwrap_err();
    assert!(error.message.contains("may not be stopped. Modify its 'disableApiStop'"));
    let changes = [AttributeChange::DisableApiTermination(false)];
    desk.region.modify_attributes(&id, &changes, desk.now, &mut desk.table).unwrap();
    desk.region.terminate_instances(&[&id], desk.now, &mut desk.table).unwrap();
}

#[test]
fn a_shutdown_from_inside_does_what_the_instance_says() {
    let mut desk = Desk::new();
    let stops = desk.running();
    let order = Launch { shutdown_behavior: ShutdownBehavior::Terminate, ..desk.order() };
    let ends = desk.launch(&order);
    desk.wait(5);
    for id in [&stops, &ends] {
        desk.region.machine_went_off(id, desk.now, &mut desk.table);
    }
    desk.wait(10);
    assert_eq!((desk.state(&stops), desk.state(&ends)), (Stopped, Terminated));
    let reason = desk.region.instances.get(&stops).unwrap().state_reason.clone().unwrap();
    assert_eq!(reason.code, "Client.InstanceInitiatedShutdown");
}

#[test]
fn the_type_changes_only_while_the_instance_is_stopped() {
    let mut desk = Desk::new();
    let id = desk.running();
    let change = [AttributeChange::InstanceType("t3.small".to_owned())];
    let error = desk.region.modify_attributes(&id, &change, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "IncorrectInstanceState");
    desk.region.power_off(&id, desk.now, &mut desk.table);
    assert_eq!(desk.state(&id), Stopped);
    desk.region.modify_attributes(&id, &change, desk.now, &mut desk.table).unwrap();
    assert_eq!(desk.region.instances.get(&id).unwrap().instance_type.name, "t3.small");
}

#[test]
fn a_token_gives_the_same_instances_until_they_end() {
    let mut desk = Desk::new();
    let token = |fingerprint| Some(ClientToken { token: "t".to_owned(), fingerprint });
    let order = Launch { client_token: token(1), ..desk.order() };
    let first = desk.region.run_instances(&order, desk.now, &mut desk.table).unwrap();
    assert_eq!(desk.region.run_instances(&order, desk.now, &mut desk.table).unwrap(), first);
    assert_eq!(desk.region.instances.len(), 1);
    let other = Launch { client_token: token(2), ..order.clone() };
    let error = desk.region.run_instances(&other, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "IdempotentParameterMismatch");
    desk.region.terminate_at_once(&first.instances[0], desk.now, &mut desk.table);
    let error = desk.region.run_instances(&order, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(error.code, "IdempotentInstanceTerminated");
    desk.wait(26 * 60 * 60 * 1000);
    assert_ne!(desk.region.run_instances(&order, desk.now, &mut desk.table).unwrap(), first);
}

#[test]
fn a_start_that_fails_ends_a_new_instance_and_stops_an_old_one() {
    let mut desk = Desk::new();
    let faults = StartFaults { error: Some("broken".to_owned()), ..StartFaults::default() };
    let order = Launch { start_faults: faults.clone(), ..desk.order() };
    let id = desk.launch(&order);
    desk.wait(5);
    assert_eq!(desk.state(&id), Terminated);
    let reason = desk.region.instances.get(&id).unwrap().state_reason.clone().unwrap();
    assert_eq!(reason.message, "Server.InternalError: broken");
    let id = desk.running();
    desk.region.power_off(&id, desk.now, &mut desk.table);
    desk.region.start_instances(&[&id], &faults, desk.now, &mut desk.table).unwrap();
    desk.wait(5);
    assert_eq!(desk.state(&id), Stopped);
    let stuck =
        Launch { start_faults: StartFaults { never_ready: true, ..StartFaults::default() }, ..desk.order() };
    let id = desk.launch(&stuck);
    desk.wait(10_000);
    assert_eq!(desk.state(&id), Pending);
}

#[test]
fn what_is_new_is_not_seen_at_first() {
    let mut desk = Desk::new();
    desk.region.lag = Lag { reads: 2, time: Duration::ZERO };
    let id = desk.launch(&desk.order());
    let tags = [("Name".to_owned(), "m".to_owned())];
    let error = desk.region.create_tags(&[&id], &tags, desk.now).unwrap_err();
    assert_eq!(error.code, "InvalidInstanceID.NotFound");
    assert!(desk.region.visible_instances(&[&id], desk.now).is_err());
    desk.region.visible_instances(&[&id], desk.now).unwrap();
    desk.region.create_tags(&[&id], &tags, desk.now).unwrap();
    assert_eq!(desk.region.find_instance("m"), Some(&id));
}
