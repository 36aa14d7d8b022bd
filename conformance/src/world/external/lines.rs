//! What commands print: one JSON object a line.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    report::one_line,
    world::{Object, ProviderRequest},
};

/// Most characters of a line in a message.
const QUOTED: usize = 200;

/// One object of the provider, as `inventory` and `sweep` print it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ObjectLine {
    kind: String,
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    machine: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl From<ObjectLine> for Object {
    fn from(line: ObjectLine) -> Self {
        Self {
            kind: line.kind,
            id: line.id,
            name: line.name.unwrap_or_default(),
            owner: line.machine.filter(|machine| !machine.is_empty()),
            attributes: line.attributes,
        }
    }
}

/// One request that the provider got, as `request-log` prints it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestLine {
    operation: String,
    /// Seconds since 1970.
    time: f64,
    /// Seconds.
    #[serde(default)]
    duration: f64,
    #[serde(default)]
    status: String,
    mutating: bool,
    #[serde(default)]
    failed: bool,
    #[serde(default)]
    body: String,
}

impl From<RequestLine> for ProviderRequest {
    fn from(line: RequestLine) -> Self {
        Self {
            at: moment(line.time, Instant::now(), SystemTime::now()),
            duration: seconds(line.duration),
            name: line.operation.clone(),
            operation: line.operation,
            body: line.body,
            status: line.status,
            mutating: line.mutating,
            failed: line.failed,
            fault: None,
        }
    }
}

/// The new address, as `readdress` prints it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddressLine {
    pub(super) address: String,
}

/// Every line as a `T`; empty lines are left out.
///
/// # Errors
/// What is wrong with the first line that is none, and that line.
pub(super) fn parse<T: DeserializeOwned>(text: &str, what: &str) -> Result<Vec<T>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| {
                // The place in the line says little once the line itself is shown.
                let why = error.to_string();
                let why = why.split(" at line ").next().unwrap_or_default();
                format!(
                    "must print {what} as one JSON object a line, but line {} is none ({why}): {}",
                    index + 1,
                    one_line(line, QUOTED)
                )
            })
        })
        .collect()
}

/// The moment of a time of day, as far as the two clocks agree.
fn moment(unix: f64, now: Instant, wall: SystemTime) -> Instant {
    let wall = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ago = wall.saturating_sub(seconds(unix));
    now.checked_sub(ago).unwrap_or(now)
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn objects(text: &str) -> Result<Vec<ObjectLine>, String> {
        parse(text, "an object")
    }

    #[test]
    fn objects_are_read_with_and_without_what_is_optional() {
        let text = concat!(
            r#"{"kind":"instance","id":"i-1","name":"m1","machine":"m1","attributes":{"address":"192.0.2.7"}}"#,
            "\n\n",
            r#"{"kind":"security-group","id":"sg-1","name":null,"machine":null}"#,
            "\n"
        );
        let found: Vec<Object> = objects(text).unwrap().into_iter().map(Object::from).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].owner.as_deref(), Some("m1"));
        assert_eq!(found[0].attributes["address"], "192.0.2.7");
        assert_eq!((found[1].name.as_str(), &found[1].owner), ("", &None));
        assert!(objects("").unwrap().is_empty());
    }

    #[test]
    fn a_bad_line_is_quoted_with_its_number() {
        let bad = |text: &str| objects(text).err().unwrap();
        let good = r#"{"kind":"a","id":"b"}"#;
        assert_eq!(
            bad(&format!("{good}\nTraceback (most recent call last):\n")),
            "must print an object as one JSON object a line, but line 2 is none (expected value): \
             Traceback (most recent call last):"
        );
        assert_eq!(
            bad(r#"{"kind":"a"}"#),
            "must print an object as one JSON object a line, but line 1 is none (missing field `id`): {\"kind\":\"a\"}"
        );
        let unknown = bad(r#"{"kind":"a","id":"b","owner":"m1"}"#);
        assert!(unknown.contains("unknown field `owner`"), "{unknown}");
        let long = bad(&"x".repeat(5000));
        assert!(long.len() < 400, "{long}");
    }

    #[test]
    fn times_are_moments_of_this_run() {
        let (now, wall) = (Instant::now(), UNIX_EPOCH + Duration::from_secs(1000));
        assert_eq!(moment(998.5, now, wall), now - Duration::from_millis(1500));
        assert_eq!(moment(2000.0, now, wall), now, "a clock that is ahead");
        for nonsense in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(moment(nonsense, now, wall) <= now);
        }
    }

    #[test]
    fn requests_are_read() {
        let line = r#"{"operation":"RunInstances","time":1.5,"mutating":true}"#;
        let requests: Vec<RequestLine> = parse(line, "a request").unwrap();
        let request = ProviderRequest::from(requests.into_iter().next().unwrap());
        assert_eq!((request.name.as_str(), request.mutating, request.failed), ("RunInstances", true, false));
    }
}
