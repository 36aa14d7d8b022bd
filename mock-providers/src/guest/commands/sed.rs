//! sed: addresses and the commands s, d, p, a, i, c, q.

use regex_lite::{Captures, Regex};

use super::{
    Call,
    grep::{Syntax, compile},
};

enum Address {
    Line(usize),
    Last,
    Match(Regex),
}

enum Action {
    Substitute { expression: Regex, replacement: String, all: bool, print: bool },
    Delete,
    Print,
    Append(String),
    Insert(String),
    Change(String),
    Quit,
}

struct Command {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    action: Action,
    /// Inside a range of addresses.
    active: bool,
}

pub(super) fn sed(call: &mut Call<'_>) -> u8 {
    let (mut in_place, mut quiet, mut syntax) = (false, false, Syntax::Basic);
    let (mut scripts, mut names) = (Vec::new(), Vec::new());
    let mut arguments = call.arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "-e" | "--expression" => scripts.extend(arguments.next().cloned()),
            "--quiet" | "--silent" => quiet = true,
            "--in-place" => in_place = true,
            options if options.len() > 1 && options.starts_with('-') && !options.starts_with("--") => {
                for letter in options[1..].chars() {
                    match letter {
                        // What follows is a suffix for copies, which are not kept.
                        'i' => {
                            in_place = true;
                            break;
                        }
                        'n' => quiet = true,
                        'E' | 'r' => syntax = Syntax::Extended,
                        _ => {}
                    }
                }
            }
            operand => names.push(operand),
        }
    }
    if scripts.is_empty() {
        if names.is_empty() {
            return call.fail("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...");
        }
        scripts.push(names.remove(0).to_owned());
    }
    let mut commands = match parse(&scripts.join("\n"), syntax) {
        Ok(commands) => commands,
        Err(error) => return call.fail(format!("sed: -e expression #1: {error}")),
    };
    if !in_place {
        let (contents, status) = call.inputs("sed", &names);
        let edited = edit(&contents.concat(), &mut commands, quiet);
        call.output.extend(edited);
        return if status == 0 { 0 } else { 2 };
    }
    let mut status = 0;
    for name in names {
        let path = call.path(name);
        let written = call.state.disk.read(&path, call.user).and_then(|data| {
            let edited = edit(&data, &mut commands, quiet);
            call.state.disk.write(&path, &edited, false, call.user)
        });
        if let Err(error) = written {
            call.fail(format!("sed: can't read {name}: {error}"));
            status = 2;
        }
    }
    status
}

fn edit(data: &[u8], commands: &mut [Command], quiet: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(data);
    let ends_with_newline = text.ends_with('\n') || text.is_empty();
    let lines: Vec<&str> = text.lines().collect();
    let mut output = String::new();
    for (index, line) in lines.iter().enumerate() {
        let (number, last) = (index + 1, index + 1 == lines.len());
        let mut space = Some((*line).to_owned());
        let (mut after, mut quit) = (String::new(), false);
        for command in commands.iter_mut() {
            let Some(line) = space.clone() else { break };
            if !selected(command, number, last, &line) {
                continue;
            }
            match &command.action {
                Action::Substitute { expression, replacement, all, print } => {
                    let replace = |captures: &Captures<'_>| expand(replacement, captures);
                    let limit = if *all { 0 } else { 1 };
                    let changed = expression.replacen(&line, limit, replace).into_owned();
                    if *print && expression.is_match(&line) {
                        output += &format!("{changed}\n");
                    }
                    space = Some(changed);
                }
                Action::Delete => space = None,
                Action::Print => output += &format!("{line}\n"),
                Action::Append(text) => after += &format!("{text}\n"),
                Action::Insert(text) => output += &format!("{text}\n"),
                Action::Change(text) => {
                    output += &format!("{text}\n");
                    space = None;
                }
                Action::Quit => {
                    quit = true;
                    break;
                }
            }
        }
        if let Some(line) = space.filter(|_| !quiet) {
            output += &format!("{line}\n");
        }
        output += &after;
        if quit {
            break;
        }
    }
    if !ends_with_newline && output.ends_with('\n') {
        output.pop();
    }
    output.into_bytes()
}

fn selected(command: &mut Command, number: usize, last: bool, line: &str) -> bool {
    let matches = |address: &Address| match address {
        Address::Line(wanted) => *wanted == number,
        Address::Last => last,
        Address::Match(expression) => expression.is_match(line),
    };
    let inside = match (&command.from, &command.to) {
        (None, _) => true,
        (Some(from), None) => matches(from),
        (Some(_), Some(to)) if command.active => {
            command.active = !matches(to);
            true
        }
        (Some(from), Some(to)) => {
            let starts = matches(from);
            let ends_here = matches!(to, Address::Line(end) if *end <= number);
            command.active = starts && !ends_here;
            starts
        }
    };
    inside != command.negated
}

/// Text of a replacement: `&`, `\1`, escapes.
fn expand(replacement: &str, captures: &Captures<'_>) -> String {
    let group = |number: usize| captures.get(number).map_or("", |found| found.as_str());
    let mut text = String::new();
    let mut characters = replacement.chars();
    while let Some(character) = characters.next() {
        match character {
            '&' => text += group(0),
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(digit @ '0'..='9') => text += group(digit as usize - '0' as usize),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

fn parse(script: &str, syntax: Syntax) -> Result<Vec<Command>, String> {
    let mut parser = Parser { rest: script, syntax };
    let mut commands = Vec::new();
    loop {
        parser.rest = parser.rest.trim_start_matches([' ', '\t', '\n', ';', '}', '{']);
        if parser.rest.is_empty() {
            return Ok(commands);
        }
        commands.push(parser.command()?);
    }
}

struct Parser<'a> {
    rest: &'a str,
    syntax: Syntax,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn accept(&mut self, character: char) -> bool {
        match self.rest.strip_prefix(character) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn command(&mut self) -> Result<Command, String> {
        let from = self.address()?;
        let to = if from.is_some() && self.accept(',') { self.address()? } else { None };
        self.rest = self.rest.trim_start();
        let negated = self.accept('!');
        self.rest = self.rest.trim_start();
        let action = match self.next() {
            Some('s') => self.substitute()?,
            Some('d') => Action::Delete,
            Some('p') => Action::Print,
            Some('q') => Action::Quit,
            Some('a') => Action::Append(self.text()),
            Some('i') => Action::Insert(self.text()),
            Some('c') => Action::Change(self.text()),
            Some(other) => return Err(format!("unknown command: `{other}'")),
            None => return Err("missing command".into()),
        };
        Ok(Command { from, to, negated, action, active: false })
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        if self.accept('$') {
            return Ok(Some(Address::Last));
        }
        if self.accept('/') {
            let pattern = self.until('/')?;
            return Ok(Some(Address::Match(compile(&pattern, self.syntax, false)?)));
        }
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Ok(number.parse().ok().map(Address::Line))
    }

    fn substitute(&mut self) -> Result<Action, String> {
        let delimiter = self.next().ok_or("unterminated `s' command")?;
        let pattern = self.until(delimiter)?;
        let replacement = self.until(delimiter)?;
        let (mut all, mut print, mut ignore_case) = (false, false, false);
        while let Some(flag) = self.rest.chars().next().filter(|c| "gpiI".contains(*c)) {
            self.next();
            all |= flag == 'g';
            print |= flag == 'p';
            ignore_case |= "iI".contains(flag);
        }
        let expression = compile(&pattern, self.syntax, ignore_case)?;
        Ok(Action::Substitute { expression, replacement, all, print })
    }

    /// Text up to a delimiter; an escaped delimiter is the character.
    fn until(&mut self, delimiter: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(character) if character == delimiter => return Ok(text),
                Some('\\') => match self.next() {
                    Some(character) if character == delimiter => text.push(character),
                    Some(character) => text.extend(['\\', character]),
                    None => return Err("unterminated expression".into()),
                },
                Some(character) => text.push(character),
                None => return Err("unterminated expression".into()),
            }
        }
    }

    /// The rest of the line, for `a`, `i` and `c`.
    fn text(&mut self) -> String {
        let trimmed = self.rest.trim_start_matches([' ', '\t']);
        let trimmed = trimmed.strip_prefix('\\').unwrap_or(trimmed);
        let trimmed = trimmed.trim_start_matches('\n');
        let (line, rest) = trimmed.split_once('\n').unwrap_or((trimmed, ""));
        self.rest = rest;
        line.trim_start().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_edit_lines() {
        let text = "127.0.0.1 localhost\n127.0.1.1 old\n";
        for (script, expected) in [
            (r"s/^127.0.1.1\s.*/127.0.1.1 h1/g", "127.0.0.1 localhost\n127.0.1.1 h1\n"),
            ("2d", "127.0.0.1 localhost\n"),
            ("/old/d", "127.0.0.1 localhost\n"),
            ("$a new", "127.0.0.1 localhost\n127.0.1.1 old\nnew\n"),
            ("1i first", "first\n127.0.0.1 localhost\n127.0.1.1 old\n"),
            (r"s|\(local\)host|<\1>&|; s/old/x/", "127.0.0.1 <local>localhost\n127.0.1.1 x\n"),
            ("1!d", "127.0.0.1 localhost\n"),
            ("1,/old/d", ""),
            ("1q", "127.0.0.1 localhost\n"),
        ] {
            let mut commands = parse(script, Syntax::Basic).unwrap();
            let edited = String::from_utf8(edit(text.as_bytes(), &mut commands, false)).unwrap();
            assert_eq!(edited, expected, "{script}");
        }
        assert!(parse("s/a", Syntax::Basic).is_err());
        assert!(parse("z", Syntax::Basic).is_err());
    }
}
