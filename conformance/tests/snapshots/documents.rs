//! The reports for programs.

use machine_conformance::{
    event::{CallTarget, EventKind, InventoryRecord, StateRecord},
    report::{
        BadgeForm, BadgeReport, EventLog, GithubReport, HtmlReport, JsonReport, JunitReport, MarkdownReport,
        RunRecord, RunVerdict, SCHEMA, SarifReport, TapReport,
    },
    stable_output::StableOutput,
    verdict::{ExitCode, Level, Verdict},
};

use crate::sample::{self, written};

#[test]
fn json() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::failed()];
    let events = sample::run(results, ExitCode::NOT_CONFORMANT);
    let (text, record) = written(&events, JsonReport::new);
    insta::assert_snapshot!("json", text);
    let read = RunRecord::from_json(&text).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&record).unwrap());
    assert_eq!((read.schema.as_str(), read.verdict), (SCHEMA, RunVerdict::NotConformant));
}

#[test]
fn json_of_another_schema_is_refused() {
    let error = RunRecord::from_json(r#"{"schema": "machine-conformance/report/v9"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the report has the schema \"machine-conformance/report/v9\"; this version reads \"machine-conformance/report/v1\""
    );
    assert!(RunRecord::from_json("{}").unwrap_err().to_string().starts_with("not a report of this suite: "));
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
    for verdict in Verdict::ALL {
        assert!(words.contains(&verdict.word()), "{} is missing in {words:?}", verdict.word());
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
    assert_eq!(read.checks[0].walks, record.checks[0].walks, "the story can be taken from a report");
}

#[test]
fn junit_of_hostile_text_is_xml() {
    let text = written(&sample::hostile(), JunitReport::new).0;
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
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

#[test]
fn tap() {
    insta::assert_snapshot!("tap", written(&sample::mixed(), TapReport::new).0);
    let text = written(&sample::hostile(), TapReport::new).0;
    let beginnings = ["TAP version 14", "1..", "not ok 1 - ", "  "];
    for line in text.lines() {
        assert!(
            beginnings.iter().any(|beginning| line.starts_with(beginning)),
            "{line:?} is not part of a test point"
        );
    }
}

#[test]
fn tap_of_a_run_that_was_cut_short_bails_out() {
    let mut events = sample::run(vec![sample::passed("a::b")], ExitCode::CONFORMANT);
    if let Some(EventKind::RunFinished(summary)) = events.last_mut().map(|event| &mut event.kind) {
        summary.interrupted = true;
    }
    let text = written(&events, TapReport::new).0;
    assert!(text.ends_with("Bail out! The run was interrupted\n"), "{text}");
}

#[test]
fn sarif() {
    let known = sample::with_reason(
        sample::result("start::vanished", &["START-007"], Level::Must, Verdict::KnownFailure),
        "ticket 4711",
    );
    let results = vec![sample::failed(), sample::warned(), known];
    let mut events = sample::run(results, ExitCode::NOT_CONFORMANT);
    if let EventKind::RunStarted(info) = &mut events[0].kind {
        info.source = Some("./drivers/acme driver.go".into());
    }
    let text = written(&events, SarifReport::new).0;
    insta::assert_snapshot!("sarif", text);
    let log: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}

#[test]
fn sarif_is_as_its_standard_says() {
    let mut schema: serde_json::Value =
        serde_json::from_str(include_str!("../data/sarif-2.1.0.json")).unwrap();
    // The published pattern of languages has a bracket too many, and is no regular expression.
    for owner in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][owner]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    let hostile = "<b>\u{1b}[31m\u{202e} \"'&\u{0}";
    let mut odd = sample::failed();
    for problem in &mut odd.problems {
        (problem.clause, problem.got) = (hostile.to_owned(), hostile.to_owned());
    }
    odd.rerun = hostile.to_owned();
    let runs = [
        sample::mixed(),
        sample::run(Vec::new(), ExitCode::NOTHING_RAN),
        sample::run(vec![odd, sample::swept(), sample::walked()], ExitCode::NOT_CONFORMANT),
    ];
    for events in runs {
        let log = serde_json::from_str(&written(&events, SarifReport::new).0).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(problems, [""; 0]);
    }
}

#[test]
fn markdown_and_github() {
    let results = vec![
        sample::passed("create::makes_one_instance"),
        sample::failed(),
        sample::warned(),
        sample::swept(),
    ];
    let mut events = sample::run(results, ExitCode::NOT_CONFORMANT);
    insta::assert_snapshot!("markdown", written(&events, MarkdownReport::new).0);
    if let EventKind::RunStarted(info) = &mut events[0].kind {
        info.source = Some("src/acme.go".into());
    }
    let commands = sample::Paper::default();
    let summary = written(&events, |paper| GithubReport::new(commands.clone(), paper)).0;
    assert_eq!(summary, written(&events, MarkdownReport::new).0);
    insta::assert_snapshot!("github", commands.text());
}

#[test]
fn badge() {
    let run = |verdict| {
        let events = sample::run(vec![sample::passed("create::makes_one_instance")], verdict);
        let svg = written(&events, |paper| BadgeReport::new(paper, BadgeForm::Svg)).0;
        svg + &written(&events, |paper| BadgeReport::new(paper, BadgeForm::Endpoint)).0
    };
    let badges = [ExitCode::CONFORMANT, ExitCode::NOT_CONFORMANT, ExitCode::NOTHING_RAN].map(run);
    insta::assert_snapshot!("badge", badges.join("\n"));
}

#[test]
fn html_needs_nothing_else_and_shows_everything() {
    let mut result = sample::failed();
    result.inventory = Some(InventoryRecord {
        before: vec![],
        after: vec![sample::object("server", "srv-81", "running")],
        cleaned: Some(vec![sample::object("key", "key-17", "")]),
    });
    result.states = vec![StateRecord { at_ms: 10, instance: "srv-81".into(), state: "provisioning".into() }];
    result.calls[7].fault = Some("throttle".into());
    result.calls.push(sample::call(955, 3, CallTarget::World, "delete the instance", Ok("done")));
    let events = sample::run(vec![result, sample::swept()], ExitCode::NOT_CONFORMANT);
    let (page, _) = written(&events, HtmlReport::new);
    for outside in ["src=", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "the page loads something: {outside}");
    }
    for shown in [
        "NOT CONFORMANT",
        "id=\"remove::instance_already_gone\"",
        "srv-81",
        "provisioning for 1.2 s",
        "fault: throttle",
        "delete the instance",
        "What the clean-up left",
        "404 server not found",
        "Creating server acme-mc-17...",
        "MUST return nil when the instance has already disappeared",
        "CreateServer: answer lost: leaked",
        "machine-conformance run ./docker-machine-driver-acme --only remove::instance_already_gone --seed 5121",
    ] {
        assert!(page.contains(shown), "{shown} is missing");
    }
}

#[test]
fn html_stays_small_however_much_there_is_to_show() {
    let mut big = sample::failed();
    let calls = big.calls.clone();
    for round in 0..220 {
        big.calls.extend(calls.iter().cloned().map(|mut call| {
            call.name = format!("{} {round}", call.name);
            call.argument = "x".repeat(2000);
            call
        }));
    }
    let mut results = Vec::new();
    for number in 0..300 {
        let mut result = big.clone();
        result.id = format!("remove::number_{number}");
        if number % 3 > 0 {
            (result.verdict, result.problems) = (Verdict::Pass, Vec::new());
        }
        results.push(result);
    }
    let (page, _) = written(&sample::run(results, ExitCode::NOT_CONFORMANT), HtmlReport::new);
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert!(page.contains("id=\"remove::number_299\""), "no check is left out");
    assert!(page.contains("Calls and log are left out"), "and the page says what is");
}
