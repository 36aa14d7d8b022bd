#![allow(clippy::unwrap_used)]

use std::{path::Path, sync::Arc, time::Instant};

use machine_driver::{BoxFuture, wait::Clock};

use super::*;

const MISSING: &str = "error: no such VM";
const LOCKED: &str = "error: locked";

fn complaint(stderr: &str) -> Option<(Refusal, String)> {
    let reason = stderr.trim().strip_prefix("error: ")?;
    let refusal = match reason {
        "no such VM" => Refusal::Missing,
        "locked" => Refusal::Locked,
        _ => Refusal::Other,
    };
    Some((refusal, reason.to_owned()))
}

/// Understands nothing.
fn nothing(_: &str) -> Result<()> {
    Err(Error::new(ErrorKind::Provider, "VMState is missing"))
}

/// A hundred times as fast as the system's.
#[derive(Debug)]
struct FastClock(Instant);

impl Clock for FastClock {
    fn now(&self) -> Instant {
        self.0 + self.0.elapsed() * 100
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration / 100))
    }
}

/// A shell stands for the program; what it runs is the arguments.
fn shell(clock: Option<FastClock>) -> Tool {
    let waits = match clock {
        Some(clock) => Waits::with_clock(Arc::new(clock)),
        None => Waits::default().scaled(0.01),
    };
    let cx = Context::new(Log::discard(), waits, |_| {});
    Tool::new("/bin/sh", complaint, &cx)
}

fn script(text: &str) -> Call {
    Call::new("do it", &["-c", text])
}

/// Counts its calls in a file; the first `failures` of them say `error`.
fn failing(count: &Path, failures: u32, error: &str) -> Call {
    script(&format!(
        "echo x >> '{0}'; if [ $(wc -l < '{0}') -le {failures} ]; then echo \"{error}\" >&2; exit 1; fi; echo done",
        count.display()
    ))
}

fn calls(count: &Path) -> usize {
    std::fs::read_to_string(count).unwrap().lines().count()
}

#[tokio::test]
async fn reads_are_repeated_and_changes_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (reads, changes) = (folder.path().join("reads"), folder.path().join("changes"));
    let error = "error: The object is not ready";
    let tool = shell(None);
    let read = tool.read(&failing(&reads, 2, error), |stdout| Ok(stdout.to_owned())).await;
    assert_eq!(read.unwrap(), "done\n");
    assert_eq!(calls(&reads), 3);
    let failure = tool.change(&failing(&changes, 1, error)).await.unwrap_err();
    assert_eq!(failure.error.to_string(), "cannot do it: The object is not ready");
    assert_eq!(calls(&changes), 1);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let tool = shell(None);
    let command = script(&format!("echo x >> '{}'; echo '<html>'", count.display()));
    let error = tool.read(&command, nothing).await.unwrap_err().error.to_string();
    assert!(error.contains("VMState"), "{error}");
    assert_eq!(calls(&count), TRIES as usize);
}

#[tokio::test]
async fn a_missing_vm_is_believed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    let failure = shell(None).read(&failing(&count, 9, MISSING), nothing).await.unwrap_err();
    assert_eq!(failure.refusal, Refusal::Missing);
    assert_eq!(calls(&count), 1);
}

#[tokio::test]
async fn a_lock_is_waited_out_by_changes_too() {
    let folder = tempfile::tempdir().unwrap();
    let count = folder.path().join("count");
    shell(None).change(&failing(&count, 3, LOCKED)).await.unwrap();
    assert_eq!(calls(&count), 4);
}

#[tokio::test]
async fn the_exit_code_and_the_words_both_count() {
    let tool = shell(None);
    let said = tool.change(&script("echo 'error: Invalid NIC number 9' >&2")).await;
    assert!(said.unwrap_err().error.to_string().contains("Invalid NIC number 9"));
    let silent = tool.change(&script("echo Usage; exit 2")).await.unwrap_err().error.to_string();
    assert!(silent.contains("exit status: 2"), "{silent}");
    tool.change(&script("echo 'warning: strange' >&2")).await.unwrap();
    let missing = Tool { program: "/no/such/VBoxManage".into(), ..tool };
    let error = missing.change(&script("")).await.unwrap_err().error.to_string();
    assert!(error.contains("/no/such/VBoxManage"), "{error}");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_killed() {
    let tool = shell(Some(FastClock(Instant::now())));
    let failure = tool.read(&script("exec sleep 600"), nothing).await.unwrap_err();
    assert_eq!(failure.error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_getter_gives_up_before_hosts_do() {
    let tool = shell(Some(FastClock(Instant::now()))).for_getter();
    let failure = tool.read(&script("exec sleep 600"), nothing).await.unwrap_err();
    let text = failure.error.to_string();
    assert!(text.contains("within 4.0 s"), "{text}");
    let longest = (GETTER_ANSWER.deadline + GETTER_ANSWER.interval) * SILENT_TRIES;
    assert!(longest < Duration::from_secs(10), "{longest:?}");
}

#[tokio::test]
async fn input_is_fed_and_texts_are_english() {
    let tool = shell(None);
    tool.feed(&script("test \"$(cat)\" = key || exit 1"), b"key").await.unwrap();
    // Input that is not read is no error.
    tool.feed(&script("exit 0"), &vec![0; 1 << 20]).await.unwrap();
    let language = tool.read(&script("echo $LC_ALL"), |stdout| Ok(stdout.to_owned())).await;
    assert_eq!(language.unwrap(), "C\n");
}

#[tokio::test]
async fn the_end_of_a_log_is_enough_and_none_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    assert_eq!(end_of_log(&path, 4).await, "");
    std::fs::write(&path, "begin, end").unwrap();
    assert_eq!(end_of_log(&path, 3).await, "end");
    assert_eq!(end_of_log(&path, 1 << 10).await, "begin, end");
}

#[test]
fn programs_are_found_in_the_order_of_the_folders() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("1"), folder.path().join("2"));
    let name = format!("tool{}", std::env::consts::EXE_SUFFIX);
    let found = || find("tool", [first.clone(), second.clone()]);
    for path in [&first, &second] {
        std::fs::create_dir(path).unwrap();
    }
    assert_eq!(found(), None);
    std::fs::write(second.join(&name), "").unwrap();
    assert_eq!(found(), Some(second.join(&name)));
    std::fs::write(first.join(&name), "").unwrap();
    assert_eq!(found(), Some(first.join(&name)));
}
