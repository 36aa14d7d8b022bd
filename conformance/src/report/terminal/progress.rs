//! Live progress on standard error, only where a person looks at it.

use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    groups,
    paint::{self, Paint},
};
use crate::{
    event::{CheckResult, Event, EventKind, RunInfo},
    report::collect::group_of,
    verdict::Verdict,
};

/// Running checks that are named below the bars.
const MOST_NAMED: usize = 3;

/// A bar per group, and the checks that are running.
#[derive(Debug)]
pub struct Progress {
    bars: MultiProgress,
    groups: Vec<Group>,
    running: Vec<String>,
    last_line: ProgressBar,
    coloured: bool,
}

#[derive(Debug)]
struct Group {
    name: String,
    bar: ProgressBar,
    results: Vec<CheckResult>,
}

impl Progress {
    /// Progress on standard error if that is a terminal; otherwise `None`.
    pub fn on_stderr() -> Option<Self> {
        let stderr = std::io::stderr();
        let coloured = anstream::AutoStream::choice(&stderr) != anstream::ColorChoice::Never;
        stderr.is_terminal().then(|| Self::new(ProgressDrawTarget::stderr(), coloured))
    }

    /// Progress on a given target, with or without colours.
    pub fn new(target: ProgressDrawTarget, coloured: bool) -> Self {
        Self {
            bars: MultiProgress::with_draw_target(target),
            groups: Vec::new(),
            running: Vec::new(),
            last_line: ProgressBar::hidden(),
            coloured,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted(info) => self.begin(info),
            EventKind::CheckStarted { id } => self.running.push(id.clone()),
            EventKind::CheckFinished(result) => {
                self.running.retain(|id| *id != result.id);
                if let Some(group) = self.groups.iter_mut().find(|group| group.name == group_of(&result.id)) {
                    group.take(result);
                    group.show(self.coloured);
                }
            }
            EventKind::RunFinished(_) => self.running.clear(),
        }
        self.last_line.set_message(running(&self.running));
    }

    /// Takes the bars away; the report itself comes next.
    pub(super) fn clear(self) {
        for group in &self.groups {
            group.bar.finish_and_clear();
        }
        self.last_line.finish_and_clear();
        // A terminal that cannot be cleared is not worth failing a run.
        let _ = self.bars.clear();
    }

    fn begin(&mut self, info: &RunInfo) {
        let width = info.checks.iter().map(|id| group_of(id).len()).max().unwrap_or_default();
        for id in &info.checks {
            let name = group_of(id);
            match self.groups.iter().find(|group| group.name == name) {
                Some(group) => group.bar.inc_length(1),
                None => {
                    let bar = self.bars.add(ProgressBar::new(1));
                    bar.set_style(style("  {prefix}  {msg}"));
                    bar.set_prefix(format!("{name:<width$}"));
                    self.groups.push(Group { name: name.to_owned(), bar, results: Vec::new() });
                }
            }
        }
        self.last_line = self.bars.add(ProgressBar::new_spinner());
        self.last_line.set_style(style("  {spinner} {elapsed} {wide_msg}"));
        self.last_line.enable_steady_tick(std::time::Duration::from_millis(120));
        for group in &self.groups {
            group.show(self.coloured);
        }
    }
}

impl Group {
    fn take(&mut self, result: &CheckResult) {
        // Calls and log lines are not shown here.
        let mut kept = result.clone();
        (kept.calls, kept.log) = (Vec::new(), Vec::new());
        self.results.push(kept);
        self.bar.inc(1);
    }

    fn show(&self, coloured: bool) {
        let (done, all) = (self.bar.position() as usize, self.bar.length().unwrap_or_default() as usize);
        let results: Vec<&CheckResult> = self.results.iter().collect();
        let width = (groups::BAR * done).checked_div(all).unwrap_or_default();
        let bar = groups::bar(&results, width);
        let rest = "\u{2500}".repeat(groups::BAR - width).paint(paint::DIM);
        let bad = results.iter().filter(|result| is_bad(result.verdict)).count();
        let bad = if bad == 0 { String::new() } else { format!("  {bad} failed").paint(paint::BAD) };
        let message = format!("{bar}{rest}  {done:>3} of {all}{bad}");
        self.bar.set_message(if coloured {
            message
        } else {
            anstream::adapter::strip_str(&message).to_string()
        });
    }
}

fn is_bad(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::DriverTimeout | Verdict::Stale | Verdict::SuiteError)
}

fn running(ids: &[String]) -> String {
    let named = ids.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::finished;

    fn result(id: &str, verdict: Verdict) -> Box<CheckResult> {
        Box::new(finished(id, verdict))
    }

    #[test]
    fn bars_follow_the_run() {
        let mut progress = Progress::new(ProgressDrawTarget::hidden(), false);
        let checks = ["create::a", "create::b", "stop::c"].map(str::to_owned).to_vec();
        let mut play = |kind| progress.event(&Event::new(0, kind));
        play(EventKind::RunStarted(RunInfo { checks, ..RunInfo::default() }));
        play(EventKind::CheckStarted { id: "create::a".into() });
        play(EventKind::CheckStarted { id: "stop::c".into() });
        play(EventKind::CheckFinished(result("create::a", Verdict::Fail)));
        let shown: Vec<String> = progress
            .groups
            .iter()
            .map(|group| format!("{} {}", group.bar.prefix(), group.bar.message()))
            .collect();
        let bar =
            |full: usize| format!("{}{}", "\u{2591}".repeat(full), "\u{2500}".repeat(groups::BAR - full));
        assert_eq!(
            shown,
            [format!("create {}    1 of 2  1 failed", bar(11)), format!("stop   {}    0 of 1", bar(0))]
        );
        assert_eq!(progress.last_line.message(), "stop::c");
        progress.clear();
    }

    #[test]
    fn few_running_checks_are_named() {
        let ids = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(running(&ids[..3]), "a, b, c");
        assert_eq!(running(&ids), "a, b, c and 2 more");
    }
}
