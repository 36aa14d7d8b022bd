use serde_json::{Map, Value};

use crate::{
    driver::Driver,
    error::{Error, ErrorKind, Result},
};

/// A driver value with the keys of its record that it does not know, so that stores shared with other builds of the
/// driver lose nothing (PERSIST-004).
pub(crate) struct Record<D> {
    pub(crate) driver: D,
    unknown: Map<String, Value>,
}

impl<D: Driver> Record<D> {
    pub(crate) fn new(driver: D) -> Self {
        Self { driver, unknown: Map::new() }
    }

    /// The record as JSON: the driver's fields in their order, then the unknown keys.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>> {
        let mut fields = fields_of(&self.driver)?;
        for (key, value) in &self.unknown {
            fields.entry(key).or_insert_with(|| value.clone());
        }
        serde_json::to_vec(&fields).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the record cannot be written as JSON: {error}"))
        })
    }

    /// Merges a JSON object as Go's decoder does (plugin protocol, configuration JSON): absent keys keep their
    /// value, keys match in any case, `null` leaves what cannot be null unchanged, objects are merged.
    ///
    /// Nothing changes if any value is unusable.
    pub(crate) fn merge(&mut self, json: &[u8]) -> Result<()> {
        let incoming = match serde_json::from_slice(json) {
            Ok(Value::Object(fields)) => fields,
            Ok(other) => {
                return Err(unusable(format!("expected a JSON object, but got {}", kind_of(&other))));
            }
            Err(error) => return Err(unusable(format!("not JSON: {error}"))),
        };
        let known = fields_of(&self.driver)?;
        let mut merged = known.clone();
        let mut unknown = self.unknown.clone();
        for (key, value) in &incoming {
            match known_key(&known, key) {
                Some(known_key) => merge_value(&mut merged[known_key], value.clone()),
                None => {
                    unknown.insert(key.clone(), value.clone());
                }
            }
        }
        match driver_from(&merged) {
            Ok(driver) => self.driver = driver,
            Err(_) => self.driver = merge_one_by_one(known, &incoming)?,
        }
        self.unknown = unknown;
        Ok(())
    }
}

/// The slow way, after the fast one failed: finds the key that is to blame, and drops nulls where a field has none.
fn merge_one_by_one<D: Driver>(mut known: Map<String, Value>, incoming: &Map<String, Value>) -> Result<D> {
    let mut driver = driver_from(&known);
    for (key, value) in incoming {
        let Some(name) = known_key(&known, key).map(str::to_owned) else {
            continue;
        };
        let before = known[&name].clone();
        merge_value(&mut known[&name], value.clone());
        match driver_from(&known) {
            Ok(next) => driver = Ok(next),
            Err(_) if value.is_null() => known[&name] = before,
            Err(error) => {
                return Err(unusable(format!("{name} cannot be {}: {error}", kind_of(value))));
            }
        }
    }
    driver.map_err(|error| unusable(error.to_string()))
}

fn merge_value(target: &mut Value, value: Value) {
    match (target, value) {
        (Value::Object(fields), Value::Object(incoming)) => {
            for (key, value) in incoming {
                match fields.get_mut(&key) {
                    Some(field) => merge_value(field, value),
                    None => {
                        fields.insert(key, value);
                    }
                }
            }
        }
        (target, value) => *target = value,
    }
}

fn known_key<'a>(known: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let (name, _) =
        known.get_key_value(key).or_else(|| known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)))?;
    Some(name)
}

fn driver_from<D: Driver>(fields: &Map<String, Value>) -> serde_json::Result<D> {
    serde_json::from_value(Value::Object(fields.clone()))
}

fn fields_of<D: Driver>(driver: &D) -> Result<Map<String, Value>> {
    match serde_json::to_value(driver) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => Err(unusable(format!("the driver serialises to {}, not to an object", kind_of(&other)))),
        Err(error) => Err(unusable(format!("the driver does not serialise: {error}"))),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn unusable(message: String) -> Error {
    Error::new(ErrorKind::Config, message).with_operation("read the machine's configuration")
}
