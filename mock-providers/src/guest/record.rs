//! What happened on a guest.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A command that a client ran over SSH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandRecord {
    /// When it was received.
    #[serde(with = "crate::epoch")]
    pub at: SystemTime,
    /// Boot during which it ran.
    pub boot_id: String,
    /// Who ran it.
    pub user: String,
    /// The command line as sent; for a login without a command, `(shell)`; for one that copies files,
    /// `(sftp)`.
    pub command: String,
    /// Exit status; `None` while it runs, or when it was interrupted.
    pub status: Option<u8>,
    /// Bytes on standard output.
    pub output_length: usize,
    /// Bytes on standard error.
    pub error_length: usize,
    /// The first 2 KiB of standard error.
    pub error: String,
    /// Programs that do not exist on this machine.
    pub not_found: Vec<String>,
}

/// An attempt to log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Login {
    /// When.
    #[serde(with = "crate::epoch")]
    pub at: SystemTime,
    /// User name.
    pub user: String,
    /// Method: `none`, `publickey` or `password`.
    pub method: String,
    /// Signature algorithm, for example `ssh-ed25519`; `ssh-rsa` is the outdated one with SHA-1.
    pub algorithm: String,
    /// Fingerprint of the key, `SHA256:...`; empty without a key.
    pub fingerprint: String,
    /// Whether it was let in.
    pub accepted: bool,
    /// Identification of the client's software, for example `SSH-2.0-OpenSSH_9.2`.
    pub client: String,
}

/// Everything recorded about one guest.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) commands: Vec<CommandRecord>,
    pub(crate) logins: Vec<Login>,
    pub(crate) notes: Vec<String>,
}
