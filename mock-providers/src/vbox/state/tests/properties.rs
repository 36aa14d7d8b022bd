//! Whatever is asked in whatever order: states, locks and machines fit together, and nothing is left behind.

use std::time::Duration;

use proptest::prelude::*;

use super::{super::*, rig::Rig};

/// Something that is asked, or happens.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Launch(Fault),
    PowerDown,
    Button,
    Pause,
    Resume,
    Reset,
    Save,
    Discard,
    Snapshot,
    RestoreSnapshot,
    Unregister,
    Modify,
    Abort,
    TripleFault,
    Crash,
    /// Milliseconds.
    Wait(u16),
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Fails,
    Killed,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![8 => Just(Fault::None), 1 => Just(Fault::Fails), 1 => Just(Fault::Killed)];
    prop_oneof![
        2 => Just(Step::Create),
        6 => fault.prop_map(Step::Launch),
        3 => Just(Step::PowerDown),
        3 => Just(Step::Button),
        3 => Just(Step::Pause),
        3 => Just(Step::Resume),
        1 => Just(Step::Reset),
        3 => Just(Step::Save),
        2 => Just(Step::Discard),
        1 => Just(Step::Snapshot),
        1 => Just(Step::RestoreSnapshot),
        1 => Just(Step::Unregister),
        2 => Just(Step::Modify),
        1 => Just(Step::Abort),
        1 => Just(Step::TripleFault),
        1 => Just(Step::Crash),
        8 => (0_u16..3000).prop_map(Step::Wait),
    ]
}

fn act(rig: &mut Rig, which: usize, step: Step) -> Result<()> {
    if let Step::Wait(milliseconds) = step {
        rig.wait(Duration::from_millis(milliseconds.into()));
        return Ok(());
    }
    if let Step::Create = step {
        let name = Uuid::random().to_string().replace('-', "");
        rig.create(&name);
        return Ok(());
    }
    let count = rig.virtual_box.machines.len();
    let Some(id) = rig.virtual_box.machines.get(which % count.max(1)).map(|machine| machine.id) else {
        return Ok(());
    };
    rig.call(|it, host| match step {
        Step::Launch(fault) => {
            let failure = match fault {
                Fault::None => None,
                Fault::Fails => Some(StartFailure::NoHardwareVirtualization),
                Fault::Killed => Some(StartFailure::ProcessKilled),
            };
            let order = StartOrder { failure, ..StartOrder::default() };
            it.launch(id, "headless", &order, host)
        }
        Step::PowerDown => it.power_down(id, host),
        Step::Button => it.power_button(id, host),
        Step::Pause => it.pause(id, host),
        Step::Resume => it.resume(id, host),
        Step::Reset => it.reset(id, host),
        Step::Save => it.save_state(id, host),
        Step::Discard => it.discard_state(id, true, host),
        Step::Snapshot => it.take_snapshot(id, "s", "", false, host).map(drop),
        Step::RestoreSnapshot => {
            let snapshot = it.machine(id).and_then(|machine| machine.current_snapshot);
            snapshot.map_or(Ok(()), |snapshot| it.restore_snapshot(id, snapshot, host))
        }
        Step::Unregister => {
            let gone = it.unregister(id, host)?;
            it.delete_config(gone, host)
        }
        Step::Modify => {
            let mut draft = it.draft(id)?;
            draft.set_memory(64)?;
            it.save(draft, host)
        }
        Step::Abort => it.abort(id, host),
        Step::TripleFault => it.triple_fault(id, host),
        Step::Crash => {
            it.crash(host);
            Ok(())
        }
        Step::Create | Step::Wait(_) => Ok(()),
    })
}

fn check(rig: &Rig) -> std::result::Result<(), TestCaseError> {
    for machine in &rig.virtual_box.machines {
        let (id, state, session) = (machine.id, machine.state, machine.session);
        let context = format!("{state:?} {session:?}");
        match session {
            Session::Process => prop_assert!(state.is_online(), "{context}"),
            _ => prop_assert!(!state.is_online(), "{context}"),
        }
        let has_power = rig.hardware.on.contains(&id);
        match state {
            MachineState::Running | MachineState::Paused | MachineState::GuruMeditation => {
                prop_assert!(has_power, "{context}");
            }
            MachineState::OnlineSnapshotting => {}
            _ => prop_assert!(!has_power, "{context}"),
        }
        prop_assert_eq!(
            rig.hardware.still.contains(&id),
            matches!(state, MachineState::Paused | MachineState::GuruMeditation)
        );
        if state.has_saved_state() {
            prop_assert!(machine.state_file.is_some(), "{context}");
        }
        if state.is_transitional() {
            prop_assert!(rig.virtual_box.outcome(id).is_none(), "{context}");
        }
        prop_assert!(rig.files.exists(&machine.settings_file));
    }
    let known = |id| rig.virtual_box.machine(id).is_some();
    prop_assert!(rig.hardware.on.iter().chain(&rig.hardware.suspended).all(|id| known(*id)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn states_locks_and_machines_fit_together(
        steps in proptest::collection::vec((0_usize..4, step()), 1..60),
        slow in any::<bool>(),
    ) {
        let mut rig = match slow {
            true => Rig::with_times(Times { launch: Duration::from_secs(1), teardown: Duration::from_secs(1), ..Times::default().scaled(250.0) }),
            false => Rig::new(),
        };
        for (which, step) in steps {
            let before: Vec<_> = rig.virtual_box.machines.iter().map(|it| (it.id, it.configuration.memory)).collect();
            if act(&mut rig, which, step).is_err() {
                let after = rig.virtual_box.machines.iter().map(|it| (it.id, it.configuration.memory));
                prop_assert_eq!(before, after.collect::<Vec<_>>(), "a refused call changed something");
            }
            check(&rig)?;
        }
        // Everything ends, and everything can be removed.
        rig.settle();
        check(&rig)?;
        let ids: Vec<Uuid> = rig.virtual_box.machines.iter().map(|machine| machine.id).collect();
        for id in ids {
            rig.call(|it, host| it.delete_at_once(id, host)).unwrap();
        }
        prop_assert!(rig.hardware.on.is_empty());
        prop_assert_eq!(rig.files.paths(), Vec::<String>::new());
    }
}
