//! A machine that is put together when somebody needs it.
//!
//! A disk, a host key and an SSH server for each of ten thousand machines that nobody logs in to would cost gigabytes.
//! Until the first connection comes in, or a test asks for the machine, there is only the socket on its SSH port.

use std::{
    collections::BTreeSet,
    io,
    net::TcpListener,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch::Receiver, task::AbortHandle, time::Instant};

use super::{
    address::Lease,
    machine::Guest,
    options::{GuestFault, GuestOptions, SshPort},
    power::PowerState,
};
use crate::locked::Locked;

/// What a machine is made from.
pub(crate) trait Plan: Send + Sync {
    /// Options of the machine. They are not kept, because thousands of them weigh more than what they are made from.
    fn options(&self) -> GuestOptions;

    /// Port of the SSH server.
    fn ssh_port(&self) -> SshPort;

    /// Called when the machine has lost its power, for whatever reason.
    fn went_off(&self);
}

/// Ports that are let through; `None` is all.
pub(crate) type OpenPorts = Option<Arc<BTreeSet<u16>>>;

/// A machine, and perhaps nothing yet but the plan of one. Dropping it cuts the power.
pub(crate) struct DeferredGuest(Arc<Shared>);

struct Shared {
    plan: Box<dyn Plan>,
    runtime: Handle,
    boot: Duration,
    state: Locked<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Public address; without one nothing can be reached.
    lease: Option<Arc<Lease>>,
    ports: OpenPorts,
    faults: BTreeSet<GuestFault>,
    /// Since when there is power, or will be a booted system.
    booted: Option<Instant>,
    /// Waits for a connection.
    waiting: Option<AbortHandle>,
    guest: Option<Guest>,
}

impl std::fmt::Debug for DeferredGuest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("DeferredGuest").field(&*self.0.state.lock()).finish()
    }
}

impl Drop for DeferredGuest {
    fn drop(&mut self) {
        self.power_off();
    }
}

impl DeferredGuest {
    /// Plans a machine that is switched off and has no address. Must be called inside a Tokio runtime. `boot` is the
    /// time from switching on until SSH answers.
    pub(crate) fn new(plan: Box<dyn Plan>, boot: Duration) -> Self {
        Self(Arc::new(Shared { plan, runtime: Handle::current(), boot, state: Locked::default() }))
    }

    /// The machine. Puts it together if that has not happened.
    ///
    /// # Errors
    /// As for [`Guest::new`].
    pub(crate) fn guest(&self) -> io::Result<Guest> {
        self.0.build(&mut self.0.state.lock(), None)
    }

    /// The machine if it has been put together.
    pub(crate) fn built(&self) -> Option<Guest> {
        self.0.state.lock().guest.clone()
    }

    /// Switches on; nothing when it is on.
    pub(crate) fn power_on(&self) {
        let mut state = self.0.state.lock();
        match &state.guest {
            Some(guest) => guest.power_on(),
            None if state.booted.is_some() => {}
            None => {
                state.booted = Some(Instant::now() + self.0.boot);
                self.0.wait(&mut state);
            }
        }
    }

    /// Switches on, and puts it together at once: for machines that do something by themselves.
    ///
    /// # Errors
    /// As for [`Guest::new`].
    pub(crate) fn power_on_whole(&self) -> io::Result<()> {
        self.guest().map(|guest| guest.power_on())
    }

    /// Cuts the power.
    pub(crate) fn power_off(&self) {
        let mut state = self.0.state.lock();
        state.stop_waiting();
        state.booted = None;
        if let Some(guest) = &state.guest {
            guest.power_off();
        }
    }

    /// Presses the power button. False when nothing will happen.
    pub(crate) fn shut_down(&self) -> bool {
        match self.built() {
            Some(guest) => guest.shutdown(),
            None => {
                self.power_off();
                true
            }
        }
    }

    /// Asks for a restart. False when nothing will happen.
    pub(crate) fn reboot(&self) -> bool {
        let mut state = self.0.state.lock();
        match &state.guest {
            Some(guest) => guest.reboot(),
            None if state.booted.is_some() => {
                state.booted = Some(Instant::now() + self.0.boot);
                self.0.wait(&mut state);
                true
            }
            None => false,
        }
    }

    /// Whether there is no power.
    pub(crate) fn is_off(&self) -> bool {
        let state = self.0.state.lock();
        match &state.guest {
            Some(guest) => guest.state() == PowerState::Off,
            None => state.booted.is_none(),
        }
    }

    /// Whether it has power and has booted.
    pub(crate) fn is_up(&self) -> bool {
        let state = self.0.state.lock();
        match &state.guest {
            Some(guest) => !matches!(guest.state(), PowerState::Off | PowerState::Booting),
            None => state.booted.is_some_and(|booted| booted <= Instant::now()),
        }
    }

    /// Host name of the first boot.
    pub(crate) fn planned_host_name(&self) -> String {
        self.0.plan.options().host_name
    }

    /// Connects it with an address, or with none.
    ///
    /// # Errors
    /// When a port of a running program is in use at the address.
    pub(crate) fn set_lease(&self, lease: Option<Arc<Lease>>) -> io::Result<()> {
        let mut state = self.0.state.lock();
        state.lease.clone_from(&lease);
        match (&state.guest, lease) {
            (None, _) => {
                self.0.wait(&mut state);
                Ok(())
            }
            (Some(guest), None) => guest.set_open_ports(Some(BTreeSet::new())),
            (Some(guest), Some(lease)) => {
                // Opened after the move, so that nothing answers at the old address.
                guest.set_open_ports(Some(BTreeSet::new()))?;
                guest.move_to(lease)?;
                guest.set_open_ports(state.reachable())
            }
        }
    }

    /// Lets these ports through and no others.
    ///
    /// # Errors
    /// When a port that becomes reachable is in use by somebody else.
    pub(crate) fn set_open_ports(&self, ports: OpenPorts) -> io::Result<()> {
        let mut state = self.0.state.lock();
        if state.ports == ports {
            return Ok(());
        }
        state.ports = ports;
        match &state.guest {
            Some(guest) => guest.set_open_ports(state.reachable()),
            None => {
                self.0.wait(&mut state);
                Ok(())
            }
        }
    }

    /// Replaces the misbehaviour of the machine; what concerns the boot takes effect at the next one.
    pub(crate) fn set_faults(&self, faults: &BTreeSet<GuestFault>) {
        let mut state = self.0.state.lock();
        state.faults.clone_from(faults);
        if let Some(guest) = &state.guest {
            guest.set_faults(faults.iter().copied());
        }
    }
}

impl State {
    fn stop_waiting(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.abort();
        }
    }

    /// Ports that can be reached from outside.
    fn reachable(&self) -> Option<BTreeSet<u16>> {
        match (&self.lease, &self.ports) {
            (None, _) => Some(BTreeSet::new()),
            (Some(_), ports) => ports.as_deref().cloned(),
        }
    }

    fn lets_ssh_through(&self) -> bool {
        self.lease.is_some() && self.ports.as_ref().is_none_or(|ports| ports.contains(&22))
    }
}

impl Shared {
    /// Waits, in the background, for the first connection after the boot. What waited before does not any longer.
    fn wait(self: &Arc<Self>, state: &mut State) {
        state.stop_waiting();
        let (Some(booted), true) = (state.booted, state.lets_ssh_through()) else {
            return;
        };
        let Some(lease) = state.lease.clone() else { return };
        let waiting = self.runtime.spawn(answer_the_door(Arc::downgrade(self), lease, booted));
        state.waiting = Some(waiting.abort_handle());
    }

    fn build(self: &Arc<Self>, state: &mut State, ssh: Option<TcpListener>) -> io::Result<Guest> {
        if let Some(guest) = &state.guest {
            return Ok(guest.clone());
        }
        state.stop_waiting();
        let now = Instant::now();
        let mut options = self.plan.options();
        options.open_ports = state.reachable();
        options.faults.extend(&state.faults);
        let lease = match &state.lease {
            Some(lease) => Arc::clone(lease),
            // It needs one to exist, and nobody gets to know it.
            None => Arc::new(Lease::take()?),
        };
        let _runtime = self.runtime.enter();
        let guest = Guest::at(options, lease, ssh)?;
        if let Some(booted) = state.booted {
            guest.power_on_in(booted.saturating_duration_since(now));
        }
        self.runtime.spawn(watch(guest.states(), Arc::downgrade(self)));
        state.guest = Some(guest.clone());
        Ok(guest)
    }
}

/// Tells when the machine loses its power.
async fn watch(mut states: Receiver<PowerState>, shared: Weak<Shared>) {
    while states.changed().await.is_ok() {
        let is_off = *states.borrow_and_update() == PowerState::Off;
        let Some(shared) = shared.upgrade() else { return };
        if is_off {
            shared.plan.went_off();
        }
    }
}

/// Opens the SSH port when the machine has booted, and puts the machine together when somebody connects.
async fn answer_the_door(shared: Weak<Shared>, lease: Arc<Lease>, booted: Instant) {
    tokio::time::sleep_until(booted).await;
    let Some(port) = shared.upgrade().map(|shared| shared.plan.ssh_port()) else {
        return;
    };
    // A port that cannot be had now is tried again by the machine itself.
    let socket = match listen(&lease, port) {
        Ok(socket) => first_connection(socket).await.ok(),
        Err(_) => None,
    };
    if let Some(shared) = shared.upgrade() {
        let mut state = shared.state.lock();
        let is_same_door = state.lease.as_ref().is_some_and(|now| Arc::ptr_eq(now, &lease));
        if state.booted != Some(booted) || !is_same_door || !state.lets_ssh_through() {
            return;
        }
        // This task is about to end; stopping it now would lose the connection.
        state.waiting = None;
        // Without a machine nobody answers, which is what a client sees of it.
        let _ = shared.build(&mut state, socket);
    }
}

fn listen(lease: &Lease, port: SshPort) -> io::Result<TcpListener> {
    let SshPort::Fixed(port) = port else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    let socket = TcpListener::bind((lease.address(), port))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Waits until a connection can be accepted, without accepting it.
#[cfg(unix)]
async fn first_connection(socket: TcpListener) -> io::Result<TcpListener> {
    use tokio::io::{Interest, unix::AsyncFd};
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for types whose descriptor may change; that of a listener does not"
    )]
    let socket = AsyncFd::with_interest(socket, Interest::READABLE)?;
    drop(socket.readable().await?);
    Ok(socket.into_inner())
}

/// Where that cannot be known, every machine is put together at its start.
#[cfg(not(unix))]
async fn first_connection(socket: TcpListener) -> io::Result<TcpListener> {
    Ok(socket)
}
