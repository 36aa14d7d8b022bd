use std::{fmt, str::FromStr};

/// Name of a driver, `NAME` of `docker-machine-driver-NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverName(String);

/// Longest name: flags of the form `--NAME-something` are to be typed.
const LONGEST: usize = 32;
/// Names of drivers that hosts have built in: theirs would be used instead (NAME-001).
const TAKEN: [&str; 14] = [
    "amazonec2",
    "azure",
    "digitalocean",
    "exoscale",
    "generic",
    "google",
    "hyperv",
    "none",
    "openstack",
    "rackspace",
    "softlayer",
    "virtualbox",
    "vmwarefusion",
    "vmwarevsphere",
];

impl DriverName {
    /// The name as it is typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `acme_cloud`, as crates are named.
    pub(super) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// `AcmeCloud`, as types are named.
    pub(super) fn camel(&self) -> String {
        let words = self.0.split('-').map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        });
        words.collect()
    }
}

impl FromStr for DriverName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_prefix("docker-machine-driver-").unwrap_or(text);
        let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
        if name.is_empty()
            || name.len() > LONGEST
            || !name.starts_with(|first: char| first.is_ascii_lowercase())
        {
            return Err(format!(
                "a driver's name begins with a lower-case letter and has at most {LONGEST} characters, for example acme"
            ));
        }
        if !name.chars().all(|character| plain(character) || character == '-')
            || name.ends_with('-')
            || name.contains("--")
        {
            return Err(
                "a driver's name has lower-case letters, digits and single dashes, for example acme-cloud"
                    .to_owned(),
            );
        }
        if TAKEN.contains(&name) {
            return Err(format!("docker-machine has a driver {name} of its own, which it would use instead"));
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for DriverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_that_hosts_and_cargo_accept() {
        for (text, name) in [("acme", "acme"), ("docker-machine-driver-acme-cloud2", "acme-cloud2")] {
            assert_eq!(text.parse::<DriverName>().unwrap().as_str(), name);
        }
        let long = "a".repeat(LONGEST + 1);
        for wrong in ["", "Acme", "2acme", "acme_cloud", "acme-", "a--b", "../x", "virtualbox", &long] {
            assert!(wrong.parse::<DriverName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn spellings() {
        let name: DriverName = "acme-cloud2".parse().unwrap();
        assert_eq!((name.snake().as_str(), name.camel().as_str()), ("acme_cloud2", "AcmeCloud2"));
    }
}
