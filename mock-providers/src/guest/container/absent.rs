//! Without the feature `containers` there is no such guest.

use std::{io, net::Ipv4Addr, sync::Arc};

use russh::keys::PrivateKey;
use tokio::runtime::Handle;

use crate::guest::{
    open_socket::Serve,
    options::{GuestOptions, Interface},
    system::System,
};

/// A container; there is none.
#[derive(Debug)]
pub(crate) enum Container {}

impl Container {
    pub(crate) fn new(_: &GuestOptions, _: &PrivateKey, _: &Handle) -> io::Result<Self> {
        Err(missing())
    }

    pub(crate) async fn boot(&self, _: &Arc<System>, _: u64) {
        match *self {}
    }

    pub(crate) fn connect(&self, _: &[Interface], _: Ipv4Addr) {
        match *self {}
    }

    pub(crate) async fn stop(&self) {
        match *self {}
    }

    pub(crate) fn kill(&self) {
        match *self {}
    }

    pub(crate) fn pause(&self) {
        match *self {}
    }

    pub(crate) fn go_on(&self) {
        match *self {}
    }

    pub(crate) fn remove(&self) {
        match *self {}
    }

    pub(crate) fn relay(&self, _: u16) -> Serve {
        match *self {}
    }
}

pub(crate) async fn require() -> io::Result<()> {
    Err(missing())
}

pub(crate) async fn removed() -> io::Result<()> {
    Ok(())
}

fn missing() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "guests that are containers are not compiled in; build with the feature `containers`, for example `cargo \
         install --path conformance --features containers`",
    )
}
