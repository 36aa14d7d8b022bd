use std::{collections::BTreeMap, fmt};

use super::Outcome;

/// The outcomes of one driver's mutants, by the mutant's name.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the executable fills it in")]
pub struct Score {
    /// Outcomes by name of the mutant.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Survivors that no check has to notice, with the reason; by their [`change`].
    pub explained: BTreeMap<String, String>,
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

    /// Caught mutants of a hundred that build.
    pub fn percent(&self) -> f64 {
        self.percent_with(self.survivors().count())
    }

    /// Caught mutants of a hundred that build and are not explained.
    pub fn percent_without_explained(&self) -> f64 {
        self.percent_with(self.survivors().filter(|name| self.explanation(name).is_none()).count())
    }

    fn percent_with(&self, missed: usize) -> f64 {
        let caught = self.count(|outcome| matches!(outcome, Outcome::Caught { .. } | Outcome::TimedOut));
        100.0 * caught as f64 / (caught + missed).max(1) as f64
    }

    fn explanation(&self, name: &str) -> Option<&str> {
        self.explained.get(&change(name)).map(String::as_str)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let survivors: Vec<&str> = self.survivors().collect();
        writeln!(
            f,
            "{:.1} %, {:.1} % of what is not explained: {} caught, {} timed out, {} survived, {} do not build",
            self.percent(),
            self.percent_without_explained(),
            self.count(|outcome| matches!(outcome, Outcome::Caught { .. })),
            self.count(|outcome| *outcome == Outcome::TimedOut),
            survivors.len(),
            self.count(|outcome| *outcome == Outcome::Unviable),
        )?;
        for name in survivors {
            match self.explanation(name) {
                Some(reason) => writeln!(f, "explained  {name}: {reason}")?,
                None => writeln!(f, "survived   {name}")?,
            }
        }
        Ok(())
    }
}

/// A mutant's name without folder, line and column, which every edit of the file changes: `http.rs: replace < with <= in
/// Http::send`.
pub fn change(name: &str) -> String {
    let (place, change) = name.split_once(": ").unwrap_or(("", name));
    let path = place.split(':').next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    format!("{file}: {change}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_build_does_not_count_and_what_is_explained_is_told_apart() {
        let mut score = Score::default();
        let mut outcome = |name: &str, outcome| score.outcomes.insert(name.to_owned(), outcome);
        outcome("a", Outcome::Caught { checks: vec!["x".to_owned()] });
        outcome("b", Outcome::TimedOut);
        outcome("c", Outcome::Survived);
        outcome("drivers/a/src/d.rs:7:9: replace < with > in f", Outcome::Survived);
        outcome("e", Outcome::Unviable);
        score.explained.insert("d.rs: replace < with > in f".to_owned(), "prints the same".to_owned());
        assert!((score.percent() - 50.0).abs() < 0.01);
        assert!((score.percent_without_explained() - 200.0 / 3.0).abs() < 0.01);
        let text = score.to_string();
        assert!(
            text.contains("survived   c\nexplained  drivers/a/src/d.rs:7:9: replace < with > in f: prints"),
            "{text}"
        );
    }
}
