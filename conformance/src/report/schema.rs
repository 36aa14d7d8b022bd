//! The published JSON Schema of the JSON report is that of the types, and every report fits it.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use serde_json::Value;

use super::RunRecord;
use crate::{
    event::{
        CallRecord, CallTarget, CaseOutcome, FailedStory, InventoryRecord, LogRecord, Problem, StateRecord,
        StoryLine, Sweep, SweepCase, Transition, WaitRecord, Walks,
    },
    model::{Action, Processes, Situation, Story},
    report::SCHEMA,
    sample::finished,
    summary::summarise,
    verdict::{Level, Verdict},
    world::Object,
};

fn of_the_types() -> Value {
    let mut schema = serde_json::to_value(schemars::schema_for!(RunRecord)).unwrap();
    let head = schema.as_object_mut().unwrap();
    head.insert("$id".to_owned(), SCHEMA.into());
    head.insert("title".to_owned(), "JSON report of machine-conformance".into());
    head["properties"]["schema"] = serde_json::json!({ "const": SCHEMA });
    schema
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report-v1.json");
    let text = serde_json::to_string_pretty(&of_the_types()).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|mode| mode == "always") {
        fs::write(&path, &text).unwrap();
    }
    // A hundred kilobytes that nobody would read in a failure.
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == text,
        "write it anew with INSTA_UPDATE=always, and read the difference: fields may be added, nothing else"
    );
}

/// A report in which everything occurs that can occur.
fn full() -> RunRecord {
    let mut checks: Vec<_> = Verdict::ALL.iter().map(|verdict| finished("remove::twice", *verdict)).collect();
    let result = &mut checks[0];
    result.reason = Some("reason".to_owned());
    result.problems = vec![Problem {
        clause: "RM-008".into(),
        level: Level::Should,
        rule: "rule".into(),
        expected: "expected".into(),
        got: "got".into(),
    }];
    let targets = [CallTarget::Driver(1), CallTarget::Provider, CallTarget::Guest, CallTarget::World];
    result.calls = targets
        .map(|to| CallRecord {
            at_ms: 1,
            duration_ms: 2,
            to,
            name: "GetState".into(),
            argument: String::new(),
            result: "Running".into(),
            failed: false,
            fault: Some("throttle".into()),
        })
        .to_vec();
    result.log = vec![LogRecord { at_ms: 1, process: 1, stream: "stdout".into(), text: "text".into() }];
    result.inventory = Some(InventoryRecord {
        before: Vec::new(),
        after: vec![Object { owner: Some("machine".into()), ..Object::default() }],
        cleaned: Some(Vec::new()),
    });
    result.states = vec![StateRecord { at_ms: 1, instance: "srv-1".into(), state: "running".into() }];
    result.waits = vec![WaitRecord { name: "Stop".into(), took_ms: 9, limit_ms: 10, in_time: true }];
    result.sweep = Some(Sweep {
        operation: "Create".into(),
        cases: vec![SweepCase {
            call: "CreateServer".into(),
            mutating: true,
            fault: "answer lost".into(),
            outcome: CaseOutcome::BrokenOff,
            clauses: Vec::new(),
            left: Vec::new(),
        }],
        left_out: vec!["reason".into()],
    });
    result.walks = Some(Walks {
        stories: 1,
        steps: 2,
        transitions: vec![Transition {
            from: Situation::Absent,
            action: Action::Create,
            to: Situation::Running,
            count: 3,
        }],
        failures: vec![FailedStory {
            origin: "walk 3".into(),
            clauses: vec!["STOP-001".into()],
            lines: vec![StoryLine {
                round: 1,
                told: "Create".into(),
                before: Situation::Absent,
                after: Situation::Running,
                result: "ok".into(),
            }],
            story: Story::of(Processes::Fresh, &[Action::Create]),
            steps_at_first: 9,
            attempts: 4,
            repeats: true,
            likewise: Vec::new(),
            saved: None,
        }],
        left_out: Vec::new(),
    });
    let mut run = RunRecord { summary: summarise(&checks, 1, false), checks, ..RunRecord::default() };
    (run.run.source, run.run.profile) = (Some("src/acme.go".into()), Some("[driver]".into()));
    run
}

#[test]
fn every_report_fits_the_schema() {
    let schema = of_the_types();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems = |report: &Value| -> Vec<String> {
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
    };
    let full = serde_json::to_value(full()).unwrap();
    assert_eq!(problems(&full), [""; 0]);
    assert_eq!(problems(&serde_json::to_value(RunRecord::default()).unwrap()), [""; 0]);

    let mut newer = full.clone();
    newer["checks"][0]["added_later"] = 1.into();
    assert_eq!(problems(&newer), [""; 0], "readers accept fields that they do not know");
    let mut wrong = full;
    wrong["checks"][0]["verdict"] = "green".into();
    wrong["schema"] = "machine-conformance/report/v9".into();
    assert_eq!(problems(&wrong).len(), 2, "{:?}", problems(&wrong));
}
