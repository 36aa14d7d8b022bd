//! The folder of an account.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::executable;

/// Folders and programs of an account. Dropping it removes them.
#[derive(Debug)]
pub(super) struct Folder {
    root: TempDir,
    programs: PathBuf,
    home: PathBuf,
}

impl Folder {
    /// Makes it, with `VBoxManage` in it.
    ///
    /// # Errors
    /// When files cannot be made.
    pub(super) fn create(below: Option<&Path>, program: Option<&Path>) -> io::Result<Self> {
        let below = below.map_or_else(env::temp_dir, Path::to_path_buf);
        fs::create_dir_all(&below)?;
        let root = TempDir::with_prefix_in("mock-vbox-", below.canonicalize()?)?;
        let folder = Self { programs: root.path().join("bin"), home: root.path().join("home"), root };
        fs::create_dir(&folder.programs)?;
        fs::create_dir(&folder.home)?;
        if let Some(program) = program {
            executable::install(program, &folder.programs)?;
        }
        Ok(folder)
    }

    /// Where `VBoxManage` is, and nothing else.
    pub(super) fn programs(&self) -> &Path {
        &self.programs
    }

    /// Where VirtualBox keeps its own files.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Where VMs are made when nobody says another folder.
    pub(super) fn machines(&self) -> PathBuf {
        self.root.path().join("VirtualBox VMs")
    }

    /// What clients need in their environment. `server` is the address of the state server with the token.
    pub(super) fn environment(&self, server: &str) -> BTreeMap<String, String> {
        let text = |path: &Path| path.display().to_string();
        let inherited = env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.programs.clone()).chain(env::split_paths(&inherited));
        // A path with the separator in its name cannot be in the list; then ours is enough.
        let path = env::join_paths(paths)
            .map_or_else(|_| text(&self.programs), |path| path.to_string_lossy().into_owned());
        BTreeMap::from(
            [
                ("PATH", path),
                ("VBOX_USER_HOME", text(&self.home)),
                // Where drivers look on Windows.
                ("VBOX_INSTALL_PATH", text(&self.programs)),
                ("VBOX_MSI_INSTALL_PATH", text(&self.programs)),
                (executable::SERVER_VARIABLE, server.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_leads_to_the_program() {
        let below = tempfile::tempdir().unwrap();
        let folder = Folder::create(Some(below.path()), Some(&env::current_exe().unwrap())).unwrap();
        let environment = folder.environment("127.0.0.1:1/token");
        let first = env::split_paths(&environment["PATH"]).next().unwrap();
        assert_eq!(fs::read_dir(&first).unwrap().count(), 1);
        assert_eq!(Path::new(&environment["VBOX_USER_HOME"]), folder.home());
        drop(folder);
        assert!(!first.exists());
    }
}
