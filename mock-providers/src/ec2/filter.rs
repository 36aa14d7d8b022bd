//! Filters of the Describe operations (EC2 User Guide, "List and filter your resources").
//!
//! Filters are joined by "and", the values of a filter by "or". `*` stands for any text, `?` for one character, and a
//! backslash makes the next character ordinary. Upper and lower case differ.

use super::{error::Ec2Error, query::Parameters};

/// Most values of all filters of a call together.
const MAX_VALUES: usize = 200;

/// The filters of a call.
#[derive(Debug, Default)]
pub(super) struct Filters<'q>(Vec<Filter<'q>>);

#[derive(Debug)]
struct Filter<'q> {
    name: &'q str,
    values: Vec<&'q str>,
}

impl<'q> Filters<'q> {
    /// Reads `Filter.N.Name` and `Filter.N.Value.N`. `known` are the names that the operation has; with `tag-key`
    /// among them, `tag:KEY` is known too.
    ///
    /// # Errors
    /// `InvalidParameterValue` for an unknown name, `FilterLimitExceeded` for too many values.
    pub(super) fn read(parameters: &Parameters<'q>, known: &[&str]) -> Result<Self, Ec2Error> {
        let filter = |group: Parameters<'q>| {
            let name = group.filled("Name").unwrap_or("null");
            let has_tags = known.contains(&"tag-key");
            if !(known.contains(&name) || has_tags && name.starts_with("tag:")) {
                return Err(Ec2Error::invalid_filter(name));
            }
            Ok(Filter { name, values: group.list("Value") })
        };
        let filters = parameters.groups("Filter").into_iter().map(filter);
        let filters = filters.collect::<Result<Vec<_>, _>>()?;
        if filters.iter().map(|filter| filter.values.len()).sum::<usize>() > MAX_VALUES {
            let message =
                format!("The maximum number of filter values specified on a single call is {MAX_VALUES}");
            return Err(Ec2Error::client("FilterLimitExceeded", message));
        }
        Ok(Self(filters))
    }

    /// A filter that nothing passes.
    pub(super) fn nothing() -> Self {
        Self(vec![Filter { name: "tag-key", values: Vec::new() }])
    }

    /// Whether an object passes all filters. `tags` are its tags; `attribute` is called with the name of a filter and a
    /// test, and says whether the test holds for one of the object's values.
    pub(super) fn fit<'t, T>(
        &self,
        tags: impl Fn() -> T,
        attribute: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
    ) -> bool
    where
        T: Iterator<Item = (&'t str, &'t str)>,
    {
        self.0.iter().all(|filter| {
            let test = |value: &str| filter.values.iter().any(|pattern| matches(pattern, value));
            match filter.name {
                "tag-key" => tags().any(|(key, _)| test(key)),
                "tag-value" => tags().any(|(_, value)| test(value)),
                name => match name.strip_prefix("tag:") {
                    Some(wanted) => tags().any(|(key, value)| key == wanted && test(value)),
                    None => attribute(name, &test),
                },
            }
        })
    }
}

/// Whether a text fits a pattern.
fn matches(pattern: &str, text: &str) -> bool {
    // Nearly all patterns are plain.
    if !pattern.contains(['*', '?', '\\']) {
        return pattern == text;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position) = (0, 0);
    // Where to go on after a mismatch: behind the latest star, one character further.
    let mut retry = None;
    loop {
        let step = match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, position));
                at += 1;
                continue;
            }
            None if position == text.len() => return true,
            None => None,
            Some('?') => text.get(position).map(|_| 1),
            Some('\\') if at + 1 < pattern.len() => (text.get(position) == pattern.get(at + 1)).then_some(2),
            other => (text.get(position) == other).then_some(1),
        };
        match (step, retry) {
            (Some(length), _) => {
                at += length;
                position += 1;
            }
            (None, Some((star, from))) if from < text.len() => {
                at = star;
                position = from + 1;
                retry = Some((star, from + 1));
            }
            (None, _) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::query::Query, *};

    #[test]
    fn patterns_match() {
        for (pattern, text, expected) in [
            ("running", "running", true),
            ("run", "running", false),
            ("run*", "running", true),
            ("*ing", "running", true),
            ("r*n*g", "running", true),
            ("r*x*g", "running", false),
            ("?un", "run", true),
            ("?un", "un", false),
            ("*", "", true),
            ("?", "", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            ("a*b*", "ab", true),
            ("*é?", "caféx", true),
            ("**a", "bba", true),
            ("", "", true),
            ("a\\", "a\\", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn filters_are_joined_and_unknown_ones_refused() {
        let text = "Filter.1.Name=state&Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.2.Name=tag:k&Filter.2.Value.1=v*";
        let query = Query::parse(text).unwrap();
        let filters = Filters::read(&query.parameters(), &["state", "tag-key"]).unwrap();
        let fit = |state: &str, tag: &str| {
            let tags = || [("k", tag)].into_iter();
            filters.fit(tags, |name, test| name == "state" && test(state))
        };
        assert!(fit("a", "v1") && fit("b", "v") && !fit("c", "v") && !fit("a", "w"));
        query.parameters().all_read().unwrap();
        let error = Filters::read(&query.parameters(), &["state"]).unwrap_err();
        assert_eq!(error.message, "The filter 'tag:k' is invalid");
    }
}
