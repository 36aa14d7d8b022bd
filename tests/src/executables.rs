//! The executables of this workspace, in the profile in which the tests themselves were built.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use anyhow::{Context, ensure};

/// Packages that `cargo build` builds without being told which.
const DEFAULT_MEMBERS: [&str; 2] = ["machine-conformance", "docker-machine-driver-template"];

/// `docker-machine-driver-template`, freshly built.
///
/// # Errors
///
/// See [`built`].
pub fn template_driver() -> anyhow::Result<PathBuf> {
    built("docker-machine-driver-template", "docker-machine-driver-template")
}

/// `machine-conformance`, freshly built.
///
/// # Errors
///
/// See [`built`].
pub fn machine_conformance() -> anyhow::Result<PathBuf> {
    built("machine-conformance", "machine-conformance")
}

/// Path of an executable of another package of the workspace, which Cargo does not build for these tests by itself.
///
/// # Errors
///
/// Cargo can not build it; the message has Cargo's words.
pub fn built(package: &str, name: &str) -> anyhow::Result<PathBuf> {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(path) = built.get(name) {
        return Ok(path.clone());
    }
    let profile_folder = profile_folder()?;
    let mut build = cargo();
    build.args(["build", "--quiet", "--bin", name]);
    // The workspace's default members are built as the README's first command does, and by it already: a package by
    // itself has other features, with which half of the libraries would be compiled once more.
    if !DEFAULT_MEMBERS.contains(&package) {
        build.args(["--package", package]);
    }
    match profile_folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => drop(build.args(["--profile", profile])),
    }
    build.arg("--target-dir").arg(target_folder()?).current_dir(workspace());
    let output = build.output().with_context(|| format!("{build:?} does not start"))?;
    ensure!(
        output.status.success(),
        "the tests need `{name}`, but {build:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let path = profile_folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    ensure!(path.is_file(), "{build:?} succeeded, but {} is not there", path.display());
    built.insert(name.to_owned(), path.clone());
    Ok(path)
}

/// Cargo, as it is started by hand: see [`told_by_cargo`].
pub fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for name in told_by_cargo() {
        cargo.env_remove(name);
    }
    cargo
}

/// Variables in which Cargo describes a package and its build script to its tests. Cargo inside of a test must not see
/// them: build scripts that read one, as ring's does, run again whenever it changes, and most libraries are compiled once
/// more.
pub fn told_by_cargo() -> impl Iterator<Item = OsString> {
    let names = env::vars_os().map(|(name, _)| name);
    names.filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_MANIFEST_") || name.starts_with("CARGO_PKG_") || name == "OUT_DIR"
    })
}

/// Cargo's target folder: the one in which this very program lies.
///
/// # Errors
///
/// This program does not lie in `TARGET/PROFILE/` or `TARGET/PROFILE/deps/`.
pub fn target_folder() -> anyhow::Result<PathBuf> {
    let folder = profile_folder()?;
    folder.parent().map(Path::to_path_buf).with_context(|| format!("{} has no parent", folder.display()))
}

/// The workspace's root folder.
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(tests)
}

/// Another name for an executable, in a folder of its own: hosts find drivers by `docker-machine-driver-NAME`.
///
/// # Errors
///
/// The folder or the link can not be made.
#[cfg(unix)]
pub fn as_driver(program: &Path, name: &str) -> anyhow::Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir().context("a folder for a driver")?;
    let driver = folder.path().join(format!("docker-machine-driver-{name}"));
    std::os::unix::fs::symlink(program, &driver)
        .with_context(|| format!("linking {} to {}", driver.display(), program.display()))?;
    Ok((folder, driver))
}

/// Takes the lock file in the folder; dropping the file gives it back.
///
/// # Errors
///
/// The file can not be made or locked.
pub fn lock(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("opening {}", path.display()))?;
    file.lock().with_context(|| format!("locking {}", path.display()))?;
    Ok(file)
}

fn profile_folder() -> anyhow::Result<PathBuf> {
    let program = env::current_exe().context("the path of this program")?;
    let folder = program.parent().context("this program lies in no folder")?;
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_path_buf())
}
