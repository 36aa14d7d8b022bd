//! Options and words of a call, split as VirtualBox splits them.
//!
//! `--name value`, `--name=value` and `--name:value` are the same; so are `--nic-type1`, `--nictype1` and the old
//! `-nictype1`. Options may stand before, between and after words.

mod settings;

pub(super) use settings::{Setting, setting};

/// The options of a subcommand.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    /// Names without dashes; the first is the one that [`Argument::Option`] has.
    names: Vec<String>,
    /// One letter that stands for it.
    letter: Option<String>,
    takes_value: bool,
    /// Whether a number follows the name, as in `--nic1`.
    is_numbered: bool,
}

impl Rules {
    /// Reads rules: options separated by blanks, the names of one by `|`. A name that ends with `=` takes a value,
    /// one that ends with `N` is numbered.
    pub(super) fn new(text: &str) -> Self {
        Self(text.split_whitespace().map(Rule::new).collect())
    }

    fn find(&self, written: &str) -> Option<(&Rule, Option<u32>)> {
        if let Some(letter) = written.strip_prefix('-').filter(|rest| rest.len() == 1) {
            let rule = self.0.iter().find(|rule| rule.letter.as_deref() == Some(letter));
            return rule.map(|rule| (rule, None));
        }
        let name = written.replace('-', "");
        let plain = self.0.iter().find(|rule| !rule.is_numbered && rule.names.contains(&name));
        plain.map(|rule| (rule, None)).or_else(|| {
            let digits = name.trim_start_matches(|letter: char| !letter.is_ascii_digit()).len();
            // A name may have digits of its own, such as `accelerate3d`; the number is what the name ends with.
            let tail = name.bytes().rev().take_while(u8::is_ascii_digit).count().min(digits);
            let (stem, number) = name.split_at(name.len() - tail);
            let number = number.parse().ok()?;
            let rule =
                self.0.iter().find(|rule| rule.is_numbered && rule.names.iter().any(|name| name == stem))?;
            Some((rule, Some(number)))
        })
    }
}

impl Rule {
    fn new(text: &str) -> Self {
        let takes_value = text.ends_with('=');
        let text = text.trim_end_matches('=');
        let is_numbered = text.ends_with('N');
        let (letters, names): (Vec<_>, Vec<_>) = text
            .trim_end_matches('N')
            .split('|')
            .map(|name| name.replace('-', ""))
            .partition(|name| name.len() == 1);
        Self { names, letter: letters.into_iter().next(), takes_value, is_numbered }
    }
}

/// A part of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// An option.
    Option {
        /// First name of its rule, without dashes.
        name: String,
        /// As it was written.
        written: String,
        /// Its number, for those that have one.
        number: Option<u32>,
        /// Its value; empty for those without.
        value: String,
    },
    /// Anything else.
    Word(String),
}

/// Why a call cannot be split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BadOption {
    /// There is no such option.
    Unknown(String),
    /// Its value is missing.
    NeedsValue(String),
}

/// The parts of a call.
///
/// # Errors
/// The first option that is wrong.
pub(super) fn split(arguments: &[String], rules: &Rules) -> Result<Vec<Argument>, BadOption> {
    let mut parts = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            parts.extend(rest.by_ref().cloned().map(Argument::Word));
            break;
        }
        if !argument.starts_with('-') || argument == "-" {
            parts.push(Argument::Word(argument.clone()));
            continue;
        }
        let (written, inline) = match argument.find(['=', ':']) {
            Some(at) => (&argument[..at], Some(argument[at + 1..].to_owned())),
            None => (argument.as_str(), None),
        };
        let (rule, number) = rules.find(written).ok_or_else(|| BadOption::Unknown(argument.clone()))?;
        let value = match (rule.takes_value, inline) {
            (true, Some(value)) => value,
            (true, None) => rest.next().cloned().ok_or_else(|| BadOption::NeedsValue(written.to_owned()))?,
            (false, None) => String::new(),
            (false, Some(_)) => return Err(BadOption::Unknown(argument.clone())),
        };
        parts.push(Argument::Option {
            name: rule.names.first().cloned().unwrap_or_default(),
            written: written.to_owned(),
            number,
            value,
        });
    }
    Ok(parts)
}

/// Options and words of a call whose options have no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) words: Vec<String>,
    options: Vec<(String, String)>,
}

impl Parts {
    /// Splits a call.
    ///
    /// # Errors
    /// As [`split`].
    pub(super) fn of(arguments: &[String], rules: &str) -> Result<Self, BadOption> {
        let mut parts = Self::default();
        for argument in split(arguments, &Rules::new(rules))? {
            match argument {
                Argument::Word(word) => parts.words.push(word),
                Argument::Option { name, value, .. } => parts.options.push((name, value)),
            }
        }
        Ok(parts)
    }

    /// The last value of an option; names are without dashes.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().rev().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether an option is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A word by its place.
    pub(super) fn word(&self, index: usize) -> Option<&str> {
        self.words.get(index).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(arguments: &[&str], rules: &str) -> Result<Vec<Argument>, BadOption> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        split(&arguments, &Rules::new(rules))
    }

    fn option(name: &str, number: Option<u32>, value: &str) -> (String, Option<u32>, String) {
        (name.to_owned(), number, value.to_owned())
    }

    fn options(arguments: &[&str], rules: &str) -> Vec<(String, Option<u32>, String)> {
        let parts = parts(arguments, rules).unwrap().into_iter();
        parts
            .filter_map(|part| match part {
                Argument::Option { name, number, value, .. } => Some((name, number, value)),
                Argument::Word(_) => None,
            })
            .collect()
    }

    #[test]
    fn all_spellings_are_understood() {
        let rules = "--nic-typeN= --type|-t= --accelerate-3d= --register";
        for spelling in [
            &["--nictype1", "virtio"][..],
            &["--nic-type1=virtio"],
            &["-nictype1", "virtio"],
            &["--nic-type1:virtio"],
        ] {
            assert_eq!(options(spelling, rules), [option("nictype", Some(1), "virtio")], "{spelling:?}");
        }
        assert_eq!(options(&["-t", "gui"], rules), [option("type", None, "gui")]);
        assert_eq!(options(&["--accelerate3d", "on"], rules), [option("accelerate3d", None, "on")]);
        assert_eq!(options(&["--nictype40", "x"], rules), [option("nictype", Some(40), "x")]);
        assert_eq!(parts(&["vm", "--register", "x"], rules).unwrap().len(), 3);
    }

    #[test]
    fn wrong_options_are_named() {
        let unknown = |text: &str| Err(BadOption::Unknown(text.to_owned()));
        assert_eq!(parts(&["--bogus", "1"], "--type="), unknown("--bogus"));
        assert_eq!(parts(&["--type"], "--type="), Err(BadOption::NeedsValue("--type".into())));
        assert_eq!(parts(&["--register=x"], "--register"), unknown("--register=x"));
        assert_eq!(parts(&["--nictype", "x"], "--nictypeN="), unknown("--nictype"));
        assert_eq!(parts(&["-x"], "--type="), unknown("-x"));
        assert_eq!(parts(&["--", "-x"], "").unwrap(), [Argument::Word("-x".into())]);
    }

    proptest! {
        #[test]
        fn no_argument_is_too_strange(arguments in proptest::collection::vec("[-=:a-z0-9é]{0,8}", 0..6)) {
            let _ = split(&arguments, &Rules::new("--a|-b= --cN= --d"));
        }
    }
}
