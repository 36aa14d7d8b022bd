//! Lines about an object, for programs and for people.

use std::fmt::Write as _;

use crate::timestamp;

/// For whom is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vbox) enum Format {
    /// `--machinereadable`: `key="value"`.
    Programs,
    /// `Label:       value`.
    People,
}

/// Lines that are put together.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) format: Format,
    text: String,
}

impl Page {
    pub(super) fn new(format: Format) -> Self {
        Self { format, text: String::with_capacity(4 << 10) }
    }

    /// Whether it is for programs.
    pub(super) fn is_for_programs(&self) -> bool {
        self.format == Format::Programs
    }

    /// A text; people may get another one than programs.
    pub(super) fn text(&mut self, key: &str, value: &str, label: &str, words: &str) {
        match self.format {
            Format::Programs => self.quoted(key, value),
            Format::People => self.labelled(label, words),
        }
    }

    /// The same text for both.
    pub(super) fn same(&mut self, key: &str, label: &str, value: &str) {
        self.text(key, value, label, value);
    }

    /// A number, with a unit for people.
    pub(super) fn number(&mut self, key: &str, label: &str, value: &str, unit: &str) {
        match self.format {
            Format::Programs => self.line(&format!("{key}={value}")),
            Format::People => self.labelled(label, &format!("{value}{unit}")),
        }
    }

    /// `on` or `off`, which people read as `enabled` or `disabled`.
    pub(super) fn switch(&mut self, key: &str, label: &str, value: &str) {
        let words = if value == "on" { "enabled" } else { "disabled" };
        self.text(key, value, label, words);
    }

    /// `key=value`, for programs.
    pub(super) fn only_for_programs(&mut self, key: &str, value: &str) {
        if self.is_for_programs() {
            self.line(&format!("{key}={value}"));
        }
    }

    /// `key="value"`, for programs.
    pub(super) fn quoted(&mut self, key: &str, value: &str) {
        if self.is_for_programs() {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            self.line(&format!("{key}=\"{value}\""));
        }
    }

    /// `Label:       value`, for people.
    pub(super) fn labelled(&mut self, label: &str, value: &str) {
        if !self.is_for_programs() {
            let label = format!("{label}:");
            self.line(&format!("{label:<28} {value}"));
        }
    }

    /// A line as it is, for people.
    pub(super) fn note(&mut self, line: &str) {
        if !self.is_for_programs() {
            self.line(line);
        }
    }

    /// A line as it is, for both.
    pub(super) fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The word for a switch.
pub(super) fn on(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

/// A time as VirtualBox writes it: `2026-11-22T23:15:45.921000000`.
pub(super) fn time(since_1970: std::time::Duration) -> String {
    let text = timestamp::text(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX));
    format!("{}000000", text.trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_get_quotes_and_people_get_columns() {
        let write = |format| {
            let mut page = Page::new(format);
            page.same("name", "Name", "a\"b\\c");
            page.number("memory", "Memory size", "64", "MB");
            page.switch("hpet", "HPET", "off");
            page.finish()
        };
        assert_eq!(write(Format::Programs), "name=\"a\\\"b\\\\c\"\nmemory=64\nhpet=\"off\"\n");
        let people = write(Format::People);
        assert!(people.contains("Memory size:                 64MB\n"), "{people}");
        assert!(people.ends_with("HPET:                        disabled\n"), "{people}");
    }

    #[test]
    fn times_have_nine_digits() {
        assert_eq!(
            time(std::time::Duration::from_millis(1_782_014_400_921)),
            "2026-06-21T04:00:00.921000000"
        );
    }
}
