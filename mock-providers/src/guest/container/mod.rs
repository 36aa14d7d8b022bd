//! Guests that are containers, behind the feature `containers`.
//!
//! Addresses, firewall, power switch and freezing are those of simulated guests; the container has a disk, an SSH
//! server and an engine. What listens inside is passed on from the guest's loopback address.

#[cfg(not(feature = "containers"))]
mod absent;
#[cfg(feature = "containers")]
mod boot;
#[cfg(feature = "containers")]
mod console;
#[cfg(feature = "containers")]
mod engine;
#[cfg(feature = "containers")]
mod interfaces;
#[cfg(feature = "containers")]
mod left_over;
#[cfg(feature = "containers")]
mod machine;
#[cfg(feature = "containers")]
mod relay;
#[cfg(feature = "containers")]
mod seed;

#[cfg(not(feature = "containers"))]
pub(crate) use absent::{Container, removed, require};
#[cfg(feature = "containers")]
pub(crate) use {
    engine::require,
    machine::{Container, removed},
};
