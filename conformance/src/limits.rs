//! Every limit and wait of the suite, named and scaled in one place.
//!
//! The numbers are libmachine's (60 polls of 3 s after a power call, 10 s for `ls`, ...). Against a mock, whose
//! machines boot in milliseconds, the waits for machines shrink by the world's pace; limits on calls, which only a
//! hanging driver reaches, do not.

use std::{sync::Arc, time::Duration};

use machine_driver::wait::{Wait, WaitObserver, Waits};

use crate::recorder::Recorder;

/// Named limits and waits of a run.
#[derive(Clone, Debug)]
pub struct Limits {
    machine: Waits,
    call: Waits,
}

/// Longest a method may take that only reads (STATE-008: hosts give up after 10 s).
const GETTER: Wait = Wait::new("an answer", Duration::from_secs(10), Duration::from_millis(10));
/// Longest a method may take that changes the machine.
const OPERATION: Wait =
    Wait::new("the operation to end", Duration::from_secs(15 * 60), Duration::from_millis(10));
/// Settle window after a power call: 60 polls of 3 s.
const SETTLE: Wait =
    Wait::new("the machine to reach the state", Duration::from_secs(180), Duration::from_secs(3));
/// Time until SSH must answer: 60 tries of 3 s.
const SSH: Wait = Wait::new("SSH to answer", Duration::from_secs(180), Duration::from_secs(3));
/// Time in which a process must end after `Close`.
const EXIT: Wait = Wait::new("the process to end", Duration::from_secs(5), Duration::from_millis(10));
/// Time in which a process must end without heartbeats: 10 s, and as much again as tolerance (PLUG-005).
const ORPHAN: Wait =
    Wait::new("the orphaned process to end", Duration::from_secs(20), Duration::from_millis(50));
/// Shortest time that an orphaned process gets before anything is concluded.
const CHECK: Wait = Wait::new("the check to end", Duration::from_secs(30 * 60), Duration::from_millis(10));

/// Longest time for a sweep: hundreds of cases, each with limits of its own.
const SWEEP: Wait =
    Wait::new("the sweep to end", Duration::from_secs(4 * 60 * 60), Duration::from_millis(10));
/// Longest time for one command of a host; `create` provisions the machine.
const HOST_COMMAND: Wait =
    Wait::new("the host's command to end", Duration::from_secs(15 * 60), Duration::from_millis(10));
/// Longest time for the checks that go through a host, a dozen commands each.
const STORY: Wait = Wait::new("the story to end", Duration::from_secs(60 * 60), Duration::from_millis(10));
/// Time until the provider shows what a failed operation has undone.
const UNDONE: Wait =
    Wait::new("the provider to show the roll-back", Duration::from_secs(15), Duration::from_secs(1));
/// Time in which the last lines of an ended process are read.
const OUTPUT: Wait =
    Wait::new("the last lines of the process", Duration::from_secs(2), Duration::from_millis(30));
/// Longest time until the address line, as hosts have it (PLUG-002).
const ADDRESS: Wait = Wait::new("the address line", Duration::from_secs(10), Duration::from_millis(10));
/// Longest time until a heartbeat is answered: hosts send the next one 5 s later (PLUG-009). Between two probes of
/// a busy process lies the interval.
const PROBE: Wait =
    Wait::new("an answer beside a long call", Duration::from_secs(5), Duration::from_millis(5));
/// How long a check keeps the provider's rate limit up; no wait for machines, because providers count in real time.
const RATE_LIMITED: Wait =
    Wait::new("the end of the rate limit", Duration::from_millis(2500), Duration::from_millis(10));
/// How often processes and their children are looked at.
const SAMPLE: Wait = Wait::new("the next look", Duration::from_secs(1), Duration::from_millis(2));

impl Limits {
    /// Limits for a world whose machines live at `pace` (1 for a real provider, less for a mock), all scaled by
    /// the user's `factor`.
    pub fn new(pace: f64, factor: f64) -> Self {
        Self { machine: Waits::default().scaled(pace * factor), call: Waits::default().scaled(factor) }
    }

    /// The same limits; `recorder` notes the waits of which much was needed.
    #[must_use]
    pub(crate) fn observed_by(self, recorder: Recorder) -> Self {
        let observer: Arc<dyn WaitObserver> = Arc::new(recorder);
        Self {
            machine: self.machine.observed_by(Arc::clone(&observer)),
            call: self.call.observed_by(observer),
        }
    }

    /// Longest duration of a method that only reads.
    pub fn getter(&self) -> Duration {
        self.call.scale(GETTER.deadline)
    }

    /// Longest duration of a method that changes the machine. Never under 20 s: a mock is fast, its machine may be busy.
    pub fn operation(&self) -> Duration {
        self.machine.scale(OPERATION.deadline).max(self.call.scale(Duration::from_secs(20)))
    }

    /// Longest duration of one check.
    pub fn check(&self) -> Duration {
        self.machine.scale(CHECK.deadline).max(self.call.scale(Duration::from_secs(120)))
    }

    /// Longest duration of a sweep; its cases are limited by those of their calls.
    pub fn sweep(&self) -> Duration {
        self.call.scale(SWEEP.deadline)
    }

    /// Longest duration of one command of a host. Hosts poll every 3 s, whatever the world's pace is.
    pub fn host_command(&self) -> Duration {
        self.call.scale(HOST_COMMAND.deadline)
    }

    /// Longest duration of a check that goes through a host.
    pub fn story(&self) -> Duration {
        self.call.scale(STORY.deadline)
    }

    /// The wait for the inventory after an operation that failed.
    pub fn undone(&self) -> Wait {
        UNDONE
    }

    /// How fast machines live here, compared with those of a real provider.
    pub fn pace(&self) -> f64 {
        self.machine.scale(Duration::from_secs(1)).as_secs_f64()
    }

    /// Waits for machines.
    pub fn machine_waits(&self) -> &Waits {
        &self.machine
    }

    /// Waits for processes.
    pub fn process_waits(&self) -> &Waits {
        &self.call
    }

    /// The settle window after a power call. Polls at least every 3 s (scaled), like libmachine.
    pub fn settle(&self) -> Wait {
        SETTLE
    }

    /// The wait for SSH.
    pub fn ssh(&self) -> Wait {
        SSH
    }

    /// The wait for the end of a closed process.
    pub fn exit(&self) -> Wait {
        EXIT
    }

    /// The wait for the end of a process without heartbeats.
    pub fn orphan(&self) -> Wait {
        ORPHAN
    }

    /// The wait for the last lines of an ended process.
    pub fn output(&self) -> Wait {
        OUTPUT
    }

    /// The wait for the address line of a plugin.
    pub fn address(&self) -> Wait {
        ADDRESS
    }

    /// The wait for an answer beside a long call.
    pub fn probe(&self) -> Wait {
        PROBE
    }

    /// Time for which the provider limits the rate of calls.
    pub fn rate_limited(&self) -> Duration {
        RATE_LIMITED.deadline
    }

    /// The pause between two looks at the processes of a driver.
    pub fn sample(&self) -> Wait {
        SAMPLE
    }
}

impl WaitObserver for Recorder {
    fn waited(&self, wait: &Wait, took: Duration, limit: Duration, in_time: bool) {
        Self::waited(self, wait.name, took, limit, in_time);
    }
}
