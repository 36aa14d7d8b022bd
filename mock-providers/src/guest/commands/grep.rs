//! grep, egrep, fgrep, and the translation of their patterns.

use regex_lite::{Regex, RegexBuilder};

use super::Call;

/// Which characters are operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Basic,
    Extended,
    Fixed,
}

/// Compiles a pattern of grep or sed.
///
/// # Errors
/// What is wrong with it.
pub(super) fn compile(pattern: &str, syntax: Syntax, ignore_case: bool) -> Result<Regex, String> {
    let text = match syntax {
        Syntax::Fixed => regex_lite::escape(pattern),
        Syntax::Extended | Syntax::Basic => translate(pattern, syntax == Syntax::Basic),
    };
    RegexBuilder::new(&text).case_insensitive(ignore_case).build().map_err(|error| error.to_string())
}

/// POSIX to Perl-like syntax: in basic patterns brackets, braces, `+`, `?` and `|` are operators when escaped, and
/// in bracket expressions a backslash is a character.
fn translate(pattern: &str, basic: bool) -> String {
    let mut text = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(operator) if basic && "(){}+?|".contains(operator) => text.push(operator),
                Some('<' | '>') => text.push_str("\\b"),
                Some(letter) => text.extend(['\\', letter]),
                None => text.push_str("\\\\"),
            },
            operator if basic && "(){}+?|".contains(operator) => text.extend(['\\', operator]),
            '*' if text.is_empty() => text.push_str("\\*"),
            '[' => {
                text.push('[');
                text.extend(characters.next_if_eq(&'^'));
                let mut first = true;
                while let Some(member) = characters.next() {
                    match member {
                        ']' if !first => break,
                        '[' if characters.peek() == Some(&':') => {
                            text.push('[');
                            while let Some(name) = characters.next_if(|c| *c != ']') {
                                text.push(name);
                            }
                            text.extend(characters.next());
                        }
                        special if "[]\\&~".contains(special) => text.extend(['\\', special]),
                        member => text.push(member),
                    }
                    first = false;
                }
                text.push(']');
            }
            other => text.push(other),
        }
    }
    text
}

pub(super) fn grep(call: &mut Call<'_>) -> u8 {
    search(call, Syntax::Basic)
}

pub(super) fn egrep(call: &mut Call<'_>) -> u8 {
    search(call, Syntax::Extended)
}

pub(super) fn fgrep(call: &mut Call<'_>) -> u8 {
    search(call, Syntax::Fixed)
}

#[derive(Default)]
struct Options {
    whole_line: bool,
    whole_word: bool,
    quiet: bool,
    invert: bool,
    count: bool,
    number: bool,
    only_matching: bool,
    names: bool,
    recursive: bool,
    silent_errors: bool,
}

fn search(call: &mut Call<'_>, syntax: Syntax) -> u8 {
    let (mut options, mut syntax, mut ignore_case) = (Options::default(), syntax, false);
    let (mut patterns, mut names) = (Vec::new(), Vec::new());
    let mut arguments = call.arguments.iter();
    let mut only_names = false;
    while let Some(argument) = arguments.next() {
        let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty() && !only_names)
        else {
            names.push(argument.as_str());
            continue;
        };
        if letters == "-" {
            only_names = true;
        }
        for letter in letters.chars().filter(|_| !letters.starts_with('-')) {
            match letter {
                'x' => options.whole_line = true,
                'w' => options.whole_word = true,
                'q' => options.quiet = true,
                'v' => options.invert = true,
                'c' => options.count = true,
                'n' => options.number = true,
                'o' => options.only_matching = true,
                'l' => options.names = true,
                's' => options.silent_errors = true,
                'r' | 'R' => options.recursive = true,
                'i' => ignore_case = true,
                'E' | 'P' => syntax = Syntax::Extended,
                'F' => syntax = Syntax::Fixed,
                'e' => patterns.extend(arguments.next().cloned()),
                'm' | 'A' | 'B' | 'C' => drop(arguments.next()),
                _ => {}
            }
        }
    }
    if patterns.is_empty() {
        if names.is_empty() {
            call.fail("Usage: grep [OPTION]... PATTERNS [FILE]...");
            return 2;
        }
        patterns.push(names.remove(0).to_owned());
    }
    let mut expressions = Vec::new();
    for pattern in patterns.iter().flat_map(|pattern| pattern.split('\n')) {
        match compile(pattern, syntax, ignore_case) {
            Ok(expression) => expressions.push(expression),
            Err(error) => {
                call.fail(format!("grep: {error}"));
                return 2;
            }
        }
    }
    find_lines(call, &options, &expressions, &names)
}

fn find_lines(call: &mut Call<'_>, options: &Options, expressions: &[Regex], names: &[&str]) -> u8 {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut failed = false;
    if names.is_empty() {
        files.push(("(standard input)".into(), std::mem::take(&mut call.input)));
    }
    for name in names {
        let path = call.path(name);
        let paths: Vec<String> = match call.state.disk.is_directory(&path) && options.recursive {
            true => call.state.disk.below(&path).map(|(path, _)| path.clone()).collect(),
            false => vec![path],
        };
        for path in &paths {
            if options.recursive && call.state.disk.is_directory(path) {
                continue;
            }
            match call.state.disk.read(path, call.user) {
                Ok(data) => files.push(((*name).to_owned(), data.to_vec())),
                Err(error) => {
                    failed = true;
                    if !options.silent_errors {
                        call.fail(format!("grep: {name}: {error}"));
                    }
                }
            }
        }
    }
    let several = files.len() > 1;
    let mut found = false;
    for (name, data) in &files {
        let text = String::from_utf8_lossy(data);
        let mut count = 0;
        for (index, line) in text.lines().enumerate() {
            if expressions.iter().any(|expression| fits(expression, line, options)) == options.invert {
                continue;
            }
            (found, count) = (true, count + 1);
            if options.quiet || options.count || options.names {
                continue;
            }
            let prefix = if several { format!("{name}:") } else { String::new() };
            let number = if options.number { format!("{}:", index + 1) } else { String::new() };
            if options.only_matching && !options.invert {
                for found in expressions.iter().flat_map(|expression| expression.find_iter(line)) {
                    call.line(format!("{prefix}{number}{}", found.as_str()));
                }
            } else {
                call.line(format!("{prefix}{number}{line}"));
            }
        }
        if options.names && count > 0 && !options.quiet {
            call.line(name);
        } else if options.count && !options.quiet {
            call.line(if several { format!("{name}:{count}") } else { count.to_string() });
        }
    }
    match (found, failed) {
        (true, false) => 0,
        (true, true) if options.quiet => 0,
        (_, true) => 2,
        (false, false) => 1,
    }
}

fn fits(expression: &Regex, line: &str, options: &Options) -> bool {
    if options.whole_line {
        // Any of the matches may be the one that covers the line.
        return Regex::new(&format!("^(?:{expression})$")).is_ok_and(|whole| whole.is_match(line))
            || expression.find(line).is_some_and(|found| found.as_str() == line);
    }
    if options.whole_word {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        return expression.find_iter(line).any(|found| {
            !line[..found.start()].ends_with(is_word) && !line[found.end()..].starts_with(is_word)
        });
    }
    expression.is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_grep_are_translated() {
        for (pattern, syntax, text, expected) in [
            (r".*\sh1", Syntax::Basic, "127.0.1.1 h1", true),
            (r"a+", Syntax::Basic, "a+", true),
            (r"a+", Syntax::Basic, "aa", false),
            (r"a\+", Syntax::Basic, "aa", true),
            (r"\(a\|b\)c", Syntax::Basic, "bc", true),
            (r"(a|b)c", Syntax::Extended, "bc", true),
            (r"[[:digit:]]\{2\}", Syntax::Basic, "x42", true),
            (r"[^]a]", Syntax::Basic, "]", false),
            (r"[\.]", Syntax::Basic, ".", true),
            (r"a.c", Syntax::Fixed, "abc", false),
            (r"*x", Syntax::Basic, "*x", true),
        ] {
            let expression = compile(pattern, syntax, false).unwrap();
            assert_eq!(expression.is_match(text), expected, "{pattern} in {text}");
        }
    }
}
