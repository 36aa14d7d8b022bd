//! The time line of a check: a lane for each process of the driver, for what it says about the machine, for the
//! provider, the guest, the instances, and for what the suite did behind the driver's back.

use maud::{Markup, html};

use super::{
    transcript::Detail,
    wording::{duration, line},
};
use crate::event::{CallRecord, CallTarget, CheckResult, StateRecord};

/// Units of width: the names of lanes, and the time beside them.
const NAMES: f64 = 120.0;
const TIME: f64 = 860.0;
/// Height of a lane.
const LANE: usize = 20;
/// Processes that have a lane of their own; later ones share the last.
const MOST_PROCESSES: u32 = 6;
/// Instances that have a lane of their own.
const MOST_INSTANCES: usize = 4;
/// Width of a character of a label.
const CHARACTER: f64 = 6.2;
/// Characters of a lane's name.
const LONGEST_NAME: usize = 18;

struct Lane {
    name: String,
    bars: Vec<Bar>,
}

struct Bar {
    class: &'static str,
    from_ms: u64,
    to_ms: u64,
    label: String,
    title: String,
    fault: bool,
}

pub(super) fn lanes(result: &CheckResult, detail: Detail) -> Markup {
    if detail == Detail::Short || result.calls.is_empty() {
        return Markup::default();
    }
    let end = end_of(result);
    let lanes = all_lanes(result, end, detail);
    let scale = |at_ms: u64| NAMES + at_ms.min(end) as f64 / end as f64 * TIME;
    let height = lanes.len() * LANE;
    let step = step(end);
    html! {
        h4 { "Time line" }
        svg.lanes viewBox=(format!("0 0 {} {}", NAMES + TIME + 30.0, height + 24)) role="img"
            aria-label="time line of the calls; the table below has them as text" {
            @for tick in (0..=end / step).map(|number| number * step) {
                line.tick x1=(number(scale(tick))) x2=(number(scale(tick))) y1="0" y2=(height) {}
                text.tick x=(number(scale(tick))) y=(height + 14) { (duration(tick)) }
            }
            @for (index, lane) in lanes.iter().enumerate() {
                text.lane x="0" y=(index * LANE + 14) { (line(&lane.name, LONGEST_NAME)) }
                @for bar in &lane.bars { (self::bar(bar, index * LANE, &scale)) }
            }
        }
    }
}

fn bar(bar: &Bar, top: usize, scale: &impl Fn(u64) -> f64) -> Markup {
    let from = scale(bar.from_ms);
    let width = (scale(bar.to_ms) - from).max(2.0);
    let label = (bar.label.chars().count() as f64 * CHARACTER < width - 4.0).then_some(&bar.label);
    html! {
        rect class=(bar.class) x=(number(from)) y=(top + 3) width=(number(width)) height=(LANE - 6) {
            title { (bar.title) }
        }
        @if let Some(label) = label { text.in x=(number(from + 3.0)) y=(top + 14) { (label) } }
        @if bar.fault {
            path.fault d=(format!("M{} {}l5 -8h-10z", number(from + 1.0), top + 8)) { title { (bar.title) } }
        }
    }
}

fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// The last moment that is shown, at least 1 ms. A sweep or a walk shows the calls of one case out of many: there the
/// end of the check is far beyond.
fn end_of(result: &CheckResult) -> u64 {
    let calls = result.calls.iter().map(|call| call.at_ms + call.duration_ms);
    let states = result.states.iter().map(|change| change.at_ms);
    let check = match result.sweep.is_some() || result.walks.is_some() {
        true => 0,
        false => result.duration_ms,
    };
    calls.chain(states).chain([check, 1]).max().unwrap_or(1)
}

/// A round number of milliseconds, so that there are at most ten ticks.
fn step(end: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if end / step < 10 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

fn all_lanes(result: &CheckResult, end: u64, detail: Detail) -> Vec<Lane> {
    let mut lanes = Vec::new();
    add(&mut lanes, "suite".to_owned(), &result.calls, detail, |to| to == CallTarget::World);
    for process in 1..=MOST_PROCESSES {
        let last = process == MOST_PROCESSES;
        let name = if last { format!("driver p{process}\u{2026}") } else { format!("driver p{process}") };
        add(&mut lanes, name, &result.calls, detail, |to| match to {
            CallTarget::Driver(number) => number == process || last && number > process,
            _ => false,
        });
    }
    lanes.extend(said_states(result, end));
    add(&mut lanes, "provider".to_owned(), &result.calls, detail, |to| to == CallTarget::Provider);
    add(&mut lanes, "guest (ssh)".to_owned(), &result.calls, detail, |to| to == CallTarget::Guest);
    lanes.extend(instance_states(&result.states, end, detail));
    lanes
}

fn add(
    lanes: &mut Vec<Lane>,
    name: String,
    calls: &[CallRecord],
    detail: Detail,
    belongs: impl Fn(CallTarget) -> bool,
) {
    let bars: Vec<Bar> =
        calls.iter().filter(|call| belongs(call.to)).take(detail.rows()).map(call_bar).collect();
    if !bars.is_empty() {
        lanes.push(Lane { name, bars });
    }
}

fn call_bar(call: &CallRecord) -> Bar {
    let fault = call.fault.as_ref().map(|fault| format!(" \u{b7} fault: {fault}")).unwrap_or_default();
    Bar {
        class: match (call.failed, call.to) {
            (true, _) => "failed",
            (false, CallTarget::Driver(_)) => "driver",
            (false, CallTarget::Provider) => "provider",
            (false, CallTarget::Guest) => "guest",
            (false, CallTarget::World) => "world",
        },
        from_ms: call.at_ms,
        to_ms: call.at_ms + call.duration_ms,
        label: line(&call.name, 40),
        title: line(
            &format!("{} {} \u{b7} {}{fault}", call.name, duration(call.duration_ms), call.result),
            200,
        ),
        fault: call.fault.is_some(),
    }
}

/// What the driver said about the machine, from each answer to the next.
fn said_states(result: &CheckResult, end: u64) -> Option<Lane> {
    let answers: Vec<(u64, &str)> = result
        .calls
        .iter()
        .filter(|call| matches!(call.to, CallTarget::Driver(_)) && call.name == "GetState")
        .map(|call| {
            let answer = if call.failed { "error" } else { call.result.as_str() };
            (call.at_ms + call.duration_ms, answer)
        })
        .collect();
    let bars = spans(&answers, end);
    (!bars.is_empty()).then(|| Lane { name: "GetState says".to_owned(), bars })
}

fn instance_states(states: &[StateRecord], end: u64, detail: Detail) -> Vec<Lane> {
    let mut instances: Vec<&str> = Vec::new();
    for change in states {
        if !instances.contains(&change.instance.as_str()) {
            instances.push(&change.instance);
        }
    }
    instances
        .into_iter()
        .take(MOST_INSTANCES)
        .map(|instance| {
            let changes: Vec<(u64, &str)> = states
                .iter()
                .filter(|change| change.instance == instance)
                .take(detail.rows())
                .map(|change| (change.at_ms, change.state.as_str()))
                .collect();
            Lane { name: (*instance).to_owned(), bars: spans(&changes, end) }
        })
        .filter(|lane| !lane.bars.is_empty())
        .collect()
}

/// A bar for each state, equal ones in a row as one.
fn spans(changes: &[(u64, &str)], end: u64) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (at_ms, state) in changes {
        let label = line(state, 40);
        if let Some(last) = bars.last_mut() {
            last.to_ms = *at_ms;
            if last.label == label {
                continue;
            }
        }
        bars.push(Bar {
            class: state_class(state),
            from_ms: *at_ms,
            to_ms: *at_ms,
            title: label.clone(),
            label,
            fault: false,
        });
    }
    if let Some(last) = bars.last_mut() {
        last.to_ms = end.max(last.from_ms);
    }
    bars.retain(|bar| bar.label != "gone");
    for bar in &mut bars {
        bar.title = format!("{} for {}", bar.title, duration(bar.to_ms - bar.from_ms));
    }
    bars
}

fn state_class(state: &str) -> &'static str {
    match state.to_ascii_lowercase().as_str() {
        "running" => "up",
        "stopped" | "off" | "poweroff" | "saved" | "paused" => "down",
        "error" | "timeout" => "failed",
        _ => "between",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (end, expected) in [(1, 1), (9, 1), (10, 2), (99, 10), (1_250, 200), (1_000_000, 200_000)] {
            assert_eq!(step(end), expected, "{end}");
        }
    }

    #[test]
    fn states_last_until_the_next_one() {
        let changes = [(10, "Running"), (20, "Running"), (30, "Stopping"), (45, "gone")];
        let bars: Vec<_> =
            spans(&changes, 90).into_iter().map(|bar| (bar.from_ms, bar.to_ms, bar.title)).collect();
        assert_eq!(
            bars,
            [(10, 30, "Running for 20 ms".to_owned()), (30, 45, "Stopping for 15 ms".to_owned())]
        );
    }
}
