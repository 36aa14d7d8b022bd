//! `[provider.external]`: the commands by which the suite sees and disturbs a provider that it does not know.

use std::{path::Path, time::Duration};

use toml::{Spanned, de::DeTable};

use super::reader::{Reader, Value, whole};
use crate::world::{Act, ExternalOptions};

/// Keys beside those of the commands.
const OTHER_KEYS: [&str; 5] = ["guests", "costs-money", "machines", "pace", "limit"];
/// Longest limit for a command, in seconds: an hour.
const LONGEST_LIMIT: f64 = 3600.0;

/// Reads the table. Commands run in `folder`, the one of the profile.
pub(super) fn read(reader: &mut Reader<'_>, table: &DeTable<'_>, folder: &Path) -> ExternalOptions {
    let acts = Act::WORDS.map(|(word, _)| word);
    let keys: Vec<&str> = acts.into_iter().chain(OTHER_KEYS).collect();
    reader.only_keys(table, "[provider.external]", &keys);
    let mut options = ExternalOptions::new(folder.to_owned());
    for (word, act) in Act::WORDS {
        if let Some(value) = table.get(word)
            && let Some(command) = command(reader, value, word)
        {
            options.commands.insert(act, command);
        }
    }
    if let Some(guests) = switch(reader, table, "guests") {
        options.guests = guests;
    }
    if let Some(costs) = switch(reader, table, "costs-money") {
        options.costs_money = costs;
    }
    if let Some(value) = table.get("machines") {
        match whole(value).map(u32::try_from) {
            Some(Ok(machines)) => options.machines = Some(machines),
            Some(Err(_)) => {
                let message = format!("\"machines\" must be at least 0 and at most {}", u32::MAX);
                let mistake = reader.source.mistake(value.span(), message);
                reader.mistake(mistake);
            }
            None => reader.wrong_type(value, "machines", "a whole number"),
        }
    }
    if let Some(pace) = number_up_to(reader, table, "pace", 1.0) {
        options.pace = pace;
    }
    if let Some(seconds) = number_up_to(reader, table, "limit", LONGEST_LIMIT) {
        options.limit = Duration::from_secs_f64(seconds);
    }
    options
}

/// A program and its arguments.
fn command(reader: &mut Reader<'_>, value: &Value<'_>, word: &str) -> Option<Vec<String>> {
    let words: Vec<String> = reader.texts(value, word)?.into_iter().map(Spanned::into_inner).collect();
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        let mistake = reader
            .source
            .mistake(value.span(), format!("\"{word}\" names no program"))
            .help(format!("a program and its arguments: {word} = [\"./ci/{word}\"]"));
        reader.mistake(mistake);
        return None;
    }
    Some(words)
}

fn switch(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Option<bool> {
    let value = table.get(key)?;
    let on = value.get_ref().as_bool();
    if on.is_none() {
        reader.wrong_type(value, key, "true or false");
    }
    on
}

fn number_up_to(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str, most: f64) -> Option<f64> {
    let value = table.get(key)?;
    let number = reader.number(value, key)?;
    if number > 0.0 && number <= most {
        return Some(number);
    }
    let message = format!("\"{key}\" must be above 0 and at most {most}");
    let mistake = reader.source.mistake(value.span(), message);
    reader.mistake(mistake);
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use crate::profile::{Profile, ProfileError};

    use super::*;

    fn parse(text: &str) -> Result<Profile, ProfileError> {
        Profile::parse("conformance.toml", text, Path::new("repository"), &[])
    }

    #[test]
    fn commands_and_numbers_are_read() {
        let profile = parse(
            "[provider]\nkind = 'external'\n[provider.external]\ninventory = ['./list', '--all']\n\
             power-off = ['off']\nguests = true\ncosts-money = false\nmachines = 12\npace = 0.5\nlimit = 90\n",
        )
        .unwrap();
        let options = profile.external.unwrap();
        assert_eq!(options.folder, Path::new("repository"));
        assert_eq!(options.commands[&Act::Inventory], ["./list", "--all"]);
        assert!(options.has(Act::PowerOff) && !options.has(Act::Sweep));
        assert_eq!((options.guests, options.costs_money, options.machines), (true, false, Some(12)));
        assert_eq!((options.pace, options.limit), (0.5, Duration::from_secs(90)));
        let plain = parse("provider.external = {}").unwrap().external.unwrap();
        assert!(plain.costs_money && !plain.guests && plain.machines.is_none());
    }

    #[test]
    fn mistakes_have_their_place() {
        for (text, wanted) in [
            ("inventroy = ['a']", "unknown key \"inventroy\" in [provider.external]"),
            ("inventory = 'list'", "\"inventory\" is a text, but must be a list of texts in quotes"),
            ("sweep = []", "\"sweep\" names no program"),
            ("guests = 'yes'", "\"guests\" is a text, but must be true or false"),
            ("machines = -1", "\"machines\" must be at least 0 and at most 4294967295"),
            ("machines = '1'", "\"machines\" is a text, but must be a whole number"),
            ("pace = 2", "\"pace\" must be above 0 and at most 1"),
            ("limit = 0", "\"limit\" must be above 0 and at most 3600"),
        ] {
            let lines = parse(&format!("[provider.external]\n{text}\n")).unwrap_err().lines();
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].starts_with("conformance.toml:2:"), "{lines:?}");
            assert!(lines[0].ends_with(wanted), "{lines:?}");
        }
    }
}
