//! The text of a profile, and errors that point into it.

use std::{fmt, ops::Range, sync::Arc};

/// Stands for a value that may be a secret.
const NOT_SHOWN: &str = "(not shown)";

/// A profile's text with the name of its file.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) file: String,
    pub(super) text: Arc<str>,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a place has these two parts")]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Source {
    pub(super) fn place(&self, offset: usize) -> Place {
        let before = &self.text[..self.floor(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    fn line(&self, number: usize) -> &str {
        self.text.split('\n').nth(number - 1).unwrap_or_default().trim_end_matches('\r')
    }

    /// The nearest character boundary at or before `offset`.
    fn floor(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        (0..=offset).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or_default()
    }

    /// A mistake of the TOML itself. A value is not shown if its key sounds like a secret's: which keys are secrets
    /// is not known yet.
    pub(super) fn syntax_mistake(&self, error: &toml::de::Error) -> Mistake {
        const SECRETIVE: [&str; 6] = ["token", "secret", "password", "key", "credential", "auth"];
        let span = error.span().unwrap_or_default();
        let line = self.line(self.place(span.start).line).to_lowercase();
        let secretive = SECRETIVE.iter().any(|word| line.contains(word));
        self.mistake(span, format!("this is not TOML: {}", error.message())).conceal(secretive)
    }

    pub(super) fn mistake(&self, span: Range<usize>, message: impl Into<String>) -> Mistake {
        Mistake { span, message: message.into(), help: Vec::new(), conceal: false }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

/// One mistake in a profile.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    span: Range<usize>,
    message: String,
    help: Vec<String>,
    conceal: bool,
}

impl Mistake {
    /// Adds what is allowed or what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    pub(super) fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Does not show the value in the source line: it may be a secret.
    pub(super) fn conceal(mut self, conceal: bool) -> Self {
        self.conceal |= conceal;
        self
    }
}

/// Everything that is wrong with a profile; each mistake with its place and its line. The user's to correct: exit
/// code 2.
#[derive(Clone, Debug)]
pub struct ProfileError {
    source: Source,
    mistakes: Vec<Mistake>,
}

impl ProfileError {
    pub(super) fn new(source: &Source, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.start);
        Self { source: source.clone(), mistakes }
    }

    /// Places of the mistakes, in order of the file.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.mistakes.iter().map(|mistake| self.source.place(mistake.span.start))
    }

    /// One line per mistake: file, line, column and what is wrong.
    pub fn lines(&self) -> Vec<String> {
        let line = |mistake: &Mistake| {
            let Place { line, column } = self.source.place(mistake.span.start);
            format!("{}:{line}:{column}: {}", self.source.file, mistake.message)
        };
        self.mistakes.iter().map(line).collect()
    }

    fn write_mistake(&self, f: &mut fmt::Formatter<'_>, mistake: &Mistake) -> fmt::Result {
        let Place { line, column } = self.source.place(mistake.span.start);
        let margin = " ".repeat(line.to_string().len());
        let mut text = self.source.line(line).replace('\t', " ");
        let end = self.source.place(mistake.span.end);
        let width = if end.line == line {
            end.column.saturating_sub(column).max(1)
        } else {
            text.chars().count().saturating_sub(column - 1).max(1)
        };
        let (mut indent, mut width) = (column - 1, width);
        if mistake.conceal {
            let key = text.split_once('=').map(|(key, _)| format!("{key}= ")).unwrap_or_default();
            text = format!("{key}{NOT_SHOWN}");
            if indent >= key.chars().count() || key.is_empty() {
                (indent, width) = (key.chars().count(), NOT_SHOWN.len());
            }
        }
        writeln!(f, "{}", mistake.message)?;
        writeln!(f, "{margin}--> {}:{line}:{column}", self.source.file)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{line} | {}", printable(&text))?;
        write!(f, "{margin} | {}{}", " ".repeat(indent), "^".repeat(width))?;
        for help in &mistake.help {
            write!(f, "\n{margin} = {help}")?;
        }
        Ok(())
    }
}

impl ProfileError {
    /// A text that is not TOML, for another reader of it; `span` is the place.
    pub(crate) fn not_toml(file: &str, text: &str, span: Option<Range<usize>>, problem: &str) -> Self {
        let source = Source { file: file.to_owned(), text: text.into() };
        let mistake = source.mistake(span.unwrap_or_default(), format!("this is not TOML: {problem}"));
        Self::new(&source, vec![mistake])
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                write!(f, "\n\nerror: ")?;
            }
            self.write_mistake(f, mistake)?;
        }
        Ok(())
    }
}

impl std::error::Error for ProfileError {}

fn printable(line: &str) -> String {
    line.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source { file: "conformance.toml".into(), text: text.into() }
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        let source = source("a = 1\nb = \"\u{e4}\u{f6}\"\r\nc");
        assert_eq!(source.place(0), Place { line: 1, column: 1 });
        assert_eq!(source.place(11), Place { line: 2, column: 6 });
        assert_eq!(source.place(13), Place { line: 2, column: 7 });
        assert_eq!(source.place(9999), Place { line: 3, column: 2 });
    }

    #[test]
    fn errors_point_at_the_line() {
        let source = source("[driver]\ncomand = \"x\"\n");
        let mistake = source.mistake(9..15, "unknown key \"comand\" in [driver]").help("allowed: command");
        assert_eq!(
            ProfileError::new(&source, vec![mistake]).to_string(),
            "unknown key \"comand\" in [driver]\n --> conformance.toml:2:1\n  |\n2 | comand = \"x\"\n  | ^^^^^^\n  = allowed: command"
        );
    }

    #[test]
    fn values_of_secrets_are_not_shown() {
        let source = source("token = [\"s3cret\", 3]");
        let error =
            ProfileError::new(&source, vec![source.mistake(8..21, "wrong").conceal(true)]).to_string();
        assert!(!error.contains("s3cret"), "{error}");
        assert!(error.contains("1 | token = (not shown)\n  |         ^^^^^^^^^^^"), "{error}");
    }
}
