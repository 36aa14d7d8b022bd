use std::{path::Path, time::Duration};

use super::{
    super::*,
    rig::{Rig, text},
};

const MS: Duration = Duration::from_millis(1);

/// A second for everything, so that every moment can be looked at.
fn slow() -> Rig {
    let second = Duration::from_secs(1);
    Rig::with_times(Times {
        launch: second,
        start: second,
        guest_boot: second,
        guest_shutdown: second,
        stop: second,
        save: second,
        restore: second,
        teardown: second,
    })
}

#[test]
fn a_start_goes_through_a_launch_and_ends_with_a_lock() {
    let mut rig = slow();
    let id = rig.create("a");
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    assert_eq!((rig.state(id), rig.session(id)), (MachineState::PoweredOff, Session::Spawning));
    assert_eq!(rig.virtual_box.outcome(id), None);
    let refused = rig.virtual_box.lock(id, LockKind::Shared).map(drop);
    assert!(
        text(refused).starts_with("An unexpected process (PID=0x00000260) has tried to lock the machine 'a'")
    );
    rig.wait(1000 * MS);
    assert_eq!((rig.state(id), rig.session(id)), (MachineState::Starting, Session::Process));
    rig.wait(999 * MS);
    assert_eq!(rig.state(id), MachineState::Starting);
    rig.wait(MS);
    assert_eq!(rig.state(id), MachineState::Running);
    assert_eq!(rig.virtual_box.outcome(id), Some(Ok(())));
    assert!(rig.hardware.on.contains(&id));
}

#[test]
fn the_outcome_of_a_power_off_comes_with_the_lock() {
    let mut rig = slow();
    let id = rig.machine_in(MachineState::Running);
    rig.call(|it, host| it.power_down(id, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::Stopping);
    assert!(!rig.hardware.on.contains(&id));
    rig.wait(1000 * MS);
    assert_eq!((rig.state(id), rig.session(id)), (MachineState::PoweredOff, Session::Unlocking));
    assert_eq!(rig.virtual_box.outcome(id), None);
    rig.wait(1000 * MS);
    assert_eq!(rig.session(id), Session::Unlocked);
    assert_eq!(rig.virtual_box.outcome(id), Some(Ok(())));
}

#[test]
fn a_guest_that_obeys_the_power_button_goes_down_by_itself() {
    let mut rig = slow();
    let id = rig.machine_in(MachineState::Running);
    rig.hardware.obeys = false;
    rig.call(|it, host| it.power_button(id, host)).unwrap();
    rig.wait(Duration::from_secs(60));
    assert_eq!(rig.state(id), MachineState::Running);
    rig.hardware.obeys = true;
    rig.call(|it, host| it.power_button(id, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::Stopping);
    rig.settle();
    assert_eq!((rig.state(id), rig.session(id)), (MachineState::PoweredOff, Session::Unlocked));
}

#[test]
fn a_machine_that_stops_in_no_time_is_never_seen_stopping() {
    let mut rig = Rig::with_times(Times::default());
    let id = rig.machine_in(MachineState::Running);
    rig.hardware.obeys = true;
    rig.call(|it, host| it.power_button(id, host)).unwrap();
    assert_eq!((rig.state(id), rig.session(id)), (MachineState::PoweredOff, Session::Unlocked));
}

#[test]
fn a_saved_machine_runs_again_also_when_it_was_saved_while_paused() {
    let mut rig = slow();
    let id = rig.machine_in(MachineState::Paused);
    rig.call(|it, host| it.save_state(id, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::Saving);
    rig.settle();
    assert_eq!(rig.state(id), MachineState::Saved);
    let file = rig.virtual_box.machine(id).unwrap().state_file.clone().unwrap();
    assert!(file.starts_with("/home/VMs/m0/Snapshots") && rig.files.exists(&file));
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    rig.wait(1000 * MS);
    assert_eq!(rig.state(id), MachineState::Restoring);
    rig.settle();
    assert_eq!(rig.state(id), MachineState::Running);
    assert!(!rig.files.exists(&file));
}

#[test]
fn a_saved_state_without_its_file_cannot_be_started_but_discarded() {
    let mut rig = Rig::new();
    let id = rig.machine_in(MachineState::Saved);
    let file = rig.virtual_box.machine(id).unwrap().state_file.clone().unwrap();
    rig.files.remove(&file).unwrap();
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    rig.settle();
    let outcome = rig.virtual_box.outcome(id).unwrap();
    assert_eq!(text(outcome), "The VM session was closed before any attempt to power it on");
    assert_eq!(rig.state(id), MachineState::Saved);
    rig.call(|it, host| it.discard_state(id, true, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::PoweredOff);
}

#[test]
fn starts_that_fail_leave_the_machine_off_and_say_why_in_the_log() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let order = |failure| StartOrder { failure: Some(failure), ..StartOrder::default() };
    let mut fail = |failure: StartFailure| {
        rig.call(|it, host| it.launch(id, "headless", &order(failure), host)).unwrap();
        rig.settle();
        let outcome = text(rig.virtual_box.outcome(id).unwrap());
        let machine = rig.virtual_box.machine(id).unwrap();
        assert_eq!(machine.session, Session::Unlocked);
        let log = rig.files.text(&machine.log_file());
        (outcome, machine.state, log)
    };
    let (outcome, state, log) = fail(StartFailure::NoKernelDriver);
    let driver = "The virtual machine 'a' has terminated unexpectedly during startup with exit code 1 (0x1)";
    assert_eq!((outcome.as_str(), state, log.as_str()), (driver, MachineState::PoweredOff, ""));
    let (outcome, state, log) = fail(StartFailure::NoHardwareVirtualization);
    assert_eq!(outcome, "AMD-V is not available (VERR_SVM_NO_SVM)");
    assert_eq!(state, MachineState::PoweredOff);
    assert!(
        log.contains("Power up failed (vrc=VERR_SVM_NO_SVM, hrc=NS_ERROR_FAILURE (0X80004005))"),
        "{log}"
    );
    assert!(log.ends_with("VBoxHeadless: exiting\n"));
    let (outcome, state, _) = fail(StartFailure::ProcessKilled);
    assert_eq!((outcome.as_str(), state), ("The VM session was aborted", MachineState::Aborted));
    rig.start(id);
}

#[test]
fn a_process_killed_while_restoring_keeps_the_saved_state() {
    let mut rig = slow();
    let id = rig.machine_in(MachineState::Saved);
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    rig.wait(1000 * MS);
    assert_eq!(rig.state(id), MachineState::Restoring);
    rig.call(|it, host| it.abort(id, host)).unwrap();
    assert_eq!(rig.state(id), MachineState::AbortedSaved);
    assert_eq!(text(rig.virtual_box.outcome(id).unwrap()), "The VM session was aborted");
    rig.start(id);
    assert_eq!(rig.state(id), MachineState::Running);
}

#[test]
fn a_crash_of_the_server_ends_machines_and_leaves_them_powered_off() {
    let mut rig = Rig::new();
    let running = rig.machine_in(MachineState::Running);
    let saved = rig.machine_in(MachineState::Saved);
    rig.call(|it, host| it.crash(host));
    assert_eq!((rig.state(running), rig.session(running)), (MachineState::PoweredOff, Session::Unlocked));
    assert_eq!(rig.state(saved), MachineState::Saved);
    assert!(rig.hardware.on.is_empty());
}

#[test]
fn nat_rules_are_listened_for_while_the_machine_is_on_and_conflicts_stand_in_the_log() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let rule = |port| NatRule {
        protocol: Protocol::Tcp,
        host_address: "127.0.0.1".into(),
        host_port: port,
        guest_address: String::new(),
        guest_port: 22,
    };
    let mut draft = rig.virtual_box.draft(id).unwrap();
    draft.configuration.adapters[0].attachment = Attachment::Nat;
    draft.configuration.adapters[0].nat.add("ssh", rule(2255)).unwrap();
    draft.configuration.adapters[1].nat.add("other", rule(2256)).unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    rig.hardware.taken.insert(2255);
    rig.start(id);
    assert_eq!(rig.hardware.rules[&id], [], "the second adapter is not NAT");
    let log = rig.files.text(&rig.virtual_box.machine(id).unwrap().log_file());
    assert!(log.contains("failed to set up redirection of 2255 to 22"), "{log}");
    rig.call(|it, host| it.add_nat_rule(id, 0, "web", rule(8080), host)).unwrap();
    assert_eq!(rig.hardware.rules[&id], [rule(8080)]);
    rig.call(|it, host| it.remove_nat_rule(id, 0, "web", host)).unwrap();
    let again = rig.call(|it, host| it.remove_nat_rule(id, 0, "web", host));
    assert_eq!(again.unwrap_err().message, None);
    rig.call(|it, host| it.power_down(id, host)).unwrap();
    rig.settle();
    assert!(!rig.hardware.rules.contains_key(&id));
}

#[test]
fn the_guest_gets_an_address_only_from_an_enabled_dhcp_server_of_an_existing_interface() {
    let mut rig = Rig::new();
    let id = rig.create("a");
    let mut draft = rig.virtual_box.draft(id).unwrap();
    let adapter = &mut draft.configuration.adapters[1];
    adapter.attachment = Attachment::HostOnly;
    adapter.set_host_only_interface("vboxnet0").unwrap();
    rig.call(|it, host| it.save(draft, host)).unwrap();
    rig.call(|it, host| it.launch(id, "headless", &StartOrder::default(), host)).unwrap();
    rig.settle();
    let missing = "Nonexistent host networking interface, name 'vboxnet0' (VERR_INTERNAL_ERROR)";
    assert_eq!(text(rig.virtual_box.outcome(id).unwrap()), missing);
    rig.virtual_box.host_interfaces.create().unwrap();
    let mut link = |enabled| {
        rig.virtual_box.dhcp_servers.change("HostInterfaceNetworking-vboxnet0").unwrap().enabled = enabled;
        rig.start(id);
        let link = rig.hardware.adapters[&id][0].link;
        rig.call(|it, host| it.power_down(id, host)).unwrap();
        rig.settle();
        link
    };
    assert_eq!(link(true), Link::HostOnly);
    assert_eq!(link(false), Link::Nothing);
}

#[test]
fn a_medium_is_locked_by_the_machine_that_runs_with_it() {
    let mut rig = Rig::new();
    let (a, b) = (rig.create("a"), rig.create("b"));
    let image = NewImage {
        format: ImageFormat::Vdi,
        variant: Variant::Standard,
        id: Uuid::random(),
        parent: None,
        capacity: 1 << 20,
    };
    let path = Path::new("/disks/s.vdi");
    let disk = rig.call(|it, host| it.create_medium(path, MediumKind::HardDisk, &image, host)).unwrap();
    for id in [a, b] {
        let mut draft = rig.virtual_box.draft(id).unwrap();
        draft.add_controller("SATA", Bus::Sata).unwrap();
        rig.call(|it, host| it.save(draft, host)).unwrap();
        let slot = Slot { controller: "SATA", port: 1, device: 0 };
        rig.call(|it, host| it.attach(id, slot, MediumKind::HardDisk, Some(disk), host)).unwrap();
    }
    rig.start(a);
    rig.call(|it, host| it.launch(b, "headless", &StartOrder::default(), host)).unwrap();
    rig.settle();
    let locked = "Locking of attached media failed. A possible reason is that one of the media is attached to a running VM";
    assert_eq!(text(rig.virtual_box.outcome(b).unwrap()), locked);
    let closed = rig.virtual_box.close_medium(disk);
    assert_eq!(text(closed), "Medium '/disks/s.vdi' is locked for writing by another task");
    rig.call(|it, host| it.power_down(a, host)).unwrap();
    rig.settle();
    let closed = rig.virtual_box.close_medium(disk);
    let attached =
        "Medium '/disks/s.vdi' cannot be closed because it is still attached to 2 virtual machines";
    assert_eq!(text(closed), attached);
    rig.files.remove(path).unwrap();
    rig.call(|it, host| it.launch(a, "headless", &StartOrder::default(), host)).unwrap();
    rig.settle();
    assert_eq!(text(rig.virtual_box.outcome(a).unwrap()), "File not found. (VERR_FILE_NOT_FOUND)");
}
