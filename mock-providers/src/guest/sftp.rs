//! The SFTP server of a guest, on its virtual disk: what `scp` of OpenSSH 9 and `docker-machine scp` speak.

use std::{collections::BTreeMap, sync::Arc};

use russh_sftp::{
    protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode},
    server::{Handler, StatusReply},
};

use super::{
    disk::{Disk, DiskError, Entry, absolute},
    shell::home,
    system::System,
};

/// Most bytes of one answer.
const MAX_READ: usize = 256 << 10;
/// Most files that a client has open.
const MAX_HANDLES: usize = 256;
/// Type of a file in its permissions.
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;

type Result<T> = std::result::Result<T, StatusReply>;

/// One client.
pub(super) struct Session {
    system: Arc<System>,
    user: String,
    next: u64,
    open: BTreeMap<String, Open>,
}

/// What a handle stands for.
#[derive(Clone, Debug)]
enum Open {
    File {
        path: String,
        append: bool,
    },
    /// A directory, and whether its names have been told.
    Directory {
        path: String,
        told: bool,
    },
}

impl Session {
    pub(super) fn new(system: Arc<System>, user: String) -> Self {
        Self { system, user, next: 0, open: BTreeMap::new() }
    }

    fn path(&self, path: &str) -> String {
        absolute(&home(&self.user), path)
    }

    fn handle(&mut self, open: Open) -> Result<String> {
        if self.open.len() >= MAX_HANDLES {
            return Err(StatusCode::Failure.with_message("too many open files"));
        }
        self.next += 1;
        let handle = self.next.to_string();
        self.open.insert(handle.clone(), open);
        Ok(handle)
    }

    fn file(&self, handle: &str) -> Result<(String, bool)> {
        match self.open.get(handle) {
            Some(Open::File { path, append }) => Ok((path.clone(), *append)),
            _ => Err(StatusCode::Failure.with_message("no such handle of a file")),
        }
    }

    /// Does something with the disk as the user.
    fn on_disk<T>(
        &self,
        act: impl FnOnce(&mut Disk, &str) -> std::result::Result<T, DiskError>,
    ) -> Result<T> {
        act(&mut self.system.lock().disk, &self.user).map_err(refusal)
    }

    fn attributes(&self, path: &str) -> Result<FileAttributes> {
        self.on_disk(|disk, _| match disk.entry(path) {
            Some(entry) => Ok(attributes(entry)),
            None if path == "/" => Ok(directory_attributes()),
            None => Err(DiskError::NotFound),
        })
    }

    fn change(&self, id: u32, path: &str, wanted: &FileAttributes) -> Result<Status> {
        self.on_disk(|disk, user| {
            if let Some(size) = wanted.size {
                disk.resize(path, usize::try_from(size).unwrap_or(usize::MAX), user)?;
            }
            match wanted.permissions {
                Some(mode) => disk.change(path, user, |entry| entry.mode = (mode & 0o7777) as u16),
                None => Ok(()),
            }
        })?;
        Ok(done(id))
    }
}

fn attributes(entry: &Entry) -> FileAttributes {
    let kind = if entry.data.is_some() { REGULAR } else { DIRECTORY };
    let number = if *entry.owner == *"root" { 0 } else { 1000 };
    FileAttributes {
        size: Some(entry.data.as_ref().map_or(0, |data| data.len() as u64)),
        uid: Some(number),
        gid: Some(number),
        permissions: Some(kind | u32::from(entry.mode)),
        ..FileAttributes::empty()
    }
}

fn directory_attributes() -> FileAttributes {
    FileAttributes { permissions: Some(DIRECTORY | 0o755), ..FileAttributes::empty() }
}

fn refusal(error: DiskError) -> StatusReply {
    let code = match error {
        DiskError::NotFound => StatusCode::NoSuchFile,
        DiskError::Denied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    };
    code.with_message(error.to_string())
}

fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: "Ok".to_owned(),
        language_tag: "en-US".to_owned(),
    }
}

impl Handler for Session {
    type Error = StatusReply;

    fn unimplemented(&self) -> StatusReply {
        StatusCode::OpUnsupported.into()
    }

    async fn open(&mut self, id: u32, path: String, flags: OpenFlags, _: FileAttributes) -> Result<Handle> {
        let path = self.path(&path);
        self.on_disk(|disk, user| {
            let exists = disk.exists(&path);
            if flags.contains(OpenFlags::CREATE | OpenFlags::EXCLUDE) && exists {
                return Err(DiskError::Exists);
            }
            if !exists && !flags.contains(OpenFlags::CREATE) {
                return Err(DiskError::NotFound);
            }
            if !exists || flags.contains(OpenFlags::TRUNCATE) {
                return disk.write(&path, &[], false, user);
            }
            if flags.contains(OpenFlags::WRITE) {
                return disk.write(&path, &[], true, user);
            }
            disk.read(&path, user).map(drop)
        })?;
        let append = flags.contains(OpenFlags::APPEND);
        let handle = self.handle(Open::File { path, append })?;
        Ok(Handle { id, handle })
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status> {
        match self.open.remove(&handle) {
            Some(_) => Ok(done(id)),
            None => Err(StatusCode::Failure.with_message("no such handle")),
        }
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, length: u32) -> Result<Data> {
        let (path, _) = self.file(&handle)?;
        let contents = self.on_disk(|disk, user| disk.read(&path, user))?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = contents.get(start..).unwrap_or_default();
        if rest.is_empty() {
            return Err(StatusCode::Eof.into());
        }
        let length = rest.len().min(length as usize).min(MAX_READ);
        Ok(Data { id, data: rest[..length].to_vec() })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status> {
        let (path, append) = self.file(&handle)?;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        self.on_disk(|disk, user| match append {
            true => disk.write(&path, &data, true, user),
            false => disk.write_at(&path, offset, &data, user),
        })?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs> {
        self.stat(id, path).await
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs> {
        let attrs = self.attributes(&self.path(&path))?;
        Ok(Attrs { id, attrs })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs> {
        let (path, _) = self.file(&handle)?;
        let attrs = self.attributes(&path)?;
        Ok(Attrs { id, attrs })
    }

    async fn setstat(&mut self, id: u32, path: String, attrs: FileAttributes) -> Result<Status> {
        self.change(id, &self.path(&path), &attrs)
    }

    async fn fsetstat(&mut self, id: u32, handle: String, attrs: FileAttributes) -> Result<Status> {
        let (path, _) = self.file(&handle)?;
        self.change(id, &path, &attrs)
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle> {
        let path = self.path(&path);
        self.on_disk(|disk, _| match (disk.exists(&path), disk.is_directory(&path)) {
            (false, _) => Err(DiskError::NotFound),
            (true, false) => Err(DiskError::NotDirectory),
            (true, true) => Ok(()),
        })?;
        let handle = self.handle(Open::Directory { path, told: false })?;
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name> {
        let path = match self.open.get_mut(&handle) {
            Some(Open::Directory { told: true, .. }) => return Err(StatusCode::Eof.into()),
            Some(Open::Directory { path, told }) => {
                *told = true;
                path.clone()
            }
            _ => return Err(StatusCode::Failure.with_message("no such handle of a directory")),
        };
        let above = [".", ".."].map(|name| File::new(name, directory_attributes()));
        let files = self.on_disk(|disk, _| {
            let names = disk.names(&path).into_iter();
            let files = names.filter_map(|name| {
                let entry = disk.entry(&absolute(&path, &name))?;
                Some(File::new(name, attributes(entry)))
            });
            Ok(above.into_iter().chain(files).collect())
        })?;
        Ok(Name { id, files })
    }

    async fn remove(&mut self, id: u32, path: String) -> Result<Status> {
        let path = self.path(&path);
        self.on_disk(|disk, user| match disk.is_directory(&path) {
            true => Err(DiskError::IsDirectory),
            false => disk.remove(&path, false, user),
        })?;
        Ok(done(id))
    }

    async fn mkdir(&mut self, id: u32, path: String, _: FileAttributes) -> Result<Status> {
        let path = self.path(&path);
        self.on_disk(|disk, user| disk.make_directory(&path, false, user))?;
        Ok(done(id))
    }

    async fn rmdir(&mut self, id: u32, path: String) -> Result<Status> {
        let path = self.path(&path);
        self.on_disk(|disk, user| match disk.is_directory(&path) {
            false => Err(DiskError::NotDirectory),
            true => disk.remove(&path, false, user),
        })?;
        Ok(done(id))
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name> {
        Ok(Name { id, files: vec![File::dummy(self.path(&path))] })
    }

    async fn rename(&mut self, id: u32, from: String, to: String) -> Result<Status> {
        let (from, to) = (self.path(&from), self.path(&to));
        self.on_disk(|disk, user| match disk.exists(&to) {
            // The protocol says so.
            true => Err(DiskError::Exists),
            false => disk.rename(&from, &to, user),
        })?;
        Ok(done(id))
    }
}
