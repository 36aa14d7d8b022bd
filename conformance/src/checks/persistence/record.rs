//! Comparing the records of drivers.

use machine_driver::Result;
use serde_json::{Map, Value};

use crate::session::Session;

/// A record: the JSON object that `GetConfigRaw` answers.
pub(crate) type Record = Map<String, Value>;

/// The record without keys that differ between two immediate reads: what a driver counts or times is a matter of
/// the check about fixed points alone.
pub(crate) async fn stable_record(session: &Session) -> Result<Record> {
    let first = session.config_object().await?;
    let second = session.config_object().await?;
    Ok(first.into_iter().filter(|(key, value)| second.get(key) == Some(value)).collect())
}

/// Where two records differ, a sentence fragment for each key. The order of keys and numbers written in another way
/// make no difference.
pub(crate) fn differences(before: &Record, after: &Record) -> Vec<String> {
    let mut found = Vec::new();
    for (key, old) in before {
        match after.get(key) {
            None => found.push(format!("{key} is missing (was {})", shown(old))),
            Some(new) if !same(old, new) => {
                found.push(format!("{key} is {} (was {})", shown(new), shown(old)));
            }
            Some(_) => {}
        }
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        found.push(format!("{key} is new: {}", shown(new)));
    }
    found
}

/// The bytes of a record, as they are sent.
pub(crate) fn to_bytes(record: &Record) -> Vec<u8> {
    serde_json::to_vec(record).unwrap_or_default()
}

/// Whether two values mean the same: Go writes an absent list as `null`, and 1.0 is 1.
fn same(old: &Value, new: &Value) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        (Value::Object(old), Value::Object(new)) => differences(old, new).is_empty(),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        _ => old == new || (empty(old) && empty(new)),
    }
}

fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn record(text: &str) -> Record {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_difference_is_named() {
        let before = record(r#"{"Same":1,"Gone":"x","Changed":[1,2],"Deep":{"a":1}}"#);
        let after = record(r#"{"Deep":{"a":2},"Same":1,"Changed":[1,2,2],"New":true}"#);
        assert_eq!(
            differences(&before, &after),
            [
                r#"Gone is missing (was "x")"#,
                "Changed is [1,2,2] (was [1,2])",
                r#"Deep is {"a":2} (was {"a":1})"#,
                "New is new: true",
            ]
        );
    }

    #[test]
    fn order_number_format_and_empty_lists_make_no_difference() {
        let before = record(r#"{"A":1,"B":null,"C":{"x":[],"y":2}}"#);
        let after = record(r#"{"C":{"y":2.0,"x":null},"B":[],"A":1.0}"#);
        assert_eq!(differences(&before, &after), Vec::<String>::new());
        // An empty text is a value.
        assert_eq!(differences(&record(r#"{"A":""}"#), &record(r#"{"A":null}"#)).len(), 1);
    }
}
