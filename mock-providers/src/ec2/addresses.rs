//! The addresses that a machine is reached at.

use std::{
    io,
    net::{Ipv6Addr, TcpListener},
    sync::{Arc, LazyLock},
};

use tokio::runtime::Handle;

use super::state::{IPV6_NETWORK, PortSet, ReachablePorts};
use crate::guest::{DeferredGuest, Lease, OpenSocket, Serve, SshPort, ipv6};

/// Stands for the port of SSH, whichever it is.
const SSH: u16 = 22;
/// Ports beside SSH's that hosts dial: the engine's and a Swarm master's.
const HOSTS_PORTS: [u16; 2] = [2376, 3376];

/// Whether IPv6 addresses of instances lead to this machine. Whoever changes that starts the mock again.
pub(super) static IPV6_IS_LOCAL: LazyLock<bool> = LazyLock::new(|| {
    let (network, length) = IPV6_NETWORK;
    ipv6::is_local(network, length)
});

/// One address that the machine itself listens at, and ways from the others to that one.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Its own address if it has IPv6 addresses. Nobody is told: it is open on all ports, and the ways to it are not.
    hidden: Option<Arc<Lease>>,
    public: Option<Arc<Lease>>,
    /// Its private address, if that leads to it.
    pub(super) private: Option<Arc<Lease>>,
    ipv6: Vec<Ipv6Addr>,
    ports: ReachablePorts,
    ssh_port: Option<u16>,
    ways: Vec<OpenSocket>,
}

impl Addresses {
    /// Addresses of a new machine, of which all ports are shut. IPv6 addresses that do not lead to this machine are left
    /// out.
    pub(super) fn new(private: Option<Arc<Lease>>, ipv6: &[Ipv6Addr], ssh_port: SshPort) -> Self {
        let is_local = !ipv6.is_empty() && *IPV6_IS_LOCAL;
        // Without one it is as if the addresses did not lead here.
        let hidden = is_local.then(Lease::take).and_then(Result::ok).map(Arc::new);
        Self {
            ipv6: if hidden.is_some() { ipv6.to_vec() } else { Vec::new() },
            hidden,
            public: None,
            private,
            ports: ReachablePorts::default(),
            ssh_port: match ssh_port {
                SshPort::Fixed(port) => Some(port),
                SshPort::Standard | SshPort::Ephemeral => None,
            },
            ways: Vec::new(),
        }
    }

    /// Whether the firewall is in front of the machine's own address, and not part of the machine.
    pub(super) fn has_firewall_in_front(&self) -> bool {
        self.hidden.is_some()
    }

    /// Takes another public address, or none.
    pub(super) fn set_public(&mut self, public: Option<Arc<Lease>>, guest: &DeferredGuest) {
        self.public = public;
        self.connect(guest);
    }

    /// Opens other ports.
    pub(super) fn set_ports(&mut self, ports: &ReachablePorts) {
        if self.ports != *ports {
            self.ports.clone_from(ports);
            self.lead();
        }
    }

    /// Leads all addresses to the machine. A port that is in use by somebody else stays shut.
    pub(super) fn connect(&mut self, guest: &DeferredGuest) {
        // Closed first, because the machine may move to where they are.
        self.ways.clear();
        let _ = guest.set_lease(self.own().cloned());
        self.lead();
    }

    /// The address that the machine itself listens at.
    fn own(&self) -> Option<&Arc<Lease>> {
        self.hidden.as_ref().or_else(|| self.ipv4().next())
    }

    fn ipv4(&self) -> impl Iterator<Item = &Arc<Lease>> {
        [&self.public, &self.private].into_iter().flatten()
    }

    /// Leads the other addresses to the machine's own.
    fn lead(&mut self) {
        self.ways.clear();
        let Some(own) = self.own() else { return };
        let others = self.ipv4().filter(|lease| lease.address() != own.address());
        let mut ways = Vec::new();
        for lease in others {
            let listen = |port| TcpListener::bind((lease.address(), port));
            ways.extend(self.ways_to(own, &self.ports.ipv4, listen));
        }
        for address in &self.ipv6 {
            ways.extend(self.ways_to(own, &self.ports.ipv6, |port| ipv6::listen(*address, port)));
        }
        self.ways = ways;
    }

    fn ways_to(
        &self,
        own: &Lease,
        open: &PortSet,
        listen: impl Fn(u16) -> io::Result<TcpListener>,
    ) -> Vec<OpenSocket> {
        let ssh = self.ssh_port.filter(|_| open.contains(SSH));
        let ports = ssh.into_iter().chain(HOSTS_PORTS.into_iter().filter(|port| open.contains(*port)));
        let way = |port| {
            let target = (own.address(), port);
            let serve: Serve = Arc::new(move |stream| Box::pin(stream.pass_on(target)));
            OpenSocket::new(listen(port).ok()?, Arc::default(), serve, &Handle::current()).ok()
        };
        ports.filter_map(way).collect()
    }
}
