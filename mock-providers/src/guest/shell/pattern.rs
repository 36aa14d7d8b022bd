//! Shell patterns: `*`, `?`, `[..]`, and `\` before a character that is itself.

use super::super::disk::{Disk, absolute};

#[derive(Debug)]
enum Element {
    Any,
    One,
    Literal(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

impl Element {
    fn accepts(&self, character: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Literal(literal) => *literal == character,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated
            }
        }
    }
}

fn compile(pattern: &str) -> Vec<Element> {
    let characters: Vec<char> = pattern.chars().collect();
    let mut elements = Vec::new();
    let mut position = 0;
    while let Some(&character) = characters.get(position) {
        position += 1;
        elements.push(match character {
            '*' => Element::Any,
            '?' => Element::One,
            '\\' => {
                position += 1;
                Element::Literal(characters.get(position - 1).copied().unwrap_or('\\'))
            }
            '[' => match set(&characters[position..]) {
                Some((element, length)) => {
                    position += length;
                    element
                }
                None => Element::Literal('['),
            },
            literal => Element::Literal(literal),
        });
    }
    elements
}

/// The set whose `[` has been read, and the length of the rest of it.
fn set(rest: &[char]) -> Option<(Element, usize)> {
    let negated = matches!(rest.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let end = start + 1 + rest.get(start + 1..)?.iter().position(|&c| c == ']')?;
    let members = &rest[start..end];
    let mut ranges = Vec::new();
    let mut position = 0;
    while let Some(&low) = members.get(position) {
        match (members.get(position + 1), members.get(position + 2)) {
            (Some('-'), Some(&high)) => {
                ranges.push((low, high));
                position += 3;
            }
            _ => {
                ranges.push((low, low));
                position += 1;
            }
        }
    }
    Some((Element::Set { negated, ranges }, end + 1))
}

/// Whether the whole text matches the pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (compile(pattern), text.chars().collect::<Vec<_>>());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the latest `*` does not match: the star takes one more character.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Element::Any) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(element) if element.accepts(text[t]) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, taken)) = retry else { return false };
                retry = Some((star, taken + 1));
                p = star + 1;
                t = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|element| matches!(element, Element::Any))
}

/// Existing paths that match, sorted; names with a leading dot only if the pattern has the dot too.
pub(crate) fn paths(disk: &Disk, directory: &str, pattern: &str) -> Vec<String> {
    let rooted = pattern.starts_with('/');
    let mut found = vec![if rooted { "/".to_owned() } else { String::new() }];
    for component in pattern.split('/').filter(|component| !component.is_empty()) {
        let mut next = Vec::new();
        for prefix in &found {
            let names = disk.names(&absolute(directory, prefix));
            let matching = names
                .iter()
                .filter(|name| !name.starts_with('.') || component.starts_with('.'))
                .filter(|name| matches(component, name));
            next.extend(matching.map(|name| match prefix.as_str() {
                "" => name.clone(),
                prefix => format!("{}/{name}", prefix.trim_end_matches('/')),
            }));
        }
        found = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_like_the_shell() {
        for (pattern, text, expected) in [
            ("*.conf", "10-machine.conf", true),
            ("*.conf", "10-machine.config", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?x", "ax", true),
            ("?x", "x", false),
            ("[a-c]1", "b1", true),
            ("[!a-c]1", "b1", false),
            ("[", "[", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn many_stars_do_not_explode() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
    }

    #[test]
    fn paths_are_found_on_the_disk() {
        let mut disk = Disk::default();
        for path in ["/etc/a.d/1.conf", "/etc/b.d/2.conf", "/etc/b.d/.hidden.conf"] {
            disk.install(path, "root", 0o644, Some(b""));
        }
        assert_eq!(paths(&disk, "/", "/etc/*.d/*.conf"), ["/etc/a.d/1.conf", "/etc/b.d/2.conf"]);
        assert_eq!(paths(&disk, "/etc/b.d", "*"), ["2.conf"]);
        assert_eq!(paths(&disk, "/", "/nothing/*"), Vec::<String>::new());
    }
}
