//! What a container is given before it starts; see the head of `images/guest/files/guest-init`.

use std::io;

use russh::keys::{PrivateKey, ssh_key::LineEnding};
use tar::{Builder, EntryType, Header};

use crate::guest::options::{GuestOptions, User};

/// Network interfaces, which a container reads again whenever they change.
const INTERFACES: &str = "guest/interfaces";

/// What does not change with each boot.
#[derive(Debug)]
pub(super) struct Seed {
    pub(super) host_name: String,
    users: Vec<User>,
    user_data: Option<String>,
    passwordless_sudo: bool,
    host_key: String,
    host_public_key: String,
    /// Lines of the file with the network interfaces.
    pub(super) interfaces: String,
}

impl Seed {
    pub(super) fn new(options: &GuestOptions, host_key: &PrivateKey) -> io::Result<Self> {
        let names = options.users.iter().map(|user| &user.name);
        if let Some(name) = names.into_iter().find(|name| !is_user_name(name)) {
            let message = format!("a container cannot have a user called {name:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(Self {
            host_name: options.host_name.clone(),
            users: options.users.clone(),
            user_data: options.user_data.clone(),
            passwordless_sudo: options.passwordless_sudo,
            host_key: host_key.to_openssh(LineEnding::LF).map_err(io::Error::other)?.to_string(),
            host_public_key: host_key.public_key().to_openssh().map_err(io::Error::other)?,
            interfaces: String::new(),
        })
    }

    /// An archive for the root directory of the container.
    pub(super) fn archive(&self, boot_id: &str, refuse_keys: bool) -> io::Result<Vec<u8>> {
        let mut files = Files(Builder::new(Vec::new()));
        for folder in ["guest", "guest/users"] {
            files.folder(folder)?;
        }
        files.file("guest/boot-id", 0o444, &format!("{boot_id}\n"))?;
        files.file(INTERFACES, 0o444, &self.interfaces)?;
        files.file("guest/host-name", 0o444, &format!("{}\n", self.host_name))?;
        for user in &self.users {
            let keys: String = user.authorized_keys.iter().map(|key| format!("{}\n", key.trim())).collect();
            let keys = if refuse_keys { String::new() } else { keys };
            files.file(&format!("guest/users/{}", user.name), 0o400, &keys)?;
        }
        // A file that is not wanted is replaced by an empty one: an archive cannot remove.
        let flag = |wanted: bool| if wanted { "yes\n" } else { "" };
        files.file("guest/sudo-password", 0o444, flag(!self.passwordless_sudo))?;
        files.file("guest/keys-are-refused", 0o444, flag(refuse_keys))?;
        if let Some(data) = &self.user_data {
            let mode = if data.starts_with("#!") { 0o700 } else { 0o400 };
            files.file("guest/user-data", mode, data)?;
        }
        files.file("etc/ssh/ssh_host_ed25519_key", 0o600, &self.host_key)?;
        let public = format!("{}\n", self.host_public_key);
        files.file("etc/ssh/ssh_host_ed25519_key.pub", 0o644, &public)?;
        files.0.into_inner()
    }

    /// An archive with nothing but the network interfaces.
    pub(super) fn interfaces_alone(&self) -> io::Result<Vec<u8>> {
        let mut files = Files(Builder::new(Vec::new()));
        files.file(INTERFACES, 0o444, &self.interfaces)?;
        files.0.into_inner()
    }
}

/// What `useradd` accepts, and what is a file name.
fn is_user_name(name: &str) -> bool {
    let first = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    let rest = name
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter));
    first && rest && name.len() <= 32
}

struct Files(Builder<Vec<u8>>);

impl Files {
    fn folder(&mut self, path: &str) -> io::Result<()> {
        self.add(path, EntryType::Directory, 0o755, &[])
    }

    fn file(&mut self, path: &str, mode: u32, contents: &str) -> io::Result<()> {
        self.add(path, EntryType::Regular, mode, contents.as_bytes())
    }

    fn add(&mut self, path: &str, kind: EntryType, mode: u32, contents: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(contents.len() as u64);
        self.0.append_data(&mut header, path, contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_no_users_are_refused() {
        for name in ["ubuntu", "_a", "a-b", "docker"] {
            assert!(is_user_name(name), "{name}");
        }
        for name in ["", "../x", "a b", "Root", "-a", "a/b"] {
            assert!(!is_user_name(name), "{name}");
        }
    }

    #[test]
    fn the_archive_has_keys_only_while_they_are_accepted() {
        let key = crate::guest::ssh::host_key().unwrap();
        let options = GuestOptions {
            users: vec![User {
                name: "ubuntu".to_owned(),
                authorized_keys: vec!["ssh-ed25519 AAAA".to_owned()],
            }],
            ..GuestOptions::default()
        };
        let seed = Seed::new(&options, &key).unwrap();
        let has_key = |archive: Vec<u8>| String::from_utf8_lossy(&archive).contains("ssh-ed25519 AAAA\n");
        assert!(has_key(seed.archive("b", false).unwrap()));
        assert!(!has_key(seed.archive("b", true).unwrap()));
    }
}
