//! The executable `VBoxManage`: hands a call to the state server, and prints what comes back.
//!
//! It is not a program of its own where only one executable is at hand: an executable that calls [`run_if_invoked`]
//! first is `VBoxManage` when it is started under that name, so a link to it is enough. Blocking sockets and no
//! runtime, because drivers start it dozens of times.

mod client;
pub(super) mod wire;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Name of the program, without the extension that some systems want.
pub const PROGRAM: &str = "VBoxManage";

/// Variable with the address of the state server and the token of the account, `ADDRESS/TOKEN`.
pub const SERVER_VARIABLE: &str = "MACHINE_MOCK_VBOX";

/// Does what `VBoxManage` does, if this process was started under that name; `None` is "it was not".
///
/// Call it before anything else in `main`.
pub fn run_if_invoked() -> Option<ExitCode> {
    let started_as = PathBuf::from(env::args_os().next()?);
    is_program(&started_as).then(run)
}

/// Hands the arguments of this process to the state server, prints the answer, and returns its exit code.
pub fn run() -> ExitCode {
    client::run()
}

fn is_program(path: &Path) -> bool {
    let stem = match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("exe") => path.file_stem(),
        _ => path.file_name(),
    };
    stem.is_some_and(|stem| stem.eq_ignore_ascii_case(PROGRAM))
}

/// Makes `VBoxManage` in a folder out of an executable that calls [`run_if_invoked`]. The result is its path.
///
/// # Errors
/// When it can neither be linked nor copied.
pub(super) fn install(executable: &Path, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(format!("{PROGRAM}{}", env::consts::EXE_SUFFIX));
    let executable = executable.canonicalize()?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&executable, &path)?;
    #[cfg(not(unix))]
    if fs::hard_link(&executable, &path).is_err() {
        fs::copy(&executable, &path)?;
    }
    // A link to nothing would only be noticed by the first driver.
    fs::metadata(&path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides() {
        for (path, expected) in [
            ("VBoxManage", true),
            ("/opt/x/VBoxManage", true),
            ("vboxmanage.exe", true),
            ("/opt/x/VBoxManage.d/machine-conformance", false),
            ("machine-conformance", false),
            ("VBoxManage.sh", false),
        ] {
            assert_eq!(is_program(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn a_missing_executable_is_noticed_when_it_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let error = install(&folder.path().join("nothing"), folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let installed = install(&env::current_exe().unwrap(), folder.path()).unwrap();
        assert!(installed.exists() && is_program(&installed));
    }
}
