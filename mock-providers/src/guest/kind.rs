//! What a guest is made of.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};

use super::container;

/// Longest shutdown of a container's services.
const CONTAINER_SHUTDOWN: Duration = Duration::from_secs(30);

/// What a guest is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GuestKind {
    /// A simulation in this process: an SSH server, a shell over a virtual disk, an engine that answers few requests.
    #[default]
    Simulated,
    /// A container with Debian 12, OpenSSH and a Docker engine of its own. Needs a local Docker engine, and this crate's
    /// feature `containers`.
    Container,
}

impl GuestKind {
    /// How long providers wait for a guest that shuts down, before they cut its power: as long as for a simulated one,
    /// but at least half a minute for a container, which has real services to end.
    pub(crate) fn shutdown_limit(self, simulated: Duration) -> Duration {
        match self {
            Self::Simulated => simulated,
            Self::Container => simulated.max(CONTAINER_SHUTDOWN),
        }
    }

    /// Checks that guests of this kind can be made here. For containers it also removes those of processes that were
    /// killed.
    ///
    /// # Errors
    /// `Unsupported` without the feature `containers`; otherwise what is wrong with the engine or the image, and what
    /// to do.
    pub async fn require(self) -> io::Result<()> {
        match self {
            Self::Simulated => Ok(()),
            Self::Container => container::require().await,
        }
    }
}

/// Waits until the containers of all guests that are gone are gone, too; there is nothing to wait for without the
/// feature `containers`. Call it before a process ends.
///
/// # Errors
/// When some are left after a minute.
pub async fn containers_removed() -> io::Result<()> {
    container::removed().await
}
