//! Integer expressions of `$((..))`.

/// Brackets and signs inside each other.
const MAX_DEPTH: usize = 40;

/// Binary operators by rising precedence.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// Value of an expression; `value` gives variables. The error is the shell's message.
pub(crate) fn evaluate(expression: &str, value: &dyn Fn(&str) -> String) -> Result<i64, String> {
    let mut evaluator = Evaluator { rest: expression.trim(), value, depth: 0 };
    if evaluator.rest.is_empty() {
        return Ok(0);
    }
    let result = evaluator.binary(0)?;
    if evaluator.rest.is_empty() { Ok(result) } else { Err(evaluator.wrong()) }
}

struct Evaluator<'a> {
    rest: &'a str,
    value: &'a dyn Fn(&str) -> String,
    depth: usize,
}

impl Evaluator<'_> {
    fn wrong(&self) -> String {
        format!("arithmetic expression: expecting primary: \"{}\"", self.rest)
    }

    fn accept(&mut self, operator: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(operator) else {
            return false;
        };
        // `&` and `|` must not take half of `&&` and `||`.
        if operator.len() == 1 && "&|".contains(operator) && rest.starts_with(operator) {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn binary(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.primary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.accept(operator)) {
            left = apply(operator, left, self.binary(level + 1)?)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("arithmetic expression: nested too deeply".into());
        }
        let result = self.unbounded_primary();
        self.depth -= 1;
        result
    }

    fn unbounded_primary(&mut self) -> Result<i64, String> {
        if self.accept("-") {
            return Ok(self.primary()?.wrapping_neg());
        }
        if self.accept("+") {
            return self.primary();
        }
        if self.accept("!") {
            return Ok(i64::from(self.primary()? == 0));
        }
        if self.accept("(") {
            let inner = self.binary(0)?;
            return if self.accept(")") { Ok(inner) } else { Err(self.wrong()) };
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(length);
        if token.is_empty() {
            return Err(self.wrong());
        }
        let text = if token.starts_with(|c: char| c.is_ascii_digit()) {
            token.to_owned()
        } else {
            (self.value)(token)
        };
        let number = match text.trim() {
            "" => 0,
            text => text.parse().map_err(|_| format!("Illegal number: {text}"))?,
        };
        self.rest = rest.trim_start();
        Ok(number)
    }
}

fn apply(operator: &str, left: i64, right: i64) -> Result<i64, String> {
    Ok(match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "|" => left | right,
        "^" => left ^ right,
        "&" => left & right,
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "+" => left.wrapping_add(right),
        "-" => left.wrapping_sub(right),
        "*" => left.wrapping_mul(right),
        _ if right == 0 => return Err("arithmetic expression: division by zero".into()),
        "/" => left.wrapping_div(right),
        _ => left.wrapping_rem(right),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_their_value() {
        let value = |name: &str| {
            if name == "i" { "7".to_owned() } else { String::new() }
        };
        for (expression, expected) in [
            ("1 + 2 * 3", 7),
            ("(1 + 2) * 3", 9),
            ("i + 1", 8),
            ("unset", 0),
            ("-i % 4", -3),
            ("i >= 7 && i != 8", 1),
            ("", 0),
            ("!0", 1),
        ] {
            assert_eq!(evaluate(expression, &value), Ok(expected), "{expression}");
        }
        assert!(evaluate("1 / 0", &value).is_err());
        assert!(evaluate("1 +", &value).is_err());
        assert!(evaluate(&"(".repeat(10_000), &value).is_err());
        assert_eq!(evaluate("9223372036854775807 + 1", &value), Ok(i64::MIN));
    }
}
