//! Bringing a baseline to the state of a run, without touching what people wrote in it.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::{
    calendar::CalendarDate,
    check::Check,
    event::CheckResult,
    profile::{KnownFailure, ProfileError},
    report::RunRecord,
    verdict::Verdict,
};

const TABLE: &str = "known-failure";

/// What new entries say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct NewEntries {
    /// Why the failures are accepted.
    pub reason: String,
    /// Last day on which they are.
    pub until: Option<CalendarDate>,
}

/// A baseline that was brought up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated {
    /// The new text of the file.
    pub text: String,
    /// Ids of the checks that were added.
    pub added: Vec<String>,
    /// Entries that were taken out, as they were written.
    pub removed: Vec<String>,
}

/// Adds an entry for each check that fails in `run` and that no entry names, and takes out the entries all of whose
/// checks pass. Entries about checks that were not run stay, and so do comments and order.
///
/// # Errors
/// The mistakes in `text`, each with its line.
pub fn update(
    file: &str,
    text: &str,
    run: &RunRecord,
    new: &NewEntries,
    checks: &[&'static Check],
) -> Result<Updated, ProfileError> {
    // Mistakes are found here, so that nothing is lost by what follows.
    let entries = KnownFailure::parse_all(file, text, checks)?;
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        ProfileError::not_toml(file, text, error.span(), error.message())
    })?;
    let stale: Vec<bool> = entries.iter().map(|entry| is_stale(entry, run, checks)).collect();
    let removed = entries
        .iter()
        .zip(&stale)
        .filter(|(_, stale)| **stale)
        .map(|(entry, _)| entry.check.clone())
        .collect();
    let added: Vec<String> = run
        .checks
        .iter()
        .filter(|result| fails(result))
        .filter(|result| !is_named(result, &entries, checks))
        .map(|result| result.id.clone())
        .collect();
    let tables = document.entry(TABLE).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(tables) = tables.as_array_of_tables_mut() {
        for index in (0..stale.len()).rev().filter(|index| stale[*index]) {
            tables.remove(index);
        }
        added.iter().for_each(|id| tables.push(entry(id, new)));
    } else if let Some(inline) = tables.as_array_mut() {
        // known-failure = [{ ... }]
        for index in (0..stale.len()).rev().filter(|index| stale[*index]) {
            inline.remove(index);
        }
        for id in &added {
            inline.push(entry(id, new).into_inline_table());
        }
    }
    let mut text = document.to_string();
    if text.trim().is_empty() {
        text.clear();
    }
    Ok(Updated { text, added, removed })
}

fn entry(id: &str, new: &NewEntries) -> Table {
    let mut table = Table::new();
    table.insert("check", value(id));
    table.insert("reason", value(new.reason.as_str()));
    if let Some(day) = new.until {
        table.insert("until", value(date(day)));
    }
    table
}

fn date(day: CalendarDate) -> toml_edit::Datetime {
    toml_edit::Datetime {
        date: Some(toml_edit::Date {
            year: u16::try_from(day.year).unwrap_or(u16::MAX),
            month: u8::try_from(day.month).unwrap_or(1),
            day: u8::try_from(day.day).unwrap_or(1),
        }),
        time: None,
        offset: None,
    }
}

/// What a known failure covers.
fn fails(result: &CheckResult) -> bool {
    matches!(result.verdict, Verdict::Fail | Verdict::DriverTimeout)
}

fn is_named(result: &CheckResult, entries: &[KnownFailure], checks: &[&'static Check]) -> bool {
    checks
        .iter()
        .filter(|check| check.id == result.id)
        .any(|check| entries.iter().any(|entry| entry.names(check)))
}

/// Whether the checks of an entry were run and none of them fails.
fn is_stale(entry: &KnownFailure, run: &RunRecord, checks: &[&'static Check]) -> bool {
    let named = checks.iter().filter(|check| entry.names(check));
    let verdicts: Vec<Verdict> = named
        .filter_map(|check| run.checks.iter().find(|result| result.id == check.id))
        .map(|result| result.verdict)
        .collect();
    let passes = |verdict: &Verdict| matches!(verdict, Verdict::Pass | Verdict::Stale);
    !verdicts.is_empty() && verdicts.iter().all(passes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::sample::{check, finished};

    const OLD: &str = "# what acme breaks\n\n[[known-failure]]\ncheck = \"stop::*\"   # both\nreason = \"ticket 1\"\n\n\
                       [[known-failure]]\ncheck = \"remove::twice\"\nreason = \"ticket 2\"\n\n\
                       [[known-failure]]\ncheck = \"kill::hung\"\nreason = \"ticket 3\"\n";

    fn checks() -> Vec<&'static Check> {
        ["stop::a", "stop::b", "remove::twice", "kill::hung", "create::works"]
            .map(|id| check(id, &["RM-012"]))
            .to_vec()
    }

    fn run(verdicts: &[(&str, Verdict)]) -> RunRecord {
        RunRecord {
            checks: verdicts.iter().map(|(id, verdict)| finished(id, *verdict)).collect(),
            ..RunRecord::default()
        }
    }

    fn new() -> NewEntries {
        NewEntries {
            reason: "known since today".to_owned(),
            until: Some(CalendarDate { year: 2027, month: 3, day: 1 }),
        }
    }

    #[test]
    fn stale_entries_go_failures_come_and_everything_else_stays() {
        let run = run(&[
            ("stop::a", Verdict::Stale),
            ("stop::b", Verdict::KnownFailure),
            ("remove::twice", Verdict::Stale),
            ("kill::hung", Verdict::NotTested),
            ("create::works", Verdict::Fail),
        ]);
        let updated = update("baseline.toml", OLD, &run, &new(), &checks()).unwrap();
        assert_eq!(updated.added, ["create::works"]);
        assert_eq!(updated.removed, ["remove::twice"]);
        assert_eq!(
            updated.text,
            "# what acme breaks\n\n[[known-failure]]\ncheck = \"stop::*\"   # both\nreason = \"ticket 1\"\n\n\
             [[known-failure]]\ncheck = \"kill::hung\"\nreason = \"ticket 3\"\n\n\
             [[known-failure]]\ncheck = \"create::works\"\nreason = \"known since today\"\nuntil = 2027-03-01\n"
        );
        let again = update("baseline.toml", &updated.text, &run, &new(), &checks()).unwrap();
        assert_eq!(again.text, updated.text, "a second time there is nothing to do");
    }

    #[test]
    fn a_new_file_begins_with_the_failures_and_can_be_read() {
        let failing = run(&[("stop::a", Verdict::DriverTimeout), ("stop::b", Verdict::Warn)]);
        let updated = update("baseline.toml", "", &failing, &new(), &checks()).unwrap();
        let read = KnownFailure::parse_all("baseline.toml", &updated.text, &checks()).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].check.as_str(), read[0].until), ("stop::a", new().until));
        let empty = update("baseline.toml", "", &run(&[]), &new(), &checks()).unwrap();
        assert_eq!(empty.text, "");
    }

    #[test]
    fn a_reason_with_anything_in_it_is_one_text() {
        let mut hostile = new();
        hostile.reason = "a \"quoted\"\n[[known-failure]] reason".to_owned();
        let run = run(&[("stop::a", Verdict::Fail)]);
        let updated = update("baseline.toml", "", &run, &hostile, &checks()).unwrap();
        let read = KnownFailure::parse_all("baseline.toml", &updated.text, &checks()).unwrap();
        assert_eq!(read[0].reason, hostile.reason);
    }
}
