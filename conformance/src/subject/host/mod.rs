//! The driver behind a host: an unmodified `docker-machine` or `rancher-machine` that starts it as its plugin, with a
//! store of its own.

mod command_line;
mod processes;

use std::path::{Path, PathBuf};

use machine_driver::Result;

pub use self::command_line::{HostCommandLine, Ran, Unusable};
use super::plugin::find;

/// The executable of a host.
#[derive(Clone, Debug)]
pub struct HostProgram {
    program: PathBuf,
}

impl HostProgram {
    /// The executable at a path, or one that is looked up in `PATH`.
    ///
    /// # Errors
    /// If there is no such file, or it cannot be executed, with what to do.
    pub fn find(program: &Path) -> Result<Self> {
        Ok(Self { program: find(program, "host")? })
    }

    /// Absolute path of the executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Name of the executable, for example `docker-machine`.
    pub fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}
