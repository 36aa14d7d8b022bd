//! echo, printf, env.

use super::Call;

pub(super) fn echo(call: &mut Call<'_>) -> u8 {
    let mut arguments = call.arguments;
    let (mut newline, mut escapes) = (true, false);
    while let Some((option, rest)) = arguments.split_first() {
        match option.as_str() {
            "-n" => newline = false,
            "-e" => escapes = true,
            "-ne" | "-en" => (newline, escapes) = (false, true),
            "-E" => escapes = false,
            _ => break,
        }
        arguments = rest;
    }
    let text = arguments.join(" ");
    match escapes {
        true => call.output.extend(unescape(&text)),
        false => call.print(text),
    }
    if newline {
        call.print("\n");
    }
    0
}

/// Replaces the escapes of C.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match characters.next() {
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some('r') => bytes.push(b'\r'),
            Some('a') => bytes.push(7),
            Some('b') => bytes.push(8),
            Some('e') => bytes.push(27),
            Some('f') => bytes.push(12),
            Some('v') => bytes.push(11),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let mut value = 0_u8;
                for _ in 0..2 {
                    let Some(digit) = characters.peek().and_then(|c| c.to_digit(16)) else {
                        break;
                    };
                    value = value.wrapping_mul(16).wrapping_add(digit as u8);
                    characters.next();
                }
                bytes.push(value);
            }
            Some(digit @ '0'..='7') => {
                let mut value = digit.to_digit(8).unwrap_or(0) as u8;
                for _ in 0..3 {
                    let Some(digit) = characters.peek().and_then(|c| c.to_digit(8)) else {
                        break;
                    };
                    value = value.wrapping_mul(8).wrapping_add(digit as u8);
                    characters.next();
                }
                bytes.push(value);
            }
            Some(other) => bytes.extend_from_slice(format!("\\{other}").as_bytes()),
            None => bytes.push(b'\\'),
        }
    }
    bytes
}

/// Widest field that is filled up with blanks.
const MAX_WIDTH: usize = 4096;

pub(super) fn printf(call: &mut Call<'_>) -> u8 {
    let mut arguments = call.arguments;
    if arguments.first().is_some_and(|argument| argument == "--") {
        arguments = &arguments[1..];
    }
    let Some((format, values)) = arguments.split_first() else {
        return call.fail("printf: usage: printf format [arg ...]");
    };
    let pieces = pieces(format);
    let mut values = values.iter();
    loop {
        let before = values.len();
        for piece in &pieces {
            match piece {
                Piece::Text(text) => call.output.extend_from_slice(text),
                Piece::Value { left, zero, width, conversion } => {
                    let value = values.next().map_or("", String::as_str);
                    let text = convert(*conversion, value);
                    let missing = width.saturating_sub(text.len());
                    match (left, zero) {
                        (true, _) => call.output.extend(text.into_iter().chain(vec![b' '; missing])),
                        (false, true) => call.output.extend(vec![b'0'; missing].into_iter().chain(text)),
                        (false, false) => call.output.extend(vec![b' '; missing].into_iter().chain(text)),
                    }
                }
            }
        }
        // The format is used again as long as it uses up arguments.
        if values.len() == 0 || values.len() == before {
            return 0;
        }
    }
}

enum Piece {
    Text(Vec<u8>),
    Value { left: bool, zero: bool, width: usize, conversion: char },
}

fn pieces(format: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            // An escaped backslash must not be read as the start of another escape.
            if character == '\\' {
                text.extend(characters.next());
            }
            continue;
        }
        if characters.next_if_eq(&'%').is_some() {
            text.push('%');
            continue;
        }
        let (mut left, mut zero, mut width) = (false, false, 0_usize);
        while let Some(flag) = characters.next_if(|c| "-0+ #".contains(*c)) {
            left |= flag == '-';
            zero |= flag == '0';
        }
        while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
            width = (width * 10 + digit as usize).min(MAX_WIDTH);
            characters.next();
        }
        if characters.next_if_eq(&'.').is_some() {
            while characters.next_if(char::is_ascii_digit).is_some() {}
        }
        pieces.push(Piece::Text(unescape(&std::mem::take(&mut text))));
        pieces.push(Piece::Value { left, zero, width, conversion: characters.next().unwrap_or('s') });
    }
    pieces.push(Piece::Text(unescape(&text)));
    pieces
}

fn convert(conversion: char, value: &str) -> Vec<u8> {
    let number = value.trim().parse::<i64>().unwrap_or(0);
    match conversion {
        'd' | 'i' | 'u' => number.to_string().into_bytes(),
        'x' => format!("{number:x}").into_bytes(),
        'X' => format!("{number:X}").into_bytes(),
        'o' => format!("{number:o}").into_bytes(),
        'c' => value.chars().take(1).collect::<String>().into_bytes(),
        'b' => unescape(value),
        'q' => format!("'{}'", value.replace('\'', r"'\''")).into_bytes(),
        _ => value.as_bytes().to_vec(),
    }
}

pub(super) fn env(call: &mut Call<'_>) -> u8 {
    for (name, value) in call.environment.clone() {
        call.line(format!("{name}={value}"));
    }
    0
}
