//! A file of known failures beside the profile: what a driver breaks today, so that a gate sees what it breaks
//! tomorrow.
//!
//! Its entries are those of the profile, see [`KnownFailure`]. An entry whose check passes is *stale* and fails the
//! run; [`update`] takes such entries out, and adds what fails and has none.
//!
//! ```toml
//! [[known-failure]]
//! check = "stop::guest_ignores_acpi"
//! reason = "provider has no forced stop, ticket 4711"
//! until = 2027-03-01
//! ```

mod update;

use std::{fs, path::Path};

pub use self::update::{NewEntries, Updated, update};
use crate::{
    check::Check,
    profile::{KnownFailure, LoadError, ProfileError},
};

/// Known failures, read from a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Baseline {
    /// Name of the file, as it was given.
    pub file: String,
    /// The entries.
    pub known_failures: Vec<KnownFailure>,
}

impl Baseline {
    /// Reads the file at `path`. `checks` are all checks of the suite, for the patterns.
    ///
    /// # Errors
    /// If the file cannot be read, or has mistakes: all of them, each with its line.
    pub fn load(path: &Path, checks: &[&'static Check]) -> Result<Self, LoadError> {
        let text = fs::read_to_string(path)
            .map_err(|problem| LoadError::UnreadableBaseline { path: path.to_owned(), problem })?;
        Ok(Self::parse(&path.display().to_string(), &text, checks)?)
    }

    /// Reads a baseline's text. `file` is its name in messages.
    ///
    /// # Errors
    /// The mistakes, each with its line.
    pub fn parse(file: &str, text: &str, checks: &[&'static Check]) -> Result<Self, ProfileError> {
        Ok(Self { file: file.to_owned(), known_failures: KnownFailure::parse_all(file, text, checks)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::sample::check;

    #[test]
    fn mistakes_are_placed_as_in_a_profile() {
        let checks = [check("remove::twice", &["RM-012"])];
        let text = "[[known-failure]]\ncheck = \"remove::twice\"\n\n[driver]\ncommand = \"x\"\n";
        let error = Baseline::parse("baseline.toml", text, &checks).unwrap_err();
        assert_eq!(
            error.lines(),
            [
                "baseline.toml:1:1: this known failure has no \"reason\"",
                "baseline.toml:4:2: unknown key \"driver\" in the baseline",
            ]
        );
        assert!(Baseline::parse("baseline.toml", "", &checks).unwrap().known_failures.is_empty());
    }
}
