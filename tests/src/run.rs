//! Running a program to its end, with a limit.

use std::{ffi::OsStr, fmt, process::Stdio, time::Duration};

use tokio::process::Command;

/// What a program did.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Executable and arguments, for messages.
    pub command: String,
    /// Exit status; `None` when a signal ended the program.
    pub code: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
    /// From start to end.
    pub duration: Duration,
}

impl Finished {
    /// Lines of standard output.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// The same, if the exit status is as expected.
    ///
    /// # Panics
    ///
    /// With everything the program said, when the exit status is another one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.code == Some(code), "exit status {code} expected\n{self}");
        self
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.command)?;
        for (mark, text) in [("out", &self.stdout), ("err", &self.stderr)] {
            for line in text.lines() {
                writeln!(f, "{mark}| {line}")?;
            }
        }
        match self.code {
            Some(code) => write!(f, "exit status {code} after {:?}", self.duration),
            None => write!(f, "ended by a signal after {:?}", self.duration),
        }
    }
}

/// Runs the command without input; it is killed at the limit.
///
/// # Errors
///
/// The program can not be started, or was still running at the limit.
pub async fn to_end(mut command: Command, limit: Duration) -> anyhow::Result<Finished> {
    let shown = shown(&command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let begin = tokio::time::Instant::now();
    let child = command
        .spawn()
        .map_err(|e| anyhow::anyhow!("`{shown}` does not start: {e}"))?;
    let output = tokio::time::timeout(limit, child.wait_with_output())
        .await
        .map_err(|_| anyhow::anyhow!("`{shown}` was still running after {limit:?} and was killed"))??;
    Ok(Finished {
        command: shown,
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        duration: begin.elapsed(),
    })
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}
