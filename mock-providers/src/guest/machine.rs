//! The handle of a simulated machine.

use std::{collections::BTreeSet, io, net::Ipv4Addr, net::TcpListener, sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::watch};

use super::{
    address::Lease,
    container::Container,
    disk::Disk,
    image,
    kind::GuestKind,
    options::{Acpi, GuestFault, GuestOptions, GuestOs, Interface, SshPort, User},
    power::PowerState,
    record::{CommandRecord, Login, Records},
    ssh,
    system::{System, SystemState},
};
use crate::locked::Locked;

/// Port of SSH where 22 is not to be had.
const UNPRIVILEGED_SSH_PORT: u16 = 2222;

/// A machine: an own loopback address, a disk, an SSH server, an engine.
///
/// Clones are handles of the same machine. When the last one is dropped the machine is gone, with its listeners,
/// connections and address. All methods return at once; what takes time goes on in the background and shows in
/// [`Guest::state`].
#[derive(Clone, Debug)]
pub struct Guest {
    owner: Arc<Owner>,
}

/// Switches the machine off when the last handle goes.
#[derive(Debug)]
struct Owner(Arc<System>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.power_off();
        if let Some(container) = &self.0.container {
            container.remove();
        }
    }
}

impl Guest {
    /// Makes a machine that is switched off. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// When there is no free loopback address, or no port for SSH on it; `InvalidInput` for a line of
    /// `authorized_keys` that is not an OpenSSH public key.
    pub fn new(options: GuestOptions) -> io::Result<Self> {
        Self::at(options, Arc::new(Lease::take()?), None)
    }

    /// Makes a machine at an address, with the socket of its SSH server if that listens already.
    ///
    /// # Errors
    /// As for [`Guest::new`]; `Unsupported` or `NotConnected` for a container that cannot be made here.
    pub(crate) fn at(
        mut options: GuestOptions,
        lease: Arc<Lease>,
        ssh: Option<TcpListener>,
    ) -> io::Result<Self> {
        if options.users.is_empty() {
            let name = options.os.default_user().to_owned();
            options.users.push(User { name, authorized_keys: Vec::new() });
        }
        for key in options.users.iter().flat_map(|user| &user.authorized_keys) {
            if let Err(reason) = ssh::parse_public_key(key) {
                let message = format!("not an OpenSSH public key ({reason}): {key:?}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        options.passwordless_sudo &= !options.faults.contains(&GuestFault::AsksForPassword);
        let ssh_port = match &ssh {
            Some(socket) => socket.local_addr()?.port(),
            None => free_port(&lease, options.ssh_port)?,
        };
        let host_key = ssh::host_key()?;
        let runtime = Handle::current();
        let (disk, container) = match options.kind {
            GuestKind::Simulated => (simulated_disk(&options), None),
            GuestKind::Container => {
                options.os = GuestOs::Debian;
                let container = Container::new(&options, &host_key, &runtime)?;
                (Disk::default(), Some(container))
            }
        };
        let mut state = SystemState::new(&options, lease, ssh_port, disk, runtime.clone());
        state.ssh_socket = ssh;
        let system = System {
            options,
            host_key,
            container,
            records: Locked::new(Records::default()),
            power: watch::Sender::new(PowerState::Off),
            commands: watch::Sender::new(0),
            runtime,
            state: Locked::new(state),
        };
        let guest = Self { owner: Arc::new(Owner(Arc::new(system))) };
        guest.connect(&guest.system().lock());
        Ok(guest)
    }

    pub(super) fn system(&self) -> &Arc<System> {
        &self.owner.0
    }

    /// Switches on; nothing when it is on.
    pub fn power_on(&self) {
        self.system().power_on();
    }

    /// Switches on; SSH answers after this time, in this boot alone.
    pub(crate) fn power_on_in(&self, time: Duration) {
        self.system().power_on_in(time);
    }

    /// Cuts the power.
    pub fn power_off(&self) {
        self.system().power_off();
    }

    /// Presses the power button: an orderly shutdown, if the machine is up or coming up and obeys. False when
    /// nothing will happen.
    pub fn shutdown(&self) -> bool {
        self.system().press_power_button(false)
    }

    /// Asks for an orderly restart in the same way.
    pub fn reboot(&self) -> bool {
        self.system().press_power_button(true)
    }

    /// Cuts the power and switches on again.
    pub fn reset(&self) {
        self.power_off();
        self.power_on();
    }

    /// Hangs the machine: ports accept connections, nothing is answered, the power button does nothing.
    pub fn freeze(&self) {
        self.system().freeze();
    }

    /// Ends a freeze; what was going on goes on.
    pub fn thaw(&self) {
        self.system().thaw();
    }

    /// What the machine is doing now.
    pub fn state(&self) -> PowerState {
        self.system().state()
    }

    /// Changes of the state, starting with the present one.
    pub fn states(&self) -> watch::Receiver<PowerState> {
        self.system().power.subscribe()
    }

    /// Waits until the machine is in a state. Waits for ever if it never is; use a timeout.
    pub async fn reached(&self, wanted: PowerState) {
        // The sender lives as long as this handle, so there is no error.
        let _ = self.states().wait_for(|state| *state == wanted).await;
    }

    /// Operating system.
    pub fn os(&self) -> GuestOs {
        self.system().options.os
    }

    /// Loopback address.
    pub fn address(&self) -> Ipv4Addr {
        self.system().lock().lease.address()
    }

    /// Port of the SSH server.
    pub fn ssh_port(&self) -> u16 {
        self.system().lock().ssh_port
    }

    /// Moves to another address, also while running: what listens, listens there; connections are cut.
    ///
    /// # Errors
    /// When there is no other address; the machine then keeps its own.
    pub fn readdress(&self) -> io::Result<Ipv4Addr> {
        let lease = Arc::new(Lease::take()?);
        let address = lease.address();
        self.move_to(lease)?;
        Ok(address)
    }

    /// Moves to an address that was taken before.
    ///
    /// # Errors
    /// When a port of a program is in use there.
    pub(crate) fn move_to(&self, lease: Arc<Lease>) -> io::Result<()> {
        let mut state = self.system().lock();
        state.lease = lease;
        state.ssh_socket = None;
        self.connect(&state);
        state.reopen(true)
    }

    /// Ports that can be reached from outside, `None` for all; 22 stands for the SSH port.
    ///
    /// # Errors
    /// When a port that becomes reachable is in use by somebody else.
    pub fn set_open_ports(&self, ports: Option<BTreeSet<u16>>) -> io::Result<()> {
        self.system().lock().set_open_ports(ports)
    }

    /// Replaces the network interfaces that programs of the machine show.
    pub fn set_interfaces(&self, interfaces: Vec<Interface>) {
        let mut state = self.system().lock();
        state.interfaces = interfaces;
        self.connect(&state);
    }

    /// Has a container show the interfaces that the machine has now.
    fn connect(&self, state: &SystemState) {
        if let Some(container) = &self.system().container {
            container.connect(&state.interfaces, state.lease.address());
        }
    }

    /// Changes how long an orderly shutdown takes.
    pub fn set_shutdown(&self, time: Duration) {
        self.system().lock().shutdown = time;
    }

    /// Changes the reaction to the power button.
    pub fn set_acpi(&self, acpi: Acpi) {
        self.system().lock().acpi = acpi;
    }

    /// Replaces the faults; those that concern the boot take effect at the next one.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = GuestFault>) {
        self.system().lock().faults = faults.into_iter().collect();
    }

    /// Boot id, different for every boot; `None` while nothing is booted.
    pub fn boot_id(&self) -> Option<String> {
        self.system().lock().boot.as_ref().map(|boot| boot.id.clone())
    }

    /// Number of boots so far.
    pub fn boots(&self) -> u64 {
        self.system().lock().boots
    }

    /// Host name as the kernel has it.
    pub fn host_name(&self) -> String {
        self.system().lock().host_name.clone()
    }

    /// Public host key, an OpenSSH line. The same for all boots.
    pub fn host_key(&self) -> String {
        self.system().host_key.public_key().to_openssh().unwrap_or_default()
    }

    /// Contents of a file, whoever owns it. None for a container: log in to see its files.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.system().lock();
        state.disk.read(&super::disk::absolute("/", path), "root").ok().map(|data| data.to_vec())
    }

    /// Writes a file as root, with the directories above it. Without effect on a container.
    pub fn set_file(&self, path: &str, contents: &[u8]) {
        self.system().lock().disk.install(path, "root", 0o644, Some(contents));
    }

    /// Ports on which the running engine answers; empty while it is stopped, and for a container.
    pub fn engine_ports(&self) -> Vec<u16> {
        let state = self.system().lock();
        let engine = state.boot.as_ref().and_then(|boot| boot.engine.as_ref());
        engine.map(|engine| engine.config.ports.clone()).unwrap_or_default()
    }

    /// Ports that programs of the machine listen on, whether or not they can be reached from outside.
    pub fn listening(&self) -> Vec<(u16, &'static str)> {
        let state = self.system().lock();
        let listeners = state.boot.as_ref().map(|boot| boot.listeners.iter());
        listeners.into_iter().flatten().map(|listener| (listener.port, listener.program)).collect()
    }

    /// Commands that were run over SSH, in the order in which they started. A container's are encrypted for its own SSH
    /// server, and not known.
    pub fn commands(&self) -> Vec<CommandRecord> {
        self.system().records.lock().commands.clone()
    }

    /// Attempts to log in; not known for a container.
    pub fn logins(&self) -> Vec<Login> {
        self.system().records.lock().logins.clone()
    }

    /// What went wrong inside the simulation: ports that could not be opened, services that failed.
    pub fn notes(&self) -> Vec<String> {
        self.system().records.lock().notes.clone()
    }
}

fn simulated_disk(options: &GuestOptions) -> Disk {
    let mut disk = image::image(options);
    if options.engine_installed {
        image::with_engine(&mut disk, options.os);
    }
    disk
}

/// A port for SSH that can be bound now.
pub(crate) fn free_port(lease: &Lease, choice: SshPort) -> io::Result<u16> {
    let candidates = match choice {
        SshPort::Standard => vec![22, UNPRIVILEGED_SSH_PORT, 0],
        SshPort::Fixed(port) => vec![port, 0],
        SshPort::Ephemeral => vec![0],
    };
    // Machines that share an address cannot share a port.
    let candidates = if lease.is_shared() { vec![0] } else { candidates };
    let mut result = Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    for port in candidates {
        result = TcpListener::bind((lease.address(), port)).and_then(|probe| Ok(probe.local_addr()?.port()));
        if result.is_ok() {
            break;
        }
    }
    result
}
