//! The table `[walks]` of a profile.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{
    Profile,
    reader::{Reader, Value, whole},
};
use crate::model::{Action, MOST_STEPS, MOST_WALKS};

/// Largest weight; more would only make numbers large.
const MOST_WEIGHT: usize = 1000;

impl Profile {
    pub(super) fn read_walks(&mut self, reader: &mut Reader<'_>, table: &DeTable<'_>) {
        reader.only_keys(table, "[walks]", &["count", "length", "corpus", "weights"]);
        if let Some(value) = table.get("count") {
            self.walks.count = number(reader, value, "count", 1, MOST_WALKS);
        }
        if let Some(value) = table.get("length") {
            self.walks.length = number(reader, value, "length", 1, MOST_STEPS);
        }
        if let Some(value) = table.get("corpus") {
            self.walks.corpus = reader.text(value, "corpus");
        }
        if let Some(value) = table.get("weights")
            && let Some(weights) = reader.table(value, "weights")
        {
            self.walks.weights = weights_of(reader, weights);
        }
    }
}

fn weights_of(reader: &mut Reader<'_>, table: &DeTable<'_>) -> BTreeMap<Action, u32> {
    let words = Action::ALL.map(|action| (action.word(), action));
    let mut weights = BTreeMap::new();
    for (key, value) in table {
        let word: &str = key.get_ref();
        if let Some(action) = reader.word(word, key.span(), "weights", &words)
            && let Some(weight) = number(reader, value, word, 0, MOST_WEIGHT)
        {
            weights.insert(action, u32::try_from(weight).unwrap_or(u32::MAX));
        }
    }
    weights
}

/// A whole number from `least` to `most`.
fn number(reader: &mut Reader<'_>, value: &Value<'_>, key: &str, least: usize, most: usize) -> Option<usize> {
    let Some(given) = whole(value) else {
        reader.wrong_type(value, key, "a whole number");
        return None;
    };
    let number = usize::try_from(given).ok().filter(|number| (least..=most).contains(number));
    if number.is_none() {
        let message = format!("\"{key}\" must be at least {least} and at most {most}");
        let mistake = reader.source.mistake(value.span(), message);
        reader.mistake(mistake);
    }
    number
}
