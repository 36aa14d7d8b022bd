//! What holds for all checks and clauses of the suite, so that nobody has to remember it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use machine_conformance::{
    checks,
    spec::{Coverage, Standing, specification},
};

/// Folders whose code judges drivers.
const JUDGES: [&str; 3] = ["src/checks", "src/model", "src/sweep"];

#[test]
fn every_clause_is_decided_or_excluded() {
    let coverage = Coverage::of(checks::all()).unwrap();
    let open: Vec<&str> = specification()
        .clauses
        .iter()
        .filter(|clause| matches!(coverage.standing(clause), Standing::NotYet))
        .map(|clause| clause.id.as_str())
        .collect();
    assert!(open.is_empty(), "neither decided by a check nor excluded: {open:?}");
}

#[test]
fn checks_have_one_id_in_words() {
    let mut ids = BTreeSet::new();
    for check in checks::all() {
        assert!(ids.insert(check.id), "{} is used twice", check.id);
        let words = |text: &str| {
            !text.is_empty()
                && text.split('_').all(|word| {
                    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                })
        };
        let parts: Vec<&str> = check.id.split("::").collect();
        assert!(
            parts.len() == 2 && parts.iter().all(|part| words(part)),
            "{} is not group::what_is_observed",
            check.id
        );
    }
}

#[test]
fn checks_cite_clauses_that_exist_each_once() {
    for check in checks::all() {
        assert!(!check.clauses.is_empty(), "{} cites no clause", check.id);
        let cited: BTreeSet<&&str> = check.clauses.iter().collect();
        assert_eq!(cited.len(), check.clauses.len(), "{} cites a clause twice", check.id);
        for clause in cited {
            let known = specification().clause(clause).is_some();
            assert!(known, "{} cites {clause}, which is no clause", check.id);
        }
    }
}

#[test]
fn checks_explain_themselves() {
    for check in checks::all() {
        let texts = [("title", check.title), ("why", check.why), ("good", check.good), ("bad", check.bad)];
        for (name, text) in texts {
            // An example may be a single value.
            let fewest = if matches!(name, "good" | "bad") { 1 } else { 2 };
            assert!(text.split_whitespace().count() >= fewest, "{}: {name} is {text:?}", check.id);
            assert_eq!(text, text.trim(), "{}: {name} has spaces around it", check.id);
            assert!(!text.contains("  "), "{}: {name} has a gap: {text:?}", check.id);
        }
        assert!(!check.title.ends_with('.'), "{}: the title is no sentence", check.id);
        assert!(check.why.ends_with(['.', '?', '!', '"', '`']), "{}: {:?} breaks off", check.id, check.why);
    }
}

/// Lines of the code that judges drivers, without tests and comments: place and text.
fn lines() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in JUDGES {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let mut lines = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let tests = ["#[cfg(test)]", "#[cfg(all(test"].map(|mark| text.find(mark).unwrap_or(text.len()));
        let code = &text[..tests[0].min(tests[1])];
        let name = path.strip_prefix(root).unwrap().display().to_string();
        for (number, line) in (1..).zip(code.lines()) {
            if !line.trim_start().starts_with("//") {
                lines.push((format!("{name}:{number}"), line.to_owned()));
            }
        }
    }
    assert!(lines.len() > 5000, "the sources have moved: {} lines", lines.len());
    lines
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines that contain one of `words`, and none of `unless`.
fn with(words: &[&str], unless: &[&str]) -> Vec<String> {
    let contains = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    lines()
        .into_iter()
        .filter(|(_, line)| contains(line, words) && !contains(line, unless))
        .map(|(place, line)| format!("{place}: {}", line.trim()))
        .collect()
}

#[test]
fn every_duration_has_a_name() {
    let found = with(&["Duration::from_"], &["const "]);
    assert!(found.is_empty(), "give them names, in limits.rs if others need them: {found:#?}");
    let found = with(&["thread::sleep"], &[]);
    assert!(found.is_empty(), "checks wait with the named waits of limits.rs: {found:#?}");
}

#[test]
fn what_a_driver_says_is_never_unwrapped() {
    let found = with(
        &[".unwrap()", ".unwrap_err()", ".expect(", ".expect_err(", "panic!(", "unreachable!(", "todo!("],
        // Data that is part of the suite, with its reason in an attribute.
        &["the suite's own stories are valid"],
    );
    assert!(found.is_empty(), "a driver's answer must not end the suite: {found:#?}");
}

#[test]
fn problems_come_with_rule_expectation_and_what_was_got() {
    // `Rule::broken` is the only place that makes one, and takes the rule from the specification.
    let found = with(&["Problem {"], &["-> Problem {"]);
    let copies: Vec<_> = found.iter().filter(|line| !line.starts_with("src/model/summary.rs")).collect();
    assert!(copies.is_empty(), "use cx.rule(CLAUSE): {copies:#?}");
    let clauses: BTreeSet<&str> = specification().clauses.iter().map(|clause| clause.id.as_str()).collect();
    for (place, line) in lines() {
        for part in line.split(".rule(\"").skip(1) {
            let clause = part.split('"').next().unwrap();
            assert!(clauses.contains(clause), "{place} judges by {clause}, which is no clause");
        }
    }
}
