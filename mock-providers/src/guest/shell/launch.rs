//! Programs: finding them on the disk and running them.

use super::{
    run::{Flow, Shell},
    streams::Streams,
};
use crate::guest::{
    commands::{self, Call},
    disk::{Disk, absolute},
};

/// Directories that are searched for programs.
pub(crate) const PATH: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// First line of the files that stand for programs that are simulated; the program's name follows.
pub(crate) const SIMULATED: &str = "#!simulated ";

/// What a name leads to.
pub(crate) enum Program {
    /// One of ours.
    Simulated(String),
    /// A script with the text.
    Script(String),
    NotFound,
    NotExecutable,
}

/// Path of an executable file.
pub(super) fn locate(disk: &Disk, search: &str, directory: &str, name: &str) -> Option<String> {
    let is_program =
        |path: &String| disk.entry(path).is_some_and(|entry| entry.data.is_some() && entry.mode & 0o111 != 0);
    if name.contains('/') {
        return Some(absolute(directory, name)).filter(is_program);
    }
    search.split(':').map(|place| absolute(place, name)).find(is_program)
}

/// Finds the program behind a name or path.
pub(crate) fn find_program(disk: &Disk, search: &str, directory: &str, name: &str) -> Program {
    let Some(path) = locate(disk, search, directory, name) else {
        let exists = name.contains('/') && disk.exists(&absolute(directory, name));
        return if exists { Program::NotExecutable } else { Program::NotFound };
    };
    let text = disk.text(&path).unwrap_or_default();
    match text.strip_prefix(SIMULATED) {
        Some(name) => Program::Simulated(name.trim_end().to_owned()),
        None if is_shell_script(&text) => Program::Script(text),
        None => Program::NotExecutable,
    }
}

/// Whether the first line names a shell, or nothing.
fn is_shell_script(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").map(|text| text.lines().next().unwrap_or_default()) else {
        return true;
    };
    let interpreter = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    interpreter.take(2).any(|word| matches!(word, "sh" | "bash" | "dash" | "ash"))
}

impl Shell {
    /// Runs a program with variables set for it alone.
    pub(super) async fn execute(
        &mut self,
        name: &str,
        arguments: &[String],
        settings: &[(String, String)],
        streams: &Streams,
    ) -> u8 {
        if super::builtins::BUILTINS.contains(&name) {
            return self.call(name, arguments, settings, streams).await;
        }
        let program = find_program(&self.system.lock().disk, &self.variable("PATH"), &self.directory, name);
        match program {
            Program::Simulated(name) => self.run_program(&name, arguments, settings, streams).await,
            Program::Script(text) => {
                let mut shell = self.child(settings);
                shell.name = name.to_owned();
                shell.arguments = arguments.to_vec();
                shell.run(&text, streams).await
            }
            Program::NotExecutable => {
                self.complain(streams, &format!("{name}: Permission denied"));
                126
            }
            Program::NotFound => {
                self.not_found.lock().push(name.to_owned());
                self.complain(streams, &format!("{name}: not found"));
                127
            }
        }
    }

    /// A new process: exported variables only.
    pub(super) fn child(&self, settings: &[(String, String)]) -> Self {
        let mut child = self.clone();
        child.variables.retain(|_, variable| variable.exported);
        child.functions.clear();
        child.arguments.clear();
        child.name = "sh".into();
        child.status = 0;
        child.flow = Flow::Next;
        child.stop_on_error = false;
        child.trace = false;
        child.tested = 0;
        for (name, value) in settings {
            child.export(name, value);
        }
        child
    }

    /// Runs one of the simulated programs that neither wait nor run others.
    pub(super) async fn call(
        &mut self,
        name: &str,
        arguments: &[String],
        settings: &[(String, String)],
        streams: &Streams,
    ) -> u8 {
        let Some(program) = commands::find(name) else {
            self.complain(streams, &format!("{name}: not found"));
            return 127;
        };
        let input = match commands::reads_input(name, arguments) {
            true => streams.input.read_all().await,
            false => Vec::new(),
        };
        let child = self.child(settings);
        let environment =
            child.variables.into_iter().map(|(name, variable)| (name, variable.value)).collect();
        let mut state = self.system.lock();
        let mut call = Call {
            state: &mut state,
            user: &self.user,
            directory: &self.directory,
            environment,
            arguments,
            input,
            output: Vec::new(),
            error: Vec::new(),
        };
        let status = program(&mut call);
        let Call { output, error, .. } = call;
        drop(state);
        self.write(&streams.output, &output);
        self.write(&streams.error, &error);
        self.system.apply_requests();
        status
    }
}
