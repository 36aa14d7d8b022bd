//! Words to fields: parameters, substitutions, splitting, file names.

use futures_util::future::BoxFuture;

use super::{
    arithmetic, pattern,
    run::{Flow, Shell},
    streams::{Output, Streams},
    syntax::{Modifier, Part, Script, Word},
};

/// A field while it is put together: its text, and the same as a pattern in which quoted characters are escaped.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    current: Option<Field>,
}

#[derive(Clone, Default)]
struct Field {
    text: String,
    pattern: String,
    has_wildcard: bool,
}

impl Fields {
    fn push(&mut self, text: &str, quoted: bool) {
        let field = self.current.get_or_insert_default();
        field.text.push_str(text);
        for character in text.chars() {
            let special = "*?[".contains(character);
            field.has_wildcard |= special && !quoted;
            if (special && quoted) || character == '\\' {
                field.pattern.push('\\');
            }
            field.pattern.push(character);
        }
    }

    /// Adds the result of an unquoted expansion: blanks end fields.
    fn push_split(&mut self, text: &str) {
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n');
        for (index, piece) in text.split(is_blank).enumerate() {
            if index > 0 {
                self.end_field();
            }
            if !piece.is_empty() {
                self.push(piece, false);
            }
        }
    }

    fn end_field(&mut self) {
        self.done.extend(self.current.take());
    }
}

impl Shell {
    /// Expands the words of a command to its name and arguments.
    pub(super) async fn fields(&mut self, words: &[Word], streams: &Streams) -> Vec<String> {
        let mut result = Vec::new();
        for word in words {
            let mut fields = Fields::default();
            self.expand(word, streams, &mut fields).await;
            fields.end_field();
            for field in fields.done {
                let paths = match field.has_wildcard {
                    true => pattern::paths(&self.system.lock().disk, &self.directory, &field.pattern),
                    false => Vec::new(),
                };
                if paths.is_empty() {
                    result.push(field.text);
                } else {
                    result.extend(paths);
                }
            }
        }
        result
    }

    /// Expands a word to exactly one text: no splitting, no file names.
    pub(super) async fn text(&mut self, word: &Word, streams: &Streams) -> String {
        self.single(word, streams).await.text
    }

    /// Expands a word to a pattern in which quoted characters stand for themselves.
    pub(super) async fn pattern(&mut self, word: &Word, streams: &Streams) -> String {
        self.single(word, streams).await.pattern
    }

    async fn single(&mut self, word: &Word, streams: &Streams) -> Field {
        let mut fields = Fields::default();
        for (position, part) in word.0.iter().enumerate() {
            let mut piece = Fields::default();
            match self.home_prefix(part).filter(|_| position == 0) {
                Some((home, rest)) => piece.push(&format!("{home}{rest}"), true),
                None => self.expand_part(part, streams, &mut piece, false).await,
            }
            piece.end_field();
            for (index, field) in piece.done.iter().enumerate() {
                let separator = if index > 0 { " " } else { "" };
                let current = fields.current.get_or_insert_default();
                current.text = format!("{}{separator}{}", current.text, field.text);
                current.pattern = format!("{}{separator}{}", current.pattern, field.pattern);
            }
        }
        fields.current.unwrap_or_default()
    }

    async fn expand(&mut self, word: &Word, streams: &Streams, fields: &mut Fields) {
        for (index, part) in word.0.iter().enumerate() {
            match self.home_prefix(part).filter(|_| index == 0) {
                Some((home, rest)) => {
                    fields.push(&home, true);
                    fields.push(rest, false);
                }
                None => self.expand_part(part, streams, fields, true).await,
            }
        }
    }

    /// Home directory and the rest of a text that starts with `~` or `~/`.
    fn home_prefix<'a>(&self, part: &'a Part) -> Option<(String, &'a str)> {
        let Part::Text { text, quoted: false } = part else {
            return None;
        };
        let rest = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        Some((self.variable("HOME"), rest))
    }

    fn expand_part<'a>(
        &'a mut self,
        part: &'a Part,
        streams: &'a Streams,
        fields: &'a mut Fields,
        split: bool,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let (text, quoted) = match part {
                Part::Text { text, quoted } => return fields.push(text, *quoted),
                Part::Parameter { name, modifier: None, quoted } if name == "@" || name == "*" => {
                    let arguments = self.arguments.clone();
                    if *quoted && name == "*" {
                        return fields.push(&arguments.join(" "), true);
                    }
                    for (index, argument) in arguments.iter().enumerate() {
                        if index > 0 {
                            fields.end_field();
                        }
                        match quoted {
                            true => fields.push(argument, true),
                            false => fields.push_split(argument),
                        }
                    }
                    return;
                }
                Part::Parameter { name, modifier, quoted } => {
                    (self.parameter(name, modifier.as_ref(), streams).await, *quoted)
                }
                Part::Substitution { script, quoted } => (self.substitute(script, streams).await, *quoted),
                Part::Arithmetic { expression, quoted } => {
                    let expression = self.text(expression, streams).await;
                    let value = arithmetic::evaluate(&expression, &|name| self.variable(name));
                    let text = match value {
                        Ok(number) => number.to_string(),
                        Err(message) => {
                            self.fail(streams, &message, 2);
                            String::new()
                        }
                    };
                    (text, *quoted)
                }
            };
            if quoted || !split {
                fields.push(&text, quoted);
            } else {
                fields.push_split(&text);
            }
        })
    }

    async fn parameter(
        &mut self,
        name: &str,
        modifier: Option<&(Modifier, Word)>,
        streams: &Streams,
    ) -> String {
        let value = self.lookup(name);
        let Some((modifier, word)) = modifier else {
            return value.unwrap_or_default();
        };
        let missing = |colon: bool| match &value {
            None => true,
            Some(text) => colon && text.is_empty(),
        };
        match *modifier {
            Modifier::Length => value.unwrap_or_default().chars().count().to_string(),
            Modifier::Default { colon } if missing(colon) => self.text(word, streams).await,
            Modifier::Assign { colon } if missing(colon) => {
                let text = self.text(word, streams).await;
                self.assign(name, &text);
                text
            }
            Modifier::Alternative { colon } if missing(colon) => String::new(),
            Modifier::Alternative { .. } => self.text(word, streams).await,
            Modifier::Require { colon } if missing(colon) => {
                let text = self.text(word, streams).await;
                let text = if text.is_empty() { "parameter not set".to_owned() } else { text };
                self.fail(streams, &format!("{name}: {text}"), 2);
                String::new()
            }
            Modifier::RemovePrefix { longest } => {
                let pattern = self.pattern(word, streams).await;
                let value = value.unwrap_or_default();
                let mut ends = value.char_indices().map(|(index, _)| index).chain([value.len()]);
                let fits = |end: &usize| pattern::matches(&pattern, &value[..*end]);
                let end = if longest { ends.rfind(fits) } else { ends.find(fits) };
                value[end.unwrap_or(0)..].to_owned()
            }
            Modifier::RemoveSuffix { longest } => {
                let pattern = self.pattern(word, streams).await;
                let value = value.unwrap_or_default();
                let mut starts = value.char_indices().map(|(index, _)| index).chain([value.len()]);
                let fits = |start: &usize| pattern::matches(&pattern, &value[*start..]);
                let start = if longest { starts.find(fits) } else { starts.rfind(fits) };
                value[..start.unwrap_or(value.len())].to_owned()
            }
            _ => value.unwrap_or_default(),
        }
    }

    /// Output of a script without the newlines at its end.
    async fn substitute(&mut self, script: &Script, streams: &Streams) -> String {
        let output = Output::buffer();
        let mut shell = self.clone();
        let inner = Streams { output: output.clone(), ..streams.clone() };
        shell.run_script(script, &inner).await;
        self.status = shell.status;
        self.substituted = true;
        let bytes = output.take();
        String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned()
    }

    /// Reports a mistake that ends the script.
    pub(super) fn fail(&mut self, streams: &Streams, message: &str, status: u8) {
        self.complain(streams, message);
        self.status = status;
        self.flow = Flow::Exit;
    }
}
