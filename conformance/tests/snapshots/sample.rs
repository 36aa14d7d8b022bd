//! Runs made by hand, with everything that reports must show.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use machine_conformance::{
    event::{
        CallRecord, CallTarget, CaseOutcome, CheckResult, Event, EventKind, FailedStory, Guests, LogRecord,
        Problem, RunInfo, StoryLine, Summary, Sweep, SweepCase, Transition, Walks,
    },
    model::{Action, Processes, Situation, Story},
    report::{Report, Reports, RunRecord},
    verdict::{ExitCode, Level, Verdict},
    world::Object,
};

/// Shared memory to write a report into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plays `events` to the report that `make` makes, and returns what it wrote.
pub(crate) fn written<R: Report + 'static>(
    events: &[Event],
    make: impl FnOnce(Paper) -> R,
) -> (String, RunRecord) {
    let paper = Paper::default();
    let mut reports = Reports::new();
    reports.add("report", Box::new(make(paper.clone())));
    events.iter().for_each(|event| reports.event(event));
    let record = reports.finish().unwrap();
    (paper.text(), record)
}

/// A run with these results, in this order, and the numbers that follow from them.
pub(crate) fn run(results: Vec<CheckResult>, exit_code: u8) -> Vec<Event> {
    let count = |verdict: Verdict| results.iter().filter(|result| result.verdict == verdict).count();
    let summary = Summary {
        selected: results.len(),
        applicable: results.len() - count(Verdict::NotApplicable),
        run: results.iter().filter(|result| result.verdict.was_run()).count(),
        passed: count(Verdict::Pass),
        verdicts: Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict.word().to_owned(), count(verdict)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        must_run: results
            .iter()
            .filter(|result| result.level == Level::Must && result.verdict.was_run())
            .count(),
        duration_ms: 41_320,
        exit_code,
        interrupted: false,
    };
    let info = RunInfo {
        suite_version: "0.1.0".into(),
        specification: "v1".into(),
        driver: "./docker-machine-driver-acme".into(),
        driver_name: "acme".into(),
        provider: "template".into(),
        seed: 5121,
        jobs: 8,
        checks: results.iter().map(|result| result.id.clone()).collect(),
        clauses_selected: 187,
        clauses_total: 234,
        started_at: "2027-03-01T09:30:00Z".into(),
        environment: BTreeMap::from([("os".into(), "linux".into())]),
        source: None,
        profile: None,
    };
    let mut events = vec![Event::new(0, EventKind::RunStarted(info))];
    // Results come as checks end: here in the opposite order, to show that reports restore the plan's.
    for result in results.into_iter().rev() {
        events.push(Event::new(1, EventKind::CheckStarted { id: result.id.clone() }));
        events.push(Event::new(2, EventKind::CheckFinished(Box::new(result))));
    }
    events.push(Event::new(41_320, EventKind::RunFinished(summary)));
    events
}

pub(crate) fn result(id: &str, clauses: &[&str], level: Level, verdict: Verdict) -> CheckResult {
    CheckResult {
        id: id.into(),
        title: "What the check observes in one sentence".into(),
        clauses: clauses.iter().map(|&clause| clause.into()).collect(),
        level,
        verdict,
        reason: None,
        blocked: false,
        problems: Vec::new(),
        calls: Vec::new(),
        log: Vec::new(),
        started_ms: 100,
        duration_ms: 1_250,
        rerun: format!("machine-conformance run ./docker-machine-driver-acme --only {id} --seed 5121"),
        sweep: None,
        walks: None,
        inventory: None,
        states: Vec::new(),
        waits: Vec::new(),
        guests: id.starts_with("ssh::").then_some(Guests::Simulated),
    }
}

pub(crate) fn with_reason(mut result: CheckResult, reason: &str) -> CheckResult {
    result.reason = Some(reason.into());
    result
}

pub(crate) fn passed(id: &str) -> CheckResult {
    result(id, &["CREATE-001"], Level::Must, Verdict::Pass)
}

pub(crate) fn call(
    at_ms: u64,
    duration_ms: u64,
    to: CallTarget,
    name: &str,
    result: Result<&str, &str>,
) -> CallRecord {
    CallRecord {
        at_ms,
        duration_ms,
        to,
        name: name.into(),
        argument: String::new(),
        result: result.unwrap_or_else(|error| error).into(),
        failed: result.is_err(),
        fault: None,
    }
}

/// A broken MUST with two problems, calls of two processes and of the provider, and a log.
pub(crate) fn failed() -> CheckResult {
    let mut result =
        result("remove::instance_already_gone", &["RM-008", "RM-009"], Level::Must, Verdict::Fail);
    result.problems = vec![
        Problem {
            clause: "RM-008".into(),
            level: Level::Must,
            rule: "Remove succeeds when the instance is already gone".into(),
            expected: "Remove returns no error".into(),
            got: "Remove failed: \"404 server not found\"".into(),
        },
        Problem {
            clause: "RM-009".into(),
            level: Level::Must,
            rule: "and still deletes what depended on it".into(),
            expected: "the inventory is back at the baseline".into(),
            got: "left behind: key pair acme-mc-17 (fingerprint 9f:31:07:5c:aa:20:e1:77:0b:94:1d:c2:63:f8:4e:a6), firewall acme-mc-17-fw".into(),
        },
    ];
    result.calls = vec![
        call(0, 2, CallTarget::Driver(1), "SetConfigRaw", Ok("ok")),
        call(4, 950, CallTarget::Driver(1), "Create", Ok("ok")),
        call(960, 1, CallTarget::Driver(2), "SetConfigRaw", Ok("ok")),
        call(970, 1, CallTarget::Driver(2), "GetState", Ok("Running")),
        call(990, 1, CallTarget::Driver(2), "GetState", Ok("Running")),
        call(1_010, 1, CallTarget::Driver(2), "GetState", Ok("Running")),
        call(1_100, 31, CallTarget::Driver(2), "Remove", Err("404 server not found")),
        call(5, 12, CallTarget::Provider, "POST /v1/servers", Ok("201")),
        call(1_101, 3, CallTarget::Provider, "GET /v1/servers/81", Err("404")),
    ];
    result.log = vec![
        LogRecord {
            at_ms: 6,
            process: 1,
            stream: "stdout".into(),
            text: "Creating server acme-mc-17...".into(),
        },
        LogRecord {
            at_ms: 1_102,
            process: 2,
            stream: "stderr".into(),
            text: "(acme-mc-17) DBG | GET https://127.0.0.1/v1/servers/81 404".into(),
        },
    ];
    result
}

pub(crate) fn warned() -> CheckResult {
    let mut result = result("stop::returns_when_stopped", &["STOP-002"], Level::Should, Verdict::Warn);
    result.problems = vec![Problem {
        clause: "STOP-002".into(),
        level: Level::Should,
        rule: "Stop returns only when the instance is stopped, or fails".into(),
        expected: "GetState right after Stop answers Stopped".into(),
        got: "it answered Stopping; Stopped came 1.4 s later".into(),
    }];
    result.calls = vec![call(0, 2, CallTarget::Driver(1), "Stop", Ok("ok"))];
    result
}

/// A sweep with a leak.
pub(crate) fn swept() -> CheckResult {
    let case = |call: &str, fault: &str, outcome: CaseOutcome| SweepCase {
        call: call.into(),
        mutating: call.starts_with("Create"),
        fault: fault.into(),
        outcome,
        clauses: Vec::new(),
        left: Vec::new(),
    };
    let mut result = result("sweep::create", &["CREATE-008"], Level::Must, Verdict::Fail);
    result.problems = vec![Problem {
        clause: "CREATE-008".into(),
        level: Level::Must,
        rule: "If Create fails, Remove from the record before it leaves nothing".into(),
        expected: "Create with CreateServer: answer lost: then Remove: the inventory back at the baseline"
            .into(),
        got: "left behind: server srv-81 (acme-mc-17)".into(),
    }];
    result.sweep = Some(Sweep {
        operation: "Create".into(),
        cases: vec![
            case("CreateKey", "error 500", CaseOutcome::Held),
            case("CreateServer", "error 500", CaseOutcome::Held),
            SweepCase {
                clauses: vec!["CREATE-008".into()],
                left: vec!["server srv-81 (acme-mc-17)".into()],
                ..case("CreateServer", "answer lost", CaseOutcome::Leaked)
            },
            SweepCase {
                clauses: vec!["FAULT-001".into()],
                ..case("GetServer (first)", "connection reset", CaseOutcome::Broken)
            },
            case("GetServer (last)", "throttled", CaseOutcome::NotReached),
        ],
        left_out: vec!["host killed: the driver runs in-process, not as an executable".into()],
    });
    result
}

/// Walks of which one fails, as a story.
pub(crate) fn walked() -> CheckResult {
    let line = |round: usize, told: &str, before: Situation, after: Situation, result: &str| StoryLine {
        round,
        told: told.into(),
        before,
        after,
        result: result.into(),
    };
    let mut result = result("walk::one_machine", &["START-001"], Level::Must, Verdict::Fail);
    result.problems = vec![Problem {
        clause: "START-001".into(),
        level: Level::Must,
        rule: "From Stopped, Start brings the same instance to Running".into(),
        expected: "after step 3 (running): waiting for Running returns no error".into(),
        got: "GetState did not answer Running (story: Create, power off at the provider, Start)".into(),
    }];
    result.walks = Some(Walks {
        stories: 6,
        steps: 52,
        transitions: vec![Transition {
            from: Situation::Stopped,
            action: Action::Start,
            to: Situation::Running,
            count: 4,
        }],
        failures: vec![FailedStory {
            origin: "walk 3".into(),
            clauses: vec!["START-001".into()],
            lines: vec![
                line(1, "Create", Situation::Absent, Situation::Running, "nil"),
                line(2, "power off at the provider", Situation::Running, Situation::Stopped, ""),
                line(3, "Start", Situation::Stopped, Situation::Running, "nil"),
            ],
            story: Story::of(Processes::Fresh, &[Action::Create, Action::PowerOff, Action::Start]),
            steps_at_first: 10,
            attempts: 14,
            repeats: true,
            likewise: vec!["walk 5".into()],
            saved: Some("stories/START-001-1c2f.json".into()),
        }],
        left_out: vec!["1 of 7 stories need what this provider does not offer".into()],
    });
    result
}

/// Every verdict at least once.
pub(crate) fn mixed() -> Vec<Event> {
    let power = "the profile says that the driver cannot start, stop, kill and restart";
    let results = vec![
        passed("create::makes_one_instance"),
        passed("create::machine_runs"),
        passed("create::ssh_answers"),
        passed("remove::is_repeatable"),
        failed(),
        warned(),
        with_reason(
            result("stop::guest_ignores_acpi", &["STOP-007"], Level::Must, Verdict::DriverTimeout),
            "Stop did not return within 180 s; its process was killed",
        ),
        with_reason(
            result("start::vanished", &["START-007"], Level::Must, Verdict::KnownFailure),
            "the provider re-creates instances by itself, ticket 4711",
        ),
        with_reason(
            result("start::on_running", &["START-005"], Level::Must, Verdict::Stale),
            "it passes now; remove its entry (reason: ticket 4712 (conformance.toml:31))",
        ),
        with_reason(
            result("ssh::key_alone_suffices", &["SSH-001"], Level::Must, Verdict::EnvironmentError),
            "the provider cannot be used: connection refused",
        ),
        with_reason(
            result("ssh::output_is_clean", &["SSH-008"], Level::Should, Verdict::SuiteError),
            "the check panicked: index out of bounds; please report this",
        ),
        with_reason(result("kill::hung_guest", &["KILL-001"], Level::Must, Verdict::NotApplicable), power),
        with_reason(result("kill::twice", &["KILL-004"], Level::Must, Verdict::NotApplicable), power),
        with_reason(
            result("fault::no_answer", &["FAULT-005"], Level::Must, Verdict::NotTested),
            "this provider cannot inject faults",
        ),
    ];
    run(results, ExitCode::SUITE_DEFECT)
}

/// Text that tries to command the terminal, to break out of its line, and to break XML and JSON.
pub(crate) fn hostile() -> Vec<Event> {
    let evil =
        "\u{1b}[2J\u{1b}]0;owned\u{7}PASS\r\nCONFORMANT\u{202e}tnamrofnoc ]]> <b> & \" \u{0} \u{9b}31m";
    let mut result = failed();
    result.problems.truncate(1);
    result.problems[0].got = evil.into();
    result.calls = vec![call(0, 2, CallTarget::Driver(1), evil, Err(evil))];
    result.log = vec![LogRecord { at_ms: 0, process: 1, stream: evil.into(), text: evil.into() }];
    result.rerun = evil.into();
    let mut events = run(vec![with_reason(result, evil)], ExitCode::NOT_CONFORMANT);
    if let EventKind::RunStarted(info) = &mut events[0].kind {
        info.driver = evil.into();
        info.driver_name = evil.into();
    }
    events
}

pub(crate) fn object(kind: &str, id: &str, state: &str) -> Object {
    Object {
        kind: kind.into(),
        id: id.into(),
        name: "acme-mc-17".into(),
        owner: None,
        attributes: [("state".to_owned(), state.to_owned())].into(),
    }
}
