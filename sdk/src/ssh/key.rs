use std::{
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
};

use russh::keys::{
    HashAlg, PrivateKey, decode_secret_key,
    ssh_key::{
        Algorithm, LineEnding,
        private::{KeypairData, RsaKeypair},
    },
};

use super::private_file;
use crate::error::{Error, ErrorKind, Result};

/// Longest key file that is read; real ones have a few KiB.
const LONGEST_KEY_FILE: u64 = 64 * 1024;
const RSA_BITS: usize = 2048;

/// Algorithm of a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// Made in microseconds; every guest since 2014 takes it.
    #[default]
    Ed25519,
    /// RSA with 2048 bits, for providers that take nothing else. Made in tens of milliseconds, seconds in debug builds.
    Rsa2048,
}

/// A key pair on disk: the private key at `path` and the public key beside it, at `path` with `.pub` appended.
///
/// The private key is not encrypted and in OpenSSH's format, which hosts can read (SSH-009).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    path: PathBuf,
    public_key: String,
    fingerprint: String,
}

impl KeyPair {
    /// Makes a new pair and writes it, replacing an older one (SSH-010).
    ///
    /// Both files have mode 0600 from the start (SSH-002), missing folders are made with mode 0700 (BASE-006).
    ///
    /// # Errors
    /// [`ErrorKind::Io`] naming the file that cannot be written.
    pub async fn generate(path: impl Into<PathBuf>, algorithm: KeyAlgorithm) -> Result<Self> {
        let path = path.into();
        blocking(move || Self::store(path, &new_key(algorithm)?)).await
    }

    /// Copies the user's private key `source` to `path`, so that the machine keeps working when the original moves
    /// (SSH-013). The copy is in OpenSSH's format, whatever the original's is.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] if `source` is no usable private key; [`ErrorKind::Io`] naming the file that
    /// cannot be read or written.
    pub async fn copy(source: impl Into<PathBuf>, path: impl Into<PathBuf>) -> Result<Self> {
        let (source, path) = (source.into(), path.into());
        blocking(move || Self::store(path, &read_key(&source)?)).await
    }

    /// Reads the pair whose private key is at `path`; the public key is derived from it.
    ///
    /// # Errors
    /// As for the source of [`KeyPair::copy`].
    pub async fn load(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        blocking(move || {
            let key = read_key(&path)?;
            Self::describe(path, &key)
        })
        .await
    }

    /// Path of the private key.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The public key as one line of `authorized_keys`, without a line end.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// SHA-256 fingerprint of the public key as OpenSSH prints it, `SHA256:...`.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn store(path: PathBuf, key: &PrivateKey) -> Result<Self> {
        let pair = Self::describe(path, key)?;
        let private_key = key.to_openssh(LineEnding::LF).map_err(|error| unusable(&pair.path, &error))?;
        // The public half first: whoever sees the private key may expect it.
        private_file::write(&public_path(&pair.path), format!("{}\n", pair.public_key).as_bytes())?;
        private_file::write(&pair.path, private_key.as_bytes())?;
        Ok(pair)
    }

    fn describe(path: PathBuf, key: &PrivateKey) -> Result<Self> {
        let public_key = key.public_key();
        let line = public_key.to_openssh().map_err(|error| unusable(&path, &error))?;
        Ok(Self {
            path,
            public_key: line.trim_end().to_owned(),
            fingerprint: public_key.fingerprint(HashAlg::Sha256).to_string(),
        })
    }
}

/// Reads an unencrypted private key in any of the usual formats; blocks.
pub(super) fn read_key(path: &Path) -> Result<PrivateKey> {
    let cannot_read = |error: std::io::Error| {
        Error::new(ErrorKind::Io, format!("cannot read the private key {}", path.display()))
            .with_source(&error)
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(cannot_read)?;
    file.take(LONGEST_KEY_FILE).read_to_string(&mut text).map_err(cannot_read)?;
    let key = decode_secret_key(&text, None).map_err(|error| unusable(path, &error))?;
    if key.is_encrypted() {
        return Err(unusable(path, &russh::keys::Error::KeyIsEncrypted));
    }
    Ok(key)
}

fn new_key(algorithm: KeyAlgorithm) -> Result<PrivateKey> {
    let mut rng = rand::rng();
    let made = match algorithm {
        KeyAlgorithm::Ed25519 => PrivateKey::random(&mut rng, Algorithm::Ed25519),
        KeyAlgorithm::Rsa2048 => RsaKeypair::random(&mut rng, RSA_BITS)
            .and_then(|pair| PrivateKey::new(KeypairData::from(pair), "")),
    };
    made.map_err(|error| Error::new(ErrorKind::Other, "cannot make an SSH key").with_source(&error))
}

fn public_path(private: &Path) -> PathBuf {
    let mut path = private.as_os_str().to_owned();
    path.push(".pub");
    path.into()
}

/// The reason only: texts of the key libraries do not quote the key.
fn unusable(path: &Path, reason: &impl fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidOption,
        format!("{} is no usable private key: {reason}; it must be an unencrypted SSH key", path.display()),
    )
}

/// Key making and files block, so they leave the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => {
            Err(Error::new(ErrorKind::Other, "the work on an SSH key was cut off").with_source(&error))
        }
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
