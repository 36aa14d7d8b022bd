//! `--pause-on-failure`: a failed check waits for the user before it is cleaned up.

use std::io::{self, BufRead, IsTerminal};

use async_trait::async_trait;
use tokio::sync::{Mutex, mpsc};

use crate::{command_line::failure::Failure, engine::Pause, event::CheckResult, report::finding_text};

/// Waits for the Enter key, for one check at a time.
#[derive(Debug)]
pub(super) struct AtTerminal {
    lines: Mutex<mpsc::UnboundedReceiver<()>>,
    width: usize,
}

impl AtTerminal {
    /// Reads from standard input from now on.
    pub(super) fn new(width: usize) -> Result<Self, Failure> {
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(
                "--pause-on-failure waits for the Enter key, but standard input is no terminal",
            )
            .help("--keep leaves the machines of all checks until Ctrl-C"));
        }
        Ok(Self::reading(io::BufReader::new(io::stdin()), width))
    }

    fn reading(input: impl BufRead + Send + 'static, width: usize) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        // A thread of its own: reading cannot be cancelled, and must not keep the runtime from ending.
        std::thread::spawn(move || {
            for line in input.lines() {
                if line.is_err() || sender.send(()).is_err() {
                    break;
                }
            }
        });
        Self { lines: Mutex::new(receiver), width }
    }
}

#[async_trait]
impl Pause for AtTerminal {
    #[expect(clippy::print_stderr, reason = "a question to the user, while the run goes on")]
    async fn failed(&self, result: &CheckResult, left: &[String]) {
        let mut lines = self.lines.lock().await;
        // Keys that were pressed before the question are no answer.
        while lines.try_recv().is_ok() {}
        eprintln!("{}", finding_text(result, self.width));
        for line in left {
            eprintln!("  {line}");
        }
        eprintln!("\n{} is paused before it is cleaned up; press Enter to go on.", result.id);
        // At the end of the input nobody can answer any more.
        let _ = lines.recv().await;
    }
}
