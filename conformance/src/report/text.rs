//! Text from drivers, providers and guests, made fit for a terminal.

/// `text` without anything that a terminal would obey: control characters and changes of writing direction are shown
/// as escapes. Line ends stay.
pub(super) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push('\n'),
            '\t' => clean.push_str("    "),
            '\r' => {}
            _ if character.is_control() || turns_direction(character) => {
                clean.extend(character.escape_unicode());
            }
            _ => clean.push(character),
        }
    }
    clean
}

/// Marks that reorder or hide what follows.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `text` as one printable line of at most `limit` characters.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    let flat = printable(text.trim()).replace('\n', " \u{23ce} ");
    if flat.chars().count() <= limit {
        return flat;
    }
    let kept: String = flat.chars().take(limit.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}

/// `text` in printable lines of at most `width` characters, broken between words where possible.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in printable(text.trim_end()).lines() {
        let mut line = String::new();
        let mut length = 0;
        for word in paragraph.split(' ') {
            let mut word = word;
            let needed = word.chars().count();
            if length > 0 && length + 1 + needed > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            } else if length > 0 {
                line.push(' ');
                length += 1;
            }
            while word.chars().count() > width {
                let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
                lines.push(word[..cut].to_owned());
                word = &word[cut..];
            }
            line.push_str(word);
            length += word.chars().count();
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// `1 check`, `2 checks`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminals_get_nothing_to_obey() {
        assert_eq!(printable("a\x1b[2Jb\x07\r\nc\td"), "a\\u{1b}[2Jb\\u{7}\nc    d");
        assert_eq!(printable("\u{202e}gpj.exe\u{9b}31m"), "\\u{202e}gpj.exe\\u{9b}31m");
    }

    #[test]
    fn long_text_becomes_one_line() {
        assert_eq!(one_line("  a\nb  ", 20), "a \u{23ce} b");
        assert_eq!(one_line("abcdef", 4), "abc\u{2026}");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
        assert_eq!(wrap("", 9), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_none_can_command(text in "\\PC{0,40}|[\\x00-\\x7f]{0,80}", width in 1_usize..30) {
            for line in wrap(&text, width) {
                prop_assert!(line.chars().count() <= width, "{line:?}");
                prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            }
        }
    }
}
