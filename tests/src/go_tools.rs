//! The Go programs of `tests/interop/go`: Go's own `net/rpc` and `encoding/gob` at the other end of the connection.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{executables, peers::NotTested};

const PEER: &str = "go";

/// Where the built programs are.
#[derive(Clone, Debug)]
pub struct GoTools {
    folder: PathBuf,
}

impl GoTools {
    /// Builds the programs once per test process; Go's own cache makes that fast after the first time.
    ///
    /// # Errors
    ///
    /// Go is missing.
    ///
    /// # Panics
    ///
    /// Go is there, but the programs do not build: that is a defect of ours, not a missing peer.
    pub fn built() -> Result<Self, NotTested> {
        static BUILT: OnceLock<Result<GoTools, NotTested>> = OnceLock::new();
        BUILT.get_or_init(build).clone()
    }

    /// A host on Go's `net/rpc`: `host EXECUTABLE DRIVER [OPTION=JSON]...` prints what the plugin answered.
    pub fn host(&self) -> PathBuf {
        self.program("host")
    }

    /// A driver plugin on Go's `net/rpc`, for which no docker-machine is needed.
    pub fn plugin(&self) -> PathBuf {
        self.program("plugin")
    }

    /// Measures a plugin with Go's `net/rpc` client.
    pub fn rpcbench(&self) -> PathBuf {
        self.program("rpcbench")
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }
}

fn build() -> Result<GoTools, NotTested> {
    let not_tested = |reason: String| NotTested { peer: PEER, reason };
    let version = Command::new("go").arg("version").output();
    match version {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(not_tested(format!("`go version` failed: {said}")));
        }
        Err(error) => {
            return Err(not_tested(format!("`go` does not start ({error}); install Go 1.24 or later")));
        }
    }
    Ok(compile().unwrap_or_else(|error| panic!("building tests/interop/go: {error:#}")))
}

fn compile() -> anyhow::Result<GoTools> {
    let folder = executables::target_folder()?.join("interop");
    let _lock = executables::lock(&folder)?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/go");
    let output = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(folder.join(""))
        .args(["./host", "./plugin", "./rpcbench"])
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .current_dir(&sources)
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "`go build` in {}:\n{}",
        sources.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(GoTools { folder })
}
