//! Text of a script to tokens; quotes, escapes, expansions and here-documents.

use super::{
    parser,
    syntax::{Modifier, Part, Word},
};

/// Scripts inside scripts: `$(..)`, `${..}`, compound commands.
pub(super) const MAX_DEPTH: usize = 40;

/// A mistake in a script, in the words of the shell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Syntax error: {0}")]
pub(crate) struct SyntaxError(pub(super) String);

type Result<T> = std::result::Result<T, SyntaxError>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    Operator(&'static str),
    /// `<`, `>`, `>>`, `>&`, `<&`, `>|`, `&>` with the number before it.
    Redirect(Option<u8>, &'static str),
    /// A here-document; the text is complete once the line has been read.
    Here(Option<u8>, usize),
    Newline,
}

/// Characters that end an unquoted word.
const META: &[char] = &[' ', '\t', '\n', ';', '&', '|', '<', '>', '(', ')'];
/// Longest first.
const OPERATORS: &[&str] = &["&&", "||", ";;", ";", "|", "(", ")", "&"];
const REDIRECTS: &[&str] = &[">>", ">&", ">|", ">", "<&", "<"];

struct PendingHere {
    index: usize,
    delimiter: String,
    quoted: bool,
    strip_tabs: bool,
}

pub(super) struct Lexer {
    source: Vec<char>,
    position: usize,
    pub(super) depth: usize,
    pending: Vec<PendingHere>,
    heres: Vec<Word>,
}

impl Lexer {
    pub(super) fn new(source: &str, depth: usize) -> Self {
        Self { source: source.chars().collect(), position: 0, depth, pending: Vec::new(), heres: Vec::new() }
    }

    /// All tokens, and the here-documents that they refer to.
    pub(super) fn tokens(mut self) -> Result<(Vec<Token>, Vec<Word>)> {
        let mut tokens = Vec::new();
        while let Some(token) = self.token()? {
            tokens.push(token);
        }
        self.read_heres()?;
        Ok((tokens, self.heres))
    }

    fn peek(&self) -> Option<char> {
        self.source.get(self.position).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.position += 1;
        Some(character)
    }

    fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.source.get(self.position + offset) == Some(&c))
    }

    fn skip(&mut self, text: &str) -> bool {
        let found = self.starts_with(text);
        if found {
            self.position += text.chars().count();
        }
        found
    }

    fn token(&mut self) -> Result<Option<Token>> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.position += 1,
                Some('\\') if self.starts_with("\\\n") => self.position += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.position += 1;
                    }
                }
                _ => break,
            }
        }
        let Some(first) = self.peek() else { return Ok(None) };
        if first == '\n' {
            self.position += 1;
            self.read_heres()?;
            return Ok(Some(Token::Newline));
        }
        if self.skip("&>") {
            return Ok(Some(Token::Redirect(None, "&>")));
        }
        let start = self.position;
        let number = first.to_digit(10).filter(|_| matches!(self.source.get(start + 1), Some('<' | '>')));
        if number.is_some() {
            self.position += 1;
        }
        // A single digit.
        let number = number.map(|digit| digit as u8);
        if self.skip("<<") {
            return self.here(number).map(Some);
        }
        for operator in REDIRECTS {
            if self.skip(operator) {
                return Ok(Some(Token::Redirect(number, operator)));
            }
        }
        for operator in OPERATORS {
            if self.skip(operator) {
                return Ok(Some(Token::Operator(operator)));
            }
        }
        self.word().map(|word| Some(Token::Word(word)))
    }

    fn here(&mut self, number: Option<u8>) -> Result<Token> {
        let strip_tabs = self.skip("-");
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.position += 1;
        }
        let word = self.word()?;
        let quoted = word.0.iter().any(|part| matches!(part, Part::Text { quoted: true, .. }));
        let delimiter: String = word
            .0
            .iter()
            .filter_map(|part| match part {
                Part::Text { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let index = self.heres.len();
        self.heres.push(Word::default());
        self.pending.push(PendingHere { index, delimiter, quoted, strip_tabs });
        Ok(Token::Here(number, index))
    }

    /// Reads the bodies of the here-documents that the finished line has opened.
    fn read_heres(&mut self) -> Result<()> {
        for here in std::mem::take(&mut self.pending) {
            let mut text = String::new();
            while self.position < self.source.len() {
                let rest = &self.source[self.position..];
                let length = rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
                let line: String = rest[..length].iter().collect();
                self.position = (self.position + length + 1).min(self.source.len());
                let line = if here.strip_tabs { line.trim_start_matches('\t') } else { &line };
                if line == here.delimiter {
                    break;
                }
                text.push_str(line);
                text.push('\n');
            }
            let word = if here.quoted {
                Word(vec![Part::Text { text, quoted: true }])
            } else {
                Self::new(&text, self.depth + 1).quoted_text()?
            };
            self.heres[here.index] = word;
        }
        Ok(())
    }

    fn word(&mut self) -> Result<Word> {
        let mut parts = Vec::new();
        while let Some(character) = self.peek() {
            if META.contains(&character) {
                break;
            }
            self.part(&mut parts)?;
        }
        Ok(Word(parts))
    }

    /// One character or expansion outside quotes.
    fn part(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.bump() {
            Some('\'') => {
                let text = self.until('\'')?;
                push_text(parts, &text, true);
            }
            Some('"') => {
                push_text(parts, "", true);
                while self.peek() != Some('"') {
                    self.quoted_part(parts)?;
                }
                self.position += 1;
            }
            Some('\\') => match self.bump() {
                Some('\n') => {}
                Some(character) => push_text(parts, character.encode_utf8(&mut [0; 4]), true),
                None => push_text(parts, "\\", true),
            },
            Some('$') => self.dollar(parts, false)?,
            Some('`') => self.backquoted(parts, false)?,
            Some(character) => push_text(parts, character.encode_utf8(&mut [0; 4]), false),
            None => {}
        }
        Ok(())
    }

    /// One character or expansion inside double quotes.
    fn quoted_part(&mut self, parts: &mut Vec<Part>) -> Result<()> {
        match self.bump() {
            None => return Err(SyntaxError("Unterminated quoted string".into())),
            Some('\\') => match self.peek() {
                Some('\n') => self.position += 1,
                Some(character @ ('$' | '`' | '"' | '\\')) => {
                    self.position += 1;
                    push_text(parts, character.encode_utf8(&mut [0; 4]), true);
                }
                _ => push_text(parts, "\\", true),
            },
            Some('$') => self.dollar(parts, true)?,
            Some('`') => self.backquoted(parts, true)?,
            Some(character) => push_text(parts, character.encode_utf8(&mut [0; 4]), true),
        }
        Ok(())
    }

    /// The whole source as the inside of double quotes; a quote is itself.
    fn quoted_text(mut self) -> Result<Word> {
        self.check_depth()?;
        let mut parts = vec![Part::Text { text: String::new(), quoted: true }];
        while self.position < self.source.len() {
            self.quoted_part(&mut parts)?;
        }
        Ok(Word(parts))
    }

    /// The whole source as one word; blanks are part of it.
    fn whole_word(mut self) -> Result<Word> {
        self.check_depth()?;
        let mut parts = Vec::new();
        while self.position < self.source.len() {
            self.part(&mut parts)?;
        }
        Ok(Word(parts))
    }

    fn until(&mut self, end: char) -> Result<String> {
        let mut text = String::new();
        loop {
            match self.bump() {
                Some(character) if character == end => return Ok(text),
                Some(character) => text.push(character),
                None => return Err(SyntaxError("Unterminated quoted string".into())),
            }
        }
    }

    fn backquoted(&mut self, parts: &mut Vec<Part>, quoted: bool) -> Result<()> {
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('`') => break,
                Some('\\') if matches!(self.peek(), Some('`' | '\\' | '$')) => text.extend(self.bump()),
                Some(character) => text.push(character),
                None => return Err(SyntaxError("EOF in backquote substitution".into())),
            }
        }
        let script = parser::parse(&text, self.depth + 1)?;
        parts.push(Part::Substitution { script, quoted });
        Ok(())
    }

    /// What follows a `$`.
    fn dollar(&mut self, parts: &mut Vec<Part>, quoted: bool) -> Result<()> {
        if self.starts_with("((") {
            let start = self.position;
            self.position += 2;
            let text = self.balanced('(', ')')?;
            if self.skip(")") {
                let expression = Self::new(&text, self.depth + 1).quoted_text()?;
                parts.push(Part::Arithmetic { expression, quoted });
                return Ok(());
            }
            self.position = start;
        }
        match self.peek() {
            Some('(') => {
                self.position += 1;
                let text = self.balanced('(', ')')?;
                let script = parser::parse(&text, self.depth + 1)?;
                parts.push(Part::Substitution { script, quoted });
            }
            Some('{') => {
                self.position += 1;
                let text = self.balanced('{', '}')?;
                parts.push(self.braces(&text, quoted)?);
            }
            Some(first) if first.is_ascii_alphabetic() || first == '_' => {
                let name = self.name();
                parts.push(Part::Parameter { name, modifier: None, quoted });
            }
            Some(special) if special.is_ascii_digit() || "?$#@*!-".contains(special) => {
                self.position += 1;
                parts.push(Part::Parameter { name: special.into(), modifier: None, quoted });
            }
            _ => push_text(parts, "$", quoted),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(character) = self.peek().filter(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(character);
            self.position += 1;
        }
        name
    }

    /// The inside of `${..}`.
    fn braces(&self, text: &str, quoted: bool) -> Result<Part> {
        let bad = || SyntaxError("Bad substitution".into());
        if let Some(name) = text.strip_prefix('#').filter(|name| !name.is_empty()) {
            let modifier = Some((Modifier::Length, Word::default()));
            return Ok(Part::Parameter { name: name.into(), modifier, quoted });
        }
        let mut lexer = Self::new(text, self.depth + 1);
        let mut name = lexer.name();
        if name.is_empty() {
            name.extend(lexer.bump().filter(|c| "?$#@*!-".contains(*c)));
        }
        if name.is_empty() {
            return Err(bad());
        }
        if lexer.peek().is_none() {
            return Ok(Part::Parameter { name, modifier: None, quoted });
        }
        let colon = lexer.skip(":");
        let modifier = match lexer.bump() {
            Some('-') => Modifier::Default { colon },
            Some('=') => Modifier::Assign { colon },
            Some('+') => Modifier::Alternative { colon },
            Some('?') => Modifier::Require { colon },
            Some('#') if !colon => Modifier::RemovePrefix { longest: lexer.skip("#") },
            Some('%') if !colon => Modifier::RemoveSuffix { longest: lexer.skip("%") },
            _ => return Err(bad()),
        };
        let rest: String = lexer.source[lexer.position..].iter().collect();
        let rest = Self::new(&rest, self.depth + 1);
        let word = if quoted { rest.quoted_text()? } else { rest.whole_word()? };
        Ok(Part::Parameter { name, modifier: Some((modifier, word)), quoted })
    }

    /// Text up to the closing bracket that belongs to an opening one just read; quotes hide brackets.
    fn balanced(&mut self, open: char, close: char) -> Result<String> {
        self.check_depth()?;
        let start = self.position;
        let mut open_brackets = 1;
        while let Some(character) = self.bump() {
            match character {
                '\\' => self.position += 1,
                '\'' if open == '(' => drop(self.until('\'')?),
                '"' => self.skip_double_quoted()?,
                _ if character == open => open_brackets += 1,
                _ if character == close => {
                    open_brackets -= 1;
                    if open_brackets == 0 {
                        return Ok(self.source[start..self.position - 1].iter().collect());
                    }
                }
                _ => {}
            }
        }
        Err(SyntaxError(format!("end of file unexpected (expecting \"{close}\")")))
    }

    fn skip_double_quoted(&mut self) -> Result<()> {
        loop {
            match self.bump() {
                Some('"') => return Ok(()),
                Some('\\') => self.position += 1,
                Some('$') if self.peek() == Some('(') => {
                    self.position += 1;
                    self.depth += 1;
                    self.balanced('(', ')')?;
                    self.depth -= 1;
                }
                Some(_) => {}
                None => return Err(SyntaxError("Unterminated quoted string".into())),
            }
        }
    }

    fn check_depth(&self) -> Result<()> {
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError("nested too deeply".into()));
        }
        Ok(())
    }
}

/// Appends text, joining it with text of the same kind.
fn push_text(parts: &mut Vec<Part>, more: &str, is_quoted: bool) {
    if let Some(Part::Text { text, quoted }) = parts.last_mut()
        && *quoted == is_quoted
    {
        text.push_str(more);
        return;
    }
    parts.push(Part::Text { text: more.to_owned(), quoted: is_quoted });
}
