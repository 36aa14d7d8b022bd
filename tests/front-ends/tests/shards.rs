//! A run that is divided between processes has the verdicts of one run.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use machine_front_end_tests::{
    report::verdicts,
    shell::{bash, furnish},
};

/// Groups of different sizes, with checks that look at the whole run among them.
const SELECTED: &str = "--only state --only name --only flags --only secrets --only errors --only plugin";

#[tokio::test]
async fn parts_have_the_verdicts_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    let run =
        format!("machine-conformance run ./docker-machine-driver-template --provider template {SELECTED}");
    let script = format!(
        "{run} --report json=whole.json > whole.txt
         pids=()
         for part in 1 2 3; do
             {run} --partition hash:$part/3 --report json=part-$part.json > part-$part.txt & pids+=($!)
         done
         for pid in \"${{pids[@]}}\"; do wait \"$pid\"; done"
    );
    bash(folder.path(), &script, &[]).await.unwrap().exits(0);
    let whole = verdicts(&folder.path().join("whole.json")).unwrap();
    let mut together: BTreeMap<String, String> = BTreeMap::new();
    for part in 1..=3 {
        let part = verdicts(&folder.path().join(format!("part-{part}.json"))).unwrap();
        assert!(part.len() < whole.len() / 2, "the parts are parts");
        together.extend(part);
    }
    assert_eq!(together, whole);
}

#[tokio::test]
async fn parts_that_are_none_are_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    let wrong = "machine-conformance list --partition hash:3/2";
    let finished = bash(folder.path(), wrong, &[]).await.unwrap().exits(2);
    assert!(finished.stderr.contains("there is no part 3 of 2"), "{}", finished.stderr);
    let empty = "machine-conformance list --only name::is_constant --partition hash:1/2 && \
                 machine-conformance list --only name::is_constant --partition hash:2/2";
    let finished = bash(folder.path(), empty, &[]).await.unwrap();
    assert_ne!(finished.code, Some(0), "{finished}");
}
