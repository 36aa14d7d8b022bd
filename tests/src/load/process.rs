//! Processor time and memory of a process and its descendants. Linux only.

use std::fs;

use anyhow::Context;

/// Ticks per second in `/proc/PID/stat`: fixed for programs, whatever the kernel counts with.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process and everything that it started.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    root: u32,
}

impl Processes {
    /// The tree below this process id.
    pub fn below(root: u32) -> Self {
        Self { root }
    }

    /// Processor time in seconds, user and system, since each process began.
    ///
    /// # Errors
    ///
    /// The process has ended, or the system has no `/proc`.
    pub fn cpu_seconds(&self) -> anyhow::Result<f64> {
        let mut sum = 0.0;
        for process in self.all()? {
            sum += of_process(process).unwrap_or_default().max(of_threads(process));
        }
        Ok(sum)
    }

    /// Memory in megabytes that is in use and not swapped out.
    ///
    /// # Errors
    ///
    /// As of [`cpu_seconds`](Self::cpu_seconds).
    pub fn resident_megabytes(&self) -> anyhow::Result<f64> {
        let mut kilobytes = 0.0;
        for process in self.all()? {
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            kilobytes += line
                .and_then(|line| line.split_whitespace().next())
                .and_then(|number| number.parse::<f64>().ok())
                .unwrap_or_default();
        }
        Ok(kilobytes / 1024.0)
    }

    fn all(&self) -> anyhow::Result<Vec<u32>> {
        let tasks = format!("/proc/{}/task", self.root);
        fs::read_dir(&tasks).with_context(|| format!("the measured process has ended: no {tasks}"))?;
        let mut processes = vec![self.root];
        let mut next = 0;
        while let Some(&process) = processes.get(next) {
            next += 1;
            for thread in threads(process) {
                let path = format!("/proc/{process}/task/{thread}/children");
                let children = fs::read_to_string(path).unwrap_or_default();
                processes.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
            }
        }
        Ok(processes)
    }
}

fn threads(process: u32) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned())
}

/// In ticks, with the time of threads that have ended.
fn of_process(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // utime and stime, the 14th and 15th field of the line.
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// In nanoseconds, but only of threads that are still there.
fn of_threads(process: u32) -> f64 {
    let nanoseconds = |thread: String| {
        let text = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    };
    threads(process).filter_map(nanoseconds).sum::<f64>() / 1e9
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_both() {
        let own = Processes::below(std::process::id());
        let before = own.cpu_seconds().unwrap();
        let mut sum = 0_u64;
        while own.cpu_seconds().unwrap() - before < 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(own.resident_megabytes().unwrap() > 1.0);
    }

    #[test]
    fn a_process_that_has_ended_is_an_error() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = Processes::below(child.id());
        child.wait().unwrap();
        assert!(gone.cpu_seconds().is_err());
    }
}
