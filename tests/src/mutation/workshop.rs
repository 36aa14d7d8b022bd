use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use machine_conformance::report::RunRecord;
use tokio::process::Command;

use super::{Mutant, Outcome, Plan};
use crate::{
    executables::workspace,
    judge::complaints,
    run::{self, Finished},
};

/// The first build of a copy has everything to build.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// `machine-conformance` ended the run because of the driver.
const NOT_CONFORMANT: i32 = 1;

/// A copy of the workspace in which mutants are built, one after the other.
pub(super) struct Workshop<'a> {
    plan: &'a Plan,
    sources: PathBuf,
    target: PathBuf,
    report: PathBuf,
}

impl<'a> Workshop<'a> {
    /// Copies the sources, and makes sure that they build and that the suite has nothing against them.
    pub(super) async fn open(plan: &'a Plan, number: usize) -> Result<Self> {
        // Cargo and the suite run in folders of their own, where a relative path would lead elsewhere.
        let folder = std::path::absolute(&plan.folder)?.join(number.to_string());
        let workshop = Self {
            plan,
            sources: folder.join("sources"),
            target: folder.join("target"),
            report: folder.join("report.json"),
        };
        for part in [
            "Cargo.toml",
            "Cargo.lock",
            "clippy.toml",
            "rustfmt.toml",
            "sdk",
            "mock-providers",
            "conformance",
            "reference-drivers",
            "tests",
            "guide",
            "examples",
            "LICENSE-MIT",
            "LICENSE-APACHE",
        ] {
            copy(&workspace().join(part), &workshop.sources.join(part))?;
        }
        let built = workshop.build().await?;
        ensure!(built.code == Some(0), "the driver does not build without a change\n{built}");
        match workshop.suite().await? {
            Outcome::Survived => Ok(workshop),
            outcome => bail!("the suite complains about the driver without a change: {outcome:?}"),
        }
    }

    /// Builds the mutant, lets the suite judge it, and takes the change back.
    pub(super) async fn judge(&self, mutant: &Mutant) -> Result<Outcome> {
        let path = self.sources.join(&mutant.file);
        let source = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let changed =
            mutant.apply(&source).with_context(|| format!("{} has no such place", path.display()))?;
        write(&path, &changed)?;
        let outcome = async {
            match self.build().await?.code {
                Some(0) => self.suite().await,
                _ => Ok(Outcome::Unviable),
            }
        }
        .await;
        write(&path, &source)?;
        outcome
    }

    async fn build(&self) -> Result<Finished> {
        let mut command = Command::new("cargo");
        command
            .args(["build", "--quiet", "--offline", "--package", &self.plan.package])
            .current_dir(&self.sources)
            .env("CARGO_TARGET_DIR", &self.target);
        run::to_end(command, BUILD_LIMIT).await
    }

    async fn suite(&self) -> Result<Outcome> {
        let _ = fs::remove_file(&self.report);
        let mut command = Command::new(&self.plan.suite);
        // A mutant may write into the folder in which it runs.
        command
            .current_dir(&self.target)
            .arg("run")
            .arg(self.target.join("debug").join(&self.plan.package))
            .args(&self.plan.arguments)
            .args(["--fail-fast", "--seed", "1", "--report"])
            .arg(format!("json={}", self.report.display()));
        let Ok(finished) = run::to_end(command, self.plan.limit).await else {
            return Ok(Outcome::TimedOut);
        };
        // A driver that cannot even say what its flags are has no report.
        let text = fs::read_to_string(&self.report).unwrap_or_default();
        let checks = RunRecord::from_json(&text).map(|record| {
            let complaints = complaints(&record.checks).into_keys();
            complaints.map(str::to_owned).collect::<Vec<_>>()
        });
        match checks {
            Ok(checks) if finished.code == Some(0) && checks.is_empty() => Ok(Outcome::Survived),
            Ok(checks) if matches!(finished.code, Some(0 | NOT_CONFORMANT)) => Ok(Outcome::Caught { checks }),
            _ if text.is_empty() => Ok(Outcome::Caught { checks: Vec::new() }),
            _ => bail!("the suite itself failed\n{finished}"),
        }
    }
}

/// Copies a file or a folder, but for what is built; what is there and equal keeps its time, so that Cargo does not build
/// it again.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = || -> io::Result<()> {
        if !from.is_dir() {
            let text = fs::read(from)?;
            if fs::read(to).is_ok_and(|there| there == text) {
                return Ok(());
            }
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            return fs::write(to, text);
        }
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            if name != "target" && name != ".git" {
                copy(&from.join(&name), &to.join(&name)).map_err(io::Error::other)?;
            }
        }
        Ok(())
    };
    copied().with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
