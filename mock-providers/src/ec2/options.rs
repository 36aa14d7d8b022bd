//! How a mock EC2 behaves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use super::state::Times;
use crate::guest::{GuestKind, GuestOs, SshPort};

/// Options of a mock EC2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..ServerOptions::default()")]
pub struct ServerOptions {
    /// Where the API listens; loopback only, port 0 is chosen by the system.
    pub listen: SocketAddr,
    /// Where the API listens for HTTPS, under the same rule; `None` is HTTP alone.
    pub https_listen: Option<SocketAddr>,
    /// Where the control port listens, under the same rule.
    pub control_listen: SocketAddr,
    /// Credentials of the account `default`; `None` makes random ones.
    pub credentials: Option<Credentials>,
    /// Token of the control port; `None` makes a random one.
    pub control_token: Option<String>,
    /// How long things take.
    pub times: Times,
    /// How long everything that is created stays invisible to reads: for so many attempts, and for so long.
    pub lag: (u32, Duration),
    /// What guests are made of.
    pub guest_kind: GuestKind,
    /// Operating system of all instances, whatever their image says; `None` is what the image says.
    pub guest_os: Option<GuestOs>,
    /// Whether Docker is part of the images.
    pub engine_installed: bool,
    /// Port of the instances' SSH; where it cannot be had, 2222.
    pub ssh_port: SshPort,
    /// Whether the default VPC has IPv6 addresses. At AWS it has none until somebody adds them.
    pub ipv6: bool,
    /// Whether the private addresses of new instances lead to them: loopback addresses then, outside of their subnet.
    pub reachable_private_addresses: bool,
    /// Names of the instance profiles that every account has.
    pub instance_profiles: Vec<String>,
    /// Most instances of an account in a region that are not over; `None` is no limit.
    pub instance_limit: Option<usize>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            https_listen: None,
            control_listen: loopback,
            credentials: None,
            control_token: None,
            times: Times::default(),
            lag: (0, Duration::ZERO),
            guest_kind: GuestKind::default(),
            guest_os: None,
            engine_installed: false,
            ssh_port: SshPort::Standard,
            ipv6: false,
            reachable_private_addresses: false,
            instance_profiles: Vec::new(),
            instance_limit: None,
        }
    }
}

/// What a client signs its requests with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal")]
pub struct Credentials {
    /// Access key id, for example `AKIAIOSFODNN7EXAMPLE`: tells the account.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token, if requests must carry one.
    pub session_token: Option<String>,
}

impl Credentials {
    /// Credentials that nobody guesses, in the form of AWS's.
    pub fn random() -> Self {
        let letters = |alphabet: &[u8], length: usize| -> String {
            let letter = |_| char::from(alphabet[rand::random::<u32>() as usize % alphabet.len()]);
            (0..length).map(letter).collect()
        };
        let secret = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        Self {
            access_key: format!("AKIA{}", letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
            secret_key: letters(secret, 40),
            session_token: None,
        }
    }
}
