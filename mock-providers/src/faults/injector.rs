//! Deciding which faults hit a call.

use super::{FaultKind, FaultPlan, When};

/// A call as faults see it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal by providers")]
pub struct Call<'a> {
    /// Name of the operation.
    pub operation: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// Path without the query.
    pub path: &'a str,
    /// Whether it changes something.
    pub mutating: bool,
    /// Body as text.
    pub body: &'a str,
}

/// A plan with its counters.
#[derive(Clone, Debug, Default)]
pub struct Injector {
    plan: FaultPlan,
    counters: Vec<Counter>,
    calls: u32,
    mutating_calls: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    meant: u32,
    hit: u32,
}

impl Injector {
    /// Starts a plan with all counters at zero.
    pub fn new(plan: FaultPlan) -> Self {
        let counters = vec![Counter::default(); plan.faults.len()];
        Self { plan, counters, calls: 0, mutating_calls: 0 }
    }

    /// The plan.
    pub fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// How often each fault of the plan has hit.
    pub fn hits(&self) -> Vec<u32> {
        self.counters.iter().map(|counter| counter.hit).collect()
    }

    /// Counts a call; the result is what happens to it, in the order of the plan.
    pub fn decide(&mut self, call: &Call<'_>) -> Vec<FaultKind> {
        self.calls += 1;
        self.mutating_calls += u32::from(call.mutating);
        let mut kinds = Vec::new();
        for (fault, counter) in self.plan.faults.iter().zip(&mut self.counters) {
            if !fault.when.means(call, self.calls, self.mutating_calls) {
                continue;
            }
            counter.meant += 1;
            let Some(after_skip) = counter.meant.checked_sub(fault.skip + 1) else {
                continue;
            };
            let in_turn = after_skip % fault.every.max(1) == 0;
            if in_turn && fault.times.is_none_or(|times| counter.hit < times) {
                counter.hit += 1;
                kinds.push(fault.then.clone());
            }
        }
        kinds
    }
}

impl When {
    fn means(&self, call: &Call<'_>, number: u32, mutating_number: u32) -> bool {
        let fits = |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|p| matches(p, text));
        fits(&self.operation, call.operation)
            && fits(&self.method, call.method)
            && fits(&self.path, call.path)
            && self.mutating.is_none_or(|mutating| mutating == call.mutating)
            && self.mutating_call.is_none_or(|wanted| call.mutating && wanted == mutating_number)
            && self.call.is_none_or(|wanted| wanted == number)
            && self.body.as_deref().is_none_or(|text| call.body.contains(text))
    }
}

/// Whether a text matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(found) => rest = &rest[found + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::{super::Fault, *};

    fn call(operation: &'static str, mutating: bool) -> Call<'static> {
        Call { operation, method: "GET", path: "/v1/x/1", mutating, body: "{\"name\":\"n\"}" }
    }

    #[test]
    fn patterns_match() {
        for (pattern, text, expected) in [
            ("Create*", "CreateServer", true),
            ("*Server", "CreateServer", true),
            ("/v1/*/actions", "/v1/servers/1/actions", true),
            ("/v1/*/actions", "/v1/servers/1", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*a", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_third_mutating_call_is_counted_over_operations() {
        let mut injector = Injector::new(FaultPlan::one(When::mutating_call(3), FaultKind::EmptyBody));
        let calls = [("A", true), ("B", false), ("C", true), ("D", false), ("E", true), ("F", true)];
        let hits: Vec<_> =
            calls.iter().filter(|(name, m)| !injector.decide(&call(name, *m)).is_empty()).collect();
        assert_eq!(hits, [&("E", true)]);
        assert_eq!(injector.hits(), [1]);
    }

    #[test]
    fn skip_every_and_times_count_only_what_is_meant() {
        let when = When { operation: Some("Get*".into()), ..When::default() };
        let fault = Fault { skip: 1, every: 2, times: Some(2), ..Fault::new(when, FaultKind::Stale) };
        let mut injector = Injector::new(fault.into());
        let hit: Vec<bool> = (0..9)
            .map(|number| {
                injector.decide(&call("Other", false));
                let hit = !injector.decide(&call("GetServer", false)).is_empty();
                assert!(number < 9);
                hit
            })
            .collect();
        assert_eq!(hit, [false, true, false, true, false, false, false, false, false]);
    }

    #[test]
    fn unknown_words_in_plans_are_errors() {
        for text in [r#"[{"then": {"kind": "nonsense"}}]"#, r#"[{"whn": {}, "then": {"kind": "stale"}}]"#] {
            assert!(serde_json::from_str::<FaultPlan>(text).is_err(), "{text}");
        }
        let text =
            r#"[{"then":{"kind":"guest","fault":{"slow-boot":50}}},{"then":{"kind":"drop","acted":true}}]"#;
        let plan: FaultPlan = serde_json::from_str(text).unwrap();
        let again: FaultPlan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(plan, again);
    }
}
