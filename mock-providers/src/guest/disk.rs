//! Files of a guest: paths, bytes, owners and the permission rules that decide whether `sudo` is needed.

use std::{collections::BTreeMap, sync::Arc};

/// Why a file operation failed, in the words of `strerror`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DiskError {
    #[error("No such file or directory")]
    NotFound,
    #[error("Permission denied")]
    Denied,
    #[error("Is a directory")]
    IsDirectory,
    #[error("Not a directory")]
    NotDirectory,
    #[error("File exists")]
    Exists,
    #[error("Directory not empty")]
    NotEmpty,
    #[error("No space left on device")]
    Full,
}

type Result<T> = std::result::Result<T, DiskError>;

/// Bytes that one guest may store; scripts that write for ever end with `ENOSPC`.
const CAPACITY: usize = 256 << 20;

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) owner: Arc<str>,
    pub(crate) mode: u16,
    /// `None` for a directory.
    pub(crate) data: Option<Arc<Vec<u8>>>,
}

/// All files of a guest by absolute path. Cheap to clone: contents are shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    entries: BTreeMap<String, Entry>,
    used: usize,
}

/// Absolute form of `path` without `.`, `..` and doubled slashes, and with `/bin`, `/sbin` and `/lib` being
/// links into `/usr` as on current systems.
pub(crate) fn absolute(directory: &str, path: &str) -> String {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    if matches!(parts.first(), Some(&("bin" | "sbin" | "lib"))) {
        parts.insert(0, "usr");
    }
    if parts.starts_with(&["var", "run"]) {
        parts.remove(0);
    }
    format!("/{}", parts.join("/"))
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(slash) => &path[..slash],
    }
}

impl Disk {
    /// The entry at an absolute path.
    pub(crate) fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        path == "/" || self.entry(path).is_some_and(|entry| entry.data.is_none())
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        path == "/" || self.entries.contains_key(path)
    }

    /// Contents of a file that `user` may read.
    pub(crate) fn read(&self, path: &str, user: &str) -> Result<Arc<Vec<u8>>> {
        match path {
            "/dev/null" => return Ok(Arc::default()),
            "/" => return Err(DiskError::IsDirectory),
            _ => {}
        }
        let entry = self.entry(path).ok_or_else(|| self.missing(path))?;
        let data = entry.data.as_ref().ok_or(DiskError::IsDirectory)?;
        if !allowed(entry, user, 0o4) {
            return Err(DiskError::Denied);
        }
        Ok(Arc::clone(data))
    }

    /// Contents as text, for the system's own files; `None` when there is no such file.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let data = self.entry(path)?.data.as_ref()?;
        Some(String::from_utf8_lossy(data).into_owned())
    }

    /// Creates or replaces a file, or appends to it.
    pub(crate) fn write(&mut self, path: &str, bytes: &[u8], append: bool, user: &str) -> Result<()> {
        if matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr") {
            return Ok(());
        }
        if self.is_directory(path) {
            return Err(DiskError::IsDirectory);
        }
        if self.used.saturating_add(bytes.len()) > CAPACITY {
            return Err(DiskError::Full);
        }
        if !self.entries.contains_key(path) {
            self.may_change_names_in(parent(path), user)?;
        }
        let entry = self.entries.entry(path.to_owned()).or_insert_with(|| Entry {
            owner: user.into(),
            mode: 0o644,
            data: Some(Arc::default()),
        });
        if !allowed(entry, user, 0o2) {
            return Err(DiskError::Denied);
        }
        let Some(data) = entry.data.as_mut() else {
            return Err(DiskError::IsDirectory);
        };
        self.used -= data.len();
        if append {
            Arc::make_mut(data).extend_from_slice(bytes);
        } else {
            *data = Arc::new(bytes.to_vec());
        }
        self.used += data.len();
        Ok(())
    }

    /// Overwrites part of a file, which grows as far as it must; what lies between is zeros.
    pub(crate) fn write_at(&mut self, path: &str, offset: usize, bytes: &[u8], user: &str) -> Result<()> {
        let end = offset.checked_add(bytes.len()).ok_or(DiskError::Full)?;
        let size = self.entry(path).and_then(|entry| entry.data.as_ref()).map_or(0, |data| data.len());
        if end > size {
            self.resize(path, end, user)?;
        }
        let entry = self.entries.get_mut(path).ok_or(DiskError::NotFound)?;
        if !allowed(entry, user, 0o2) {
            return Err(DiskError::Denied);
        }
        if let Some(part) = entry.data.as_mut().and_then(|data| Arc::make_mut(data).get_mut(offset..end)) {
            part.copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Makes a file longer, with zeros, or shorter.
    pub(crate) fn resize(&mut self, path: &str, size: usize, user: &str) -> Result<()> {
        let error = self.missing(path);
        let used = self.used;
        let entry = self.entries.get_mut(path).ok_or(error)?;
        if !allowed(entry, user, 0o2) {
            return Err(DiskError::Denied);
        }
        let data = entry.data.as_mut().ok_or(DiskError::IsDirectory)?;
        let rest = used - data.len();
        if rest.saturating_add(size) > CAPACITY {
            return Err(DiskError::Full);
        }
        Arc::make_mut(data).resize(size, 0);
        self.used = rest + size;
        Ok(())
    }

    /// Creates a directory; with `parents` also those above it, and an existing one is fine.
    pub(crate) fn make_directory(&mut self, path: &str, parents: bool, user: &str) -> Result<()> {
        if self.exists(path) {
            return match (parents, self.is_directory(path)) {
                (true, true) => Ok(()),
                _ => Err(DiskError::Exists),
            };
        }
        let above = parent(path);
        if parents && !self.exists(above) {
            self.make_directory(above, true, user)?;
        }
        self.may_change_names_in(above, user)?;
        let entry = Entry { owner: user.into(), mode: 0o755, data: None };
        self.entries.insert(path.to_owned(), entry);
        Ok(())
    }

    /// Removes a file, or a directory: an empty one, or with `recursive` everything below it.
    pub(crate) fn remove(&mut self, path: &str, recursive: bool, user: &str) -> Result<()> {
        if !self.entries.contains_key(path) {
            return Err(self.missing(path));
        }
        self.may_change_names_in(parent(path), user)?;
        let below: Vec<String> = self.below(path).map(|(name, _)| name.clone()).collect();
        if !below.is_empty() && !recursive {
            return Err(DiskError::NotEmpty);
        }
        for name in below.iter().map(String::as_str).chain([path]) {
            if let Some(Entry { data: Some(data), .. }) = self.entries.remove(name) {
                self.used -= data.len();
            }
        }
        Ok(())
    }

    /// Moves a file or a directory with everything below it.
    pub(crate) fn rename(&mut self, from: &str, to: &str, user: &str) -> Result<()> {
        if !self.entries.contains_key(from) {
            return Err(self.missing(from));
        }
        self.may_change_names_in(parent(from), user)?;
        self.may_change_names_in(parent(to), user)?;
        if from == to {
            return Ok(());
        }
        if self.exists(to) {
            self.remove(to, false, user)?;
        }
        let moved: Vec<String> =
            self.below(from).map(|(name, _)| name.clone()).chain([from.to_owned()]).collect();
        for name in moved {
            if let Some(entry) = self.entries.remove(&name) {
                self.entries.insert(format!("{to}{}", &name[from.len()..]), entry);
            }
        }
        Ok(())
    }

    /// Names directly below a directory, sorted.
    pub(crate) fn names(&self, directory: &str) -> Vec<String> {
        let prefix = directory.trim_end_matches('/').len() + 1;
        self.below(directory)
            .map(|(path, _)| &path[prefix..])
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    /// Everything below a path, at any depth.
    pub(crate) fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> + use<'a> {
        let prefix = format!("{}/", path.trim_end_matches('/'));
        let start = prefix.clone();
        self.entries.range(start..).take_while(move |(name, _)| name.starts_with(&prefix))
    }

    /// Changes owner or mode; only the owner and root may.
    pub(crate) fn change(&mut self, path: &str, user: &str, change: impl FnOnce(&mut Entry)) -> Result<()> {
        let error = self.missing(path);
        let entry = self.entries.get_mut(path).ok_or(error)?;
        if user != "root" && *entry.owner != *user {
            return Err(DiskError::Denied);
        }
        change(entry);
        Ok(())
    }

    /// Puts an entry in place, with the directories above it; for building images, without permission checks.
    pub(crate) fn install(&mut self, path: &str, owner: &str, mode: u16, data: Option<&[u8]>) {
        let path = absolute("/", path);
        let above = parent(&path).to_owned();
        if !self.exists(&above) {
            self.install(&above, owner, 0o755, None);
        }
        let data = data.map(|bytes| Arc::new(bytes.to_vec()));
        self.used += data.as_ref().map_or(0, |bytes| bytes.len());
        let old = self.entries.insert(path, Entry { owner: owner.into(), mode, data });
        self.used -= old.and_then(|entry| entry.data).map_or(0, |bytes| bytes.len());
    }

    /// Keeps the entries whose path satisfies `keep` and fills the rest from `image`.
    pub(crate) fn reset_except(&mut self, image: &Self, keep: impl Fn(&str) -> bool) {
        self.entries.retain(|path, _| keep(path));
        for (path, entry) in image.entries.iter().filter(|(path, _)| !keep(path)) {
            self.entries.insert(path.clone(), entry.clone());
        }
        self.used =
            self.entries.values().filter_map(|entry| entry.data.as_ref()).map(|data| data.len()).sum();
    }

    fn may_change_names_in(&self, directory: &str, user: &str) -> Result<()> {
        if directory == "/" {
            return if user == "root" { Ok(()) } else { Err(DiskError::Denied) };
        }
        let entry = self.entry(directory).ok_or_else(|| self.missing(directory))?;
        match entry {
            Entry { data: Some(_), .. } => Err(DiskError::NotDirectory),
            entry if allowed(entry, user, 0o2) => Ok(()),
            _ => Err(DiskError::Denied),
        }
    }

    /// What is wrong with a path that does not exist: something above it may be a file.
    fn missing(&self, path: &str) -> DiskError {
        let above = parent(path);
        match self.entry(above) {
            Some(Entry { data: Some(_), .. }) => DiskError::NotDirectory,
            Some(_) => DiskError::NotFound,
            None if above == "/" => DiskError::NotFound,
            None => self.missing(above),
        }
    }
}

/// Whether the mode gives `user` the permission bit (`4` read, `2` write, `1` execute). There are no groups.
fn allowed(entry: &Entry, user: &str, bit: u16) -> bool {
    let shift = if *entry.owner == *user { 6 } else { 0 };
    user == "root" || entry.mode >> shift & bit != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> Disk {
        let mut disk = Disk::default();
        disk.install("/etc", "root", 0o755, None);
        disk.install("/tmp", "root", 0o1777, None);
        disk.install("/etc/hostname", "root", 0o644, Some(b"a\n"));
        disk
    }

    #[test]
    fn paths_are_made_absolute() {
        assert_eq!(absolute("/home/x", "../y/./z//"), "/home/y/z");
        assert_eq!(absolute("/", "/bin/sh"), "/usr/bin/sh");
        assert_eq!(absolute("/", "/../.."), "/");
        assert_eq!(absolute("/", "/var/run/docker.sock"), "/run/docker.sock");
    }

    #[test]
    fn only_root_writes_below_etc() {
        let mut disk = disk();
        assert_eq!(disk.write("/etc/hostname", b"b", false, "ubuntu"), Err(DiskError::Denied));
        assert_eq!(disk.write("/etc/new", b"b", false, "ubuntu"), Err(DiskError::Denied));
        disk.write("/etc/new", b"b", false, "root").unwrap();
        disk.write("/etc/new", b"c", true, "root").unwrap();
        assert_eq!(*disk.read("/etc/new", "ubuntu").unwrap(), b"bc");
        disk.write("/tmp/mine", b"1", false, "ubuntu").unwrap();
        disk.change("/tmp/mine", "ubuntu", |entry| entry.mode = 0o600).unwrap();
        assert_eq!(disk.read("/tmp/mine", "other"), Err(DiskError::Denied));
    }

    #[test]
    fn missing_directories_are_reported_as_the_kernel_does() {
        let mut disk = disk();
        assert_eq!(disk.write("/nowhere/x", b"", false, "root"), Err(DiskError::NotFound));
        assert_eq!(disk.write("/etc/hostname/x", b"", false, "root"), Err(DiskError::NotDirectory));
        assert_eq!(disk.read("/etc", "root"), Err(DiskError::IsDirectory));
        disk.make_directory("/a/b/c", true, "root").unwrap();
        assert_eq!(disk.names("/a"), ["b"]);
        assert_eq!(disk.remove("/a", false, "root"), Err(DiskError::NotEmpty));
        disk.rename("/a", "/d", "root").unwrap();
        assert!(disk.is_directory("/d/b/c") && !disk.exists("/a/b"));
    }

    #[test]
    fn the_disk_is_finite() {
        let mut disk = disk();
        disk.write("/tmp/big", &vec![0; CAPACITY - 10], false, "root").unwrap();
        assert_eq!(disk.write("/tmp/more", &[0; 20], false, "root"), Err(DiskError::Full));
        disk.remove("/tmp/big", false, "root").unwrap();
        disk.write("/tmp/more", &[0; 20], false, "root").unwrap();
    }
}
