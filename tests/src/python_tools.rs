//! Python packages of others as peers: boto3, moto, and the AWS command line, in a virtual environment of their own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use anyhow::Context;

use crate::{executables, peers::NotTested};

const PEER: &str = "python";

/// Path of the Python that makes the environment; without it `python3` is looked up in `PATH`.
pub const PATH_VARIABLE: &str = "MACHINE_TESTS_PYTHON";

/// The virtual environment with the packages of `interop/ec2/requirements.txt`.
#[derive(Clone, Debug)]
pub struct PythonTools {
    programs: PathBuf,
}

impl PythonTools {
    /// Makes the environment in `target/interop/`, unless an earlier test made it from the same requirements.
    ///
    /// # Errors
    ///
    /// Python 3.11 or its module `venv` is missing, or the packages cannot be had.
    pub fn installed() -> Result<Self, NotTested> {
        static INSTALLED: OnceLock<Result<PythonTools, NotTested>> = OnceLock::new();
        let not_tested = |error: anyhow::Error| NotTested { peer: PEER, reason: format!("{error:#}") };
        INSTALLED.get_or_init(|| install().map_err(not_tested)).clone()
    }

    /// The interpreter.
    pub fn python(&self) -> PathBuf {
        self.programs.join("python")
    }

    /// The AWS command line.
    pub fn aws(&self) -> PathBuf {
        self.programs.join("aws")
    }

    /// moto's stand-alone server.
    pub fn moto_server(&self) -> PathBuf {
        self.programs.join("moto_server")
    }

    /// Folder of all programs, for `PATH`.
    pub fn programs(&self) -> &Path {
        &self.programs
    }
}

/// Folder of the EC2 peers in the sources.
pub fn ec2_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/ec2")
}

fn install() -> anyhow::Result<PythonTools> {
    let folder = executables::target_folder()?.join("interop");
    let _lock = executables::lock(&folder)?;
    let environment = folder.join("python");
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let requirements = ec2_folder().join("requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("reading {}", requirements.display()))?;
    // Written last, so that an environment that was not finished is made anew.
    let mark = environment.join("requirements-installed.txt");
    if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(PythonTools { programs });
    }
    let python =
        env::var_os(PATH_VARIABLE).filter(|path| !path.is_empty()).unwrap_or_else(|| "python3".into());
    let mut version = Command::new(&python);
    version.args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
    succeed(&mut version, "Python 3.11 or later is needed")?;
    let mut make = Command::new(&python);
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    succeed(&mut make, "Python's module `venv` is needed (python3-venv of Debian)")?;
    let mut install = Command::new(programs.join("python"));
    install
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&requirements);
    succeed(&mut install, "the packages of the peers cannot be installed")?;
    fs::write(&mark, wanted).with_context(|| format!("writing {}", mark.display()))?;
    Ok(PythonTools { programs })
}

fn succeed(command: &mut Command, otherwise: &str) -> anyhow::Result<()> {
    let Output { status, stdout, stderr } =
        command.output().with_context(|| format!("{otherwise}: {command:?} does not start"))?;
    anyhow::ensure!(
        status.success(),
        "{otherwise}: {command:?} ended with {status}\n{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    Ok(())
}
