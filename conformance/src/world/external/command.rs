//! Runs one command of the author: a deadline, a cap on what it prints, and an error that says what it did.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};

use crate::{report::one_line, world::WorldError};

/// Most bytes that are read of what a command prints.
const MOST_OUTPUT: u64 = 16 * 1024 * 1024;
/// Most characters of its standard error in a message.
const QUOTED: usize = 400;
/// Variable that tells a command for which check it is called.
const CHECK_VARIABLE: &str = "MACHINE_CONFORMANCE_CHECK";

/// One call of a command.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Key in the profile.
    pub(super) word: &'static str,
    /// Program and arguments, as the profile has them.
    pub(super) words: &'a [String],
    /// Machines, as further arguments.
    pub(super) machines: Vec<String>,
    /// Folder of the profile.
    pub(super) folder: &'a Path,
    /// Id of the check.
    pub(super) check: &'a str,
    /// Longest duration.
    pub(super) limit: Duration,
}

impl Call<'_> {
    /// Runs the command without input, and returns what it printed. It inherits the environment of the suite.
    pub(super) async fn output(&self) -> Result<String, WorldError> {
        let mut child = self.start()?;
        // A process of its own group, so that what a script has started ends with it.
        let _group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let stdout = read(child.stdout.take());
        let stderr = read(child.stderr.take());
        let ending = async { tokio::join!(stdout, stderr, child.wait()) };
        let (stdout, stderr, status) = tokio::time::timeout(self.limit, ending)
            .await
            .map_err(|_| self.error(&format!("did not end within {:.0} s", self.limit.as_secs_f64())))?;
        let said = String::from_utf8_lossy(&stderr);
        let status = status.map_err(|error| self.error(&format!("cannot be waited for: {error}")))?;
        if !status.success() {
            return Err(self.error(&format!("ended with {status}{}", last_words(&said))));
        }
        if stdout.len() as u64 >= MOST_OUTPUT {
            return Err(self.error(&format!("printed more than {} MiB", MOST_OUTPUT >> 20)));
        }
        String::from_utf8(stdout).map_err(|error| self.error(&format!("printed what is no UTF-8: {error}")))
    }

    fn start(&self) -> Result<Child, WorldError> {
        let (program, arguments) = self.words.split_first().ok_or_else(|| self.error("is empty"))?;
        // A name alone is looked up in PATH, anything else is relative to the profile.
        let program = if program.contains('/') {
            std::path::absolute(self.folder.join(program))
                .map_err(|error| self.error(&format!("has no usable path: {error}")))?
        } else {
            PathBuf::from(program)
        };
        let mut command = Command::new(&program);
        command
            .args(arguments)
            .args(&self.machines)
            .env(CHECK_VARIABLE, self.check)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if self.folder.as_os_str() != "" {
            command.current_dir(self.folder);
        }
        command.spawn().map_err(|error| self.error(&format!("does not start: {error}")))
    }

    /// An error about this call: the environment's fault, never the driver's.
    pub(super) fn error(&self, what: &str) -> WorldError {
        let words: Vec<&str> = self.words.iter().chain(&self.machines).map(String::as_str).collect();
        WorldError(format!(
            "the command \"{}\" of [provider.external] (`{}`) {what}",
            self.word,
            words.join(" ")
        ))
    }
}

/// Ends every process of a group when it goes.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Usually nobody is left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read until an error is what there is.
        let _ = stream.take(MOST_OUTPUT).read_to_end(&mut bytes).await;
    }
    bytes
}

/// The end of what a command wrote to standard error, for a message.
fn last_words(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.last() {
        Some(line) => format!(": {}", one_line(line, QUOTED)),
        None => ", and said nothing on standard error".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    async fn shell(script: &str, limit: Duration) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        let call = Call {
            word: "inventory",
            words: &words,
            machines: vec!["m1".to_owned()],
            folder: Path::new("/"),
            check: "a::check",
            limit,
        };
        call.output().await.map_err(|error| error.0)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn commands_get_the_machine_the_check_and_the_folder() {
        let printed = shell("echo \"$0 $MACHINE_CONFORMANCE_CHECK $PWD\"", LONG).await;
        assert_eq!(printed.unwrap(), "m1 a::check /\n");
    }

    #[tokio::test]
    async fn failures_say_what_the_command_said() {
        let failed = shell("echo first >&2; echo 'no such region' >&2; exit 3", LONG).await;
        assert_eq!(
            failed.unwrap_err(),
            "the command \"inventory\" of [provider.external] (`sh -c echo first >&2; echo 'no such region' >&2; \
             exit 3 m1`) ended with exit status: 3: no such region"
        );
        let silent = shell("exit 1", LONG).await.unwrap_err();
        assert!(silent.ends_with("and said nothing on standard error"), "{silent}");
        let binary = shell("printf '\\377'", LONG).await.unwrap_err();
        assert!(binary.contains("no UTF-8"), "{binary}");
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! >'{}'; wait", pid_file.display());
        // Under load the shell may be ended before it comes to its child.
        let mut child = None;
        for limit in [1, 4, 16, 64] {
            let late = shell(&script, Duration::from_secs(limit)).await.unwrap_err();
            assert!(late.ends_with(&format!("did not end within {limit} s")), "{late}");
            let written = std::fs::read_to_string(&pid_file).unwrap_or_default();
            child = written.trim().parse::<u32>().ok();
            if child.is_some() {
                break;
            }
        }
        let pid = child.unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        while !(state().is_empty() || state().contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let words = ["./no-such-program".to_owned()];
        let call = Call {
            word: "sweep",
            words: &words,
            machines: Vec::new(),
            folder: Path::new("/nowhere"),
            check: "",
            limit: LONG,
        };
        let error = call.output().await.unwrap_err().0;
        assert!(error.starts_with("the command \"sweep\""), "{error}");
        assert!(error.contains("does not start"), "{error}");
    }
}
