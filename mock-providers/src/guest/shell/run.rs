//! Running a syntax tree.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::future::BoxFuture;

use super::{
    parser, pattern,
    streams::{Input, Output, Streams},
    syntax::{Command, CommandKind, Connector, Pipeline, Script, Statement, Word},
};
use crate::guest::system::System;

/// Commands that one login may run before its script is ended; stops endless loops.
const MAX_COMMANDS: u32 = 200_000;
/// Scripts, functions and subshells inside each other.
const MAX_CALLS: usize = 40;

/// Whether to go on with the next statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break(u32),
    Continue(u32),
    Return,
    Exit,
}

/// A variable and whether programs see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) exported: bool,
}

/// State of one shell process. A clone is a subshell.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) system: Arc<System>,
    pub(crate) user: String,
    pub(crate) directory: String,
    pub(crate) status: u8,
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) functions: BTreeMap<String, Arc<Command>>,
    pub(super) arguments: Vec<String>,
    pub(super) name: String,
    pub(super) flow: Flow,
    /// `set -e`
    pub(super) stop_on_error: bool,
    /// `set -x`
    pub(super) trace: bool,
    /// Depth of conditions, in which a failure does not stop the script.
    pub(super) tested: u32,
    /// Whether the command being expanded had a substitution, whose status an empty command takes over.
    pub(super) substituted: bool,
    pub(super) calls: usize,
    commands: Arc<AtomicU32>,
    /// Names of programs that were not found, for the record.
    pub(crate) not_found: Arc<crate::locked::Locked<Vec<String>>>,
}

impl Shell {
    /// A login shell of a user.
    pub(crate) fn login(system: &Arc<System>, user: &str) -> Self {
        let home = home(user);
        let mut shell = Self {
            system: Arc::clone(system),
            user: user.to_owned(),
            directory: home.clone(),
            status: 0,
            variables: BTreeMap::new(),
            functions: BTreeMap::new(),
            arguments: Vec::new(),
            name: "sh".into(),
            flow: Flow::Next,
            stop_on_error: false,
            trace: false,
            tested: 0,
            substituted: false,
            calls: 0,
            commands: Arc::default(),
            not_found: Arc::default(),
        };
        let path = super::PATH.join(":");
        for (name, value) in
            [("HOME", &*home), ("USER", user), ("LOGNAME", user), ("SHELL", "/bin/sh"), ("PATH", &path)]
        {
            shell.export(name, value);
        }
        shell
    }

    /// Parses and runs a script; the result is its exit status.
    pub(crate) fn run<'a>(&'a mut self, source: &'a str, streams: &'a Streams) -> BoxFuture<'a, u8> {
        Box::pin(async move {
            self.calls += 1;
            if self.calls > MAX_CALLS {
                self.fail(streams, "scripts call each other too deeply", 2);
                return self.status;
            }
            match parser::parse(source, 0) {
                Ok(script) => self.run_script(&script, streams).await,
                Err(error) => self.fail(streams, &error.to_string(), 2),
            }
            self.calls -= 1;
            self.status
        })
    }

    pub(super) fn run_script<'a>(
        &'a mut self,
        script: &'a Script,
        streams: &'a Streams,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            for statement in &script.0 {
                if self.flow != Flow::Next {
                    break;
                }
                self.run_statement(statement, streams).await;
            }
        })
    }

    fn run_statement<'a>(&'a mut self, statement: &'a Statement, streams: &'a Streams) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if statement.background {
                let mut shell = self.clone();
                let statement = Statement { background: false, ..statement.clone() };
                let streams = Streams { input: Input::default(), ..streams.clone() };
                self.system.spawn(async move { shell.run_statement(&statement, &streams).await });
                self.status = 0;
                return;
            }
            let last = statement.chain.len() - 1;
            for (index, (connector, pipeline)) in statement.chain.iter().enumerate() {
                let skipped = match connector {
                    Connector::Always => false,
                    Connector::And => self.status != 0,
                    Connector::Or => self.status == 0,
                };
                if skipped {
                    continue;
                }
                self.tested += u32::from(index < last || pipeline.negated);
                self.run_pipeline(pipeline, streams).await;
                self.tested -= u32::from(index < last || pipeline.negated);
                let failed = self.status != 0 && index == last && !pipeline.negated;
                if failed && self.stop_on_error && self.tested == 0 && self.flow == Flow::Next {
                    self.flow = Flow::Exit;
                }
                if self.flow != Flow::Next {
                    break;
                }
            }
        })
    }

    async fn run_pipeline(&mut self, pipeline: &Pipeline, streams: &Streams) {
        if let [command] = pipeline.commands.as_slice() {
            self.run_command(command, streams).await;
        } else {
            let mut input = streams.input.clone();
            let last = pipeline.commands.len() - 1;
            for (index, command) in pipeline.commands.iter().enumerate() {
                let output = if index == last { streams.output.clone() } else { Output::buffer() };
                let part = Streams { input, output: output.clone(), error: streams.error.clone() };
                let mut shell = self.clone();
                shell.run_command(command, &part).await;
                self.status = shell.status;
                input = Input::bytes(if index == last { Vec::new() } else { output.take() });
            }
        }
        if pipeline.negated {
            self.status = u8::from(self.status == 0);
        }
    }

    pub(super) fn run_command<'a>(
        &'a mut self,
        command: &'a Command,
        streams: &'a Streams,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if self.commands.fetch_add(1, Ordering::Relaxed) > MAX_COMMANDS {
                return self.fail(streams, "too many commands: is this an endless loop?", 124);
            }
            let Some(streams) = self.redirect(&command.redirects, streams).await else {
                self.status = 1;
                return;
            };
            self.run_kind(&command.kind, &streams).await;
        })
    }

    async fn run_kind(&mut self, kind: &CommandKind, streams: &Streams) {
        match kind {
            CommandKind::Simple { assignments, words } => self.run_simple(assignments, words, streams).await,
            CommandKind::Group(script) => self.run_script(script, streams).await,
            CommandKind::Subshell(script) => {
                let mut shell = self.clone();
                shell.run_script(script, streams).await;
                self.status = shell.status;
            }
            CommandKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.holds(condition, streams).await {
                        return self.run_script(body, streams).await;
                    }
                    if self.flow != Flow::Next {
                        return;
                    }
                }
                self.status = 0;
                if let Some(body) = otherwise {
                    self.run_script(body, streams).await;
                }
            }
            CommandKind::Loop { until, condition, body } => {
                let mut status = 0;
                while self.holds(condition, streams).await != *until {
                    self.run_script(body, streams).await;
                    status = self.status;
                    if self.leaves_loop() {
                        break;
                    }
                }
                if self.flow == Flow::Next {
                    self.status = status;
                }
            }
            CommandKind::For { variable, words, body } => {
                let values = match words {
                    Some(words) => self.fields(words, streams).await,
                    None => self.arguments.clone(),
                };
                self.status = 0;
                for value in values {
                    self.assign(variable, &value);
                    self.run_script(body, streams).await;
                    if self.leaves_loop() {
                        break;
                    }
                }
            }
            CommandKind::Case { subject, arms } => {
                let subject = self.text(subject, streams).await;
                self.status = 0;
                for (patterns, body) in arms {
                    for word in patterns {
                        let pattern = self.pattern(word, streams).await;
                        if pattern::matches(&pattern, &subject) {
                            return self.run_script(body, streams).await;
                        }
                    }
                }
            }
            CommandKind::Function { name, body } => {
                self.functions.insert(name.clone(), Arc::clone(body));
                self.status = 0;
            }
        }
    }

    async fn holds(&mut self, condition: &Script, streams: &Streams) -> bool {
        self.tested += 1;
        self.run_script(condition, streams).await;
        self.tested -= 1;
        self.status == 0 && self.flow == Flow::Next
    }

    /// Takes note of `break` and `continue`; true when the loop is over.
    fn leaves_loop(&mut self) -> bool {
        match self.flow {
            Flow::Next => false,
            Flow::Continue(0 | 1) => {
                self.flow = Flow::Next;
                false
            }
            Flow::Break(0 | 1) => {
                self.flow = Flow::Next;
                true
            }
            Flow::Break(levels) => {
                self.flow = Flow::Break(levels - 1);
                true
            }
            Flow::Continue(levels) => {
                self.flow = Flow::Continue(levels - 1);
                true
            }
            Flow::Return | Flow::Exit => true,
        }
    }

    async fn run_simple(&mut self, assignments: &[(String, Word)], words: &[Word], streams: &Streams) {
        self.substituted = false;
        let fields = self.fields(words, streams).await;
        let mut values = Vec::new();
        for (name, word) in assignments {
            values.push((name.clone(), self.text(word, streams).await));
        }
        if self.flow != Flow::Next {
            return;
        }
        if self.trace {
            let settings: String = values.iter().map(|(name, value)| format!("{name}={value} ")).collect();
            self.write(&streams.error, format!("+ {settings}{}\n", fields.join(" ")).as_bytes());
        }
        let Some((name, arguments)) = fields.split_first() else {
            for (name, value) in values {
                self.assign(&name, &value);
            }
            self.status = if self.substituted { self.status } else { 0 };
            return;
        };
        if let Some(body) = self.functions.get(name).cloned() {
            return self.call_function(&body, arguments, streams).await;
        }
        if let Some(status) = self.builtin(name, arguments, &values, streams).await {
            self.status = status;
            return;
        }
        self.status = self.execute(name, arguments, &values, streams).await;
    }

    async fn call_function(&mut self, body: &Command, arguments: &[String], streams: &Streams) {
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return self.fail(streams, "functions call each other too deeply", 2);
        }
        let outer = std::mem::replace(&mut self.arguments, arguments.to_vec());
        self.run_command(body, streams).await;
        self.arguments = outer;
        self.calls -= 1;
        if self.flow == Flow::Return {
            self.flow = Flow::Next;
        }
    }

    /// Value of a variable or special parameter, empty when unset.
    pub(super) fn variable(&self, name: &str) -> String {
        self.lookup(name).unwrap_or_default()
    }

    pub(super) fn lookup(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "#" => Some(self.arguments.len().to_string()),
            "$" => Some("4242".into()),
            "!" => Some("4243".into()),
            "-" => Some(String::new()),
            "0" => Some(self.name.clone()),
            "PWD" => Some(self.directory.clone()),
            "UID" => Some(if self.user == "root" { "0" } else { "1000" }.into()),
            "HOSTNAME" => Some(self.system.lock().host_name.clone()),
            _ => match name.parse::<usize>() {
                Ok(number) => self.arguments.get(number.checked_sub(1)?).cloned(),
                Err(_) => self.variables.get(name).map(|variable| variable.value.clone()),
            },
        }
    }

    /// Sets a variable that programs see, before a script is run.
    pub(crate) fn set_variable(&mut self, name: &str, value: &str) {
        self.export(name, value);
    }

    pub(super) fn assign(&mut self, name: &str, value: &str) {
        self.variables.entry(name.to_owned()).or_default().value = value.to_owned();
    }

    pub(super) fn export(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), Variable { value: value.to_owned(), exported: true });
    }
}

/// Home directory of a user.
pub(crate) fn home(user: &str) -> String {
    if user == "root" { "/root".into() } else { format!("/home/{user}") }
}
