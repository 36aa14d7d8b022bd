//! What each command does in each state, as it was measured on VirtualBox 7.2.

use super::{
    super::*,
    rig::{Rig, text},
};

type Command = fn(&mut VirtualBox, Uuid, &mut Host<'_>) -> Result<()>;

/// Asks something of machines in all states; what is expected is said by state and name of the machine.
fn check(command: Command, expected: impl Fn(MachineState, &str) -> Option<String>) {
    for state in MachineState::ALL {
        if state == MachineState::OnlineSnapshotting {
            continue;
        }
        let mut rig = Rig::new();
        let id = rig.machine_in(state);
        let name = rig.virtual_box.machine(id).unwrap().name.clone();
        let result = rig.call(|virtual_box, host| command(virtual_box, id, host));
        let got = result.is_err().then(|| text(result));
        assert_eq!(got, expected(state, &name), "{state:?}");
    }
}

fn not_running(name: &str) -> String {
    format!("Machine '{name}' is not currently running.")
}

#[test]
fn a_machine_with_a_process_cannot_be_started() {
    check(
        |virtual_box, id, host| virtual_box.launch(id, "headless", &StartOrder::default(), host),
        |state, name| {
            let text =
                format!("The machine '{name}' is already locked by a session (or being locked or unlocked)");
            state.is_online().then_some(text)
        },
    );
}

#[test]
fn power_is_cut_while_running_paused_or_stuck() {
    use MachineState::{GuruMeditation, Paused, Running};
    check(VirtualBox::power_down, |state, name| match state {
        Running | Paused | GuruMeditation => None,
        state if state.is_online() => {
            Some(format!("Invalid machine state: {} (must be Running, Paused or Stuck)", state.name()))
        }
        _ => Some(not_running(name)),
    });
}

#[test]
fn the_power_button_and_reset_need_a_running_machine() {
    for command in [VirtualBox::power_button as Command, VirtualBox::reset] {
        check(command, |state, name| match state {
            MachineState::Running => None,
            state if state.is_online() => Some(format!("Invalid machine state: {}", state.name())),
            _ => Some(not_running(name)),
        });
    }
}

#[test]
fn a_machine_is_paused_once_and_resumed_once() {
    check(VirtualBox::pause, |state, name| match state {
        MachineState::Running => None,
        MachineState::Paused => Some("Already paused".into()),
        state if state.is_online() => Some(format!("Invalid machine state: {}", state.name())),
        _ => Some(not_running(name)),
    });
    check(VirtualBox::resume, |state, name| match state {
        MachineState::Paused => None,
        state if state.is_online() => {
            Some(format!("Cannot resume the machine as it is not paused (machine state: {})", state.name()))
        }
        _ => Some(not_running(name)),
    });
}

#[test]
fn settings_are_changed_while_the_machine_is_off() {
    let set_memory: Command = |virtual_box, id, host| {
        let mut draft = virtual_box.draft(id)?;
        draft.set_memory(512)?;
        virtual_box.save(draft, host)
    };
    check(set_memory, |state, name| match state {
        MachineState::PoweredOff | MachineState::Aborted => None,
        MachineState::Saved | MachineState::AbortedSaved => {
            Some(format!("The machine is not mutable (state is {})", state.name()))
        }
        _ => Some(format!("The machine '{name}' is already locked for a session (or being unlocked)")),
    });
}

#[test]
fn nat_rules_properties_and_extra_data_of_saved_machines_can_be_changed() {
    let change: Command = |virtual_box, id, host| {
        let mut draft = virtual_box.draft(id)?;
        let rule = NatRule {
            protocol: Protocol::Tcp,
            host_address: "127.0.0.1".into(),
            host_port: 2222,
            guest_address: String::new(),
            guest_port: 22,
        };
        draft.configuration.adapters[0].nat.add("ssh", rule)?;
        virtual_box.save(draft, host)?;
        virtual_box.set_guest_property(id, "/a", "b", "", host)?;
        virtual_box.set_extra_data(id, "a", Some("b"), host)
    };
    check(change, |state, name| {
        let text = format!("The machine '{name}' is already locked for a session (or being unlocked)");
        state.is_online().then_some(text)
    });
}

#[test]
fn a_saved_state_is_discarded_once() {
    check(
        |virtual_box, id, host| virtual_box.discard_state(id, true, host),
        |state, name| match state {
            MachineState::Saved | MachineState::AbortedSaved => None,
            state if state.is_online() => {
                Some(format!("The machine '{name}' is already locked for a session (or being unlocked)"))
            }
            state => Some(format!(
                "Cannot discard the saved state as the machine is not in the Saved or Aborted-Saved state (machine state: \
                 {})",
                state.name()
            )),
        },
    );
}

#[test]
fn locked_machines_cannot_be_unregistered() {
    check(
        |virtual_box, id, host| virtual_box.unregister(id, host).map(drop),
        |state, name| {
            let text = format!("Cannot unregister the machine '{name}' while it is locked");
            state.is_online().then_some(text)
        },
    );
}

#[test]
fn storage_controllers_and_folders_are_refused_in_their_own_words() {
    let folder = SharedFolder {
        name: "home".into(),
        path: "/home".into(),
        writable: true,
        auto_mount: true,
        mount_point: String::new(),
    };
    let mut rig = Rig::new();
    rig.files.add("/home");
    let id = rig.machine_in(MachineState::Saved);
    let mut draft = rig.virtual_box.draft(id).unwrap();
    let added = draft.add_controller("SATA", Bus::Sata).map(drop);
    assert_eq!(text(added), "The machine is not mutable (state is Saved)");
    let added = rig.call(|_, host| draft.add_shared_folder(folder.clone(), host));
    assert_eq!(text(added), "The machine is not mutable or running (state is Saved)");
    let off = rig.create("off");
    let mut draft = rig.virtual_box.draft(off).unwrap();
    let added = rig.call(|_, host| draft.add_shared_folder(folder.clone(), host));
    assert_eq!(added, Ok(()));
    let twice = rig.call(|_, host| draft.add_shared_folder(folder, host));
    assert_eq!(text(twice), "Shared folder named 'home' already exists");
}
