use std::{path::PathBuf, process::Stdio, sync::OnceLock, time::Duration};

use machine_driver::{
    Context, Error, ErrorKind, Log, Result,
    wait::{Wait, Waits},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command as Process,
};

use crate::{
    answer::{self, Info, Refusal},
    command::{self, Command, Work},
    locate::{self, Platform},
};

/// One call, and the pause before it is made again. Real VirtualBox sometimes takes ten seconds for a trifle.
const ANSWER: Wait = Wait::new("VBoxManage to end", Duration::from_secs(30), Duration::from_millis(250));
/// The same for a getter, which makes no more than two of them: it must end before hosts lose patience, after 10 s
/// (STATE-008).
const GETTER_ANSWER: Wait =
    Wait::new("VBoxManage to end", Duration::from_secs(4), Duration::from_millis(250));
/// A call that moves a guest.
const GUEST_ANSWER: Wait =
    Wait::new("VBoxManage to end its work", Duration::from_secs(120), Duration::from_millis(250));
/// A call that copies a disk.
const DISK_ANSWER: Wait =
    Wait::new("VBoxManage to copy a disk", Duration::from_secs(300), Duration::from_millis(250));
/// A VM that another call has in its hands: VBoxManage itself never waits.
const UNLOCKED: Wait =
    Wait::new("VirtualBox to release the VM", Duration::from_secs(60), Duration::from_millis(500));
/// Scaling waits down must not give up a VM that a slow machine still releases.
const SHORTEST_LOCK: Duration = Duration::from_secs(3);
/// Longest pause before a VM that another call has is asked for again; the pause doubles until then.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Calls until a failing read is given up (FAULT-001).
const TRIES: u32 = 4;
/// Calls until a silent one is given up.
const SILENT_TRIES: u32 = 2;
/// Longest output of a call that is read.
const LONGEST_OUTPUT: u64 = 8 << 20;

/// A way to VirtualBox for one method of the driver.
#[derive(Clone, Debug)]
pub(crate) struct VBoxManage {
    program: PathBuf,
    /// The wait for a call that reads or writes settings.
    answer: Wait,
    waits: Waits,
    log: Log,
}

/// Why one call failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) refusal: Refusal,
    pub(crate) error: Error,
}

impl VBoxManage {
    /// # Errors
    /// If there is no VBoxManage on this computer.
    pub(crate) fn new(cx: &Context) -> Result<Self> {
        static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
        let found = PROGRAM.get_or_init(|| {
            locate::vboxmanage(Platform::THIS, |name| std::env::var_os(name), |file| file.is_file())
        });
        let program = found.clone().ok_or_else(|| {
            let text =
                "cannot run VBoxManage: it is not in PATH; install VirtualBox, or add its folder to PATH";
            Error::new(ErrorKind::Provider, text)
        })?;
        Ok(Self::at(program, cx))
    }

    fn at(program: PathBuf, cx: &Context) -> Self {
        let (waits, log) = (cx.waits().clone(), cx.log().clone());
        Self { program, answer: ANSWER, waits, log }
    }

    /// The same with little patience.
    pub(crate) fn for_getter(self) -> Self {
        Self { answer: GETTER_ANSWER, ..self }
    }

    /// Makes a call that only reads, again whenever it fails (FAULT-001).
    ///
    /// # Errors
    /// The last failure, or that of `parse`.
    pub(crate) async fn read<T>(
        &self,
        command: &Command,
        parse: impl Fn(&str) -> Result<T>,
    ) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.patiently(command, None).await {
                Ok(stdout) => match parse(&stdout) {
                    Ok(value) => return Ok(value),
                    Err(error) => {
                        Failure { refusal: Refusal::Other, error: error.with_operation(command.purpose) }
                    }
                },
                Err(failure) => failure,
            };
            let silent = failure.error.kind() == ErrorKind::Timeout;
            let most = if silent { SILENT_TRIES } else { TRIES };
            if matches!(failure.refusal, Refusal::Missing | Refusal::Unknown) || tries >= most {
                return Err(failure);
            }
            self.log.debug(format!("{}; trying again", failure.error));
            self.waits.pause(&ANSWER).await;
        }
    }

    /// Makes a call that changes something. It is made again only where VirtualBox says that nothing was done.
    pub(crate) async fn change(&self, command: &Command) -> Result<(), Failure> {
        self.patiently(command, None).await.map(drop)
    }

    /// Like [`change`](Self::change), with standard input.
    pub(crate) async fn feed(&self, command: &Command, input: &[u8]) -> Result<(), Failure> {
        self.patiently(command, Some(input)).await.map(drop)
    }

    /// The VM as it is now; `None` if there is none.
    pub(crate) async fn info(&self, vm: &str) -> Result<Option<Info>> {
        match self.read(&command::show(vm), Info::parse).await {
            Ok(info) => Ok(Some(info)),
            Err(failure) if failure.refusal == Refusal::Missing => Ok(None),
            Err(failure) => Err(failure.error),
        }
    }

    /// Waits out another call that has the VM (CONC-008, FAULT-002).
    async fn patiently(&self, command: &Command, input: Option<&[u8]>) -> Result<String, Failure> {
        let clock = self.waits.clock();
        let begun = clock.now();
        let patience = self.waits.scale(UNLOCKED.deadline).max(SHORTEST_LOCK);
        let mut pause = self.waits.scale(UNLOCKED.interval);
        loop {
            let failure = match self.once(command, input).await {
                Err(failure) if failure.refusal == Refusal::Locked => failure,
                outcome => return outcome,
            };
            if clock.now().duration_since(begun) >= patience {
                return Err(failure);
            }
            clock.sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once(&self, command: &Command, input: Option<&[u8]>) -> Result<String, Failure> {
        let wait = match command.work {
            Work::Settings => self.answer,
            Work::Guest => GUEST_ANSWER,
            Work::Disk => DISK_ANSWER,
        };
        let deadline = self.waits.scale_answer(wait.deadline);
        let outcome = tokio::select! {
            biased;
            outcome = self.run(command, input) => outcome.map_err(|error| {
                let text = format!("cannot {}: {} does not run", command.purpose, self.program.display());
                Error::new(ErrorKind::Io, text).with_source(&error)
            }),
            () = self.waits.clock().sleep(deadline) => {
                let seconds = deadline.as_secs_f64();
                let text = format!("cannot {}: VBoxManage did not end within {seconds:.1} s", command.purpose);
                Err(Error::new(ErrorKind::Timeout, text).retryable())
            }
        };
        match outcome {
            Ok(output) => output.judge(command.purpose),
            Err(error) => Err(Failure { refusal: Refusal::Other, error }),
        }
    }

    /// Runs VBoxManage; it is killed if the call is given up.
    async fn run(&self, command: &Command, input: Option<&[u8]>) -> std::io::Result<Output> {
        let mut process = Process::new(&self.program);
        process
            .args(&command.arguments)
            // Its texts are read here, and it has translations.
            .envs(["LC_ALL", "LANG", "LANGUAGE"].map(|name| (name, "C")))
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = process.spawn()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feeding = async {
            if let (Some(mut stdin), Some(input)) = (stdin, input) {
                // Whoever ends without reading all of it says why on standard error.
                let _ = stdin.write_all(input).await;
                let _ = stdin.shutdown().await;
            }
        };
        let ((), stdout, stderr, status) = tokio::join!(feeding, text(stdout), text(stderr), child.wait());
        let status = status?;
        Ok(Output { status: status.to_string(), success: status.success(), stdout: stdout?, stderr: stderr? })
    }
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Output {
    status: String,
    success: bool,
    stdout: String,
    stderr: String,
}

impl Output {
    fn judge(self, purpose: &str) -> Result<String, Failure> {
        let (refusal, reason) = match answer::refusal(&self.stderr) {
            Some(refused) => refused,
            None if self.success => return Ok(self.stdout),
            // Usage goes to standard output.
            None => (Refusal::Other, format!("VBoxManage ended with {}", self.status)),
        };
        let error = Error::new(ErrorKind::Provider, format!("cannot {purpose}: {reason}"));
        Err(Failure { refusal, error })
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

#[cfg(test)]
#[path = "tests/vboxmanage.rs"]
mod tests;
