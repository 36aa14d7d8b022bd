//! A machine: enough of an operating system for a driver, a provisioner and a check to work with.
//!
//! ```
//! # use machine_mock_providers::guest::{Guest, GuestOptions, PowerState};
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let guest = Guest::new(GuestOptions { host_name: "demo".into(), ..GuestOptions::default() })?;
//! guest.power_on();
//! guest.reached(PowerState::Running).await;
//! println!("ssh -p {} ubuntu@{}", guest.ssh_port(), guest.address());
//! # std::io::Result::Ok(()) }).unwrap();
//! ```
//!
//! Commands are interpreted by a small POSIX shell over a virtual disk with permissions, so that unforeseen ones
//! work. Docker can be installed (or is part of the image), is started and stopped by the service manager, and
//! answers on the port and with the certificates that its configuration names. Files survive a restart, except
//! below `/run` and `/tmp`; Boot2Docker keeps only `/var/lib/boot2docker` and `/var/lib/docker`.
//!
//! With [`GuestKind::Container`] a machine is a container instead, with a real Debian in it; its addresses, ports, power
//! and faults are the same.

mod address;
mod commands;
mod container;
mod deferred;
mod disk;
mod engine;
mod gate;
mod image;
pub(crate) mod ipv6;
mod kind;
mod machine;
mod open_socket;
mod options;
mod password;
mod power;
mod record;
mod services;
mod sftp;
mod shell;
mod ssh;
mod system;

pub use address::Lease;
pub(crate) use deferred::{DeferredGuest, OpenPorts, Plan};
pub(crate) use gate::{Gate, GatedStream};
pub use kind::{GuestKind, containers_removed};
pub use machine::Guest;
pub(crate) use machine::free_port;
pub(crate) use open_socket::{OpenSocket, Serve};
pub use options::{Acpi, GuestFault, GuestOptions, GuestOs, Interface, InterfaceAddress, SshPort, User};
pub use power::PowerState;
pub(crate) use power::random_uuid;
pub use record::{CommandRecord, Login};
pub use ssh::fingerprint;
