//! test and [.

use super::Call;

pub(super) fn test(call: &mut Call<'_>) -> u8 {
    let mut arguments: Vec<&str> = call.arguments.iter().map(String::as_str).collect();
    // `[` is called with its closing bracket, `test` without.
    if arguments.last() == Some(&"]") {
        arguments.pop();
    }
    let holds = Evaluator { call, rest: &arguments, depth: 0 }.whole();
    match holds {
        Ok(holds) => u8::from(!holds),
        Err(message) => {
            call.fail(format!("test: {message}"));
            2
        }
    }
}

struct Evaluator<'a, 'b> {
    call: &'a Call<'b>,
    rest: &'a [&'a str],
    depth: usize,
}

impl Evaluator<'_, '_> {
    fn whole(&mut self) -> Result<bool, String> {
        if self.rest.is_empty() {
            return Ok(false);
        }
        let holds = self.any()?;
        match self.rest.first() {
            None => Ok(holds),
            Some(word) => Err(format!("{word}: unexpected operator")),
        }
    }

    fn take(&mut self) -> Option<&str> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn any(&mut self) -> Result<bool, String> {
        let mut holds = self.all()?;
        while self.rest.first() == Some(&"-o") {
            self.take();
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut holds = self.one()?;
        while self.rest.first() == Some(&"-a") {
            self.take();
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > 40 {
            return Err("nested too deeply".into());
        }
        let result = self.unbounded();
        self.depth -= 1;
        result
    }

    fn unbounded(&mut self) -> Result<bool, String> {
        let is_binary = self.rest.get(1).is_some_and(|operator| BINARY.contains(operator));
        if is_binary && self.rest.len() >= 3 {
            let (left, operator, right) = (self.rest[0], self.rest[1], self.rest[2]);
            self.rest = &self.rest[3..];
            return compare(left, operator, right);
        }
        let first = self.rest.first().copied();
        match first {
            Some("!") if self.rest.len() > 1 => {
                self.take();
                Ok(!self.one()?)
            }
            Some("(") if self.rest.len() > 2 => {
                self.take();
                let holds = self.any()?;
                match self.take() {
                    Some(")") => Ok(holds),
                    _ => Err("closing paren expected".into()),
                }
            }
            Some(operator) if self.rest.len() > 1 && operator.len() == 2 && operator.starts_with('-') => {
                let operand = self.rest[1];
                self.rest = &self.rest[2..];
                self.unary(operator, operand)
            }
            Some(word) => {
                self.take();
                Ok(!word.is_empty())
            }
            None => Err("argument expected".into()),
        }
    }

    fn unary(&self, operator: &str, operand: &str) -> Result<bool, String> {
        let path = self.call.path(operand);
        let disk = &self.call.state.disk;
        let entry = disk.entry(&path);
        let file = entry.and_then(|entry| entry.data.as_ref());
        let user = self.call.user;
        Ok(match operator {
            "-n" => !operand.is_empty(),
            "-z" => operand.is_empty(),
            "-e" => disk.exists(&path),
            "-f" => file.is_some(),
            "-d" => disk.is_directory(&path),
            "-s" => file.is_some_and(|data| !data.is_empty()),
            "-r" => disk.is_directory(&path) || disk.read(&path, user).is_ok(),
            "-w" => entry.is_some_and(|entry| user == "root" || *entry.owner == *user || entry.mode & 2 != 0),
            "-x" => entry.is_some_and(|entry| entry.mode & 0o111 != 0),
            "-S" => file.is_some() && path.ends_with(".sock"),
            "-h" | "-L" | "-b" | "-c" | "-p" | "-t" => false,
            _ => return Err(format!("{operator}: unexpected operator")),
        })
    }
}

const BINARY: &[&str] = &["=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

fn compare(left: &str, operator: &str, right: &str) -> Result<bool, String> {
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| format!("Illegal number: {text}"));
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "-eq" => number(left)? == number(right)?,
        "-ne" => number(left)? != number(right)?,
        "-lt" => number(left)? < number(right)?,
        "-le" => number(left)? <= number(right)?,
        "-gt" => number(left)? > number(right)?,
        _ => number(left)? >= number(right)?,
    })
}
