//! The reports for programs.

use machine_conformance::{
    report::{EventLog, JsonReport, JunitReport, RunRecord, RunVerdict, SCHEMA},
    stable_output::StableOutput,
    verdict::ExitCode,
};

use crate::sample::{self, written};

#[test]
fn json() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::failed()];
    let events = sample::run(results, ExitCode::NOT_CONFORMANT);
    let (text, record) = written(&events, JsonReport::new);
    insta::assert_snapshot!("json", text);
    let read = RunRecord::from_json(&text).unwrap();
    assert_eq!(
        serde_json::to_value(&read).unwrap(),
        serde_json::to_value(&record).unwrap()
    );
    assert_eq!(
        (read.schema.as_str(), read.verdict),
        (SCHEMA, RunVerdict::NotConformant)
    );
}

#[test]
fn json_of_another_schema_is_refused() {
    let error = RunRecord::from_json(r#"{"schema": "machine-conformance/report/v9"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the report has the schema \"machine-conformance/report/v9\"; this version reads \"machine-conformance/report/v1\""
    );
    assert!(
        RunRecord::from_json("{}")
            .unwrap_err()
            .to_string()
            .starts_with("not a report of this suite: ")
    );
}

#[test]
fn json_has_every_verdict_in_lower_case_words() {
    let (text, _) = written(&sample::mixed(), JsonReport::new);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let words: Vec<&str> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["verdict"].as_str().unwrap())
        .collect();
    for verdict in machine_conformance::verdict::Verdict::ALL {
        assert!(
            words.contains(&verdict.word()),
            "{} is missing in {words:?}",
            verdict.word()
        );
    }
}

#[test]
fn junit() {
    insta::assert_snapshot!("junit", written(&sample::mixed(), JunitReport::new).0);
}

#[test]
fn a_sweep_in_json_and_junit() {
    let events = sample::run(vec![sample::swept()], ExitCode::NOT_CONFORMANT);
    insta::assert_snapshot!("json_sweep", written(&events, JsonReport::new).0);
    insta::assert_snapshot!("junit_sweep", written(&events, JunitReport::new).0);
}

#[test]
fn walks_in_json_and_junit() {
    let events = sample::run(vec![sample::walked()], ExitCode::NOT_CONFORMANT);
    let (text, record) = written(&events, JsonReport::new);
    insta::assert_snapshot!("json_walk", text);
    insta::assert_snapshot!("junit_walk", written(&events, JunitReport::new).0);
    let read = RunRecord::from_json(&text).unwrap();
    assert_eq!(
        read.checks[0].walks, record.checks[0].walks,
        "the story can be taken from a report"
    );
}

#[test]
fn junit_of_hostile_text_is_xml() {
    let text = written(&sample::hostile(), JunitReport::new).0;
    assert!(
        !text
            .chars()
            .any(|character| character.is_control() && character != '\n'),
        "{text:?}"
    );
    insta::assert_snapshot!("junit_hostile", text);
}

#[test]
fn events() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::warned()];
    let events = sample::run(results, ExitCode::CONFORMANT);
    insta::assert_snapshot!("events", written(&events, EventLog::new).0);
}

#[test]
fn stable_output_hides_what_differs_between_runs() {
    let mut events = sample::run(vec![sample::failed()], ExitCode::NOT_CONFORMANT);
    let stable = StableOutput::new(5121, [("acme-mc-17".to_owned(), "MACHINE".to_owned())]);
    events = events.iter().map(|event| stable.event(event)).collect();
    insta::assert_snapshot!("json_stable", written(&events, JsonReport::new).0);
}
