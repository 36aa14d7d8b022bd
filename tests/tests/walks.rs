//! Walks find defects by themselves, tell them as short stories, and carry them out again from a file.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use machine_conformance::{
    event::{CheckResult, FailedStory},
    model::{Action, Processes, Settings, Story},
    verdict::Verdict,
};
use machine_tests::{defects::Defect, suite};

/// Defects of the state machine that walks which nobody has written must find, and a clause that they must name.
const FOUND: &[(Defect, &str)] = &[
    (Defect::StartDoesNothing, "START-001"),
    (Defect::StartOfVanishedSucceeds, "START-007"),
    (Defect::StartOfRunningReboots, "START-005"),
    (Defect::StopDoesNothing, "STOP-001"),
    (Defect::StopDeletes, "STOP-001"),
    (Defect::StopOfVanishedSucceeds, "STOP-006"),
    (Defect::KillDeletes, "KILL-001"),
    (Defect::KillStartsStopped, "KILL-004"),
    (Defect::RestartDoesNothing, "RST-001"),
    (Defect::RestartOfStoppedDoesNothing, "RST-005"),
    (Defect::RestartOfVanishedSucceeds, "RST-007"),
    (Defect::RemoveDoesNothing, "RM-002"),
    (Defect::RemoveOnlyWhenRunning, "RM-006"),
    (Defect::UrlWhenStopped, "NET-002"),
    (Defect::AddressIsRemembered, "NET-006"),
    (Defect::VanishedIsStopped, "STATE-006"),
    (Defect::UnknownIsStopped, "STATE-005"),
    (Defect::StartBelievesTheRecord, "START-001"),
    (Defect::SecondStartForgetsTheServer, "START-001"),
    (Defect::StopAfterRestartDoesNothing, "ERR-005"),
];

/// Enough for each of these defects to be met with this seed.
const SEED: u64 = 1;

fn many() -> Settings {
    let mut settings = Settings::default();
    settings.walks = 16;
    settings.length = 14;
    settings.weights.insert(Action::DeleteInstance, 6);
    settings
}

fn failures(results: &[CheckResult]) -> Vec<&FailedStory> {
    let walks = results.iter().filter_map(|result| result.walks.as_ref());
    walks.flat_map(|walks| &walks.failures).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn walks_find_defects_by_themselves() {
    let mut missed = Vec::new();
    for (defect, clause) in FOUND {
        let made_up = |check: &machine_conformance::check::Check| check.id == "walk::one_machine";
        let mut settings = many();
        // Here it counts that they are found; making their stories shorter has a test of its own.
        settings.shrinking = 0;
        let results = suite::run_walks(*defect, made_up, settings, SEED).await.unwrap();
        let found: Vec<&str> = results
            .iter()
            .flat_map(|result| &result.problems)
            .map(|problem| problem.clause.as_str())
            .collect();
        if !found.contains(clause) {
            missed.push(format!("{defect:?}: {clause} is not in {found:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_made_as_short_as_it_can_be() {
    let one_machine = |check: &machine_conformance::check::Check| check.id == "walk::one_machine";
    let results =
        suite::run_walks(Defect::StoppedAndVanishedCannotBeRemoved, one_machine, many(), SEED).await.unwrap();
    let failures = failures(&results);
    let failure = failures.first().expect("the walks find it");
    // Stop or Kill; nothing else can be left out.
    assert!(failure.repeats, "{failure:?}");
    assert!(failure.steps_at_first > 4, "{failure:?}");
    let told: Vec<&str> = failure.lines.iter().map(|line| line.told.as_str()).collect();
    assert!(told.len() <= 4, "{told:?}");
    assert_eq!(told.last(), Some(&"Remove"));
    assert!(told.contains(&"delete the instance at the provider"), "{told:?}");
    assert_eq!(failure.story.processes, Processes::Fresh);
    let got = &results[0].problems[0].got;
    assert!(got.contains(&failure.story.to_string()), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_that_was_saved_is_carried_out_first_and_fails_again() {
    let folder = tempfile::tempdir().unwrap();
    let one_machine = |check: &machine_conformance::check::Check| check.id == "walk::one_machine";
    let known = |check: &machine_conformance::check::Check| check.id == "walk::known_stories";
    let mut settings = many();
    settings.folder = Some(folder.path().to_owned());
    let defect = Defect::StartBelievesTheRecord;
    let results = suite::run_walks(defect, one_machine, settings, SEED).await.unwrap();
    let saved = failures(&results)[0].saved.clone().expect("it is saved");

    let mut settings = Settings::default();
    settings.known = Story::load_folder(folder.path()).unwrap();
    let stories = settings.known.len();
    let results = suite::run_walks(defect, known, settings, SEED + 1).await.unwrap();
    let walks = results[0].walks.as_ref().unwrap();
    assert!(walks.stories > stories, "the suite's own come as well");
    let likewise = |failure: &FailedStory| failure.origin == saved || failure.likewise.contains(&saved);
    assert!(walks.failures.iter().any(likewise), "{:?}", walks.failures);

    let mut settings = Settings::default();
    settings.replay = vec![(saved.clone(), Story::load(saved.as_ref()).unwrap())];
    let results = suite::run_walks(defect, known, settings.clone(), SEED).await.unwrap();
    assert_eq!(results[0].walks.as_ref().unwrap().stories, 1);
    assert_eq!(results[0].verdict, Verdict::Fail);
    let results = suite::run_walks(Defect::Nothing, known, settings, SEED).await.unwrap();
    assert_eq!(results[0].verdict, Verdict::Pass, "{:?}", results[0].problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_walks_the_same_ways() {
    let one_machine = |check: &machine_conformance::check::Check| check.id == "walk::one_machine";
    let mut ways = Vec::new();
    for seed in [7, 7, 8] {
        let results =
            suite::run_walks(Defect::Nothing, one_machine, Settings::default(), seed).await.unwrap();
        assert_eq!(results[0].verdict, Verdict::Pass, "{:?}", results[0].problems);
        ways.push(results[0].walks.clone().unwrap().transitions);
    }
    assert_eq!(ways[0], ways[1]);
    assert_ne!(ways[0], ways[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_and_length_decide_what_is_walked() {
    let one_machine = |check: &machine_conformance::check::Check| check.id == "walk::one_machine";
    let mut settings = Settings::default();
    settings.walks = 2;
    settings.length = 4;
    settings.weights = Action::ALL.into_iter().map(|action| (action, 0)).collect();
    settings.weights.insert(Action::Stop, 1);
    let results = suite::run_walks(Defect::Nothing, one_machine, settings, SEED).await.unwrap();
    let walks = results[0].walks.as_ref().unwrap();
    // Each ends with Remove.
    assert_eq!((walks.stories, walks.steps), (2, 2 * 4 + 2));
    let others = walks.transitions.iter().map(|way| way.action);
    let usual = [Action::Create, Action::Stop, Action::Remove];
    assert!(others.clone().all(|action| usual.contains(&action)), "{:?}", others.collect::<Vec<_>>());
}
