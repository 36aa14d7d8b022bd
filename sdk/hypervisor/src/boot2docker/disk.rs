use machine_driver::{Error, ErrorKind, Result};
use tar::{Builder, EntryType, Header};

/// By this file boot2docker recognises a disk that it may format; its content is its name.
const FORMAT_ME: &str = "boot2docker, please format-me";

/// The beginning of a raw disk: an archive that boot2docker unpacks to its new file system. With it the guest knows
/// the machine's key at its first boot (SSH-001).
///
/// The rest of the disk is empty. VBoxManage takes that for granted when its input ends early, so that twenty
/// gigabytes of zeros need not go through a pipe.
///
/// # Errors
/// Never in practice: the archive is made in memory.
pub fn disk_with_key(public_key: &str) -> Result<Vec<u8>> {
    let key = format!("{public_key}\n");
    archive(&key).map_err(|error| {
        Error::new(ErrorKind::Io, "cannot make the archive with the SSH key").with_source(&error)
    })
}

fn archive(key: &str) -> std::io::Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    let mut add = |path: &str, content: &str, kind, mode| {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content.as_bytes())
    };
    add(FORMAT_ME, FORMAT_ME, EntryType::Regular, 0o644)?;
    add(".ssh", "", EntryType::Directory, 0o700)?;
    // Old versions read the second one.
    add(".ssh/authorized_keys", key, EntryType::Regular, 0o644)?;
    add(".ssh/authorized_keys2", key, EntryType::Regular, 0o644)?;
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use super::*;

    #[test]
    fn boot2docker_finds_its_mark_and_the_key() {
        let disk = disk_with_key("ssh-ed25519 AAAA").unwrap();
        assert_eq!(disk.len() % 512, 0);
        assert!(disk.starts_with(FORMAT_ME.as_bytes()));
        let mut archive = tar::Archive::new(disk.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            (entry.path().unwrap().display().to_string(), content)
        });
        let entries: Vec<_> = entries.collect();
        assert_eq!(entries[0].1, FORMAT_ME);
        assert_eq!(entries[2], (".ssh/authorized_keys".to_owned(), "ssh-ed25519 AAAA\n".to_owned()));
        assert_eq!(entries.len(), 4);
    }
}
