//! CPU time of child processes.

use anyhow::Context;

/// Ticks per second in `/proc`: fixed for programs, whatever the kernel counts with.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds, user and system, of all ended and reaped children of this process and of theirs; `None` outside
/// Linux.
pub(super) fn seconds_of_children() -> anyhow::Result<Option<f64>> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat")?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat has no program name")?;
    let ticks = |index: usize| -> anyhow::Result<f64> {
        Ok(fields.split_whitespace().nth(index).context("/proc/self/stat is too short")?.parse()?)
    };
    // cutime and cstime, the 16th and 17th field of the line.
    Ok(Some((ticks(13)? + ticks(14)?) / TICKS_PER_SECOND))
}
