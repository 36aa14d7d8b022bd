//! Log lines.

use machine_driver::plugin::OutputStream;

use super::{
    life::{live, live_if_alone},
    raw,
};
use crate::check::{Check, Need, Stop};

/// Most bytes of a line that hosts read: the buffer of their line scanner is 64 KiB with the line's end.
const LONGEST: usize = (64 << 10) - 1;

pub(super) const GO_TO_THE_RIGHT_STREAM: Check = Check {
    id: "plugin::lines_go_to_the_right_stream",
    title: "Lines for the user go to standard output, lines for the developer to standard error",
    clauses: &["PLUG-011"],
    needs: &[Need::Process],
    why: "Hosts show standard output to the user always, and standard error only with --debug.",
    good: "\"Creating server...\" on standard output, \"GET /servers/81: 200\" on standard error.",
    bad: "\"level=info msg=\\\"Creating server\\\"\" on standard error: the user sees nothing for two minutes.",
    run: |cx| {
        Box::pin(async move {
            let life = live(&cx).await?;
            let mut lines = 0;
            for session in &life.sessions {
                let host = raw::host(session)?;
                // The first line is the address.
                for line in host.output().iter().filter(|line| line.text.trim() != host.address_line()) {
                    lines += 1;
                    let (name, expected) = match (line.stream, level(&line.text)) {
                        (OutputStream::Stdout, Some(Level::Developer)) => {
                            ("standard output", "standard error")
                        }
                        (OutputStream::Stderr, Some(Level::User)) => ("standard error", "standard output"),
                        _ => continue,
                    };
                    cx.rule("PLUG-011")
                        .broken(format!("this line on {expected}"), format!("on {name}: {}", line.text));
                }
            }
            if lines == 0 {
                return Err(Stop::NotTested("the driver printed nothing".to_owned()));
            }
            Ok(())
        })
    },
};

pub(super) const ARE_SHORT_ENOUGH: Check = Check {
    id: "plugin::lines_are_short_enough",
    title: "No line of this run is longer than hosts can read",
    clauses: &["PLUG-008"],
    needs: &[Need::Process, Need::WholeRun],
    why: "Hosts stop reading at a line of 64 KiB; the pipe fills up, and the driver waits for ever.",
    good: "A long answer of the provider is cut, or logged in pieces.",
    bad: "The driver logs a list of all images of the provider in one line.",
    run: |cx| {
        Box::pin(async move {
            let lived = live_if_alone(&cx).await;
            let observed = cx.observations();
            cx.rule("PLUG-008").holds(
                observed.longest_line <= LONGEST,
                format!("lines of at most {LONGEST} bytes"),
                || format!("a line of {} bytes on {}", observed.longest_line, observed.longest_line_in),
            );
            if observed.lines == 0 {
                return Err(Stop::NotTested("no line of the driver was seen".to_owned()));
            }
            lived
        })
    },
};

/// For whom a line says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    User,
    Developer,
}

/// The level that a line claims in one of the usual ways of log libraries; `None` if it claims none.
fn level(line: &str) -> Option<Level> {
    let line = line.trim_start();
    let word = |text: &str| match text.to_ascii_lowercase().as_str() {
        "info" | "notice" | "warn" | "warning" => Some(Level::User),
        "debug" | "trace" => Some(Level::Developer),
        _ => None,
    };
    for key in ["level=", "\"level\":\"", "\"lvl\":\"", "lvl="] {
        if let Some((_, rest)) = line.split_once(key) {
            let value: String =
                rest.trim_start_matches('"').chars().take_while(char::is_ascii_alphabetic).collect();
            return word(&value);
        }
    }
    let bracketed =
        line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inside, _)| inside.trim());
    let prefixed = line
        .split_once(':')
        .map(|(before, _)| before)
        .filter(|before| before.chars().all(char::is_uppercase));
    bracketed.or(prefixed).and_then(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claimed_levels() {
        for line in [
            "time=\"now\" level=info msg=x",
            "{\"level\":\"warning\",\"msg\":1}",
            "[INFO] x",
            "WARN: x",
            "INFO: x",
        ] {
            assert_eq!(level(line), Some(Level::User), "{line}");
        }
        for line in ["level=debug msg=x", "[debug] x", "DEBUG: x", " TRACE: x"] {
            assert_eq!(level(line), Some(Level::Developer), "{line}");
        }
        for line in
            ["Creating server...", "info about x", "Error: x", "level=error msg=x", "[1/3] x", "", "Debug: x"]
        {
            assert_eq!(level(line), None, "{line}");
        }
    }
}
