//! A command that goes on running while a test talks to it.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::watch,
};

/// A run of the suite on a loaded machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A process of which every line is kept. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: ChildStdin,
    said: watch::Receiver<String>,
}

impl Running {
    /// Starts a program in a furnished folder, with what it says on both streams in one text.
    ///
    /// # Errors
    ///
    /// The program can not be started.
    pub fn start(folder: &Path, program: &str, words: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(words)
            .current_dir(folder)
            .env("PATH", crate::shell::path(folder)?)
            .env("NO_COLOR", "1")
            // What is left on purpose goes away with the folder.
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("`{program}` does not start"))?;
        let (sender, said) = watch::channel(String::new());
        let sender = Arc::new(sender);
        collect(child.stdout.take(), Arc::clone(&sender));
        collect(child.stderr.take(), sender);
        let input = child.stdin.take().context("the process has no input")?;
        Ok(Self { child, input, said })
    }

    /// Everything that was said so far.
    pub fn said(&self) -> String {
        self.said.borrow().clone()
    }

    /// Waits until `text` was said `times` times.
    ///
    /// # Errors
    ///
    /// It did not come in time, or the process ended without it.
    pub async fn says(&mut self, text: &str, times: usize) -> anyhow::Result<()> {
        let enough = |said: &String| said.matches(text).count() >= times;
        let waited = tokio::time::timeout(LIMIT, self.said.wait_for(enough)).await;
        // Without the text, which may still be written.
        match waited.map(|found| found.map(drop)) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => bail!("the process ended without {text:?}:\n{}", self.said()),
            Err(_) => bail!("{text:?} did not come within {LIMIT:?}:\n{}", self.said()),
        }
    }

    /// Types a line.
    ///
    /// # Errors
    ///
    /// The process reads no longer.
    pub async fn line(&mut self, text: &str) -> anyhow::Result<()> {
        self.input.write_all(format!("{text}\n").as_bytes()).await?;
        Ok(self.input.flush().await?)
    }

    /// Presses Ctrl-C.
    ///
    /// # Errors
    ///
    /// The process has ended already.
    pub async fn interrupt(&self) -> anyhow::Result<()> {
        let id = self.child.id().context("the process has ended")?.to_string();
        let status = Command::new("sh").args(["-c", "kill -INT \"$1\"", "sh", &id]).status().await?;
        anyhow::ensure!(status.success(), "process {id} can not be interrupted");
        Ok(())
    }

    /// Waits for the end; the exit status, and everything that was said.
    ///
    /// # Errors
    ///
    /// It is still running at the limit.
    pub async fn end(mut self) -> anyhow::Result<(Option<i32>, String)> {
        drop(self.input);
        let status = tokio::time::timeout(LIMIT, self.child.wait())
            .await
            .with_context(|| format!("still running after {LIMIT:?}:\n{}", self.said.borrow().clone()))??;
        // Both readers end with the streams; then the channel is closed.
        while self.said.changed().await.is_ok() {}
        let said = self.said.borrow().clone();
        Ok((status.code(), said))
    }
}

fn collect(stream: Option<impl AsyncRead + Unpin + Send + 'static>, to: Arc<watch::Sender<String>>) {
    let Some(stream) = stream else { return };
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(stream.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
            to.send_modify(|said| said.push_str(&String::from_utf8_lossy(&line)));
            line.clear();
        }
    });
}
