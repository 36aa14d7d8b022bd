//! Texts of a provider, for errors.

/// Most characters of a provider's text that are quoted; some refusals have kilobytes.
const LONGEST: usize = 500;
/// What hosts look for in errors of `Remove` and `GetState`, in any case.
const GONE: &str = "not found";

/// A text of the provider, as an error can carry it: at most 500 characters, on one line, without control characters,
/// and without the words that make hosts believe that the machine is gone (ERR-007). A provider that does not find
/// something else says them too.
///
/// ```
/// use machine_driver::quoted;
///
/// assert_eq!(quoted("controller Not Found\n"), "controller unknown ");
/// ```
pub fn quoted(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    let mut quoted = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.to_ascii_lowercase().find(GONE) {
        quoted.push_str(&rest[..at]);
        quoted.push_str("unknown");
        rest = &rest[at + GONE.len()..];
    }
    quoted + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_texts_are_short_and_plain() {
        assert_eq!(quoted("a\nb\u{1b}[0m"), "a b [0m");
        assert_eq!(quoted("the key was Not Found, not found"), "the key was unknown, unknown");
        assert_eq!(quoted("Größe not found"), "Größe unknown");
        assert_eq!(quoted(&"x".repeat(5000)).len(), LONGEST);
    }
}
