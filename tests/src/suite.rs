//! Runs the suite as a library, against drivers with defects.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use machine_conformance::{
    check::Check,
    checks,
    engine::{self, Description, Setup},
    event::{CheckResult, EventKind},
    facts::Examples,
    model::Settings,
    profile::Profile,
    spec::RequirementSet,
    subject::{InProcessSubject, PluginSubject, Subject},
    world::{Ec2World, TemplateWorld, VBoxWorld, World},
};
use machine_driver::DynDriver;
use tokio::sync::{mpsc, watch};

use crate::{
    defects::{Defect, Defective, SHARED_FOLDER, VARIABLE},
    ec2_defects,
    judge::{self, is_long},
    vbox_defects,
};

/// Environment variable that, if set, has a defect meet all groups of checks, not only those of the checks that are to
/// complain: a proof that no check complains about what is not its own, in minutes more.
const ALL_GROUPS: &str = "KNOWN_BAD_ALL_GROUPS";

/// Runs checks against the template driver with `defect`: in-process where that shows it, because it is faster, else as
/// `program`, the executable of the known-bad drivers. The checks are those of the groups of `expected`, and of the sweeps
/// and walks only those that are to complain; every check if there is none.
///
/// # Errors
/// If the world cannot be started.
pub async fn run_defective(
    program: &Path,
    defect: Defect,
    expected: Option<&judge::Expected<Defect>>,
) -> Result<Vec<CheckResult>> {
    let checks = match expected {
        Some(_) => checks_about(expected),
        None => checks::all().to_vec(),
    };
    let world = TemplateWorld::start().await.context("starting the template cloud")?;
    if !defect.needs_a_process() {
        let factory = move |log, waits| Defective::template(defect, log, waits);
        return run(Arc::new(InProcessSubject::from_factory("template", factory)), Arc::new(world), checks)
            .await;
    }
    let folder = tempfile::tempdir().context("a folder for the driver")?;
    let program = named(program, folder.path(), "docker-machine-driver-template")?;
    let environment = BTreeMap::from([
        (VARIABLE.to_owned(), defect.name().to_owned()),
        (SHARED_FOLDER.to_owned(), folder.path().display().to_string()),
    ]);
    run(Arc::new(PluginSubject::new(&program, Vec::new(), environment)?), Arc::new(world), checks).await
}

/// Runs some checks against the template driver with `defect`, in-process, with these walks and this seed.
///
/// # Errors
/// If the world cannot be started.
pub async fn run_walks(
    defect: Defect,
    chosen: impl Fn(&Check) -> bool,
    walks: Settings,
    seed: u64,
) -> Result<Vec<CheckResult>> {
    let world = TemplateWorld::start().await.context("starting the template cloud")?;
    let factory = move |log, waits| Defective::template(defect, log, waits);
    let subject = Arc::new(InProcessSubject::from_factory("template", factory));
    let checks = checks::all().iter().copied().filter(|check| chosen(check)).collect();
    let mut setup = setup(subject, Arc::new(world), checks);
    setup.walks = Arc::new(walks);
    setup.seed = seed;
    results(setup).await
}

/// Runs checks against the EC2 driver with `defect`, in-process; they are chosen as in [`run_defective`], but without
/// `expected` there are no sweeps and walks.
///
/// # Errors
/// If the world cannot be started.
pub async fn run_defective_ec2(
    defect: ec2_defects::Defect,
    expected: Option<&judge::Expected<ec2_defects::Defect>>,
) -> Result<Vec<CheckResult>> {
    let checks = checks_about(expected);
    let world = Ec2World::start().await.context("starting EC2")?;
    let factory =
        move |log, waits| -> Arc<dyn DynDriver> { Arc::new(ec2_defects::Defective::new(defect, log, waits)) };
    let subject = InProcessSubject::from_factory("ec2", factory);
    run(Arc::new(subject), Arc::new(world), checks).await
}

/// Runs checks against `program`, the executable of the known-bad VirtualBox drivers, with `defect`; they are chosen as
/// in [`run_defective_ec2`].
///
/// # Errors
/// If the world cannot be started.
pub async fn run_defective_vbox(
    program: &Path,
    defect: vbox_defects::Defect,
    expected: Option<&judge::Expected<vbox_defects::Defect>>,
) -> Result<Vec<CheckResult>> {
    let world = VBoxWorld::start(program.to_owned()).await.context("starting VirtualBox")?;
    let folder = tempfile::tempdir().context("a folder for the driver")?;
    let program = named(program, folder.path(), "docker-machine-driver-vbox")?;
    let environment = BTreeMap::from([(vbox_defects::VARIABLE.to_owned(), defect.name().to_owned())]);
    let subject = PluginSubject::new(&program, Vec::new(), environment)?;
    run(Arc::new(subject), Arc::new(world), checks_about(expected)).await
}

/// The checks that a defect meets: see [`run_defective_ec2`].
fn checks_about<D>(expected: Option<&judge::Expected<D>>) -> Vec<&'static Check> {
    let all_groups = std::env::var_os(ALL_GROUPS).is_some();
    let checks = checks::all().iter().copied();
    let Some(expected) = expected else {
        return checks.filter(|check| !is_long(check.group())).collect();
    };
    let groups: BTreeSet<_> = expected.groups().collect();
    let chosen = checks.filter(|check| match check.group() {
        group if is_long(group) => expected.checks.contains(&check.id),
        group => all_groups || groups.contains(group),
    });
    chosen.collect()
}

/// Runs every check, with the sweeps, against `program`, the executable of the EC2 driver.
///
/// # Errors
/// If the world cannot be started.
pub async fn run_ec2_driver(program: &Path) -> Result<Vec<CheckResult>> {
    let world = Ec2World::start().await.context("starting EC2")?;
    let folder = tempfile::tempdir().context("a folder for the driver")?;
    let program = named(program, folder.path(), "docker-machine-driver-ec2")?;
    let subject = PluginSubject::new(&program, Vec::new(), BTreeMap::new())?;
    let checks = checks::all().to_vec();
    run(Arc::new(subject), Arc::new(world), checks).await
}

/// Runs `checks` against `subject` and `world`.
async fn run(
    subject: Arc<dyn Subject>,
    world: Arc<dyn World>,
    checks: Vec<&'static Check>,
) -> Result<Vec<CheckResult>> {
    results(setup(subject, world, checks)).await
}

/// The options that the reference driver of a provider says it refuses, and takes.
fn examples_of(provider: &str) -> Examples {
    let drivers = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../reference-drivers"));
    let profile = Profile::load(&drivers.join(provider).join("conformance.toml"), checks::all());
    profile.map(|profile| profile.examples()).unwrap_or_default()
}

fn setup(subject: Arc<dyn Subject>, world: Arc<dyn World>, checks: Vec<&'static Check>) -> Setup {
    Setup {
        examples: examples_of(world.kind()),
        subject,
        world,
        checks,
        requirements: RequirementSet::newest(),
        flags: BTreeMap::new(),
        secrets: Vec::new(),
        lacks: BTreeMap::new(),
        guest_os: None,
        known_failures: Vec::new(),
        walks: Arc::default(),
        seed: 1,
        jobs: 4,
        timeout_factor: 1.0,
        fail_fast: false,
        keep: false,
        pause: None,
        rerun: "machine-conformance run".to_owned(),
        description: Description::default(),
    }
}

async fn results(setup: Setup) -> Result<Vec<CheckResult>> {
    let facts = engine::look_up(setup.subject.as_ref(), 1.0).await;
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
fn named(program: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let named = folder.join(name);
    std::os::unix::fs::symlink(program, &named).context("naming the driver")?;
    Ok(named)
}
