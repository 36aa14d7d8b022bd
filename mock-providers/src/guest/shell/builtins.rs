//! Commands that are part of the shell because they change it.

use super::{
    launch,
    run::{Flow, Shell},
    streams::Streams,
};
use crate::guest::disk::absolute;

/// Names that `type` and `command -v` call builtins.
pub(super) const BUILTINS: &[&str] = &[
    ".", ":", "[", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export", "false",
    "kill", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "source", "test", "trap",
    "true", "type", "umask", "unset", "wait",
];

impl Shell {
    /// Runs a builtin; `None` when the name is not one that needs the shell.
    pub(super) async fn builtin(
        &mut self,
        name: &str,
        arguments: &[String],
        settings: &[(String, String)],
        streams: &Streams,
    ) -> Option<u8> {
        let first = arguments.first().map(String::as_str);
        let number = first.and_then(|text| text.parse::<i64>().ok());
        Some(match name {
            ":" => {
                for (name, value) in settings {
                    self.assign(name, value);
                }
                0
            }
            "exit" | "return" => {
                self.flow = if name == "exit" { Flow::Exit } else { Flow::Return };
                match (first, number) {
                    (None, _) => self.status,
                    // The low eight bits, as the kernel keeps them.
                    (_, Some(number)) => number as u8,
                    (Some(text), None) => {
                        self.complain(streams, &format!("{name}: Illegal number: {text}"));
                        2
                    }
                }
            }
            "break" | "continue" => {
                let levels = u32::try_from(number.unwrap_or(1)).unwrap_or(1);
                self.flow = if name == "break" { Flow::Break(levels) } else { Flow::Continue(levels) };
                0
            }
            "cd" => self.change_directory(first, streams),
            "export" | "readonly" | "local" => {
                for argument in arguments.iter().filter(|argument| !argument.starts_with('-')) {
                    let (name, value) = match argument.split_once('=') {
                        Some((name, value)) => (name, value.to_owned()),
                        None => (argument.as_str(), self.variable(argument)),
                    };
                    match super::parser::is_name(name) {
                        true => self.export(name, &value),
                        false => {
                            self.complain(streams, &format!("export: {name}: bad variable name"));
                            return Some(2);
                        }
                    }
                }
                0
            }
            "unset" => {
                for name in arguments {
                    self.variables.remove(name);
                    self.functions.remove(name);
                }
                0
            }
            "set" => self.set(arguments),
            "shift" => {
                let count = usize::try_from(number.unwrap_or(1)).unwrap_or(0).min(self.arguments.len());
                self.arguments.drain(..count);
                0
            }
            "eval" => {
                let text = arguments.join(" ");
                self.run(&text, streams).await
            }
            "." | "source" => self.source(first.unwrap_or_default(), streams).await,
            "exec" => match arguments.split_first() {
                // Redirections of the shell itself are not kept.
                None => 0,
                Some((name, arguments)) => {
                    let status = self.execute(name, arguments, settings, streams).await;
                    self.flow = Flow::Exit;
                    status
                }
            },
            "command" => match first {
                Some("-v" | "-V") => self.locate(name, &arguments[1..], streams),
                Some(program) => self.execute(program, &arguments[1..], settings, streams).await,
                None => 0,
            },
            "type" => self.locate(name, arguments, streams),
            "read" => self.read(arguments, streams).await,
            "wait" | "trap" | "umask" => 0,
            _ => return None,
        })
    }

    fn change_directory(&mut self, target: Option<&str>, streams: &Streams) -> u8 {
        let target = target.map_or_else(|| self.variable("HOME"), str::to_owned);
        let path = absolute(&self.directory, &target);
        if self.system.lock().disk.is_directory(&path) {
            self.directory = path;
            return 0;
        }
        self.complain(streams, &format!("cd: can't cd to {target}"));
        2
    }

    fn set(&mut self, arguments: &[String]) -> u8 {
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let Some((on, options)) = argument
                .strip_prefix('-')
                .map(|options| (true, options))
                .or_else(|| argument.strip_prefix('+').map(|options| (false, options)))
            else {
                self.arguments = std::iter::once(argument).chain(rest).cloned().collect();
                return 0;
            };
            if options == "-" {
                self.arguments = rest.cloned().collect();
                return 0;
            }
            for option in options.chars() {
                match option {
                    'e' => self.stop_on_error = on,
                    'x' => self.trace = on,
                    'o' => match rest.next().map(String::as_str) {
                        Some("errexit") => self.stop_on_error = on,
                        Some("xtrace") => self.trace = on,
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
        0
    }

    async fn source(&mut self, name: &str, streams: &Streams) -> u8 {
        let path = absolute(&self.directory, name);
        let data = self.system.lock().disk.read(&path, &self.user);
        match data {
            Ok(data) => {
                let text = String::from_utf8_lossy(&data).into_owned();
                self.run(&text, streams).await
            }
            Err(error) => {
                self.fail(streams, &format!(".: cannot open {name}: {error}"), 2);
                2
            }
        }
    }

    /// `type` and `command -v`.
    fn locate(&self, command: &str, names: &[String], streams: &Streams) -> u8 {
        let mut status = 0;
        for name in names {
            let program =
                launch::locate(&self.system.lock().disk, &self.variable("PATH"), &self.directory, name);
            let known = if self.functions.contains_key(name) {
                Some((format!("{name} is a shell function"), name.clone()))
            } else if BUILTINS.contains(&name.as_str()) {
                Some((format!("{name} is a shell builtin"), name.clone()))
            } else {
                program.map(|path| (format!("{name} is {path}"), path))
            };
            match (known, command) {
                (Some((sentence, _)), "type") => {
                    self.write(&streams.output, format!("{sentence}\n").as_bytes());
                }
                (Some((_, path)), _) => self.write(&streams.output, format!("{path}\n").as_bytes()),
                (None, "type") => {
                    self.complain(streams, &format!("type: {name}: not found"));
                    status = 127;
                }
                (None, _) => status = 127,
            }
        }
        status
    }

    async fn read(&mut self, arguments: &[String], streams: &Streams) -> u8 {
        let line = streams.input.read_line().await;
        let ended = line.is_empty();
        let line = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
        let names: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
        let mut rest = line.trim();
        for (index, name) in names.iter().enumerate() {
            let end = rest.find(char::is_whitespace).filter(|_| index + 1 < names.len());
            let (value, remaining) = rest.split_at(end.unwrap_or(rest.len()));
            self.assign(name, value);
            rest = remaining.trim_start();
        }
        u8::from(ended)
    }
}
