//! The archive at the start of a disk with which drivers give Boot2Docker their key.
//!
//! At its first boot Boot2Docker looks for a tar archive whose first entry is named "boot2docker, please format-me" at
//! the start of the raw disk, keeps its `.ssh` directory, and formats the disk.

use std::{
    io::{self, Read},
    path::Path,
};

use super::reader::ImageReader;

/// Name of the first entry.
const MARK: &str = "boot2docker, please format-me";
/// Where the keys are.
const KEYS: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
/// Bytes at the start of the disk in which the archive has to be.
const ARCHIVE: usize = 256 << 10;
/// Longest file with keys.
const MOST: u64 = 64 << 10;

/// The start of a raw disk that gives Boot2Docker a key, as drivers write it.
///
/// # Errors
/// Never in practice: the archive is made in memory.
pub fn boot2docker_disk(public_key: &str) -> io::Result<Vec<u8>> {
    let keys = format!("{public_key}\n");
    let mut archive = tar::Builder::new(Vec::new());
    for (path, contents) in [(MARK, MARK), (KEYS[0], keys.as_str())] {
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, contents.as_bytes())?;
    }
    archive.into_inner()
}

/// The public keys on a disk, OpenSSH lines, each once; `None` for a disk that asks for nothing, or cannot be read.
pub(crate) fn public_keys(disk: &Path) -> Option<Vec<String>> {
    let mut reader = ImageReader::open(disk).ok()?;
    let length = usize::try_from(reader.info().capacity).unwrap_or(ARCHIVE).min(ARCHIVE);
    keys_in(&reader.read_at(0, length).ok()?)
}

fn keys_in(start: &[u8]) -> Option<Vec<String>> {
    let mut archive = tar::Archive::new(start);
    let mut entries = archive.entries().ok()?;
    let first = entries.next()?.ok()?;
    if first.path().ok()? != Path::new(MARK) {
        return None;
    }
    drop(first);
    let mut keys: Vec<String> = Vec::new();
    // The rest of an archive that is cut short is not there.
    for entry in entries.map_while(Result::ok) {
        let is_meant = entry.path().is_ok_and(|path| KEYS.iter().any(|it| *path == *Path::new(it)));
        let mut text = String::new();
        if !is_meant || entry.take(MOST).read_to_string(&mut text).is_err() {
            continue;
        }
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if keys.iter().all(|known| known != line) {
                keys.push(line.to_owned());
            }
        }
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, contents) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(contents.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, contents.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn keys_are_found_behind_the_mark_alone() {
        let keys = [
            (".ssh/authorized_keys", "ssh-rsa AAAA a\n"),
            (".ssh/authorized_keys2", "ssh-rsa AAAA a\nssh-rsa BBBB b\n"),
        ];
        let marked = [&[(MARK, MARK)], keys.as_slice()].concat();
        let expected = vec!["ssh-rsa AAAA a".to_owned(), "ssh-rsa BBBB b".to_owned()];
        assert_eq!(keys_in(&archive(&marked)), Some(expected));
        assert_eq!(keys_in(&archive(&keys)), None);
        assert_eq!(keys_in(&[0; 4096]), None);
        assert_eq!(keys_in(&[0xff; 4096]), None);
        assert_eq!(
            keys_in(&boot2docker_disk("ssh-rsa CCCC c").unwrap()),
            Some(vec!["ssh-rsa CCCC c".to_owned()])
        );
        let cut = archive(&marked);
        assert_eq!(keys_in(&cut[..1024]), Some(Vec::new()));
    }
}
