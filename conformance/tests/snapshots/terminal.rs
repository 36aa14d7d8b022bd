//! The report for people.

use machine_conformance::{
    event::{Event, EventKind},
    report::terminal::Terminal,
    verdict::{ExitCode, Level, Verdict},
};

use crate::sample::{self, written};

fn plain(events: &[Event]) -> String {
    let coloured = written(events, |paper| Terminal::new(paper, 110)).0;
    anstream::adapter::strip_str(&coloured).to_string()
}

#[test]
fn a_run_that_passes() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::passed("remove::is_repeatable")];
    insta::assert_snapshot!("terminal_pass", plain(&sample::run(results, ExitCode::CONFORMANT)));
}

#[test]
fn a_run_that_fails() {
    let results = vec![
        sample::passed("create::makes_one_instance"),
        sample::passed("remove::is_repeatable"),
        sample::failed(),
        sample::with_reason(
            sample::result("fault::no_answer", &["FAULT-005"], Level::Must, Verdict::NotTested),
            "this provider cannot inject faults",
        ),
    ];
    insta::assert_snapshot!("terminal_fail", plain(&sample::run(results, ExitCode::NOT_CONFORMANT)));
}

#[test]
fn a_run_that_warns() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::warned()];
    insta::assert_snapshot!("terminal_warn", plain(&sample::run(results, ExitCode::CONFORMANT)));
}

#[test]
fn a_sweep_that_leaks() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::swept()];
    insta::assert_snapshot!("terminal_sweep", plain(&sample::run(results, ExitCode::NOT_CONFORMANT)));
}

#[test]
fn a_walk_that_fails() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::walked()];
    insta::assert_snapshot!("terminal_walk", plain(&sample::run(results, ExitCode::NOT_CONFORMANT)));
}

#[test]
fn every_verdict() {
    insta::assert_snapshot!("terminal_every_verdict", plain(&sample::mixed()));
}

#[test]
fn colours() {
    let results = vec![sample::passed("create::makes_one_instance"), sample::failed(), sample::warned()];
    let events = sample::run(results, ExitCode::NOT_CONFORMANT);
    let coloured = written(&events, |paper| Terminal::new(paper, 110)).0;
    insta::assert_snapshot!("terminal_colours", coloured.replace('\u{1b}', "^"));
}

#[test]
fn nothing_ran() {
    let results = vec![sample::with_reason(
        sample::result("create::makes_one_instance", &["CREATE-001"], Level::Must, Verdict::NotTested),
        "the run cannot create machines (no provider and no complete set of flags)",
    )];
    let mut events = sample::run(results, ExitCode::NOTHING_RAN);
    if let EventKind::RunStarted(info) = &mut events[0].kind {
        info.provider = "none".into();
    }
    insta::assert_snapshot!("terminal_nothing_ran", plain(&events));
}

#[test]
fn a_failure_that_no_check_is_about() {
    let mut blocked = sample::with_reason(
        sample::result("create::user_data_arrives", &["CREATE-018"], Level::Should, Verdict::NotTested),
        "prerequisite failed: the machine cannot be created: the file is too long",
    );
    blocked.blocked = true;
    let results = vec![sample::passed("create::makes_one_instance"), blocked];
    insta::assert_snapshot!("terminal_blocked", plain(&sample::run(results, ExitCode::NOT_CONFORMANT)));
}

#[test]
fn a_run_that_was_cut_short() {
    let mut events = sample::run(vec![sample::passed("create::makes_one_instance")], ExitCode::CONFORMANT);
    if let Some(EventKind::RunFinished(summary)) = events.last_mut().map(|event| &mut event.kind) {
        summary.interrupted = true;
    }
    insta::assert_snapshot!("terminal_interrupted", plain(&events));
}

#[test]
fn text_that_tries_to_command_the_terminal() {
    let text = plain(&sample::hostile());
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    let coloured = written(&sample::hostile(), |paper| Terminal::new(paper, 110)).0;
    for escape in coloured.split('\u{1b}').skip(1) {
        let (code, _) = escape.split_once('m').unwrap_or((escape, ""));
        let colour =
            code.strip_prefix('[').is_some_and(|code| code.chars().all(|c| c.is_ascii_digit() || c == ';'));
        assert!(colour, "an escape that is no colour: {escape:?}");
    }
    insta::assert_snapshot!("terminal_hostile", text);
}
