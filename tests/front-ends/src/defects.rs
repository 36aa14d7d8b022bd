//! The tables of known-bad drivers, read as text: linking them would mean compiling the AWS SDK.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, ensure};

/// Drivers with known-bad variations, and the folder of each.
pub const DRIVERS: [(&str, &str); 3] = [
    ("template", "tests/src/defects"),
    ("ec2", "tests/src/ec2_defects"),
    ("vbox", "tests/src/vbox_defects"),
];

/// One known-bad driver, with what the suite must say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Name in the table.
    pub name: String,
    /// What is wrong, in Markdown.
    pub what: String,
    /// Clause that it breaks.
    pub clause: String,
    /// Checks that must complain.
    pub checks: Vec<String>,
}

/// The table of one driver, in its order.
///
/// # Errors
///
/// A file is missing, or is not written as tables of defects are.
pub fn read(workspace: &Path, folder: &str) -> anyhow::Result<Vec<Defect>> {
    let text = |name: &str| {
        let path = workspace.join(folder).join(name);
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    };
    let defects = table(&text("expected.rs")?, &descriptions(&text("mod.rs")?))
        .with_context(|| format!("the table of defects in {folder}"))?;
    ensure!(!defects.is_empty(), "the table in {folder} has no entry");
    Ok(defects)
}

/// What the documentation says about each name: lines `/// text` before a line `Name;`.
fn descriptions(module: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut text: Vec<&str> = Vec::new();
    for line in module.lines().map(str::trim) {
        if let Some(more) = line.strip_prefix("///") {
            text.push(more.trim());
            continue;
        }
        if let Some(name) = line.strip_suffix(';')
            && !text.is_empty()
            && name.chars().all(char::is_alphanumeric)
        {
            all.insert(name.to_owned(), text.join(" "));
        }
        text.clear();
    }
    all
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn table(source: &str, descriptions: &BTreeMap<String, String>) -> anyhow::Result<Vec<Defect>> {
    let tokens = tokens(source);
    let lists = lists(&tokens);
    let mut defects = Vec::new();
    let word = |token: &Token, expected: &str| matches!(token, Token::Word(word) if word == expected);
    for (at, pair) in tokens.windows(2).enumerate() {
        if !(word(&pair[0], "expect") && pair[1] == Token::Sign('(')) {
            continue;
        }
        let entry: Vec<&Token> = tokens[at + 2..]
            .iter()
            .take_while(|token| **token != Token::Sign(')'))
            .collect();
        let name = match entry.as_slice() {
            [
                Token::Word(kind),
                Token::Sign(':'),
                Token::Sign(':'),
                Token::Word(name),
                ..,
            ] if kind == "Defect" => name,
            _ => anyhow::bail!("this is no entry: {entry:?}"),
        };
        let named: Option<&Vec<String>> = entry.iter().find_map(|token| match token {
            Token::Word(word) => lists.get(word),
            _ => None,
        });
        let texts: Vec<String> = entry
            .iter()
            .filter_map(|token| match token {
                Token::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        // The clause, then the checks unless a constant names them, then what must be said.
        ensure!(texts.len() >= 2, "{name} has too few texts: {texts:?}");
        let checks = match named {
            Some(checks) => checks.clone(),
            None => texts[1..texts.len() - 1].to_vec(),
        };
        ensure!(
            !checks.is_empty() && checks.iter().all(|id| id.contains("::")),
            "{name} has no checks: {checks:?}"
        );
        let what = descriptions
            .get(name)
            .with_context(|| format!("{name} is not documented"))?;
        defects.push(Defect {
            name: name.clone(),
            what: what.clone(),
            clause: texts[0].clone(),
            checks,
        });
    }
    Ok(defects)
}

/// Constants that are lists of texts.
fn lists(tokens: &[Token]) -> BTreeMap<String, Vec<String>> {
    let mut lists = BTreeMap::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        let (Token::Word(keyword), Token::Word(name)) = (&pair[0], &pair[1]) else {
            continue;
        };
        if keyword != "const" || name == "TABLE" {
            continue;
        }
        let texts = tokens[at..]
            .iter()
            .take_while(|token| **token != Token::Sign(';'))
            .filter_map(|token| match token {
                Token::Text(text) => Some(text.clone()),
                _ => None,
            });
        lists.insert(name.clone(), texts.collect());
    }
    lists
}

fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source.chars().peekable();
    while let Some(first) = rest.next() {
        if first == '/' && rest.peek() == Some(&'/') {
            rest.by_ref().find(|next| *next == '\n');
        } else if first == '"' {
            let mut text = String::new();
            while let Some(next) = rest.next() {
                match next {
                    '"' => break,
                    '\\' => text.extend(rest.next()),
                    other => text.push(other),
                }
            }
            tokens.push(Token::Text(text));
        } else if first.is_alphanumeric() || first == '_' {
            let mut word = String::from(first);
            while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || *next == '_') {
                word.push(next);
            }
            tokens.push(Token::Word(word));
        } else if !first.is_whitespace() {
            tokens.push(Token::Sign(first));
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn entries_have_their_checks_by_name_or_one_by_one() {
        let source = r#"
            const BOTH: &[&str] = &["a::b", "c::d"];
            pub const TABLE: &[Expected<Defect>] = &[
                // expect(nothing),
                expect(Defect::One, "RM-001", BOTH, "said \"so\" (twice)"),
                expect(Defect::Two, "RM-002", &["e::f"], "g"),
            ];"#;
        let known = descriptions("    /// First,\n    /// indeed.\n    One;\n    /// Second.\n    Two;\n");
        let told: Vec<(String, String, String)> = table(source, &known)
            .unwrap()
            .into_iter()
            .map(|defect| (defect.what, defect.clause, defect.checks.join(" ")))
            .collect();
        let expected = [
            ("First, indeed.", "RM-001", "a::b c::d"),
            ("Second.", "RM-002", "e::f"),
        ];
        assert_eq!(
            told,
            expected.map(|(what, clause, checks)| (what.to_owned(), clause.to_owned(), checks.to_owned()))
        );
        assert!(table(source, &BTreeMap::new()).is_err());
        assert!(table("expect(3)", &known).is_err());
    }
}
