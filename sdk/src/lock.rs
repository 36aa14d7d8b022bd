use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
};

use crate::{
    error::{Error, ErrorKind, Result},
    wait::{Wait, Waits},
};

/// A lock between processes, held until it is dropped: a file that the system unlocks when its owner ends, however it
/// ends.
///
/// Hosts run one process for each machine, so whatever several machines share is changed by several processes at once
/// (CONC-002).
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "its end is the end of the lock")] File);

impl FileLock {
    /// Waits for the lock on `path`; its folder is made if it is missing.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] with the name of `wait` and the file; [`ErrorKind::Io`] if the file cannot be made.
    pub async fn acquire(path: &Path, wait: &Wait, waits: &Waits) -> Result<Self> {
        let locked = waits.until(wait, || {
            let path = path.to_owned();
            async move {
                let tried = tokio::task::spawn_blocking(move || try_lock(&path)).await;
                tried.unwrap_or_else(|error| {
                    Err(Error::new(ErrorKind::Io, "locking broke off").with_source(&error))
                })
            }
        });
        let locked = locked.await.map_err(|error| error.with_context("lock", path.display()))?;
        Ok(Self(locked))
    }
}

fn try_lock(path: &Path) -> Result<Option<File>> {
    let failed = |error: &std::io::Error| {
        let text = format!("cannot lock {}", path.display());
        Error::new(ErrorKind::Io, text).with_source(error)
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| failed(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(&error)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    const SOON: Wait = Wait::new("the other one", Duration::from_millis(50), Duration::from_millis(5));

    #[tokio::test]
    async fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("lock");
        let waits = Waits::default();
        let first = FileLock::acquire(&path, &SOON, &waits).await.unwrap();
        let refused = FileLock::acquire(&path, &SOON, &waits).await.unwrap_err().to_string();
        assert!(refused.contains("the other one") && refused.contains("new/lock"), "{refused}");
        drop(first);
        FileLock::acquire(&path, &SOON, &waits).await.unwrap();
    }
}
