//! `--partition`: one part of a run that is divided between machines or processes.

use std::{fmt, str::FromStr};

use crate::check::{Check, Need};

/// One of several parts of a list of checks. All parts together run every check.
///
/// Checks that look at the whole run belong to every part: each looks at what its own part observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    method: Method,
    part: u32,
    parts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// By the id of the check: it stays in its part when others are added.
    Hash,
    /// In turn: the parts are of the same size.
    Slice,
}

impl Method {
    const WORDS: [(&'static str, Self); 2] = [("hash", Self::Hash), ("slice", Self::Slice)];

    fn word(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Slice => "slice",
        }
    }
}

impl Partition {
    /// The checks of this part, in their order.
    pub fn apply(&self, checks: Vec<&'static Check>) -> Vec<&'static Check> {
        let mut turn = 0;
        let mut part = checks;
        part.retain(|check| {
            if check.needs.contains(&Need::WholeRun) {
                return true;
            }
            let number = match self.method {
                Method::Hash => hash(check.id) % u64::from(self.parts),
                Method::Slice => turn % u64::from(self.parts),
            };
            turn += 1;
            number + 1 == u64::from(self.part)
        });
        part
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write hash:M/N or slice:M/N, for example hash:1/4 for the first of four parts";
        let (method, numbers) = text.split_once(':').ok_or(wanted)?;
        let (_, method) = Method::WORDS
            .into_iter()
            .find(|(word, _)| *word == method)
            .ok_or_else(|| format!("there is no way \"{method}\" of dividing checks; {wanted}"))?;
        let (part, parts) = numbers.split_once('/').ok_or(wanted)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| wanted.to_owned());
        let (part, parts) = (number(part)?, number(parts)?);
        if part == 0 || part > parts {
            return Err(format!("there is no part {part} of {parts}; parts are counted from 1"));
        }
        Ok(Self { method, part, parts })
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.method.word(), self.part, self.parts)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::checks;

    fn part(text: &str) -> Vec<&'static Check> {
        text.parse::<Partition>().unwrap().apply(checks::all().to_vec())
    }

    #[test]
    fn the_parts_together_are_the_whole() {
        for method in ["hash", "slice"] {
            let mut times: BTreeMap<&str, usize> = BTreeMap::new();
            for number in 1..=5 {
                for check in part(&format!("{method}:{number}/5")) {
                    *times.entry(check.id).or_default() += 1;
                }
            }
            for check in checks::all() {
                let expected = if check.needs.contains(&Need::WholeRun) { 5 } else { 1 };
                assert_eq!(times.get(check.id), Some(&expected), "{} by {method}", check.id);
            }
        }
    }

    #[test]
    fn parts_are_of_similar_size() {
        let size = |text: &str| part(text).len();
        let slices: Vec<_> = (1..=4).map(|number| size(&format!("slice:{number}/4"))).collect();
        assert!(slices.iter().max().unwrap() - slices.iter().min().unwrap() <= 1, "{slices:?}");
        let whole = checks::all().len();
        for number in 1..=4 {
            let size = size(&format!("hash:{number}/4"));
            assert!(size > whole / 8 && size < whole / 2, "{size} of {whole}");
        }
    }

    #[test]
    fn a_hash_never_changes() {
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn partitions_are_read_as_they_are_written() {
        for text in ["hash:1/4", "slice:4/4"] {
            assert_eq!(text.parse::<Partition>().unwrap().to_string(), text);
        }
        for (text, problem) in [
            ("1/4", "write hash:M/N"),
            ("count:1/4", "no way \"count\""),
            ("hash:0/4", "no part 0 of 4"),
            ("hash:5/4", "no part 5 of 4"),
            ("hash:1/0", "no part 1 of 0"),
            ("hash:-1/4", "write hash:M/N"),
        ] {
            let error = text.parse::<Partition>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
