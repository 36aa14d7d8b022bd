//! head, tail, wc, sort, uniq, cut, tr, seq, sha256sum.

use russh::keys::HashAlg;

use super::Call;

/// Value of an option such as `-n 5`, `-n5`.
fn option<'a>(call: &Call<'a>, letter: &str) -> Option<&'a str> {
    let arguments = call.arguments;
    let position = arguments.iter().position(|argument| argument.starts_with(letter))?;
    match arguments[position].strip_prefix(letter) {
        Some("") => arguments.get(position + 1).map(String::as_str),
        inline => inline,
    }
}

/// Operands without the values of the options.
fn files<'a>(call: &Call<'a>, letters: &[&str]) -> Vec<&'a str> {
    let values: Vec<&str> = letters
        .iter()
        .filter(|letter| call.arguments.iter().any(|argument| argument == **letter))
        .filter_map(|letter| option(call, letter))
        .collect();
    call.operands().into_iter().filter(|operand| !values.contains(operand)).collect()
}

fn lines_of(call: &mut Call<'_>, program: &str, letters: &[&str]) -> (Vec<String>, u8) {
    let names = files(call, letters);
    let (contents, status) = call.inputs(program, &names);
    (String::from_utf8_lossy(&contents.concat()).lines().map(str::to_owned).collect(), status)
}

/// Number of lines for head and tail: `-n 5`, `-n5`, `-5`.
fn count(call: &Call<'_>) -> usize {
    let short = call.arguments.iter().find_map(|argument| argument.strip_prefix('-')?.parse().ok());
    short.or_else(|| option(call, "-n")?.trim_start_matches('+').parse().ok()).unwrap_or(10)
}

pub(super) fn head(call: &mut Call<'_>) -> u8 {
    if let Some(bytes) = option(call, "-c").and_then(|text| text.parse::<usize>().ok()) {
        let names = files(call, &["-c"]);
        let (contents, status) = call.inputs("head", &names);
        call.output.extend(contents.concat().into_iter().take(bytes));
        return status;
    }
    let count = count(call);
    let (lines, status) = lines_of(call, "head", &["-n"]);
    for line in lines.iter().take(count) {
        call.line(line);
    }
    status
}

pub(super) fn tail(call: &mut Call<'_>) -> u8 {
    let from_start = option(call, "-n").is_some_and(|text| text.starts_with('+'));
    let count = count(call);
    let (lines, status) = lines_of(call, "tail", &["-n"]);
    let skipped = if from_start { count.saturating_sub(1) } else { lines.len().saturating_sub(count) };
    for line in lines.iter().skip(skipped) {
        call.line(line);
    }
    status
}

pub(super) fn wc(call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (contents, status) = call.inputs("wc", &names);
    let data = contents.concat();
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let words = String::from_utf8_lossy(&data).split_whitespace().count();
    let all = !(call.has('l') || call.has('w') || call.has('c'));
    let mut numbers = Vec::new();
    for (letter, number) in [('l', lines), ('w', words), ('c', data.len())] {
        if all || call.has(letter) {
            numbers.push(number.to_string());
        }
    }
    let name = names.first().map(|name| format!(" {name}")).unwrap_or_default();
    call.line(format!("{}{name}", numbers.join(" ")));
    status
}

pub(super) fn sort(call: &mut Call<'_>) -> u8 {
    let (mut lines, status) = lines_of(call, "sort", &["-k", "-t"]);
    match call.has('n') {
        true => lines.sort_by_key(|line| {
            let digits: String = line.trim_start().chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u64>().unwrap_or(0)
        }),
        false => lines.sort(),
    }
    if call.has('u') {
        lines.dedup();
    }
    if call.has('r') {
        lines.reverse();
    }
    for line in lines {
        call.line(line);
    }
    status
}

pub(super) fn uniq(call: &mut Call<'_>) -> u8 {
    let (lines, status) = lines_of(call, "uniq", &[]);
    for group in lines.chunk_by(|a, b| a == b) {
        let line = group.first().cloned().unwrap_or_default();
        call.line(if call.has('c') { format!("{:7} {line}", group.len()) } else { line });
    }
    status
}

pub(super) fn cut(call: &mut Call<'_>) -> u8 {
    let delimiter = option(call, "-d").and_then(|text| text.chars().next()).unwrap_or('\t');
    let by_field = option(call, "-f");
    let list = by_field.or_else(|| option(call, "-c")).unwrap_or("1-").to_owned();
    let by_field = by_field.is_some();
    let wanted = |position: usize| {
        list.split(',').any(|range| {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let low = low.parse().unwrap_or(1);
            let high = high.parse().unwrap_or(usize::MAX);
            (low..=high).contains(&position)
        })
    };
    let (lines, status) = lines_of(call, "cut", &["-d", "-f", "-c"]);
    for line in lines {
        let cut = if !by_field {
            line.chars().enumerate().filter(|(index, _)| wanted(index + 1)).map(|(_, c)| c).collect()
        } else if line.contains(delimiter) {
            let fields = line.split(delimiter).enumerate().filter(|(index, _)| wanted(index + 1));
            fields.map(|(_, field)| field).collect::<Vec<_>>().join(delimiter.encode_utf8(&mut [0; 4]))
        } else {
            line
        };
        call.line(cut);
    }
    status
}

pub(super) fn tr(call: &mut Call<'_>) -> u8 {
    let sets: Vec<Vec<char>> = call.operands().iter().map(|set| members(set)).collect();
    let (from, to) = (sets.first().cloned().unwrap_or_default(), sets.get(1).cloned().unwrap_or_default());
    let input = String::from_utf8_lossy(&call.input).into_owned();
    let translated: String = input
        .chars()
        .filter_map(|character| match from.iter().position(|member| *member == character) {
            None => Some(character),
            Some(_) if call.has('d') => None,
            Some(index) => to.get(index).or_else(|| to.last()).copied().or(Some(character)),
        })
        .collect();
    call.print(translated);
    0
}

/// Characters of a set of `tr`: ranges, classes, escapes.
fn members(set: &str) -> Vec<char> {
    let set = set
        .replace("[:lower:]", "a-z")
        .replace("[:upper:]", "A-Z")
        .replace("[:digit:]", "0-9")
        .replace("[:space:]", " \\n\\t")
        .replace("\\n", "\n")
        .replace("\\t", "\t")
        .replace("\\r", "\r");
    let characters: Vec<char> = set.chars().collect();
    let mut members = Vec::new();
    let mut index = 0;
    while let Some(&low) = characters.get(index) {
        match (characters.get(index + 1), characters.get(index + 2)) {
            (Some('-'), Some(&high)) => {
                members.extend(low..=high);
                index += 3;
            }
            _ => {
                members.push(low);
                index += 1;
            }
        }
    }
    members
}

/// Longest sequence that is printed.
const MAX_SEQUENCE: i64 = 1_000_000;

pub(super) fn seq(call: &mut Call<'_>) -> u8 {
    let numbers: Vec<i64> = call.arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let (first, step, last) = match numbers.as_slice() {
        [last] => (1, 1, *last),
        [first, last] => (*first, 1, *last),
        [first, step, last] if *step != 0 => (*first, *step, *last),
        _ => return call.fail("seq: invalid argument"),
    };
    let mut number = first;
    for _ in 0..MAX_SEQUENCE {
        if (step > 0 && number > last) || (step < 0 && number < last) {
            break;
        }
        call.line(number.to_string());
        number = number.saturating_add(step);
    }
    0
}

pub(super) fn checksum(call: &mut Call<'_>) -> u8 {
    let names = call.operands();
    let (contents, status) = call.inputs("sha256sum", &names);
    let labels = if names.is_empty() { vec!["-"] } else { names };
    for (content, name) in contents.iter().zip(labels) {
        call.line(format!("{}  {name}", sha256(content)));
    }
    status
}

/// The digest in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = HashAlg::Sha256.digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
