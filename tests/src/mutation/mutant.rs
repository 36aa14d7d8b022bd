use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::{executables::workspace, run};

/// Reading the sources of one package.
const LIMIT: Duration = Duration::from_secs(120);

/// A change of one place of the source, as `cargo mutants --list --json` describes it.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Mutant {
    /// Place and change, in words.
    pub name: String,
    /// Path in the workspace.
    pub file: PathBuf,
    /// What is replaced.
    span: Span,
    /// By what.
    replacement: String,
}

/// From the first character to before the last one.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// Both numbers begin with 1; columns are characters.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

impl Mutant {
    /// All mutants of a package.
    ///
    /// # Errors
    /// If `cargo-mutants` is not installed or cannot read the sources.
    pub async fn of(package: &str) -> Result<Vec<Self>> {
        let mut command = Command::new("cargo");
        command.args(["mutants", "--list", "--json", "--package", package]).current_dir(workspace());
        let listed = run::to_end(command, LIMIT).await?;
        ensure!(
            listed.code == Some(0),
            "cargo-mutants is needed: cargo install cargo-mutants --locked\n{listed}"
        );
        serde_json::from_str(&listed.stdout).context("the list of cargo-mutants")
    }

    /// Every n-th mutant so that `most` remain, spread over all files; which ones depends on `seed`.
    pub fn sample(mutants: Vec<Self>, most: usize, seed: usize) -> Vec<Self> {
        let (all, most) = (mutants.len(), most.max(1));
        if all <= most {
            return mutants;
        }
        let chosen = |number: usize| (number * all + seed % all) / most;
        let mut wanted: Vec<usize> = (0..most).map(|number| chosen(number) % all).collect();
        wanted.sort_unstable();
        let mut mutants = mutants.into_iter().enumerate();
        wanted
            .into_iter()
            .filter_map(|index| mutants.find(|(number, _)| *number == index))
            .map(|(_, mutant)| mutant)
            .collect()
    }

    /// The source with the change; `None` if it has no such place.
    pub(super) fn apply(&self, source: &str) -> Option<String> {
        let (start, end) = (offset(source, self.span.start)?, offset(source, self.span.end)?);
        let (before, after) = (source.get(..start)?, source.get(end..)?);
        Some(format!("{before}{}{after}", self.replacement))
    }
}

fn offset(source: &str, position: Position) -> Option<usize> {
    let mut lines = source.split_inclusive('\n');
    let before = lines.by_ref().take(position.line.checked_sub(1)?);
    let line_start: usize = before.map(str::len).sum();
    let letters = lines.next()?.chars().take(position.column.checked_sub(1)?);
    Some(line_start + letters.map(char::len_utf8).sum::<usize>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mutant(name: &str) -> Mutant {
        serde_json::from_value(serde_json::json!({
            "name": name,
            "file": "src/x.rs",
            "span": {"start": {"line": 2, "column": 5}, "end": {"line": 3, "column": 2}},
            "replacement": "0",
            "genre": "FnValue",
        }))
        .unwrap()
    }

    #[test]
    fn the_span_is_replaced() {
        let changed = mutant("x").apply("é {\n  é 1 +\n2 }\nend").unwrap();
        assert_eq!(changed, "é {\n  é 0 }\nend");
        assert_eq!(mutant("x").apply("é {\n  é 1"), None, "there is no third line");
    }

    #[test]
    fn a_sample_is_spread_and_has_the_wanted_size() {
        let all: Vec<_> = (0..10).map(|number| mutant(&number.to_string())).collect();
        for seed in 0..20 {
            let sample = Mutant::sample(all.clone(), 4, seed);
            assert_eq!(sample.len(), 4, "seed {seed}");
        }
        let names = |sample: &[Mutant]| sample.iter().map(|mutant| mutant.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&Mutant::sample(all.clone(), 5, 0)), ["0", "2", "4", "6", "8"]);
        assert_eq!(Mutant::sample(all, 20, 3).len(), 10);
    }
}
