use std::{collections::BTreeMap, fmt};

use super::Outcome;

/// The outcomes of one driver's mutants, by the mutant's name.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the executable fills it in")]
pub struct Score {
    /// Outcomes by name of the mutant.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Survivors that do the same as the driver without the change, with the reason.
    pub equivalent: BTreeMap<String, String>,
}

impl Score {
    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.values().filter(|outcome| is(outcome)).count()
    }

    fn survivors(&self) -> impl Iterator<Item = &str> {
        self.outcomes
            .iter()
            .filter(|(_, outcome)| **outcome == Outcome::Survived)
            .map(|(name, _)| name.as_str())
    }

    /// Caught mutants of a hundred that build and are not equivalent.
    pub fn percent(&self) -> f64 {
        let caught = self.count(|outcome| matches!(outcome, Outcome::Caught { .. } | Outcome::TimedOut));
        let missed = self.survivors().filter(|name| !self.equivalent.contains_key(*name)).count();
        if caught + missed == 0 {
            return 0.0;
        }
        100.0 * caught as f64 / (caught + missed) as f64
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let survivors: Vec<&str> = self.survivors().collect();
        writeln!(
            f,
            "{:.1} %: {} caught, {} timed out, {} survived, {} do not build",
            self.percent(),
            self.count(|outcome| matches!(outcome, Outcome::Caught { .. })),
            self.count(|outcome| *outcome == Outcome::TimedOut),
            survivors.len(),
            self.count(|outcome| *outcome == Outcome::Unviable),
        )?;
        for name in survivors {
            match self.equivalent.get(name) {
                Some(reason) => writeln!(f, "equivalent  {name}: {reason}")?,
                None => writeln!(f, "survived    {name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_build_or_is_the_same_does_not_count() {
        let mut score = Score::default();
        let mut outcome = |name: &str, outcome| score.outcomes.insert(name.to_owned(), outcome);
        outcome("a", Outcome::Caught { checks: vec!["x".to_owned()] });
        outcome("b", Outcome::TimedOut);
        outcome("c", Outcome::Survived);
        outcome("d", Outcome::Survived);
        outcome("e", Outcome::Unviable);
        score.equivalent.insert("d".to_owned(), "prints the same".to_owned());
        assert!((score.percent() - 200.0 / 3.0).abs() < 0.01);
        let text = score.to_string();
        assert!(text.contains("survived    c\nequivalent  d: prints the same"), "{text}");
    }
}
