//! Tokens to a syntax tree.

use std::sync::Arc;

use super::{
    lexer::{Lexer, MAX_DEPTH, SyntaxError, Token},
    syntax::{
        Command, CommandKind, Connector, Part, Pipeline, Redirect, RedirectKind, Script, Statement, Word,
    },
};

type Result<T> = std::result::Result<T, SyntaxError>;

/// Longest script that is read; far more than any provisioner sends.
const MAX_LENGTH: usize = 4 << 20;

/// Words that end a list of statements.
const CLOSING: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];

/// Parses a script that is `depth` levels below the one that was sent.
pub(crate) fn parse(source: &str, depth: usize) -> Result<Script> {
    if source.len() > MAX_LENGTH {
        return Err(SyntaxError("script too long".into()));
    }
    if depth > MAX_DEPTH {
        return Err(SyntaxError("nested too deeply".into()));
    }
    let (tokens, heres) = Lexer::new(source, depth).tokens()?;
    let mut parser = Parser { tokens, position: 0, heres, depth };
    let script = parser.script()?;
    match parser.peek() {
        None => Ok(script),
        Some(token) => Err(unexpected(Some(token))),
    }
}

/// Splits a command line as the shell would, without expanding anything; for configuration files.
pub(crate) fn split_words(line: &str) -> Result<Vec<String>> {
    let (tokens, _) = Lexer::new(line, 0).tokens()?;
    let text = |part: &Part| match part {
        Part::Text { text, .. } => text.clone(),
        Part::Parameter { name, .. } => format!("${name}"),
        _ => String::new(),
    };
    let words = tokens.iter().filter_map(|token| match token {
        Token::Word(word) => Some(word.0.iter().map(text).collect()),
        _ => None,
    });
    Ok(words.collect())
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    heres: Vec<Word>,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    /// The reserved word at this place.
    fn reserved(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => word.bare(),
            _ => None,
        }
    }

    fn accept_word(&mut self, text: &str) -> bool {
        let found = self.reserved() == Some(text);
        self.position += usize::from(found);
        found
    }

    fn accept_operator(&mut self, operator: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Operator(found)) if *found == operator);
        self.position += usize::from(found);
        found
    }

    fn expect_word(&mut self, text: &str) -> Result<()> {
        if self.accept_word(text) {
            return Ok(());
        }
        Err(unexpected(self.peek()))
    }

    fn skip_newlines(&mut self) {
        while matches!(self.peek(), Some(Token::Newline)) {
            self.position += 1;
        }
    }

    /// Statements up to a closing word, `)`, `;;` or the end.
    fn script(&mut self) -> Result<Script> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError("nested too deeply".into()));
        }
        let mut statements = Vec::new();
        loop {
            self.skip_newlines();
            match self.peek() {
                None | Some(Token::Operator(")" | ";;")) => break,
                Some(_) if self.reserved().is_some_and(|word| CLOSING.contains(&word)) => break,
                Some(_) => {}
            }
            let mut chain = vec![(Connector::Always, self.pipeline()?)];
            loop {
                let connector = if self.accept_operator("&&") {
                    Connector::And
                } else if self.accept_operator("||") {
                    Connector::Or
                } else {
                    break;
                };
                self.skip_newlines();
                chain.push((connector, self.pipeline()?));
            }
            let background = self.accept_operator("&");
            statements.push(Statement { chain, background });
            let ended =
                background || self.accept_operator(";") || matches!(self.peek(), Some(Token::Newline));
            if !ended {
                break;
            }
        }
        self.depth -= 1;
        Ok(Script(statements))
    }

    /// Statements of which there must be at least one.
    fn body(&mut self) -> Result<Script> {
        let script = self.script()?;
        if script.0.is_empty() {
            return Err(unexpected(self.peek()));
        }
        Ok(script)
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let mut negated = false;
        while self.accept_word("!") {
            negated = !negated;
        }
        let mut commands = vec![self.command()?];
        while self.accept_operator("|") {
            self.skip_newlines();
            commands.push(self.command()?);
        }
        Ok(Pipeline { negated, commands })
    }

    fn command(&mut self) -> Result<Command> {
        let kind = if self.accept_operator("(") {
            let script = self.body()?;
            if !self.accept_operator(")") {
                return Err(unexpected(self.peek()));
            }
            CommandKind::Subshell(script)
        } else if self.accept_word("{") {
            let script = self.body()?;
            self.expect_word("}")?;
            CommandKind::Group(script)
        } else if self.accept_word("if") {
            self.conditional()?
        } else if self.accept_word("while") {
            self.repeat(false)?
        } else if self.accept_word("until") {
            self.repeat(true)?
        } else if self.accept_word("for") {
            self.for_each()?
        } else if self.accept_word("case") {
            self.case()?
        } else {
            return self.simple();
        };
        let mut redirects = Vec::new();
        while self.redirect(&mut redirects)? {}
        Ok(Command { kind, redirects })
    }

    fn conditional(&mut self) -> Result<CommandKind> {
        let mut branches = Vec::new();
        loop {
            let condition = self.body()?;
            self.expect_word("then")?;
            branches.push((condition, self.body()?));
            if !self.accept_word("elif") {
                break;
            }
        }
        let otherwise = if self.accept_word("else") { Some(self.body()?) } else { None };
        self.expect_word("fi")?;
        Ok(CommandKind::If { branches, otherwise })
    }

    fn repeat(&mut self, until: bool) -> Result<CommandKind> {
        let condition = self.body()?;
        Ok(CommandKind::Loop { until, condition, body: self.do_group()? })
    }

    fn do_group(&mut self) -> Result<Script> {
        self.expect_word("do")?;
        let body = self.body()?;
        self.expect_word("done")?;
        Ok(body)
    }

    fn for_each(&mut self) -> Result<CommandKind> {
        let variable = match self.next() {
            Some(Token::Word(word)) if word.bare().is_some_and(is_name) => {
                word.bare().unwrap_or_default().into()
            }
            token => return Err(unexpected(token.as_ref())),
        };
        self.skip_newlines();
        let mut words = None;
        if self.accept_word("in") {
            let list = words.insert(Vec::new());
            while let Some(Token::Word(word)) = self.tokens.get(self.position) {
                list.push(word.clone());
                self.position += 1;
            }
        }
        self.accept_operator(";");
        self.skip_newlines();
        Ok(CommandKind::For { variable, words, body: self.do_group()? })
    }

    fn case(&mut self) -> Result<CommandKind> {
        let Some(Token::Word(subject)) = self.next() else {
            return Err(unexpected(self.peek()));
        };
        self.skip_newlines();
        self.expect_word("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines();
            if self.accept_word("esac") {
                return Ok(CommandKind::Case { subject, arms });
            }
            self.accept_operator("(");
            let mut patterns = Vec::new();
            loop {
                match self.next() {
                    Some(Token::Word(pattern)) => patterns.push(pattern),
                    token => return Err(unexpected(token.as_ref())),
                }
                if self.accept_operator(")") {
                    break;
                }
                if !self.accept_operator("|") {
                    return Err(unexpected(self.peek()));
                }
            }
            arms.push((patterns, self.script()?));
            self.skip_newlines();
            if !self.accept_operator(";;") && self.reserved() != Some("esac") {
                return Err(unexpected(self.peek()));
            }
        }
    }

    fn simple(&mut self) -> Result<Command> {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            if self.redirect(&mut redirects)? {
                continue;
            }
            let Some(Token::Word(word)) = self.peek() else {
                break;
            };
            let word = word.clone();
            if words.is_empty() && word.bare().is_some_and(|text| CLOSING.contains(&text)) {
                break;
            }
            self.position += 1;
            match as_assignment(&word).filter(|_| words.is_empty()) {
                Some(assignment) => assignments.push(assignment),
                None => words.push(word),
            }
            if words.len() == 1 && self.accept_operator("(") {
                return self.function(&words);
            }
        }
        if assignments.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(unexpected(self.peek()));
        }
        Ok(Command { kind: CommandKind::Simple { assignments, words }, redirects })
    }

    /// The rest of `name() command`.
    fn function(&mut self, words: &[Word]) -> Result<Command> {
        let name = words.first().and_then(Word::bare).filter(|name| is_name(name));
        let Some(name) = name.filter(|_| matches!(self.peek(), Some(Token::Operator(")")))) else {
            return Err(unexpected(Some(&Token::Operator("("))));
        };
        self.position += 1;
        self.skip_newlines();
        let body = Arc::new(self.command()?);
        Ok(Command { kind: CommandKind::Function { name: name.into(), body }, redirects: Vec::new() })
    }

    /// Reads a redirection, if there is one here.
    fn redirect(&mut self, redirects: &mut Vec<Redirect>) -> Result<bool> {
        let (number, operator) = match self.peek() {
            Some(Token::Redirect(number, operator)) => (*number, *operator),
            Some(&Token::Here(number, index)) => {
                self.position += 1;
                let text = self.heres.get(index).cloned().unwrap_or_default();
                redirects.push(Redirect { descriptor: number.unwrap_or(0), kind: RedirectKind::Here(text) });
                return Ok(true);
            }
            _ => return Ok(false),
        };
        self.position += 1;
        let target = match self.next() {
            Some(Token::Word(word)) => word,
            token => return Err(unexpected(token.as_ref())),
        };
        let (default, kind) = match operator {
            "<" => (0, RedirectKind::Read(target)),
            "<&" => (0, RedirectKind::Duplicate(target)),
            ">&" => (1, RedirectKind::Duplicate(target)),
            ">>" => (1, RedirectKind::Write { target, append: true }),
            _ => (1, RedirectKind::Write { target, append: false }),
        };
        redirects.push(Redirect { descriptor: number.unwrap_or(default), kind });
        if operator == "&>" {
            let one = Word(vec![Part::Text { text: "1".into(), quoted: false }]);
            redirects.push(Redirect { descriptor: 2, kind: RedirectKind::Duplicate(one) });
        }
        Ok(true)
    }
}

/// Name and value of a word of the form `name=value`.
fn as_assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Part::Text { text, quoted: false }) = word.0.first() else {
        return None;
    };
    let (name, value) = text.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let mut parts = word.0.clone();
    parts[0] = Part::Text { text: value.to_owned(), quoted: false };
    Some((name.to_owned(), Word(parts)))
}

/// Whether the text can name a variable.
pub(super) fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn unexpected(token: Option<&Token>) -> SyntaxError {
    SyntaxError(match token {
        None => "end of file unexpected".into(),
        Some(Token::Newline) => "newline unexpected".into(),
        Some(Token::Operator(operator)) => format!("\"{operator}\" unexpected"),
        Some(Token::Redirect(..) | Token::Here(..)) => "redirection unexpected".into(),
        Some(Token::Word(word)) => match word.bare() {
            Some(text) => format!("\"{text}\" unexpected"),
            None => "word unexpected".into(),
        },
    })
}
