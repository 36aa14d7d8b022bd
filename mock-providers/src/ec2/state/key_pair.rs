//! Key pairs.

use std::sync::Arc;

use super::{Id, Moment, Tags};

/// A key pair: the public half of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPair {
    /// Id.
    pub(crate) id: Id,
    /// Name, unique in the region.
    pub(crate) name: Arc<str>,
    /// Fingerprint, by the rules for its type and origin.
    pub(crate) fingerprint: String,
    /// `rsa` or `ed25519`.
    pub(crate) key_type: &'static str,
    /// OpenSSH line.
    pub(crate) public_key: String,
    /// When it was made.
    pub(crate) created: Moment,
    /// Tags.
    pub(crate) tags: Tags,
}
