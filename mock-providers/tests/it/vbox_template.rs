//! Recorded texts with named variable parts, and whether another text is the same apart from these.
//!
//! `{id3}` is the third UUID of a recording: wherever it comes up again it must be the same one. `{mac1}` is the
//! address of a network adapter, `{date}` a time, `{pid}` and `{number}` are numbers, `{word}` is a word.

use std::collections::BTreeMap;

/// What variable parts stand for, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bindings(BTreeMap<String, String>);

impl Bindings {
    /// The text with everything put in that is known.
    pub(crate) fn fill(&self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((literal, name, after)) = next_part(rest) {
            text += literal;
            let lower = name.to_lowercase();
            match self.0.get(&lower) {
                Some(value) if name == lower => text += value,
                Some(value) => text += &value.to_uppercase(),
                None => text += &format!("{{{name}}}"),
            }
            rest = after;
        }
        text + rest
    }

    /// Whether `actual` is what the template says; if so, its variable parts are known from now on. Otherwise the place
    /// where they differ.
    pub(crate) fn accept(&mut self, template: &str, actual: &str) -> Result<(), String> {
        let mut known = self.clone();
        known.walk(template, actual)?;
        *self = known;
        Ok(())
    }

    fn walk(&mut self, template: &str, actual: &str) -> Result<(), String> {
        let (mut template, mut actual) = (template, actual);
        while let Some((literal, name, after)) = next_part(template) {
            actual = strip(actual, literal)?;
            let length = length(name, actual);
            let (value, rest) = actual.split_at(length);
            if length == 0 {
                return Err(differ(&format!("{{{name}}}"), actual));
            }
            if name.starts_with(['i', 'I', 'm']) {
                let known = self.0.entry(name.to_lowercase()).or_insert_with(|| value.to_lowercase());
                if *known != value.to_lowercase() {
                    return Err(differ(&format!("{{{name}}} = {known}"), actual));
                }
            }
            (template, actual) = (after, rest);
        }
        match strip(actual, template)? {
            "" => Ok(()),
            rest => Err(differ("the end", rest)),
        }
    }
}

/// Literal text, the next variable part, and what follows.
fn next_part(template: &str) -> Option<(&str, &str, &str)> {
    let starts = template.match_indices('{').map(|(at, _)| at);
    starts.into_iter().find_map(|at| {
        let (name, after) = template[at + 1..].split_once('}')?;
        let stem = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let is_known = match stem {
            "id" | "ID" | "mac" => stem.len() < name.len(),
            "date" | "pid" | "number" | "word" => stem == name,
            _ => false,
        };
        is_known.then_some((&template[..at], name, after))
    })
}

/// Bytes at the start of a text that are such a part.
fn length(name: &str, text: &str) -> usize {
    let while_ = |fits: fn(char) -> bool| text.find(|character| !fits(character)).unwrap_or(text.len());
    match name.trim_end_matches(|digit: char| digit.is_ascii_digit()) {
        "id" | "ID" => {
            let length = while_(|character| character.is_ascii_hexdigit() || character == '-');
            if length == 36 { length } else { 0 }
        }
        "mac" => while_(|character| character.is_ascii_hexdigit()),
        "pid" => while_(|character| character.is_ascii_hexdigit() || character == 'x'),
        "number" => while_(|character| character.is_ascii_digit()),
        "word" => while_(|character| character.is_ascii_alphanumeric()),
        _ => {
            let length = while_(|character| character.is_ascii_digit() || "-:T.Z".contains(character));
            text[..length].trim_end_matches('.').len()
        }
    }
}

fn strip<'a>(actual: &'a str, literal: &str) -> Result<&'a str, String> {
    actual.strip_prefix(literal).ok_or_else(|| {
        let same = actual.chars().zip(literal.chars()).take_while(|(one, other)| one == other);
        let same: usize = same.map(|(one, _)| one.len_utf8()).sum();
        differ(&literal[same..], &actual[same..])
    })
}

fn differ(expected: &str, actual: &str) -> String {
    let short = |text: &str| text.chars().take(90).collect::<String>();
    format!("expected {:?}, found {:?}", short(expected), short(actual))
}

#[test]
fn variable_parts_are_the_same_wherever_they_come_up() {
    let mut known = Bindings::default();
    let id = "03ca9419-b2b2-45d3-abb1-d505ff855835";
    known
        .accept("\"m1\" {{id1}} {date}\n", &format!("\"m1\" {{{id}}} 2026-11-22T23:15:45.921000000Z\n"))
        .unwrap();
    assert_eq!(known.fill("{id1} {ID1} {id2}"), format!("{id} {} {{id2}}", id.to_uppercase()));
    let other = "13ca9419-b2b2-45d3-abb1-d505ff855835";
    let error = known.accept("{id1}", other).unwrap_err();
    assert!(error.contains(id) && error.contains(other), "{error}");
    assert!(known.accept("a{id2}b", "ab").is_err());
    assert!(known.accept("abc", "abd").unwrap_err().contains("\"c\", found \"d\""));
    known.accept("{date}.sav (PID={pid})", "2026-11-22T23-33-24-428986000Z.sav (PID=0x0000026D)").unwrap();
}
