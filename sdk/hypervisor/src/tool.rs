//! Command-line programs that manage a hypervisor: called with a deadline, with patience for VMs that are busy, and again
//! where that is safe.
//!
//! ```
//! use machine_driver::{Context, Result, quoted};
//! use machine_driver_hypervisor::tool::{Call, Refusal, Tool};
//!
//! /// `acmectl: NAME: no such VM`
//! fn complaint(stderr: &str) -> Option<(Refusal, String)> {
//!     let reason = stderr.trim().strip_prefix("acmectl: ")?;
//!     let refusal = if reason.ends_with(": no such VM") { Refusal::Missing } else { Refusal::Other };
//!     Some((refusal, quoted(reason)))
//! }
//!
//! async fn start(vm: &str, cx: &Context) -> Result<()> {
//!     let acme = Tool::new("/usr/bin/acmectl", complaint, cx);
//!     Ok(acme.change(&Call::new("start the VM", &["start", vm])).await?)
//! }
//! ```

use std::{
    ffi::OsString,
    io::SeekFrom,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use machine_driver::{
    Context, Error, ErrorKind, Log, Result,
    wait::{Wait, Waits},
};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    process::Command,
};

/// The usual time for one call, and the pause before it is made again. Hypervisors take ten seconds for a trifle at
/// times.
pub const ANSWER: Wait = Wait::new("the program to end", Duration::from_secs(30), Duration::from_millis(250));
/// The same for a getter, which makes no more than two calls: it must end before hosts lose patience, after 10 s
/// (STATE-008).
pub const GETTER_ANSWER: Wait =
    Wait::new("the program to end", Duration::from_secs(4), Duration::from_millis(250));
/// An object that another call has in its hands.
const RELEASED: Wait =
    Wait::new("the hypervisor to release the VM", Duration::from_secs(60), Duration::from_millis(500));
/// Scaling waits down must not give up a VM that a slow machine still releases.
const SHORTEST_RELEASE: Duration = Duration::from_secs(3);
/// Longest pause before an object that another call has is asked for again; the pause doubles until then.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Calls until a failing read is given up (FAULT-001).
const TRIES: u32 = 4;
/// Calls until a silent one is given up.
const SILENT_TRIES: u32 = 2;
/// Longest output of a call that is read, in bytes.
const LONGEST_OUTPUT: u64 = 8 << 20;

/// One call of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is made"]
pub struct Call {
    purpose: &'static str,
    arguments: Vec<OsString>,
    within: Option<Wait>,
}

impl Call {
    /// A call with these arguments. `purpose` is what it does, as it reads after "cannot": `start the VM`.
    pub fn new(purpose: &'static str, words: &[&str]) -> Self {
        Self { purpose, arguments: Vec::new(), within: None }.words(words)
    }

    /// Adds arguments.
    pub fn words(mut self, words: &[&str]) -> Self {
        self.arguments.extend(words.iter().map(OsString::from));
        self
    }

    /// Adds a path as one argument, whatever its bytes are.
    pub fn path(mut self, path: &Path) -> Self {
        self.arguments.push(path.into());
        self
    }

    /// Gives the call its own deadline, for calls that move a guest or copy a disk. Without one the tool's holds.
    pub fn within(self, wait: Wait) -> Self {
        Self { within: Some(wait), ..self }
    }

    /// All arguments, in order.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }
}

/// What a program did not do, as far as it matters for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The object does not exist.
    Missing,
    /// Another call has the object for a moment; nothing was done.
    Locked,
    /// The object is there already.
    Taken,
    /// The program has no such command.
    Unknown,
    /// Anything else.
    Other,
}

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// For the driver.
    pub refusal: Refusal,
    /// For people.
    pub error: Error,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Reads what a program wrote to standard error: what it refuses, and why, as text for people. `None`: it complains of
/// nothing. The exit code does not tell with every program: some failures end with 0.
pub type Complaint = fn(stderr: &str) -> Option<(Refusal, String)>;

/// A program that manages a hypervisor, as one method of a driver uses it.
#[derive(Clone, Debug)]
pub struct Tool {
    program: PathBuf,
    complaint: Complaint,
    answer: Wait,
    waits: Waits,
    log: Log,
}

impl Tool {
    /// The program at a path, with a reader of its complaints, and [`ANSWER`] as the time for a call.
    pub fn new(program: impl Into<PathBuf>, complaint: Complaint, cx: &Context) -> Self {
        let (waits, log) = (cx.waits().clone(), cx.log().clone());
        Self { program: program.into(), complaint, answer: ANSWER, waits, log }
    }

    /// The same with little patience: [`GETTER_ANSWER`].
    #[must_use]
    pub fn for_getter(self) -> Self {
        Self { answer: GETTER_ANSWER, ..self }
    }

    /// Makes a call that only reads, again when it fails or `parse` does not understand it (FAULT-001). What is
    /// [missing](Refusal::Missing) or [unknown](Refusal::Unknown) is believed at once.
    ///
    /// # Errors
    /// The last failure, or that of `parse`.
    pub async fn read<T>(&self, call: &Call, parse: impl Fn(&str) -> Result<T>) -> Result<T, Failure> {
        let mut tries = 0;
        loop {
            tries += 1;
            let parsed = self.patiently(call, None).await.and_then(|stdout| {
                parse(&stdout).map_err(|error| Failure {
                    refusal: Refusal::Other,
                    error: error.with_operation(call.purpose),
                })
            });
            let failure = match parsed {
                Ok(value) => return Ok(value),
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

    /// Makes a call that changes something. It is made again only where the program says that nothing was done.
    ///
    /// # Errors
    /// Why it failed. After [`ErrorKind::Timeout`] it may have been done all the same.
    pub async fn change(&self, call: &Call) -> Result<(), Failure> {
        self.patiently(call, None).await.map(drop)
    }

    /// Like [`change`](Self::change), with bytes on standard input.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn feed(&self, call: &Call, input: &[u8]) -> Result<(), Failure> {
        self.patiently(call, Some(input)).await.map(drop)
    }

    /// Waits out another call that has the object (CONC-008, FAULT-002).
    async fn patiently(&self, call: &Call, input: Option<&[u8]>) -> Result<String, Failure> {
        let clock = self.waits.clock();
        let begun = clock.now();
        let patience = self.waits.scale(RELEASED.deadline).max(SHORTEST_RELEASE);
        let mut pause = self.waits.scale(RELEASED.interval);
        loop {
            let failure = match self.once(call, input).await {
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

    async fn once(&self, call: &Call, input: Option<&[u8]>) -> Result<String, Failure> {
        let deadline = self.waits.scale_answer(call.within.unwrap_or(self.answer).deadline);
        let output = tokio::select! {
            biased;
            outcome = self.run(call, input) => outcome.map_err(|error| {
                let text = format!("cannot {}: {} does not run", call.purpose, self.program.display());
                Error::new(ErrorKind::Io, text).with_source(&error)
            }),
            () = self.waits.clock().sleep(deadline) => {
                let seconds = deadline.as_secs_f64();
                let text = format!("cannot {}: {} did not end within {seconds:.1} s", call.purpose, self.name());
                Err(Error::new(ErrorKind::Timeout, text).retryable())
            }
        };
        let output = output.map_err(|error| Failure { refusal: Refusal::Other, error })?;
        let (refusal, reason) = match (self.complaint)(&output.stderr) {
            Some(complaint) => complaint,
            None if output.success => return Ok(output.stdout),
            // Usage goes to standard output.
            None => (Refusal::Other, format!("{} ended with {}", self.name(), output.status)),
        };
        let error = Error::new(ErrorKind::Provider, format!("cannot {}: {reason}", call.purpose));
        Err(Failure { refusal, error })
    }

    /// Runs the program; it is killed if the call is given up.
    async fn run(&self, call: &Call, input: Option<&[u8]>) -> std::io::Result<Output> {
        let mut command = Command::new(&self.program);
        command
            .args(&call.arguments)
            // Its texts are read here, and it may have translations.
            .envs(["LC_ALL", "LANG", "LANGUAGE"].map(|name| (name, "C")))
            .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
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

    fn name(&self) -> String {
        self.program.file_stem().unwrap_or(self.program.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The first file with the program's name in these folders, which are looked at in order.
pub fn find(program: &str, folders: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    folders.into_iter().map(|folder| folder.join(&name)).find(|file| file.is_file())
}

/// The end of a log of the hypervisor, at most this many bytes of it; empty if it cannot be read: it only adds to what is
/// known.
pub async fn end_of_log(path: &Path, bytes: u64) -> String {
    let read = async {
        let mut file = File::open(path).await?;
        let length = file.metadata().await?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes))).await?;
        text(Some(file)).await
    };
    read.await.unwrap_or_default()
}

struct Output {
    status: String,
    success: bool,
    stdout: String,
    stderr: String,
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
#[path = "tests/tool.rs"]
mod tests;
