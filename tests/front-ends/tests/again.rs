//! Running again, and leaving things as they are: `--watch`, `--repeat-until-failure`, `--rerun-failed`, `--keep` and
//! `--pause-on-failure`, as commands.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use machine_front_end_tests::{
    drivers::{self, MISNAMED},
    process::Running,
    report::verdicts,
    shell::{bash, found, furnish},
};

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    drivers::write(folder.path(), MISNAMED).unwrap();
    folder
}

/// `machine-conformance run` with the template's provider.
fn run(folder: &Path, words: &str) -> Running {
    let fixed = ["run", "--provider", "template"];
    let words: Vec<&str> = fixed.into_iter().chain(words.split(' ')).collect();
    Running::start(folder, "machine-conformance", &words).unwrap()
}

#[tokio::test]
async fn a_changed_driver_is_tried_again() {
    let folder = folder();
    let name = "docker-machine-driver-watched";
    let good = MISNAMED.1;
    drivers::write(folder.path(), (name, good)).unwrap();
    let mut running = run(folder.path(), &format!("./{name} --only name::is_constant --seed 7 --watch"));
    running.says("waiting for a change of", 1).await.unwrap();
    let first = running.said();
    assert_eq!(first.matches("\nCONFORMANT").count(), 1, "{first}");
    // Replaced by one that does not work, as a build does it: the watch survives, and says what is wrong.
    drivers::write(folder.path(), (name, "echo broken >&2; exit 1")).unwrap();
    running.says("waiting for a change of", 2).await.unwrap();
    let second = running.said();
    assert_eq!(second.matches("\nCONFORMANT").count(), 1, "{second}");
    assert!(second.contains("the driver does not start"), "{second}");
    drivers::write(folder.path(), (name, good)).unwrap();
    running.says("waiting for a change of", 3).await.unwrap();
    assert_eq!(running.said().matches("\nCONFORMANT").count(), 2);
    running.interrupt().await.unwrap();
    // The exit code is that of the last run.
    let (code, said) = running.end().await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("seed 7 ").count(), 3, "the seed stays: {said}");
}

#[tokio::test]
async fn runs_repeat_with_the_next_seed_until_one_fails() {
    let folder = folder();
    let words = "./docker-machine-driver-template --only name::is_constant --seed 7 --repeat-until-failure=2";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    for line in ["run 1 with seed 7: 1 passed", "run 2 with seed 8: 1 passed"] {
        assert!(said.contains(line), "{said}");
    }
    assert!(!said.contains("CONFORMANT"), "one line for each run that passes: {said}");

    // It works for some starts only.
    let tired = "cd \"${0%/*}\" || exit; echo >> starts; [ \"$(wc -l < starts)\" -gt 9 ] && exit 1; \
                 exec ./docker-machine-driver-template";
    drivers::write(folder.path(), ("docker-machine-driver-tired", tired)).unwrap();
    let words = "./docker-machine-driver-tired --only name::is_constant --seed 7 --repeat-until-failure=20 \
                 --report json=last.json";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    // A driver that does not start at all says nothing about the contract.
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("run 1 with seed 7: 1 passed"), "{said}");
    assert!(said.contains("is the first that is not conformant"), "{said}");
    assert!(said.contains("NOTHING RAN"), "its report is shown: {said}");
    assert_eq!(verdicts(&folder.path().join("last.json")).unwrap()["name::is_constant"], "not-tested");
}

#[tokio::test]
async fn only_what_failed_runs_again_with_its_seed() {
    let folder = folder();
    let words = "./docker-machine-driver-misnamed --only name --seed 11 --report json=first.json";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(1), "{said}");
    let words = "./docker-machine-driver-misnamed --rerun-failed first.json --report json=second.json";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("seed 11 "), "{said}");
    let again = verdicts(&folder.path().join("second.json")).unwrap();
    let again: Vec<_> = again.iter().map(|(id, verdict)| (id.as_str(), verdict.as_str())).collect();
    assert_eq!(again, [("name::selects_the_executable", "fail")]);

    // Repaired: the one that failed passes, and then there is nothing to run again.
    let words = "./docker-machine-driver-template --rerun-failed second.json --report json=third.json";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(verdicts(&folder.path().join("third.json")).unwrap().len(), 1);
    let words = "./docker-machine-driver-template --rerun-failed third.json";
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("there is nothing to run again"), "{said}");
}

#[tokio::test]
async fn machines_are_kept_until_the_user_ends_the_run() {
    let folder = folder();
    let words = "./docker-machine-driver-template --only create::makes_one_instance --keep";
    let mut running = run(folder.path(), words);
    running.says("Ctrl-C ends them", 1).await.unwrap();
    let said = running.said();
    let after = |mark: &str| {
        let rest = said.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in {said}")).1;
        rest.lines().next().unwrap().trim().to_owned()
    };
    let record = after("its record is ");
    let record = record.split(';').next().unwrap();
    assert!(Path::new(record).is_file(), "{record}");
    if found("ssh", "logging in to a machine that was kept").unwrap() {
        let login = format!("ssh {} -o BatchMode=yes true", after(": ssh "));
        bash(folder.path(), &login, &[]).await.unwrap().exits(0);
    }
    running.interrupt().await.unwrap();
    let (code, end) = running.end().await.unwrap();
    assert_eq!(code, Some(0), "{end}");
    assert!(Path::new(&after("  folder ")).is_dir(), "the folder stays");
}

#[tokio::test]
async fn a_failed_check_waits_for_the_enter_key() {
    let folder = folder();
    let words = "./docker-machine-driver-misnamed --only name --pause-on-failure";
    // Nobody can press a key at a pipe.
    let (code, said) = run(folder.path(), words).end().await.unwrap();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("standard input is no terminal"), "{said}");
    assert!(said.contains("--keep"), "{said}");
    if !found("script", "--pause-on-failure, which needs a terminal").unwrap() {
        return;
    }
    let command = format!("machine-conformance run --provider template {words}");
    let mut running = Running::start(folder.path(), "script", &["-qefc", &command, "/dev/null"]).unwrap();
    running.says("press Enter to go on", 1).await.unwrap();
    let said = running.said();
    assert!(said.contains("name::selects_the_executable is paused"), "{said}");
    assert!(said.contains("DriverName is \"template\""), "what failed is shown: {said}");
    assert!(!said.contains("NOT CONFORMANT"), "the run has not ended: {said}");
    running.line("").await.unwrap();
    running.says("NOT CONFORMANT", 1).await.unwrap();
    let (code, said) = running.end().await.unwrap();
    assert_eq!(code, Some(1), "{said}");
}
