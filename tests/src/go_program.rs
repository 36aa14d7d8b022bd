//! Unmodified programs of others that are Go modules: the one that is named, else the one in `PATH`, else one built here.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;

use crate::{executables, peers::NotTested};

/// Where a program comes from.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GoProgram {
    /// Name of the peer and of the executable.
    pub name: &'static str,
    /// Variable with the path of the executable.
    pub variable: &'static str,
    /// Package that is built; the module in `interop/NAME` has it as its tool.
    pub package: &'static str,
}

impl GoProgram {
    /// `docker-machine`, the host that all drivers were first written for.
    pub const DOCKER_MACHINE: Self = Self {
        name: "docker-machine",
        variable: "MACHINE_TESTS_DOCKER_MACHINE",
        package: "github.com/docker/machine/cmd/docker-machine",
    };
    /// `rancher-machine`, its successor.
    pub const RANCHER_MACHINE: Self = Self {
        name: "rancher-machine",
        variable: "MACHINE_TESTS_RANCHER_MACHINE",
        package: "github.com/rancher/machine/cmd/rancher-machine",
    };

    /// The executable.
    ///
    /// # Errors
    ///
    /// The variable leads to no file; or there is none, and Go is missing or cannot get the module.
    pub fn executable(self) -> Result<PathBuf, NotTested> {
        let not_tested = |reason: String| NotTested { peer: self.name, reason };
        if let Some(path) = env::var_os(self.variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return match path.canonicalize() {
                Ok(path) if path.is_file() => Ok(path),
                Ok(path) => {
                    Err(not_tested(format!("{} is {}, which is no file", self.variable, path.display())))
                }
                Err(error) => Err(not_tested(format!("{} is {}: {error}", self.variable, path.display()))),
            };
        }
        let file = format!("{}{}", self.name, env::consts::EXE_SUFFIX);
        let folders = env::var_os("PATH").unwrap_or_default();
        let installed =
            env::split_paths(&folders).map(|folder| folder.join(&file)).find(|path| path.is_file());
        match installed {
            Some(path) => Ok(path),
            None => self.built(&file).map_err(|error| not_tested(format!("{error:#}"))),
        }
    }

    /// Builds the unmodified program. The first build takes minutes and fetches the modules; Go's caches make later
    /// ones fast, and a lock makes tests wait for one build.
    fn built(self, file: &str) -> anyhow::Result<PathBuf> {
        let folder = executables::target_folder()?.join("interop");
        let _lock = executables::lock(&folder)?;
        let program = folder.join(file);
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(self.name);
        let output = Command::new("go")
            .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o"])
            .arg(&program)
            .arg(self.package)
            .env("CGO_ENABLED", "0")
            .current_dir(module)
            .output()
            .with_context(|| {
                format!("there is no {} in PATH, and `go` does not start to build it", self.name)
            })?;
        anyhow::ensure!(
            output.status.success(),
            "there is no {} in PATH, and `go build` cannot make it:\n{}",
            self.name,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(program)
    }
}
