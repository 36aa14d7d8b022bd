//! Runs the suite as a library, against an executable and the template cloud.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use machine_conformance::{
    check::Check,
    checks,
    engine::{self, Setup},
    event::{CheckResult, EventKind},
    subject::{InProcessSubject, PluginSubject, Subject},
    world::TemplateWorld,
};
use tokio::sync::{mpsc, watch};

use crate::defects::{Defect, Defective, SHARED_FOLDER, TABLE, VARIABLE};

/// Runs every check against the template driver with `defect`: in-process where that shows it, because it is faster,
/// else as `program`, the executable of the known-bad drivers. Of the sweeps, which take longest, only those that
/// are to complain about the defect.
///
/// # Errors
/// If the world cannot be started.
pub async fn run_defective(program: &Path, defect: Defect) -> Result<Vec<CheckResult>> {
    let checks = checks::all().iter().copied();
    let checks: Vec<_> = checks
        .filter(|check| defect.only_group().is_none_or(|group| check.group() == group))
        .filter(|check| {
            check.group() != "sweep" || defect == Defect::Nothing || expected_of(defect).contains(&check.id)
        })
        .collect();
    if !defect.needs_a_process() {
        let factory = move |log, waits| Defective::template(defect, log, waits);
        return run(
            Arc::new(InProcessSubject::from_factory("template", factory)),
            checks,
        )
        .await;
    }
    let folder = tempfile::tempdir().context("a folder for the driver")?;
    let program = named_as_template(program, folder.path())?;
    let environment = BTreeMap::from([
        (VARIABLE.to_owned(), defect.name().to_owned()),
        (SHARED_FOLDER.to_owned(), folder.path().display().to_string()),
    ]);
    run(
        Arc::new(PluginSubject::new(&program, Vec::new(), environment)?),
        checks,
    )
    .await
}

fn expected_of(defect: Defect) -> &'static [&'static str] {
    let row = TABLE.iter().find(|expected| expected.defect == defect);
    row.map(|expected| expected.checks).unwrap_or_default()
}

/// Runs `checks` against `subject` and the template cloud.
async fn run(subject: Arc<dyn Subject>, checks: Vec<&'static Check>) -> Result<Vec<CheckResult>> {
    let world = TemplateWorld::start()
        .await
        .context("starting the template cloud")?;
    let facts = engine::look_up(subject.as_ref(), 1.0).await;
    let setup = Setup {
        subject,
        world: Arc::new(world),
        checks,
        flags: BTreeMap::new(),
        secrets: Vec::new(),
        lacks: BTreeMap::new(),
        guest_os: None,
        known_failures: Vec::new(),
        seed: 1,
        jobs: 4,
        timeout_factor: 1.0,
        keep: false,
        rerun: "machine-conformance run".to_owned(),
    };
    let (events, mut received) = mpsc::unbounded_channel();
    let (_keep, cancelled) = watch::channel(false);
    engine::run(setup, facts, events, cancelled).await;
    let mut results = Vec::new();
    while let Some(event) = received.recv().await {
        if let EventKind::CheckFinished(result) = event.kind {
            results.push(*result);
        }
    }
    Ok(results)
}

/// The executable under the name that the driver answers, because hosts find drivers by their file name.
fn named_as_template(program: &Path, folder: &Path) -> Result<PathBuf> {
    let named = folder.join("docker-machine-driver-template");
    std::os::unix::fs::symlink(program, &named).context("naming the driver")?;
    Ok(named)
}
