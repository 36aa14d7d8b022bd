//! Processes and their children, as the system lists them.

use std::collections::BTreeMap;

/// A process: what it was started with.
pub(crate) type CommandLine = String;

/// Descendants of the process `root`, by process id, with their command lines.
///
/// `None` where the system does not list children under `/proc`.
pub(crate) fn descendants(root: u32) -> Option<BTreeMap<u32, CommandLine>> {
    if !std::path::Path::new("/proc/thread-self/children").exists() {
        return None;
    }
    let mut found = BTreeMap::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children(parent) {
            if let Some(command_line) = command_line(child)
                && found.insert(child, command_line).is_none()
            {
                open.push(child);
            }
        }
    }
    Some(found)
}

/// Descendants of the children of this process: what the drivers under test have started, but not the drivers
/// themselves. Children that this process started for itself have none.
pub(crate) fn started_by_drivers() -> Option<BTreeMap<u32, CommandLine>> {
    descendants(std::process::id())?;
    Some(children(std::process::id()).into_iter().filter_map(descendants).flatten().collect())
}

/// Whether a process still runs: it is listed with the same command line, and has not only its exit status left.
pub(crate) fn is_running(pid: u32, was: &CommandLine) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X')) && command_line(pid).is_some_and(|now| now == *was)
}

/// How far a process has read the file that is its standard input; `None` where the system does not say.
pub(crate) fn read_position_of_stdin(pid: u32) -> Option<u64> {
    let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/0")).ok()?;
    info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()
}

/// Children of all threads of a process. A process that has ended has none.
fn children(parent: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{parent}/task"));
    threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The command line, or the name of a program that ends right now and has no command line any more.
fn command_line(pid: u32) -> Option<CommandLine> {
    let read = |what: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{what}")).ok()?;
        let text = String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned();
        Some(text).filter(|text| !text.is_empty())
    };
    read("cmdline").or_else(|| read("comm"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn children_are_found_until_they_end() {
        // A shell that waits for its input, with a child that does too.
        let mut shell = Command::new("sh")
            .args(["-c", "cat marker-argument - 2>/dev/null; exit 0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let found = loop {
            let all = descendants(std::process::id()).unwrap();
            if let Some((pid, line)) = all.iter().find(|(_, line)| line.starts_with("cat marker-argument")) {
                assert!(all.contains_key(&shell.id()));
                break (*pid, line.clone());
            }
            std::thread::yield_now();
        };
        assert!(is_running(found.0, &found.1));
        assert!(!is_running(found.0, &"other".to_owned()));
        drop(shell.stdin.take());
        shell.wait().unwrap();
        assert!(!is_running(found.0, &found.1));
    }

    #[test]
    fn the_read_position_shows_whether_input_was_read() {
        let mut input = tempfile::NamedTempFile::new().unwrap();
        input.write_all(b"one\ntwo\n").unwrap();
        let open = || std::fs::File::open(input.path()).unwrap();
        let mut idle = Command::new("sleep").arg("60").stdin(open()).spawn().unwrap();
        assert_eq!(read_position_of_stdin(idle.id()), Some(0));
        idle.kill().unwrap();
        idle.wait().unwrap();
        let mut reader = Command::new("sh")
            .args(["-c", "read line; echo; sleep 60"])
            .stdin(open())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        std::io::Read::read_exact(reader.stdout.as_mut().unwrap(), &mut line).unwrap();
        assert!(read_position_of_stdin(reader.id()).unwrap() > 0);
        reader.kill().unwrap();
        reader.wait().unwrap();
    }
}
