//! The running machine: shared state, its current boot, its listeners.

use std::{
    collections::BTreeSet,
    io,
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use russh::keys::PrivateKey;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
};

use super::{
    address::Lease,
    container::Container,
    disk::Disk,
    engine::Engine,
    gate::{Gate, GatedStream},
    open_socket::{OpenSocket, Serve},
    options::{Acpi, GuestFault, GuestOptions, Interface},
    power::PowerState,
    record::Records,
    services::Services,
};
use crate::locked::Locked;

/// A machine, shared by its handle, its connections and its timers.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) options: GuestOptions,
    pub(crate) host_key: PrivateKey,
    /// What it is made of, if it is not simulated.
    pub(super) container: Option<Container>,
    pub(crate) records: Locked<Records>,
    pub(crate) power: watch::Sender<PowerState>,
    /// Number of SSH commands that have not been answered yet.
    pub(crate) commands: watch::Sender<usize>,
    pub(crate) runtime: Handle,
    pub(super) state: Locked<SystemState>,
}

/// What changes.
#[derive(Debug)]
pub(crate) struct SystemState {
    pub(crate) lease: Arc<Lease>,
    pub(crate) ssh_port: u16,
    /// Socket that was opened for the SSH server before there was a machine behind it.
    pub(super) ssh_socket: Option<TcpListener>,
    pub(crate) os: super::GuestOs,
    pub(crate) disk: Disk,
    /// What a system that runs from memory starts with.
    pub(crate) image: Arc<Disk>,
    pub(crate) host_name: String,
    pub(crate) acpi: Acpi,
    pub(crate) faults: BTreeSet<GuestFault>,
    pub(crate) open_ports: Option<BTreeSet<u16>>,
    pub(crate) interfaces: Vec<Interface>,
    /// How long an orderly shutdown takes, at least.
    pub(crate) shutdown: Duration,
    pub(crate) boots: u64,
    pub(crate) boot: Option<Boot>,
    /// What a program asked for; carried out when it has ended.
    pub(crate) requests: Vec<Request>,
    /// The power button was pressed during the boot; true is a restart.
    pub(super) pressed: Option<bool>,
    pub(super) transition: Option<AbortHandle>,
    /// Number of changes of power so far.
    pub(super) epoch: u64,
    runtime: Handle,
}

/// A wish of a program that outlives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    PowerOff,
    Reboot,
    /// Run as root in the background.
    Run(String),
}

/// From one start of the kernel to its end. Dropping it cuts all connections.
#[derive(Debug)]
pub(crate) struct Boot {
    pub(crate) id: String,
    pub(crate) started: Instant,
    pub(crate) services: Services,
    pub(crate) engine: Option<Engine>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) journal: Vec<String>,
    pub(super) gate: Arc<Gate>,
    tasks: JoinSet<()>,
}

impl Boot {
    pub(super) fn new(id: String) -> Self {
        Self {
            id,
            started: Instant::now(),
            services: Services::default(),
            engine: None,
            listeners: Vec::new(),
            journal: Vec::new(),
            gate: Arc::default(),
            tasks: JoinSet::new(),
        }
    }
}

impl Drop for Boot {
    fn drop(&mut self) {
        // The sessions of the SSH library are tasks of their own; their connections end here.
        self.gate.close();
    }
}

/// A TCP port on which a program of the guest listens.
pub(crate) struct Listener {
    pub(crate) port: u16,
    pub(crate) program: &'static str,
    serve: Serve,
    /// `None` while the firewall keeps the port shut.
    open: Option<OpenSocket>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("port", &self.port)
            .field("program", &self.program)
            .field("reachable", &self.open.is_some())
            .finish_non_exhaustive()
    }
}

impl System {
    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, SystemState> {
        self.state.lock()
    }

    /// Runs something until it is done or the guest loses power.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        let mut state = self.lock();
        let boot = state.boot.as_mut()?;
        while boot.tasks.try_join_next().is_some() {}
        Some(boot.tasks.spawn_on(work, &self.runtime))
    }

    /// Counts a command as not answered until the result is dropped.
    pub(crate) fn running_command(self: &Arc<Self>) -> RunningCommand {
        self.commands.send_modify(|running| *running += 1);
        RunningCommand(Arc::clone(self))
    }

    /// Remembers something that went wrong inside the simulation.
    pub(crate) fn note(&self, note: String) {
        self.records.lock().notes.push(note);
    }
}

/// A command that has not been answered yet.
pub(crate) struct RunningCommand(Arc<System>);

impl Drop for RunningCommand {
    fn drop(&mut self) {
        self.0.commands.send_modify(|running| *running -= 1);
    }
}

impl SystemState {
    pub(super) fn new(
        options: &GuestOptions,
        lease: Arc<Lease>,
        ssh_port: u16,
        image: Disk,
        runtime: Handle,
    ) -> Self {
        Self {
            lease,
            ssh_port,
            ssh_socket: None,
            os: options.os,
            disk: image.clone(),
            image: Arc::new(image),
            host_name: options.host_name.clone(),
            acpi: options.acpi,
            faults: options.faults.clone(),
            open_ports: options.open_ports.clone(),
            interfaces: options.interfaces.clone(),
            shutdown: options.shutdown,
            boots: 0,
            boot: None,
            requests: Vec::new(),
            pressed: None,
            transition: None,
            epoch: 0,
            runtime,
        }
    }

    pub(crate) fn has_fault(&self, fault: GuestFault) -> bool {
        self.faults.contains(&fault)
    }

    /// Opens a port for a program of the guest.
    pub(crate) fn listen(&mut self, port: u16, program: &'static str, serve: Serve) -> io::Result<()> {
        let boot = self.boot.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        if boot.listeners.iter().any(|listener| listener.port == port) {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "address already in use"));
        }
        let mut listener = Listener { port, program, serve, open: None };
        if self.is_open(&listener) {
            self.open(&mut listener)?;
        }
        if let Some(boot) = &mut self.boot {
            boot.listeners.push(listener);
        }
        Ok(())
    }

    /// Closes the ports of a program.
    pub(crate) fn close(&mut self, program: &str) {
        if let Some(boot) = &mut self.boot {
            boot.listeners.retain(|listener| listener.program != program);
        }
    }

    /// Closes one port.
    pub(crate) fn close_port(&mut self, port: u16) {
        if let Some(boot) = &mut self.boot {
            boot.listeners.retain(|listener| listener.port != port);
        }
    }

    /// Changes the ports that are reachable, also those in use.
    pub(super) fn set_open_ports(&mut self, ports: Option<BTreeSet<u16>>) -> io::Result<()> {
        self.open_ports = ports;
        self.reopen(false)
    }

    /// Brings the sockets in line with the firewall; with `all` every one is closed first, for a new address.
    pub(super) fn reopen(&mut self, all: bool) -> io::Result<()> {
        let Some(boot) = &mut self.boot else { return Ok(()) };
        let mut listeners = std::mem::take(&mut boot.listeners);
        let mut result = Ok(());
        for listener in &mut listeners {
            let open = self.is_open(listener);
            if all || !open {
                listener.open = None;
            }
            if open && listener.open.is_none() {
                let opened = self.open(listener);
                result = result.and(opened);
            }
        }
        if let Some(boot) = &mut self.boot {
            boot.listeners = listeners;
        }
        result
    }

    fn is_open(&self, listener: &Listener) -> bool {
        let outside = if listener.program == "sshd" { 22 } else { listener.port };
        self.open_ports.as_ref().is_none_or(|ports| ports.contains(&outside))
    }

    fn open(&mut self, listener: &mut Listener) -> io::Result<()> {
        let Some(boot) = &mut self.boot else { return Ok(()) };
        let waiting = (listener.program == "sshd").then(|| self.ssh_socket.take()).flatten();
        let socket = match waiting {
            Some(socket) => socket,
            None => TcpListener::bind((self.lease.address(), listener.port))?,
        };
        let serve = Arc::clone(&listener.serve);
        let gate = Arc::clone(&boot.gate);
        listener.open = Some(OpenSocket::new(socket, gate, serve, &self.runtime)?);
        Ok(())
    }

    /// A listener that passes on what it receives and sends a greeting; for `nc -l`.
    pub(crate) fn listen_for_data(
        &mut self,
        port: u16,
        greeting: Vec<u8>,
        keep: bool,
    ) -> io::Result<mpsc::UnboundedReceiver<Vec<u8>>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        // Without -k the first connection takes the sender, and its end ends the program.
        let sender = Arc::new(Locked::new(Some(sender)));
        let greeting = Arc::new(greeting);
        let serve = move |stream| {
            let sender = match keep {
                true => sender.lock().clone(),
                false => sender.lock().take(),
            };
            let greeting = Arc::clone(&greeting);
            Box::pin(async move {
                if let Some(sender) = sender {
                    exchange(stream, &greeting, &sender).await;
                }
            }) as BoxFuture<'static, ()>
        };
        self.listen(port, "nc", Arc::new(serve))?;
        Ok(receiver)
    }
}

async fn exchange(mut stream: GatedStream, greeting: &[u8], sender: &mpsc::UnboundedSender<Vec<u8>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = vec![0; 8192];
    if stream.write_all(greeting).await.is_err() {
        return;
    }
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        if sender.send(buffer[..length].to_vec()).is_err() {
            return;
        }
    }
}
