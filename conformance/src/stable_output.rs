//! Output that is the same in every run of the same driver, so that it can be compared with a recorded one.

use crate::{
    event::{CallRecord, CheckResult, Event, EventKind, InventoryRecord, LogRecord, RunInfo},
    report::place_of,
    world::Object,
};

/// Replaces what differs from run to run: times and durations become 0 (calls are numbered instead), the seed becomes 0, ports on loopback
/// addresses become `PORT`, and names below the temporary folder become `TEMP`.
#[derive(Clone, Debug)]
pub struct StableOutput {
    replaced: Vec<(String, String)>,
    seed: Option<String>,
}

impl StableOutput {
    /// Replacements of a run with this seed and these further texts: pairs of text and what stands for it.
    pub fn new(seed: u64, replaced: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut replaced: Vec<_> = replaced.into_iter().filter(|(text, _)| !text.is_empty()).collect();
        replaced.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { replaced, seed: (seed > 99).then(|| seed.to_string()) }
    }

    /// The event as it would be in any run.
    pub fn event(&self, event: &Event) -> Event {
        let kind = match &event.kind {
            EventKind::RunStarted(info) => EventKind::RunStarted(self.info(info)),
            EventKind::CheckStarted { id } => EventKind::CheckStarted { id: id.clone() },
            EventKind::CheckFinished(result) => EventKind::CheckFinished(Box::new(self.result(result))),
            EventKind::RunFinished(summary) => {
                let mut summary = summary.clone();
                summary.duration_ms = 0;
                EventKind::RunFinished(summary)
            }
        };
        Event::new(0, kind)
    }

    /// Text as it would be in any run.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (varying, placeholder) in &self.replaced {
            text = text.replace(varying, placeholder);
        }
        if let Some(seed) = &self.seed {
            text = text.replace(seed, "SEED");
        }
        ports(&temporary_names(&text))
    }

    fn info(&self, info: &RunInfo) -> RunInfo {
        let mut info = info.clone();
        info.seed = 0;
        info.started_at = "1970-01-01T00:00:00Z".to_owned();
        info.driver = self.text(&info.driver);
        info.environment.values_mut().for_each(|value| "ANY".clone_into(value));
        info
    }

    fn result(&self, result: &CheckResult) -> CheckResult {
        let mut result = result.clone();
        (result.started_ms, result.duration_ms) = (0, 0);
        result.reason = result.reason.map(|reason| self.text(&reason));
        result.rerun = self.text(&result.rerun);
        for problem in &mut result.problems {
            problem.rule = self.text(&problem.rule);
            problem.expected = self.text(&problem.expected);
            problem.got = self.text(&problem.got);
        }
        for left in result.sweep.iter_mut().flat_map(|sweep| &mut sweep.cases) {
            left.left.iter_mut().for_each(|text| *text = self.text(text));
        }
        for failure in result.walks.iter_mut().flat_map(|walks| &mut walks.failures) {
            failure.origin = self.text(&failure.origin);
            failure.saved = failure.saved.as_ref().map(|path| self.text(path));
            for line in &mut failure.lines {
                line.result = self.text(&line.result);
            }
        }
        result.calls.sort_by_key(place_of);
        for (call, at_ms) in result.calls.iter_mut().zip(0..) {
            *call = CallRecord { at_ms, ..self.call(call) };
        }
        // How much of a limit is needed, and which states are passed through, depends on the machine.
        (result.waits, result.states) = (Vec::new(), Vec::new());
        for object in result.inventory.iter_mut().flat_map(objects) {
            object.name = self.text(&object.name);
            object.attributes.values_mut().for_each(|value| *value = self.text(value));
        }
        for record in &mut result.log {
            *record = LogRecord { at_ms: 0, text: self.text(&record.text), ..record.clone() };
        }
        result
    }

    fn call(&self, call: &CallRecord) -> CallRecord {
        CallRecord {
            duration_ms: 0,
            name: self.text(&call.name),
            argument: self.text(&call.argument),
            result: self.text(&call.result),
            ..call.clone()
        }
    }
}

fn objects(inventory: &mut InventoryRecord) -> impl Iterator<Item = &mut Object> {
    let InventoryRecord { before, after, cleaned } = inventory;
    before.iter_mut().chain(after).chain(cleaned.iter_mut().flatten())
}

/// `127.x.y.z:41873` and `localhost:41873` with `PORT` for the number.
fn ports(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = rest.split_at(colon + 1);
        clean.push_str(before);
        let digits =
            after.len() - after.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        if digits >= 2 && ends_with_loopback(&before[..colon]) {
            clean.push_str("PORT");
            rest = &after[digits..];
        } else {
            rest = after;
        }
    }
    clean.push_str(rest);
    clean
}

fn ends_with_loopback(text: &str) -> bool {
    let host = text.rsplit(|character: char| !(character.is_ascii_alphanumeric() || character == '.')).next();
    host.is_some_and(|host| {
        host == "localhost" || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
    })
}

/// Names of files and folders directly below the temporary folder, replaced by `TEMP`.
fn temporary_names(text: &str) -> String {
    let folder = std::env::temp_dir();
    let Some(folder) = folder.to_str().map(|folder| format!("{}/", folder.trim_end_matches('/'))) else {
        return text.to_owned();
    };
    let mut parts = text.split(folder.as_str());
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.find(|character: char| "/ \"':,;)]}".contains(character) || character.is_control());
        clean.push_str("TEMP");
        clean.push_str(&part[name.unwrap_or(part.len())..]);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stable(text: &str) -> String {
        StableOutput::new(51_214, [("mc-51214-7".to_owned(), "MACHINE".to_owned())]).text(text)
    }

    #[test]
    fn what_differs_between_runs_is_replaced() {
        assert_eq!(
            stable("GET http://127.0.3.4:41873/v1 for mc-51214-7"),
            "GET http://127.0.3.4:PORT/v1 for MACHINE"
        );
        assert_eq!(
            stable("localhost:2376, 10.0.0.1:2376, at 12:30"),
            "localhost:PORT, 10.0.0.1:2376, at 12:30"
        );
        assert_eq!(stable("--seed 51214"), "--seed SEED");
        let path = std::env::temp_dir().join("machine-conformance-Xy12");
        assert_eq!(stable(&format!("{}/store: gone", path.display())), "TEMP/store: gone");
    }

    #[test]
    fn nothing_else_is_touched() {
        assert_eq!(stable("error: 404 server not found"), "error: 404 server not found");
    }
}
