//! Which calls of an operation a sweep looks at.
//!
//! Runs of the same operation differ in how often they poll, so a call is named by its operation and its number among
//! the calls of that operation, and of repeated reads only the first, the second and the last are taken.

use std::{collections::BTreeMap, fmt};

use crate::world::ProviderRequest;

/// A provider call of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The provider's name of it, for example `CreateServer`.
    pub(super) name: String,
    /// Whether it changes something.
    pub(super) mutating: bool,
    /// Its number among the calls of this name, from 1.
    pub(super) number: u32,
    /// Where it stands among them.
    pub(super) place: Place,
}

/// Where a call stands among those of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Only,
    First,
    Second,
    Last,
    Number(u32),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.place {
            Place::Only => Ok(()),
            Place::First => f.write_str(" (first)"),
            Place::Second => f.write_str(" (second)"),
            Place::Last => f.write_str(" (last)"),
            Place::Number(number) => write!(f, " (number {number})"),
        }
    }
}

/// The calls to look at, from the requests of a run without faults, in their order.
pub(super) fn calls(requests: &[ProviderRequest]) -> Vec<Call> {
    let named = || requests.iter().filter(|request| !request.name.is_empty());
    let mut totals: BTreeMap<&str, u32> = BTreeMap::new();
    for request in named() {
        *totals.entry(&request.name).or_default() += 1;
    }
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut calls = Vec::new();
    for request in named() {
        let number = seen.entry(&request.name).or_default();
        *number += 1;
        let total = totals.get(request.name.as_str()).copied().unwrap_or(1);
        if let Some(place) = place(*number, total, request.mutating) {
            calls.push(Call {
                name: request.name.clone(),
                mutating: request.mutating,
                number: *number,
                place,
            });
        }
    }
    calls
}

/// Where the `number`-th of `total` calls stands; `None` for a poll in the middle.
fn place(number: u32, total: u32, mutating: bool) -> Option<Place> {
    match (number, total) {
        (1, 1) => Some(Place::Only),
        (1, _) => Some(Place::First),
        _ if mutating => Some(Place::Number(number)),
        (2, _) => Some(Place::Second),
        _ if number == total => Some(Place::Last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn request(name: &str) -> ProviderRequest {
        ProviderRequest {
            at: Instant::now(),
            duration: Duration::ZERO,
            operation: format!("GET /{name}"),
            name: name.to_owned(),
            body: String::new(),
            status: "200".to_owned(),
            mutating: name.starts_with("Create"),
            failed: false,
            fault: None,
        }
    }

    fn shown(names: &[&str]) -> Vec<String> {
        let requests: Vec<_> = names.iter().map(|name| request(name)).collect();
        calls(&requests).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn polls_are_collapsed_and_changes_are_not() {
        assert_eq!(
            shown(&["List", "CreateKey", "Get", "Get", "CreateTags", "Get", "Get", "CreateTags", "Get"]),
            [
                "List",
                "CreateKey",
                "Get (first)",
                "Get (second)",
                "CreateTags (first)",
                "CreateTags (number 2)",
                "Get (last)",
            ]
        );
        assert_eq!(shown(&["Get", "Get"]), ["Get (first)", "Get (second)"]);
        assert_eq!(shown(&["", "Get"]), ["Get"], "what has no name cannot be meant");
    }
}
