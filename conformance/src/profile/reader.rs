//! Reading TOML tables so that every mistake is found, named and placed.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::source::{Mistake, Source};
use crate::nearest::did_you_mean;

/// A value with its place.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Collects the mistakes of one profile.
pub(super) struct Reader<'s> {
    pub(super) source: &'s Source,
    pub(super) mistakes: Vec<Mistake>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, mistakes: Vec::new() }
    }

    pub(super) fn mistake(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    /// Reports keys of `table` that are not in `allowed`.
    pub(super) fn only_keys(&mut self, table: &DeTable<'_>, name: &str, allowed: &[&str]) {
        for key in table.keys() {
            let word: &str = key.get_ref();
            if !allowed.contains(&word) {
                let mistake = self
                    .source
                    .mistake(key.span(), format!("unknown key \"{word}\" in {name}"))
                    .help(format!("allowed: {}", allowed.join(", ")))
                    .maybe_help(did_you_mean(word, allowed.iter().copied()));
                self.mistake(mistake);
            }
        }
    }

    /// Reports that `value` has the wrong type.
    pub(super) fn wrong_type(&mut self, value: &Value<'_>, key: &str, wanted: &str) {
        let found = type_name(value.get_ref());
        let mistake =
            self.source.mistake(value.span(), format!("\"{key}\" is {found}, but must be {wanted}"));
        self.mistake(mistake);
    }

    pub(super) fn table<'t, 'v>(&mut self, value: &'v Value<'t>, key: &str) -> Option<&'v DeTable<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(value, key, "a table");
        }
        table
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, value: &Value<'_>, key: &str) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            Some(_) => {
                let mistake = self.source.mistake(value.span(), format!("\"{key}\" must not be empty"));
                self.mistake(mistake);
                None
            }
            None => {
                self.wrong_type(value, key, "a text in quotes");
                None
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, value: &Value<'_>, key: &str) -> Option<Vec<Spanned<String>>> {
        const WANTED: &str = "a list of texts in quotes";
        let Some(items) = value.get_ref().as_array() else {
            self.wrong_type(value, key, WANTED);
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Spanned::new(item.span(), text.to_owned())),
                None => self.wrong_type(item, key, WANTED),
            }
        }
        (texts.len() == items.len()).then_some(texts)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        text: &str,
        span: Range<usize>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let mistake = self
            .source
            .mistake(span, format!("\"{text}\" is not known as \"{key}\""))
            .help(format!("allowed: {}", allowed.join(", ")))
            .maybe_help(did_you_mean(text, allowed));
        self.mistake(mistake);
        None
    }

    /// A number, whole or not.
    pub(super) fn number(&mut self, value: &Value<'_>, key: &str) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(_) => whole(value).map(|number| number as f64),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong_type(value, key, "a number");
        }
        number
    }
}

/// A whole number, in any notation of TOML, that fits into 64 bits.
pub(super) fn whole(value: &Value<'_>) -> Option<i64> {
    let number = value.get_ref().as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// How a value is called in messages.
pub(super) fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
