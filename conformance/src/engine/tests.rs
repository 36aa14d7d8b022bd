//! Tests of whole runs: how levels, requirements, needs and blame decide verdicts, numbers and the exit code.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use super::*;
use crate::{
    check::Stop,
    subject::InProcessSubject,
    verdict::{ExitCode, Level, Verdict},
    world::NoWorld,
};

const BLANK: Check = Check {
    id: "run::blank",
    title: "Does nothing",
    clauses: &[],
    needs: &[],
    why: "",
    good: "",
    bad: "",
    run: |_| Box::pin(async { Ok(()) }),
};

static HOLDS: Check = Check { id: "run::holds", clauses: &["NAME-004"], ..BLANK };

static BREAKS_MUST: Check = Check {
    id: "run::breaks_must",
    clauses: &["NAME-001", "NAME-004"],
    run: |cx| {
        Box::pin(async move {
            cx.rule("NAME-001").broken("a name", "none");
            Ok(())
        })
    },
    ..BLANK
};

static BREAKS_SHOULD: Check = Check {
    id: "run::breaks_should",
    clauses: &["FLAG-006"],
    run: |cx| {
        Box::pin(async move {
            cx.rule("FLAG-006").broken("no variable", "FLAG");
            Ok(())
        })
    },
    ..BLANK
};

static NEEDS_A_GUEST: Check = Check {
    id: "run::needs_a_guest",
    clauses: &["SSH-001"],
    needs: &[Need::Guest],
    run: |_| Box::pin(async { Err(Stop::Suite("it must not run".to_owned())) }),
    ..BLANK
};

static IS_FOR_RANCHER: Check =
    Check { id: "run::is_for_rancher", clauses: &["SSH-014"], needs: &[Need::Rancher], ..BLANK };

static PROVIDER_IS_DOWN: Check = Check {
    id: "run::provider_is_down",
    clauses: &["NAME-004"],
    run: |cx| {
        Box::pin(async move {
            cx.rule("NAME-004").broken("an answer", "none");
            Err(Stop::Environment("the provider is down".to_owned()))
        })
    },
    ..BLANK
};

fn setup(checks: &[&'static Check], requirements: &'static RequirementSet) -> Setup {
    Setup {
        subject: Arc::new(InProcessSubject::from_factory("nobody", |_, _| {
            unreachable!("no check of these tests starts a driver")
        })),
        world: Arc::new(NoWorld::new(false)),
        checks: checks.to_vec(),
        requirements,
        flags: BTreeMap::new(),
        secrets: Vec::new(),
        lacks: BTreeMap::from([(Need::Rancher, "not for rancher-machine".to_owned())]),
        examples: Examples::default(),
        guest_os: None,
        known_failures: Vec::new(),
        walks: Arc::default(),
        seed: 1,
        jobs: 1,
        timeout_factor: 1.0,
        fail_fast: false,
        keep: false,
        pause: None,
        rerun: String::new(),
        description: Description::default(),
    }
}

async fn outcome(
    checks: &[&'static Check],
    requirements: &'static RequirementSet,
) -> (Summary, BTreeMap<String, CheckResult>) {
    outcome_of(setup(checks, requirements)).await
}

async fn outcome_of(setup: Setup) -> (Summary, BTreeMap<String, CheckResult>) {
    let (sender, mut events) = mpsc::unbounded_channel();
    let (_keep, cancelled) = watch::channel(false);
    let facts = Facts::unknown("nobody");
    let summary = run(setup, facts, sender, cancelled).await;
    let mut results = BTreeMap::new();
    while let Some(event) = events.recv().await {
        if let EventKind::CheckFinished(result) = event.kind {
            results.insert(result.id.clone(), *result);
        }
    }
    (summary, results)
}

#[tokio::test]
async fn the_four_numbers_count_no_check_that_was_not_run() {
    let checks = [&HOLDS, &BREAKS_MUST, &BREAKS_SHOULD, &NEEDS_A_GUEST, &IS_FOR_RANCHER];
    let (summary, results) = outcome(&checks, RequirementSet::newest()).await;
    let numbers = [summary.selected, summary.applicable, summary.run, summary.passed];
    assert_eq!(numbers, [5, 4, 3, 1]);
    assert_eq!(summary.exit_code, ExitCode::NOT_CONFORMANT);
    let verdicts: Vec<_> = results.values().map(|result| result.verdict).collect();
    let expected = [Verdict::Fail, Verdict::Warn, Verdict::Pass, Verdict::NotApplicable, Verdict::NotTested];
    assert_eq!(verdicts, expected);
}

#[tokio::test]
async fn a_run_that_skips_every_must_check_is_no_success() {
    let (summary, _) =
        outcome(&[&NEEDS_A_GUEST, &BREAKS_SHOULD, &IS_FOR_RANCHER], RequirementSet::newest()).await;
    assert_eq!(summary.exit_code, ExitCode::NOTHING_RAN);
    let (summary, _) = outcome(&[&HOLDS, &BREAKS_SHOULD], RequirementSet::newest()).await;
    assert_eq!(summary.exit_code, ExitCode::CONFORMANT, "a warning is no failure");
    assert_eq!((summary.run, summary.passed), (2, 1), "but no pass either");
}

#[tokio::test]
async fn what_the_environment_broke_is_not_blamed_on_the_driver() {
    let (summary, results) = outcome(&[&HOLDS, &PROVIDER_IS_DOWN], RequirementSet::newest()).await;
    assert_eq!(summary.exit_code, ExitCode::ENVIRONMENT);
    assert_eq!(results["run::provider_is_down"].verdict, Verdict::EnvironmentError);
}

#[tokio::test]
async fn a_clause_that_was_added_later_turns_no_pass_into_a_failure() {
    let old = RequirementSet::of(&[("NAME-004", Level::Must)]);
    let (summary, results) = outcome(&[&BREAKS_MUST], old).await;
    assert_eq!(summary.exit_code, ExitCode::CONFORMANT);
    let result = &results["run::breaks_must"];
    assert_eq!((result.verdict, result.level), (Verdict::Pass, Level::Must));
    let problem = &result.problems[0];
    assert_eq!((problem.clause.as_str(), problem.level), ("NAME-001", Level::May));
    assert!(problem.rule.ends_with("(not asked for by test)"), "{}", problem.rule);
    // A level that was raised later has no effect either.
    let lenient = RequirementSet::of(&[("NAME-001", Level::Should), ("NAME-004", Level::Must)]);
    let (summary, results) = outcome(&[&BREAKS_MUST], lenient).await;
    assert_eq!(summary.exit_code, ExitCode::CONFORMANT);
    assert_eq!(results["run::breaks_must"].verdict, Verdict::Warn);
}

#[tokio::test]
async fn nothing_starts_after_the_first_failure_if_that_is_asked_for() {
    let all = setup(&[&BREAKS_SHOULD, &BREAKS_MUST, &HOLDS], RequirementSet::newest());
    let (summary, results) = outcome_of(Setup { fail_fast: true, ..all }).await;
    assert_eq!(summary.exit_code, ExitCode::NOT_CONFORMANT);
    assert_eq!((summary.selected, summary.run), (3, 2), "a warning ends nothing");
    let last = &results["run::holds"];
    assert_eq!(last.verdict, Verdict::NotTested);
    assert_eq!(last.reason.as_deref(), Some("run::breaks_must ended the run"));
}
