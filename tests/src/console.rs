//! Console sessions in documents: what a reader types and what must come back.

use std::{fmt::Write, path::Path, time::Duration};

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::run;

/// A command of a document and the lines that stand below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Line of the document, from 1.
    pub line: usize,
    /// What stands after `$ `.
    pub command: String,
    /// Its output; `…` is any text.
    pub output: Vec<String>,
}

/// All commands of the blocks that are marked as `console`, in order.
pub fn commands(document: &str) -> Vec<Typed> {
    let mut commands: Vec<Typed> = Vec::new();
    let mut is_console = false;
    for (index, line) in document.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            is_console = !is_console && language == "console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            commands.push(Typed { line: index + 1, command: command.to_owned(), output: Vec::new() });
        } else if let Some(last) = commands.last_mut().filter(|_| is_console) {
            last.output.push(line.to_owned());
        }
    }
    commands
}

/// Types the commands one after the other into one shell; its environment is the command's.
///
/// # Errors
///
/// The shell does not start or takes longer than the limit; a command fails; it prints something else.
pub async fn play(commands: &[Typed], mut shell: Command, limit: Duration) -> anyhow::Result<()> {
    let mut script = String::from("exec 2>&1\n");
    for (index, typed) in commands.iter().enumerate() {
        let _ = write!(script, "{}\nprintf '\\n{MARK}{index} %d\\n' $?\n", typed.command);
    }
    shell.args(["-c", &script]);
    let finished = run::to_end(shell, limit).await?;
    let mut rest = finished.stdout.as_str();
    for (index, typed) in commands.iter().enumerate() {
        let mark = format!("\n{MARK}{index} ");
        let (output, after) = rest
            .split_once(&mark)
            .with_context(|| format!("`{}` did not come to its end:\n{rest}", typed.command))?;
        let (status, after) = after.split_once('\n').context("the mark has no end")?;
        rest = after;
        let printed: Vec<&str> = output.lines().filter(|line| !line.is_empty()).collect();
        let expected: Vec<&str> =
            typed.output.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        let fits = printed.len() == expected.len()
            && printed.iter().zip(&expected).all(|(line, pattern)| is_like(line, pattern));
        ensure!(
            status == "0" && fits,
            "line {}: `{}` ended with {status} and printed\n{}\nbut the document has\n{}",
            typed.line,
            typed.command,
            printed.join("\n"),
            expected.join("\n")
        );
    }
    Ok(())
}

/// Stands between the outputs.
const MARK: &str = "@@ machine-tests ";

/// Whether a line is as the document has it.
fn is_like(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|start| line.strip_prefix(start)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

/// Reads the commands of a document.
///
/// # Errors
///
/// It cannot be read, or has no command.
pub fn read(path: &Path) -> anyhow::Result<Vec<Typed>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let commands = commands(&text);
    ensure!(!commands.is_empty(), "{} has no block of `console` commands", path.display());
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        "text\n```console\n$ echo a\na\n```\n```sh\n$ no\n```\n\n```console\n$ b\n\n$ c\nd\ne\n```\n";

    #[test]
    fn only_console_blocks_count() {
        let commands: Vec<_> = commands(DOCUMENT)
            .into_iter()
            .map(|typed| (typed.line, typed.command, typed.output.join("|")))
            .collect();
        let expected = [(3, "echo a", "a"), (11, "b", ""), (13, "c", "d|e")];
        assert_eq!(
            commands,
            expected.map(|(line, command, output)| (line, command.to_owned(), output.to_owned()))
        );
    }

    #[test]
    fn dots_are_any_text() {
        for (line, pattern) in
            [("abc", "abc"), ("abc", "…"), ("abc", "a…"), ("abc", "…c"), ("abc", "a…c"), ("abcbd", "…b…b…")]
        {
            assert!(is_like(line, pattern), "{line} {pattern}");
        }
        for (line, pattern) in [("abc", "ab"), ("abc", "…b"), ("abc", "b…"), ("abc", "…c…b"), ("abc", "")]
        {
            assert!(!is_like(line, pattern), "{line} {pattern}");
        }
    }

    #[tokio::test]
    #[allow(clippy::unwrap_used, reason = "test")]
    async fn a_session_must_go_as_it_stands() {
        let typed = |text: &str| commands(&format!("```console\n{text}\n```"));
        let limit = Duration::from_secs(20);
        let play = |text: &str| {
            let commands = typed(text);
            async move { play(&commands, Command::new("sh"), limit).await }
        };
        play("$ a=b\n$ echo $a x >&2\nb …\n$ true").await.unwrap();
        for wrong in ["$ echo a\nb", "$ echo a", "$ true\na", "$ false", "$ exit 0\n$ true"] {
            assert!(play(wrong).await.is_err(), "{wrong}");
        }
    }
}
