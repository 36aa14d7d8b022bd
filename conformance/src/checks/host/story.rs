//! One machine of a host, from its create to its rm.

use std::{io::ErrorKind, path::PathBuf};

use machine_driver::OptionValue;

use crate::{
    check::Stop,
    context::Context,
    event::CallTarget,
    subject::{HostCommandLine, Line, Ran, Unusable},
};

/// A host with an empty store, and the machine that it is to make.
pub(super) struct Story<'a> {
    cx: &'a Context,
    host: HostCommandLine,
    machine: String,
    /// Options of `create`, as the command line has them.
    options: Vec<String>,
}

impl<'a> Story<'a> {
    /// Prepares the host; nothing has been run yet.
    pub(super) async fn begin(cx: &'a Context) -> Result<Self, Stop> {
        let driver = cx.executable()?.clone();
        let program =
            driver.host().ok_or_else(|| Stop::Suite("the check needs Need::Host".to_owned()))?.clone();
        let (name, folder, factor) =
            (cx.driver_name()?.to_owned(), cx.private_dir().join("host"), cx.wait_factor());
        let preparing = tokio::task::spawn_blocking(move || {
            HostCommandLine::prepare(&program, &driver, &name, &folder, factor)
        });
        let host = match preparing.await {
            Ok(Ok(host)) => host,
            Ok(Err(error @ Unusable::BuiltIn { .. })) => return Err(Stop::NotTested(error.to_string())),
            Ok(Err(error)) => return Err(Stop::Environment(error.to_string())),
            Err(error) => return Err(Stop::Suite(format!("preparing the host broke off: {error}"))),
        };
        let mut story = Self { cx, host, machine: cx.machine_name(), options: Vec::new() };
        story.take_options()?;
        Ok(story)
    }

    /// The values that the run has for flags, as a user gives them. Other users of this computer can read command
    /// lines, so a secret goes through the flag's variable, if it has one.
    fn take_options(&mut self) -> Result<(), Stop> {
        let options = self.cx.options()?;
        let secrets = self.cx.secrets();
        for name in self.cx.supplied_flags()? {
            let (Some(value), Some(flag)) = (options.value(&name), self.cx.facts()?.flag(&name)) else {
                continue;
            };
            match value {
                OptionValue::String(text)
                    if !flag.env_var.is_empty() && secrets.iter().any(|(_, secret)| secret == text) =>
                {
                    // A flag may name several variables.
                    let variable = flag.env_var.split(',').next().unwrap_or_default();
                    self.host.set(variable.trim(), text);
                }
                OptionValue::String(text) => self.options.push(format!("--{name}={text}")),
                OptionValue::Int(number) => self.options.push(format!("--{name}={number}")),
                OptionValue::Bool(true) => self.options.push(format!("--{name}")),
                OptionValue::Bool(false) => {}
                OptionValue::List(texts) => {
                    self.options.extend(texts.iter().map(|text| format!("--{name}={text}")));
                }
                other => {
                    return Err(Stop::Suite(format!(
                        "a host cannot be given the option --{name} = {other:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Name of the machine.
    pub(super) fn machine(&self) -> &str {
        &self.machine
    }

    /// Where the host keeps the machine.
    pub(super) fn machine_folder(&self) -> PathBuf {
        crate::store::machine_dir(&self.host.store(), &self.machine)
    }

    /// What the host has saved of the machine.
    pub(super) async fn record(&self) -> Result<serde_json::Value, String> {
        let path = self.machine_folder().join("config.json");
        let text = tokio::fs::read(&path)
            .await
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        serde_json::from_slice(&text).map_err(|error| format!("{} is no JSON: {error}", path.display()))
    }

    /// Runs a command of the host, and records it with its output.
    pub(super) async fn run(&self, words: &[&str]) -> Result<Ran, Stop> {
        self.run_owned(words.iter().map(|&word| word.to_owned()).collect()).await
    }

    async fn run_owned(&self, words: Vec<String>) -> Result<Ran, Stop> {
        let (cx, limits) = (self.cx, self.cx.limits());
        let (recorder, process) = (cx.recorder(), cx.next_process());
        let started = recorder.elapsed();
        let (waits, exit) = (limits.process_waits(), limits.exit());
        let limit = limits.host_command();
        let outcome = self.host.run(&words, limit, waits, &exit).await;
        let call = format!("{} {}", self.host.host(), words.first().map_or("", String::as_str));
        let argument = words.get(1..).unwrap_or_default().join(" ");
        let target = CallTarget::Driver(process);
        let ran = match outcome {
            Ok(ran) => ran,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let late = format!("`{call}` did not end within {:.0} s", limit.as_secs_f64());
                recorder.call(target, started, &call, &argument, Err(&late));
                return Err(Stop::DriverTimeout(late));
            }
            Err(error) => return Err(Stop::Environment(format!("`{call}` does not start: {error}"))),
        };
        for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            for text in text.lines() {
                let line = Line { stream, text, length: text.len() };
                recorder.line(process, line, cx.check().id);
            }
        }
        let ending = ran.ending();
        let result = if ran.status == Some(0) { Ok("exit status 0") } else { Err(ending.as_str()) };
        recorder.call(target, started, &call, &argument, result);
        cx.rule("PLUG-006").holds(
            ran.left.is_empty(),
            format!("no process is left after `{}`", ran.command),
            || ran.left.join("; "),
        );
        Ok(ran)
    }

    /// `create` with the options of the run.
    pub(super) async fn create(&self) -> Result<Ran, Stop> {
        self.cx.admit(&self.machine)?;
        let mut words = ["create", "--driver", self.cx.driver_name()?].map(str::to_owned).to_vec();
        words.extend(self.options.iter().cloned());
        words.push(self.machine.clone());
        self.run_owned(words).await
    }

    /// `create` as preparation: it must succeed.
    pub(super) async fn created(&self) -> Result<(), Stop> {
        let created = self.create().await?;
        if created.status == Some(0) {
            return Ok(());
        }
        let failed = self.cx.prerequisite("create by the host", &created.ending());
        self.end().await?;
        Err(failed)
    }

    /// First line that a command prints, which must succeed.
    pub(super) async fn says(&self, clause: &'static str, words: &[&str]) -> Result<Option<String>, Stop> {
        let ran = self.run(words).await?;
        Ok(self.ends_well(clause, &ran).then(|| ran.first_line().to_owned()))
    }

    /// Expects exit status 0.
    pub(super) fn ends_well(&self, clause: &'static str, ran: &Ran) -> bool {
        self.cx.rule(clause).holds(
            ran.status == Some(0),
            format!("`{}` ends with exit status 0", ran.command),
            || ran.ending(),
        )
    }

    /// Removes what a story that went wrong has left, as a user does who gives up.
    pub(super) async fn end(&self) -> Result<(), Stop> {
        if self.machine_folder().exists() {
            self.run(&["rm", "-f", "-y", &self.machine]).await?;
        }
        Ok(())
    }
}
