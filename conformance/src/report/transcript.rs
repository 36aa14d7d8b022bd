//! The calls of a check in reading order, equal ones in a row as one.

use super::collect::place_of;
use crate::event::{CallRecord, CallTarget};

/// A call, or several equal ones in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'c> {
    pub(super) call: &'c CallRecord,
    /// Start of the last one.
    pub(super) last_at_ms: u64,
    pub(super) times: usize,
}

/// The calls in the order of their start, a driver's before those that it makes itself.
pub(super) fn rows(calls: &[CallRecord]) -> Vec<Row<'_>> {
    let mut sorted: Vec<&CallRecord> = calls.iter().collect();
    sorted.sort_by_key(|call| place_of(call));
    let mut rows: Vec<Row<'_>> = Vec::new();
    for call in sorted {
        match rows.last_mut() {
            Some(row) if alike(row.call, call) => {
                row.times += 1;
                row.last_at_ms = call.at_ms;
            }
            _ => rows.push(Row { call, last_at_ms: call.at_ms, times: 1 }),
        }
    }
    rows
}

/// Whether the calls come from more than one process of the driver.
pub(super) fn several_processes(calls: &[CallRecord]) -> bool {
    calls.iter().any(|call| matches!(call.to, CallTarget::Driver(process) if process > 1))
}

/// `+1.250`: seconds since the start of the check.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("+{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

fn alike(left: &CallRecord, right: &CallRecord) -> bool {
    left.to == right.to
        && left.name == right.name
        && left.argument == right.argument
        && left.result == right.result
        && left.failed == right.failed
        && left.fault == right.fault
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at_ms: u64, to: CallTarget, result: &str) -> CallRecord {
        CallRecord {
            at_ms,
            duration_ms: 1,
            to,
            name: "GetState".into(),
            argument: String::new(),
            result: result.into(),
            failed: false,
            fault: None,
        }
    }

    #[test]
    fn equal_calls_in_a_row_are_one_until_something_else_comes() {
        let calls = [
            call(7, CallTarget::Driver(1), "Running"),
            call(1, CallTarget::Driver(1), "Stopping"),
            call(4, CallTarget::Driver(1), "Stopping"),
            call(7, CallTarget::Provider, "Running"),
        ];
        let rows = rows(&calls);
        let shown: Vec<_> = rows.iter().map(|row| (row.call.at_ms, row.last_at_ms, row.times)).collect();
        assert_eq!(shown, [(1, 4, 2), (7, 7, 1), (7, 7, 1)]);
        assert_eq!(rows[1].call.to, CallTarget::Driver(1));
        assert!(!several_processes(&calls));
    }
}
