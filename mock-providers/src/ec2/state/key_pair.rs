//! Key pairs.

use std::sync::Arc;

use super::{Id, Kind, Moment, Region, Result, TagSpecification, Tags, tags};
use crate::ec2::{error::Ec2Error, key_material::PublicKey};

/// Longest name.
const LONGEST: usize = 255;

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

impl Region {
    /// Checks the name and the tags of a new key pair, so that no key is made in vain.
    ///
    /// # Errors
    /// A name that cannot be, or `InvalidKeyPair.Duplicate`.
    pub(crate) fn check_new_key_pair(&self, name: &str, specifications: &[TagSpecification]) -> Result<()> {
        tags::require_types(specifications, &["key-pair"])?;
        tags::tags_for(specifications, "key-pair")?;
        if name.is_empty() {
            return Err(Ec2Error::missing_parameter("KeyName"));
        }
        if name.chars().count() > LONGEST || !name.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
            let rule = "Up to 255 ASCII characters are possible.";
            return Err(Ec2Error::invalid_value("keyName", name, rule));
        }
        if self.key_pairs.contains(name) {
            let message = format!("The keypair '{name}' already exists.");
            return Err(Ec2Error::client("InvalidKeyPair.Duplicate", message));
        }
        Ok(())
    }

    /// Adds a key pair.
    ///
    /// # Errors
    /// As [`Region::check_new_key_pair`].
    pub(crate) fn add_key_pair(
        &mut self,
        name: &str,
        key: &PublicKey,
        specifications: &[TagSpecification],
        now: Moment,
    ) -> Result<&KeyPair> {
        self.check_new_key_pair(name, specifications)?;
        let pair = KeyPair {
            id: self.ids.next(Kind::KeyPair),
            name: name.into(),
            fingerprint: key.fingerprint.clone(),
            key_type: key.key_type,
            public_key: key.line.clone(),
            created: now,
            tags: tags::tags_for(specifications, "key-pair")?,
        };
        self.key_pairs.insert(name.into(), pair);
        self.hide(Kind::KeyPair, &name.into(), self.lag, now);
        self.key_pair(name)
    }

    /// A key pair, by name.
    ///
    /// # Errors
    /// `InvalidKeyPair.NotFound`.
    pub(crate) fn key_pair(&self, name: &str) -> Result<&KeyPair> {
        let pair = self.key_pairs.get(name);
        pair.ok_or_else(|| Ec2Error::not_found(Kind::KeyPair, &[name]))
    }

    /// Checks that key pairs exist and can be seen, by name.
    ///
    /// # Errors
    /// `InvalidKeyPair.NotFound`.
    pub(crate) fn visible_key_pairs(&mut self, names: &[&str], now: Moment) -> Result<()> {
        let mut missing = names.to_vec();
        missing.retain(|name| !self.key_pairs.contains(name));
        if !missing.is_empty() {
            return Err(Ec2Error::not_found(Kind::KeyPair, &missing));
        }
        self.require_visible(Kind::KeyPair, names, now)
    }

    /// Removes a key pair by name; nothing when there is none. The result is the id of the pair that was removed.
    pub(crate) fn delete_key_pair(&mut self, name: &str) -> Option<Id> {
        self.key_pairs.remove(name).map(|pair| pair.id)
    }
}
