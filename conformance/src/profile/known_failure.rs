//! Failures that the driver's author knows about.

use glob::Pattern;
use toml::{Spanned, de::DeTable};

use super::{
    ProfileError,
    reader::{Reader, Value, type_name},
    source::Source,
};
use crate::{
    calendar::CalendarDate,
    check::Check,
    selection::{self, SelectionError},
};

/// `[[known-failure]]`: a failure that does not fail the run, for a stated reason.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownFailure {
    /// Pattern over check ids, groups or clauses, as written.
    pub check: String,
    /// Why the failure is accepted.
    pub reason: String,
    /// Last day on which it is accepted.
    pub until: Option<CalendarDate>,
    /// Line in the profile, from 1.
    pub line: usize,
    pattern: Pattern,
}

impl KnownFailure {
    /// Whether the entry names this check.
    pub fn names(&self, check: &Check) -> bool {
        selection::matches(&self.pattern, check)
    }

    /// Whether the entry still counts on `today`.
    pub fn counts_on(&self, today: CalendarDate) -> bool {
        self.until.is_none_or(|last| today <= last)
    }

    /// Reads a file that holds known failures and nothing else. `file` is its name in messages, `checks` are all checks
    /// of the suite, for the patterns.
    ///
    /// # Errors
    /// The mistakes, each with its line.
    pub fn parse_all(file: &str, text: &str, checks: &[&'static Check]) -> Result<Vec<Self>, ProfileError> {
        let source = Source { file: file.to_owned(), text: text.into() };
        let (document, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            let mistakes = syntax.iter().map(|error| source.syntax_mistake(error)).collect();
            return Err(ProfileError::new(&source, mistakes));
        }
        let mut reader = Reader::new(&source);
        reader.only_keys(document.get_ref(), "the baseline", &["known-failure"]);
        let known = document.get_ref().get("known-failure");
        let known = known.map(|value| Self::read_all(&mut reader, value, checks));
        match reader.mistakes {
            mistakes if mistakes.is_empty() => Ok(known.unwrap_or_default()),
            mistakes => Err(ProfileError::new(&source, mistakes)),
        }
    }

    pub(super) fn read_all(
        reader: &mut Reader<'_>,
        value: &Value<'_>,
        checks: &[&'static Check],
    ) -> Vec<Self> {
        let Some(entries) = value.get_ref().as_array() else {
            reader.wrong_type(value, "known-failure", "a list of tables: write [[known-failure]]");
            return Vec::new();
        };
        entries.iter().filter_map(|entry| Self::read(reader, entry, checks)).collect()
    }

    fn read(reader: &mut Reader<'_>, entry: &Value<'_>, checks: &[&'static Check]) -> Option<Self> {
        let table = reader.table(entry, "known-failure")?;
        reader.only_keys(table, "[[known-failure]]", &["check", "reason", "until"]);
        let check = required(reader, entry, table, "check");
        let reason = required(reader, entry, table, "reason");
        let until = table.get("until").map(|value| date(reader, value));
        let check = check?;
        let pattern = match selection::pattern(check.get_ref(), "check", checks) {
            Ok(pattern) => pattern,
            Err(error) => {
                let mistake = reader.source.mistake(check.span(), error.to_string());
                let help = "`machine-conformance list` prints the ids of all checks";
                let unmatched = matches!(error, SelectionError::NoMatch { .. });
                reader.mistake(mistake.maybe_help(unmatched.then(|| help.to_owned())));
                return None;
            }
        };
        let line = reader.source.place(check.span().start).line;
        let until = match until {
            None => None,
            Some(date) => Some(date?),
        };
        Some(Self { check: check.into_inner(), reason: reason?.into_inner(), until, line, pattern })
    }
}

fn required(
    reader: &mut Reader<'_>,
    entry: &Value<'_>,
    table: &DeTable<'_>,
    key: &str,
) -> Option<Spanned<String>> {
    let Some(value) = table.get(key) else {
        let message = format!("this known failure has no \"{key}\"");
        let mistake = reader.source.mistake(entry.span(), message);
        let help = match key {
            "reason" => {
                "say why the failure is accepted: reason = \"provider has no forced stop, ticket 4711\""
            }
            _ => "say which check: check = \"stop::guest_ignores_acpi\"",
        };
        reader.mistake(mistake.help(help));
        return None;
    };
    reader.text(value, key).map(|text| Spanned::new(value.span(), text))
}

fn date(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<CalendarDate> {
    let date =
        value.get_ref().as_datetime().filter(|moment| moment.time.is_none()).and_then(|moment| moment.date);
    if date.is_none() {
        let found = type_name(value.get_ref());
        let message = format!("\"until\" is {found}, but must be a day");
        let mistake = reader.source.mistake(value.span(), message);
        reader.mistake(mistake.help("a day without quotes: until = 2027-03-01"));
    }
    date.map(|date| CalendarDate { year: date.year.into(), month: date.month.into(), day: date.day.into() })
}
