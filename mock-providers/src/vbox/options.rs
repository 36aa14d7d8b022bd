//! How the mock behaves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::{conditions::Conditions, state::Times};
use crate::guest::GuestKind;

/// Options of a mock VirtualBox.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..ServerOptions::default()")]
pub struct ServerOptions {
    /// Where the state server listens for `VBoxManage`; loopback only, port 0 is chosen by the system.
    pub listen: SocketAddr,
    /// Where the control port listens, under the same rule.
    pub control_listen: SocketAddr,
    /// Token of the control port; `None` makes a random one.
    pub control_token: Option<String>,
    /// The executable that becomes `VBoxManage` in every account's folder: one that calls
    /// [`executable::run_if_invoked`](super::executable::run_if_invoked) first. `None` makes none; calls then come
    /// from [`Account::run`](super::Account::run) alone.
    pub executable: Option<PathBuf>,
    /// Folder below which accounts have their folders; `None` is the system's folder for temporary files.
    pub folder: Option<PathBuf>,
    /// What guests are made of.
    pub guest_kind: GuestKind,
    /// How long things take.
    pub times: Times,
    /// How the installations of accounts are at first.
    pub conditions: Conditions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            control_listen: loopback,
            control_token: None,
            executable: None,
            folder: None,
            guest_kind: GuestKind::default(),
            times: Times::default(),
            conditions: Conditions::default(),
        }
    }
}
