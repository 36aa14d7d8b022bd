//! `NAME=VALUE` on the command line.

use std::{fmt, str::FromStr};

/// A name and its value. The value may be a secret and is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let name = name.trim_start_matches('-');
        if name.is_empty() || !text.contains('=') {
            return Err("write NAME=VALUE, for example acme-region=eu-1".to_owned());
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=(not shown)", self.name)
    }
}

/// Whether a flag or variable of this name holds a secret, as far as the name tells.
pub(super) fn sounds_secret(name: &str) -> bool {
    const SECRETS: [&str; 8] =
        ["token", "secret", "password", "passphrase", "credential", "api-key", "access-key", "private-key"];
    const HARMLESS: [&str; 5] = ["path", "file", "name", "id", "url"];
    let name = name.to_lowercase().replace('_', "-");
    let last = name.rsplit('-').next().unwrap_or_default();
    SECRETS.iter().any(|word| name.contains(word)) && !HARMLESS.contains(&last)
}

/// `text` as one word of a shell.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=,@%+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_may_contain_anything() {
        let assignment: Assignment = "--acme-url=http://x/?a=b".parse().unwrap();
        assert_eq!((assignment.name.as_str(), assignment.value.as_str()), ("acme-url", "http://x/?a=b"));
        assert_eq!("acme-fast=".parse::<Assignment>().unwrap().value, "");
        assert!("acme-fast".parse::<Assignment>().is_err() && "=x".parse::<Assignment>().is_err());
        assert!(!format!("{assignment:?}").contains("http"));
    }

    #[test]
    fn names_tell_secrets() {
        for name in ["acme-token", "amazonec2-secret-key", "OS_PASSWORD", "acme-api-key"] {
            assert!(sounds_secret(name), "{name}");
        }
        for name in ["acme-region", "acme-ssh-key-path", "acme-token-file", "acme-access-key-id"] {
            assert!(!sounds_secret(name), "{name}");
        }
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("./driver"), "./driver");
        assert_eq!(shell_word("remove::*"), "'remove::*'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
