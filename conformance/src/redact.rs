//! Hiding secrets wherever text is recorded, so that no report has to.

use std::{borrow::Cow, collections::BTreeMap};

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};

/// Values shorter than this are not hidden: they would match everywhere and hide the rest of the text.
const SHORTEST_SECRET: usize = 4;

/// Lines of a secret of many lines (a private key) shorter than this are not hidden on their own.
const SHORTEST_LINE: usize = 16;

/// Encoded forms shorter than this are not looked for.
const SHORTEST_ENCODED: usize = 8;

/// Replaces secrets, and the forms in which they usually travel, by `[secret NAME]`.
///
/// Besides the value itself these forms are found: base64 (both alphabets, at any offset in a longer text, so
/// also inside `Basic` credentials), hex, URL-encoded, escaped as in JSON, and single lines of a longer secret.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Text to look for, longest first, with the name of the secret.
    needles: Vec<(String, String)>,
    too_short: Vec<String>,
}

impl Redactor {
    /// A redactor of these secrets: pairs of name and value. Empty values are ignored.
    pub fn new<N, V>(secrets: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: AsRef<str>,
    {
        let mut needles: BTreeMap<String, String> = BTreeMap::new();
        let mut too_short = Vec::new();
        for (name, value) in secrets {
            let (name, value) = (name.into(), value.as_ref());
            match value.len() {
                0 => {}
                length if length < SHORTEST_SECRET => too_short.push(name),
                _ => forms(value).for_each(|form| {
                    needles.entry(form).or_insert_with(|| name.clone());
                }),
            }
        }
        let mut needles: Vec<_> = needles.into_iter().collect();
        needles.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        Self { needles, too_short }
    }

    /// Names of secrets that are too short to be hidden; worth a warning.
    pub fn too_short(&self) -> &[String] {
        &self.too_short
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Names of the secrets that occur in `text`, in any of their forms.
    pub fn secrets_in(&self, text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .needles
            .iter()
            .filter(|(form, _)| text.contains(form))
            .map(|(_, name)| name.as_str())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `text` with every secret replaced. The placeholders themselves are never searched again.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(mut found) = self.first_in(text) else {
            return Cow::Borrowed(text);
        };
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let (start, length, name) = found;
            clean.push_str(&rest[..start]);
            clean.push_str("[secret ");
            clean.push_str(name);
            clean.push(']');
            rest = &rest[start + length..];
            match self.first_in(rest) {
                Some(next) => found = next,
                None => break,
            }
        }
        clean.push_str(rest);
        Cow::Owned(clean)
    }

    /// Start, length and name of the leftmost secret; of several at one place, the longest.
    fn first_in(&self, text: &str) -> Option<(usize, usize, &str)> {
        self.needles
            .iter()
            .filter_map(|(form, name)| {
                text.find(form.as_str()).map(|start| (start, form.len(), name.as_str()))
            })
            .min_by_key(|(start, length, _)| (*start, std::cmp::Reverse(*length)))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names: Vec<&str> = self.needles.iter().map(|(_, name)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        f.debug_struct("Redactor").field("secrets", &names).finish_non_exhaustive()
    }
}

/// Every form of `value` worth hiding, the value itself included.
fn forms(value: &str) -> impl Iterator<Item = String> {
    let encoded = encodings(value).into_iter().filter(|form| form.len() >= SHORTEST_ENCODED);
    let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE && *line != value);
    // The frame of a PEM block is the same in every key.
    let lines = lines.filter(|line| !line.starts_with("-----")).map(str::to_owned);
    let trimmed = value.trim();
    let trimmed = (trimmed.len() >= SHORTEST_SECRET).then(|| trimmed.to_owned());
    let all: Vec<String> = std::iter::once(value.to_owned())
        .chain(trimmed)
        .chain(encoded)
        .chain(lines.collect::<Vec<_>>())
        .collect();
    all.into_iter()
}

fn encodings(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let lower_hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_matches('"').to_owned();
    // Go's encoder escapes these three as well.
    let go_json = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let percent = percent_encoded(value, "-._~");
    let form = percent.replace("%20", "+");
    let lower_percent = lower_escapes(&percent);
    let browser: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let mut forms =
        vec![lower_hex.to_uppercase(), lower_hex, json, go_json, percent, form, lower_percent, browser];
    for offset in 0..3 {
        forms.push(base64_core::<Base64Unpadded>(bytes, offset));
        forms.push(base64_core::<Base64UrlUnpadded>(bytes, offset));
    }
    forms
}

/// The characters of the base64 text that depend on `bytes` alone when they stand `offset` bytes (modulo 3) into
/// a longer text.
fn base64_core<E: Encoding>(bytes: &[u8], offset: usize) -> String {
    let mut shifted = vec![0; offset];
    shifted.extend_from_slice(bytes);
    let text = E::encode_string(&shifted);
    // A character holds six bits: the first ones mix with what stands before, the last one with what follows.
    let first = (offset * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_owned()
}

fn percent_encoded(value: &str, kept: &str) -> String {
    let encode = |byte: u8| match char::from(byte) {
        plain if plain.is_ascii_alphanumeric() || kept.contains(plain) => plain.to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(encode).collect()
}

fn lower_escapes(text: &str) -> String {
    let mut left_in_escape = 0;
    text.chars()
        .map(|character| {
            if character == '%' {
                left_in_escape = 2;
            } else if left_in_escape > 0 {
                left_in_escape -= 1;
                return character.to_ascii_lowercase();
            }
            character
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn one(value: &str) -> Redactor {
        Redactor::new([("acme-token", value)])
    }

    #[test]
    fn the_value_itself_is_replaced_wherever_it_stands() {
        let redactor = one("t0p/s3cret");
        assert_eq!(
            redactor.redact("token t0p/s3cret, again t0p/s3cret."),
            "token [secret acme-token], again [secret acme-token]."
        );
        assert!(matches!(redactor.redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn usual_encodings_are_replaced() {
        let redactor = one("p&ss <word>\n\"x\"~");
        for text in [
            r#"{"token":"p&ss <word>\n\"x\"~"}"#,
            r#"{"token":"p\u0026ss \u003cword\u003e\n\"x\"~"}"#,
            "token=p%26ss%20%3Cword%3E%0A%22x%22~",
            "token=p%26ss+%3Cword%3E%0A%22x%22~",
            "token=p%26ss%20%3cword%3e%0a%22x%22~",
            "token=p%26ss+%3Cword%3E%0A%22x%22%7E",
        ] {
            let clean = redactor.redact(text);
            assert!(clean.contains("[secret acme-token]") && !clean.contains("word"), "{text} -> {clean}");
        }
        assert_eq!(
            one("ABCDEF").redact("414243444546 4142434445464a"),
            "[secret acme-token] [secret acme-token]4a"
        );
    }

    #[test]
    fn basic_credentials_are_recognised_at_every_offset() {
        for user in ["", "a", "ab", "abc", "abcd"] {
            let header = Base64Unpadded::encode_string(format!("{user}:swordfish-42!").as_bytes());
            let clean = one("swordfish-42!").redact(&header).into_owned();
            assert!(clean.contains("[secret acme-token]"), "{user}: {header} -> {clean}");
        }
    }

    #[test]
    fn every_line_of_a_private_key_is_hidden_but_not_its_frame() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nAAAAE2VjZHNhLXNoYTItbmlz\n-----END OPENSSH PRIVATE KEY-----\n";
        let redactor = one(key);
        assert_eq!(redactor.redact("  AAAAE2VjZHNhLXNoYTItbmlz"), "  [secret acme-token]");
        assert_eq!(
            redactor.redact("-----BEGIN OPENSSH PRIVATE KEY-----"),
            "-----BEGIN OPENSSH PRIVATE KEY-----"
        );
        assert_eq!(redactor.redact(&format!("key:\n{key}")), "key:\n[secret acme-token]");
    }

    #[test]
    fn placeholders_are_not_searched_again() {
        let redactor = Redactor::new([("secret", "acme-token-value"), ("other", "secret")]);
        assert_eq!(redactor.redact("acme-token-value secret"), "[secret secret] [secret other]");
    }

    #[test]
    fn a_longer_secret_wins_over_one_that_it_contains() {
        let redactor = Redactor::new([("short", "abcdef"), ("long", "abcdef-ghi")]);
        assert_eq!(redactor.redact("abcdef-ghi abcdef"), "[secret long] [secret short]");
    }

    #[test]
    fn values_that_would_match_everywhere_are_left_alone_and_reported() {
        let redactor = Redactor::new([("pin", "123"), ("none", "")]);
        assert_eq!(redactor.redact("12345"), "12345");
        assert_eq!(redactor.too_short(), ["pin"]);
        assert!(redactor.is_empty());
    }

    #[test]
    fn secrets_are_named_and_never_shown() {
        let redactor = one("t0p/s3cret");
        assert_eq!(redactor.secrets_in("dDBwL3MzY3JldA=="), ["acme-token"]);
        assert_eq!(redactor.secrets_in("t0p"), Vec::<&str>::new());
        assert!(!format!("{redactor:?}").contains("s3cret"));
    }

    proptest! {
        #[test]
        fn no_form_of_a_secret_survives(
            secret in "[ -~]{4,40}",
            before in "[a-z ]{0,20}",
            after in "[a-z ]{0,20}",
        ) {
            let redactor = one(&secret);
            for form in std::iter::once(secret.clone()).chain(encodings(&secret)).filter(|form| form.len() >= SHORTEST_ENCODED) {
                let clean = redactor.redact(&format!("{before}{form}{after}")).into_owned();
                let shown = clean.replace("[secret acme-token]", "");
                prop_assert!(!shown.contains(&form), "{form} -> {clean}");
            }
        }

        #[test]
        fn text_without_the_secret_is_unchanged(text in "[a-m]{0,60}") {
            prop_assert_eq!(one("zzzzzz").redact(&text), text.as_str());
        }
    }
}
