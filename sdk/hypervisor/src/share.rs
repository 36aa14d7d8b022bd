//! Folders of this computer that guests see.

use std::path::{Path, PathBuf};

use machine_driver::{Error, Result};

/// A folder to share.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedFolder {
    /// Where it is on this computer.
    pub folder: PathBuf,
    /// What it is called for the guest.
    pub name: String,
}

impl SharedFolder {
    /// The users' folders, named as Boot2docker expects them: it mounts them where this computer has them. They may be
    /// missing.
    pub fn usual() -> Self {
        let (folder, name) = if cfg!(windows) {
            (r"\\?\c:\Users", "c/Users")
        } else if cfg!(target_os = "macos") {
            ("/Users", "Users")
        } else {
            ("/home", "hosthome")
        };
        Self { folder: folder.into(), name: name.to_owned() }
    }

    /// The folder to share: that of the option `flag`, which must exist, or the [usual](Self::usual) one if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`](machine_driver::ErrorKind::InvalidOption) naming the flag (FLAG-009).
    pub fn wanted(flag: &str, text: Option<&str>) -> Result<Option<Self>> {
        let Some(text) = text else {
            return Ok(Some(Self::usual()).filter(|share| share.folder.is_dir()));
        };
        let share = Self::parse(text).map_err(|problem| Error::invalid_option(flag, problem))?;
        if share.folder.is_dir() {
            return Ok(Some(share));
        }
        Err(Error::invalid_option(flag, format!("is {text}, but there is no such folder")))
    }

    /// Reads `FOLDER` or `FOLDER:NAME`; a drive letter is no folder.
    ///
    /// # Errors
    /// What is wrong with it, as it reads after the flag's name (FLAG-009).
    pub fn parse(text: &str) -> Result<Self, String> {
        let (folder, name) = match text.rsplit_once(':').filter(|(folder, _)| folder.len() > 1) {
            Some((folder, name)) => (folder, name),
            None => (text, text.trim_start_matches(['/', '\\'])),
        };
        let plain = !name.is_empty() && !name.contains(['\\', ':', '\n']);
        if !Path::new(folder).is_absolute() || !plain {
            return Err(format!("must be an absolute FOLDER or FOLDER:NAME, but is {text:?}"));
        }
        Ok(Self { folder: folder.into(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::SharedFolder;

    #[test]
    fn a_folder_that_is_wanted_must_exist() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let wanted = |text: &str| SharedFolder::wanted("share", Some(text));
        assert_eq!(wanted(&format!("{path}:data")).unwrap().unwrap().name, "data");
        let error = wanted(&format!("{path}/none:data")).unwrap_err().to_string();
        assert!(error.contains("--share") && error.contains("no such folder"), "{error}");
        assert!(wanted("relative").is_err());
        let usual = SharedFolder::wanted("share", None).unwrap();
        assert_eq!(usual.is_some(), SharedFolder::usual().folder.is_dir());
    }

    #[test]
    fn shares_are_split_at_the_last_colon() {
        let share =
            |text| SharedFolder::parse(text).map(|share| (share.folder.display().to_string(), share.name));
        assert_eq!(share("/a:b:c"), Ok(("/a:b".to_owned(), "c".to_owned())));
        assert_eq!(share("/home/a"), Ok(("/home/a".to_owned(), "home/a".to_owned())));
        for wrong in ["", "a", ":a", "/a:", "/"] {
            assert!(share(wrong).is_err(), "{wrong:?}");
        }
    }
}
