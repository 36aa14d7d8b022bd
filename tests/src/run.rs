//! Running a program to its end, with a limit.

use std::{ffi::OsStr, fmt, io, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

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
/// The program can not be started, or was still running at the limit; the error then has everything it said until
/// then.
pub async fn to_end(mut command: Command, limit: Duration) -> anyhow::Result<Finished> {
    let shown = shown(&command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let begin = tokio::time::Instant::now();
    let mut child = command.spawn().map_err(|e| anyhow::anyhow!("`{shown}` does not start: {e}"))?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = tokio::time::timeout(limit, async {
        let (out, err) = tokio::join!(read(out, &mut stdout), read(err, &mut stderr));
        out.and(err)?;
        child.wait().await
    });
    let ended = ended.await;
    let finished = Finished {
        command: shown,
        code: ended.as_ref().ok().and_then(|status| status.as_ref().ok()?.code()),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
        duration: begin.elapsed(),
    };
    match ended {
        Ok(Ok(_)) => Ok(finished),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => anyhow::bail!("it was still running after {limit:?} and was killed:\n{finished}"),
    }
}

/// Reads a stream of a child to its end; what has come until then is kept when it is given up.
async fn read(stream: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> io::Result<()> {
    if let Some(mut stream) = stream {
        stream.read_to_end(into).await?;
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}
