//! From the start of a container to its end.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Weak},
};

use futures_util::StreamExt;

use super::{
    console::{Console, Message},
    machine::{Container, Running},
};
use crate::guest::{
    options::GuestFault,
    power::{PowerState, random_uuid},
    system::{Boot, System},
};

/// Port of the SSH server inside.
const SSH: u16 = 22;
/// Program name of everything that listens inside, except the SSH server.
const PROGRAM: &str = "container";
/// Exit status of the first process when the machine wants to be started again.
const RESTART: i64 = 3;

impl Container {
    /// Starts the container and follows it until it ends. The machine is up when SSH answers.
    pub(crate) async fn boot(&self, system: &Arc<System>, epoch: u64) {
        let boot_id = random_uuid();
        let refuse_keys = system.lock().has_fault(GuestFault::RejectsKeys);
        let running = match self.start(boot_id.clone(), refuse_keys).await {
            Ok(running) => running,
            Err(error) => {
                // It has power and never boots, which is what its user would see.
                system.note(format!("the container does not start: {error}"));
                return;
            }
        };
        {
            let mut state = system.lock();
            if state.epoch != epoch {
                return;
            }
            state.boot = Some(Boot::new(boot_id));
            state.boots += 1;
        }
        system.spawn(follow(Arc::downgrade(system), epoch, running));
    }
}

/// Does what the container says.
async fn follow(system: Weak<System>, epoch: u64, running: Running) {
    let Running { docker, id, mut output } = running;
    let mut console = Console::default();
    while let Some(Ok(piece)) = output.output.next().await {
        for message in console.read(piece.as_ref()) {
            let Some(system) = system.upgrade() else { return };
            match message {
                Message::HostName(name) => system.lock().host_name = name,
                Message::Listening(ports) => listening(&system, epoch, &ports).await,
            }
        }
    }
    let ended = docker.inspect_container(&id, None).await;
    let state = ended.ok().and_then(|container| container.state);
    let restart = state.and_then(|state| state.exit_code) == Some(RESTART);
    if let Some(system) = system.upgrade() {
        system.ended_by_itself(epoch, restart);
    }
}

/// Opens and closes ports as programs of the container do.
async fn listening(system: &Arc<System>, epoch: u64, ports: &BTreeSet<u16>) {
    let notes = {
        let mut state = system.lock();
        if state.epoch != epoch {
            return;
        }
        open_and_close(system, &mut state, ports)
    };
    for note in notes {
        system.note(note);
    }
    if ports.contains(&SSH)
        && system.state() == PowerState::Booting
        && let Err(error) = system.open_ssh(epoch).await
    {
        system.note(format!("the SSH server cannot listen: {error}"));
    }
    if ports.contains(&SSH) {
        system.is_up(epoch);
    }
}

fn open_and_close(
    system: &System,
    state: &mut crate::guest::system::SystemState,
    ports: &BTreeSet<u16>,
) -> Vec<String> {
    let (Some(container), Some(boot)) = (&system.container, &state.boot) else {
        return Vec::new();
    };
    let known: BTreeSet<u16> = boot
        .listeners
        .iter()
        .filter(|listener| listener.program == PROGRAM)
        .map(|listener| listener.port)
        .collect();
    let wanted: BTreeSet<u16> = ports.iter().copied().filter(|port| *port != SSH).collect();
    for port in known.difference(&wanted) {
        state.close_port(*port);
    }
    let opened = wanted.difference(&known).map(|port| {
        let result: io::Result<()> = state.listen(*port, PROGRAM, container.relay(*port));
        result.map_err(|error| format!("port {port} of the container is not reachable: {error}"))
    });
    opened.filter_map(Result::err).collect()
}
