//! The driver as an executable passes the whole suite, with all sweeps.
//!
//! Without libtest: drivers start VBoxManage, and here this executable is it (`run_if_invoked`).
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::{collections::BTreeMap, path::Path, process::ExitCode, sync::Arc};

use machine_conformance::{
    checks,
    engine::{self, Description, Setup},
    event::{CheckResult, EventKind},
    spec::RequirementSet,
    subject::PluginSubject,
    verdict::Verdict,
    world::VBoxWorld,
};
use machine_mock_providers::vbox::executable;
use tokio::sync::{mpsc, watch};

const PROGRAM: &str = env!("CARGO_BIN_EXE_docker-machine-driver-vbox");
const NAME: &str = "the_virtualbox_driver_is_conformant";

/// Checks that pass; fewer would mean that the suite has stopped looking.
const LEAST_PASSED: usize = 165;
/// Cases of all sweeps, at least.
const LEAST_CASES: usize = 300;

fn main() -> ExitCode {
    if let Some(code) = executable::run_if_invoked() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let mut filters = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .peekable();
    if filters.peek().is_some() && !filters.any(|filter| NAME.contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let results = runtime.block_on(run());
    let wrong = [
        Verdict::Fail,
        Verdict::Warn,
        Verdict::DriverTimeout,
        Verdict::SuiteError,
        Verdict::EnvironmentError,
    ];
    for result in results.iter().filter(|result| wrong.contains(&result.verdict)) {
        println!(
            "{} {}: {:?} {:#?}",
            result.verdict.word(),
            result.id,
            result.reason,
            result.problems
        );
    }
    let complaints = results
        .iter()
        .filter(|result| wrong.contains(&result.verdict))
        .count();
    assert_eq!(complaints, 0, "checks complain");
    let passed = results
        .iter()
        .filter(|result| result.verdict == Verdict::Pass)
        .count();
    assert!(passed >= LEAST_PASSED, "only {passed} checks passed");
    let sweeps = results.iter().filter_map(|result| result.sweep.as_ref());
    let cases: usize = sweeps.map(|sweep| sweep.cases.len()).sum();
    assert!(cases >= LEAST_CASES, "the sweeps had {cases} cases only");
    println!("test {NAME} ... ok ({passed} checks passed, {cases} cases)");
    ExitCode::SUCCESS
}

async fn run() -> Vec<CheckResult> {
    let world = VBoxWorld::start(std::env::current_exe().unwrap()).await.unwrap();
    let subject = PluginSubject::new(Path::new(PROGRAM), Vec::new(), BTreeMap::new()).unwrap();
    let facts = engine::look_up(&subject, 1.0).await;
    let setup = Setup {
        subject: Arc::new(subject),
        world: Arc::new(world),
        checks: checks::all().to_vec(),
        requirements: RequirementSet::newest(),
        flags: BTreeMap::new(),
        secrets: Vec::new(),
        lacks: BTreeMap::new(),
        guest_os: Some("boot2docker".to_owned()),
        known_failures: Vec::new(),
        walks: Arc::default(),
        seed: 1,
        jobs: 4,
        timeout_factor: 1.0,
        keep: false,
        pause: None,
        rerun: "machine-conformance run".to_owned(),
        description: Description::default(),
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
    results
}
