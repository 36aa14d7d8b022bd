//! Mock providers for drivers under test: simulated machines that are reachable over SSH, small in-memory
//! clouds that start and stop them, an inventory that shows what is left behind, and faults as data.
//!
//! * [`guest`]: a simulated machine with an own loopback address, disk, boot id, SSH server and Docker engine.
//! * [`ec2`]: Amazon EC2.
//! * [`template`]: Template Cloud, a fictional HTTP JSON cloud.
//! * [`history`]: the states that instances passed through.
//! * [`inventory`]: the objects that exist at a provider, and the difference between two moments.
//! * [`faults`]: scripted misbehaviour of a provider or a guest.
//! * [`requests`]: the log of requests that a provider got.
//! * [`tls`]: a server with a certificate that nobody signed.
//!
//! Everything listens on loopback addresses and ports chosen by the system, and everything is closed when the
//! value that started it is dropped.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod ec2;
pub mod faults;
pub mod guest;
pub mod history;
pub mod inventory;
pub mod requests;
pub mod template;
pub mod tls;
pub mod vbox;

mod control;
mod epoch;
mod http;
mod locked;
mod milliseconds;
mod timestamp;
