//! Excerpts of the calls and log lines of a check.

use super::paint::{self, Paint};
use crate::{
    event::{CallRecord, CallTarget, LogRecord},
    report::{
        text::one_line,
        transcript::{Row, rows, seconds, several_processes},
    },
};

/// Lines of calls in an excerpt.
const MOST_CALLS: usize = 16;
/// Of these, how many are from the beginning if calls are left out.
const FROM_THE_START: usize = 4;
/// Log lines in an excerpt: the last ones.
const MOST_LINES: usize = 8;
/// Calls that took longer show for how long.
const WORTH_MENTIONING_MS: u64 = 10;

/// The calls in the order of their start, those of the provider indented below those of the driver.
pub(super) fn excerpt(calls: &[CallRecord], width: usize) -> Vec<String> {
    let several_processes = several_processes(calls);
    let rows = rows(calls);
    let line = |row: &Row<'_>| line(row, several_processes, width);
    if rows.len() <= MOST_CALLS {
        return rows.iter().map(line).collect();
    }
    let from_the_end = MOST_CALLS - FROM_THE_START - 1;
    let left_out = rows.len() - FROM_THE_START - from_the_end;
    let (start, end) = (&rows[..FROM_THE_START], &rows[rows.len() - from_the_end..]);
    let gap = format!("\u{2026} {left_out} more lines; --report json=PATH has them all").paint(paint::DIM);
    start.iter().map(line).chain([gap]).chain(end.iter().map(line)).collect()
}

/// The last log lines.
pub(super) fn log_excerpt(log: &[LogRecord], width: usize) -> Vec<String> {
    let left_out = log.len().saturating_sub(MOST_LINES);
    let gap = (left_out > 0).then(|| format!("\u{2026} {left_out} lines before").paint(paint::DIM));
    let line = |record: &LogRecord| {
        let stream = one_line(&record.stream, 8);
        let head = format!("{} {stream:<6} ", seconds(record.at_ms));
        let text = one_line(&record.text, width.saturating_sub(head.len()));
        format!("{}{text}", head.paint(paint::DIM))
    };
    gap.into_iter().chain(log[left_out..].iter().map(line)).collect()
}

fn line(row: &Row<'_>, several_processes: bool, width: usize) -> String {
    let call = row.call;
    let (indent, who) = match call.to {
        CallTarget::Driver(process) if several_processes => ("", format!("p{process} ")),
        CallTarget::Driver(_) => ("", String::new()),
        CallTarget::Provider => ("  ", String::new()),
        CallTarget::Guest => ("  ", "ssh ".to_owned()),
        CallTarget::World => ("", "(suite) ".to_owned()),
    };
    let time = match call.to {
        CallTarget::Driver(_) | CallTarget::World => seconds(call.at_ms),
        CallTarget::Provider | CallTarget::Guest => " ".repeat(seconds(call.at_ms).len()),
    };
    let name = format!("{indent}{}", one_line(&format!("{who}{}", call.name), 40));
    let (result, style) = match (call.failed, call.result.trim()) {
        (true, result) => (format!("error: {result}"), paint::BAD),
        (false, "") => ("ok".to_owned(), paint::GOOD),
        (false, result) => (result.to_owned(), owo_colors::Style::new()),
    };
    let mut rest = String::new();
    if call.duration_ms >= WORTH_MENTIONING_MS {
        rest.push_str(&format!("  {} ms", call.duration_ms));
    }
    if let Some(fault) = &call.fault {
        rest.push_str(&format!("  fault: {}", one_line(fault, 40)));
    }
    if row.times > 1 {
        rest.push_str(&format!("  \u{d7}{} until {}", row.times, seconds(row.last_at_ms)));
    }
    let room = width.saturating_sub(time.len() + 1 + name.chars().count().max(24) + 1 + rest.chars().count());
    let result = one_line(&result, room.max(20)).paint(style);
    format!("{} {name:<24} {result}{}", time.paint(paint::DIM), rest.paint(paint::DIM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at_ms: u64, to: CallTarget, name: &str) -> CallRecord {
        CallRecord {
            at_ms,
            duration_ms: 1,
            to,
            name: name.into(),
            argument: String::new(),
            result: "ok".into(),
            failed: false,
            fault: None,
        }
    }

    fn plain(calls: &[CallRecord]) -> Vec<String> {
        excerpt(calls, 90).iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    #[test]
    fn provider_calls_follow_the_driver_call_that_made_them() {
        let calls = [
            call(4, CallTarget::Driver(1), "Remove"),
            call(9, CallTarget::Driver(1), "GetState"),
            call(4, CallTarget::Provider, "GET /v1/servers/81"),
        ];
        assert_eq!(
            plain(&calls),
            [
                "+0.004 Remove                   ok",
                "         GET /v1/servers/81     ok",
                "+0.009 GetState                 ok",
            ]
        );
    }

    #[test]
    fn polling_takes_one_line() {
        let calls: Vec<_> = (0..50).map(|at| call(at * 100, CallTarget::Driver(2), "GetState")).collect();
        assert_eq!(plain(&calls), ["+0.000 p2 GetState              ok  \u{d7}50 until +4.900"]);
    }

    #[test]
    fn long_lists_keep_beginning_and_end() {
        let names: Vec<String> = (0..40).map(|number| format!("Call{number}")).collect();
        let calls: Vec<_> =
            names.iter().zip(0..).map(|(name, at)| call(at, CallTarget::Driver(1), name)).collect();
        let lines = plain(&calls);
        assert_eq!(lines.len(), MOST_CALLS);
        assert!(lines[3].contains("Call3 ") && lines[5].contains("Call29 ") && lines[15].contains("Call39 "));
        assert_eq!(lines[4], "\u{2026} 25 more lines; --report json=PATH has them all");
    }
}
