//! Calls and log lines as tables.

use maud::{Markup, html};

use super::wording::{duration, line, value};
use crate::{
    event::{CallTarget, CheckResult, LogRecord},
    report::transcript::{Row, rows, seconds},
};

/// How much of a check is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// All that people look at.
    Full,
    /// What fits when many checks have much to show.
    Short,
}

impl Detail {
    /// Calls, states and log lines at most, each.
    pub(super) fn rows(self) -> usize {
        match self {
            Self::Full => 250,
            Self::Short => 30,
        }
    }

    /// Characters of an argument, a result or a line.
    fn characters(self) -> usize {
        match self {
            Self::Full => 400,
            Self::Short => 80,
        }
    }
}

/// Beginning and end of a list that is too long, and how many are left out between them.
pub(super) fn ends<T>(all: &[T], most: usize) -> (&[T], usize, &[T]) {
    if all.len() <= most {
        return (all, 0, &[]);
    }
    let first = most / 4;
    let last = most - first;
    (&all[..first], all.len() - most, &all[all.len() - last..])
}

pub(super) fn calls(result: &CheckResult, detail: Detail) -> Markup {
    let rows = rows(&result.calls);
    let (first, left_out, last) = ends(&rows, detail.rows());
    html! {
        @if !rows.is_empty() {
            h4 { "Calls" }
            table.calls {
                @for row in first { (call(row, detail)) }
                @if left_out > 0 {
                    tr { td.quiet colspan="4" { (left_out) " more lines; the JSON report has them all" } }
                }
                @for row in last { (call(row, detail)) }
            }
        }
    }
}

fn call(row: &Row<'_>, detail: Detail) -> Markup {
    let call = row.call;
    let (class, who) = match call.to {
        CallTarget::Driver(process) => ("driver", format!("p{process}")),
        CallTarget::Provider => ("provider", String::new()),
        CallTarget::Guest => ("guest", "ssh".to_owned()),
        CallTarget::World => ("world", "suite".to_owned()),
    };
    let result = match call.result.trim() {
        "" => "ok",
        result => result,
    };
    html! {
        tr class=(class) {
            td.time { (seconds(call.at_ms)) }
            td.name {
                @if !who.is_empty() { span.quiet { (who) } " " }
                (line(&call.name, 80))
                @if !call.argument.is_empty() { " " span.quiet { (value(&call.argument, detail.characters())) } }
            }
            td.failed[call.failed] {
                (value(result, detail.characters()))
                @if let Some(fault) = &call.fault { " " span.fault { "fault: " (line(fault, 60)) } }
            }
            td.quiet {
                (duration(call.duration_ms))
                @if row.times > 1 { " \u{d7}" (row.times) " until " (seconds(row.last_at_ms)) }
            }
        }
    }
}

pub(super) fn log(result: &CheckResult, detail: Detail) -> Markup {
    let (first, left_out, last) = ends(&result.log, detail.rows());
    html! {
        @if !result.log.is_empty() {
            h4 { "Log" }
            table.log {
                @for record in first { (log_line(record, detail)) }
                @if left_out > 0 {
                    tr { td.quiet colspan="3" { (left_out) " more lines; the JSON report has them all" } }
                }
                @for record in last { (log_line(record, detail)) }
            }
        }
    }
}

fn log_line(record: &LogRecord, detail: Detail) -> Markup {
    html! {
        tr {
            td.time { (seconds(record.at_ms)) }
            td.quiet {
                @if record.process > 0 { "p" (record.process) " " }
                (line(&record.stream, 12))
            }
            td { (value(&record.text, detail.characters())) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_keep_their_ends() {
        let numbers: Vec<u32> = (0..20).collect();
        assert_eq!(ends(&numbers, 8), (&numbers[..2], 12, &numbers[14..]));
        assert_eq!(ends(&numbers, 20), (&numbers[..], 0, &numbers[..0]));
    }
}
