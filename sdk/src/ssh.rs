//! SSH: keys for guests, a client that runs commands in them, and waits until they answer.
//!
//! The library underneath changes often, so none of its types shows here.

mod boot;
mod client;
mod error;
mod key;
mod private_file;
mod ready;

pub use boot::{BootId, NEW_BOOT, boot_id, current_boot, wait_for_new_boot};
pub use client::{Client, Endpoint, HostKey, Limits, Output, accepted_password};
pub use key::{KeyAlgorithm, KeyPair};
pub use ready::{READY, wait_until, wait_until_ready};
