//! Programs that run other programs, or wait.

use std::time::Duration;

use super::{
    launch::{Program, find_program},
    parser::is_name,
    run::{Shell, home},
    streams::{Input, Streams},
};
use crate::guest::disk::absolute;

impl Shell {
    /// Runs a simulated program.
    pub(super) async fn run_program(
        &mut self,
        name: &str,
        arguments: &[String],
        settings: &[(String, String)],
        streams: &Streams,
    ) -> u8 {
        match name {
            "sudo" => self.sudo(arguments, settings, streams).await,
            "sh" => self.child(settings).interpret(arguments, streams).await,
            "env" => {
                let (settings, rest) = leading_settings(arguments, settings);
                match rest.split_first() {
                    Some((program, rest)) => Box::pin(self.execute(program, rest, &settings, streams)).await,
                    None => self.call("env", &[], &settings, streams).await,
                }
            }
            "nohup" | "setsid" | "nice" | "time" | "ionice" | "stdbuf" => {
                let rest = skip_options(arguments, "nc");
                match rest.split_first() {
                    Some((program, rest)) => Box::pin(self.execute(program, rest, settings, streams)).await,
                    None => 0,
                }
            }
            "timeout" => self.timeout(skip_options(arguments, "ks"), settings, streams).await,
            "xargs" => {
                let input = streams.input.read_all().await;
                let words = String::from_utf8_lossy(&input).split_whitespace().map(str::to_owned).collect();
                let command = skip_options(arguments, "nIPL");
                let command = [command.to_vec(), words].concat();
                match command.split_first() {
                    Some((program, rest)) => Box::pin(self.execute(program, rest, settings, streams)).await,
                    None => 0,
                }
            }
            "sleep" => match duration(arguments.first().map_or("", String::as_str)) {
                Some(duration) => {
                    tokio::time::sleep(duration).await;
                    0
                }
                None => {
                    self.write(&streams.error, b"sleep: invalid time interval\n");
                    1
                }
            },
            "nc" => self.listen(arguments, streams).await,
            "python3" if arguments.first().is_some_and(|argument| argument == "-m") => {
                self.listen(&arguments[1..], streams).await
            }
            name => self.call(name, arguments, settings, streams).await,
        }
    }

    async fn sudo(&mut self, arguments: &[String], settings: &[(String, String)], streams: &Streams) -> u8 {
        let (mut target, mut shell, mut keep) = ("root".to_owned(), false, false);
        let mut rest = arguments;
        while let Some((option, more)) = rest.split_first().filter(|(option, _)| option.starts_with('-')) {
            rest = more;
            match option.as_str() {
                "--" => break,
                "-u" | "--user" => {
                    let Some((user, more)) = rest.split_first() else {
                        break;
                    };
                    target.clone_from(user);
                    rest = more;
                }
                "-g" | "-p" | "-C" | "-h" => rest = rest.get(1..).unwrap_or_default(),
                "--preserve-env" => keep = true,
                "-i" | "-s" => shell = true,
                "-v" | "-k" | "-K" | "-l" => return 0,
                options => {
                    keep |= options.contains('E');
                    shell |= options.contains(['i', 's']);
                }
            }
        }
        if self.user != "root" && !self.system.options.passwordless_sudo {
            let message = match arguments.iter().any(|option| option.starts_with('-') && option.contains('n'))
            {
                true => "sudo: a password is required\n",
                false => {
                    "sudo: a terminal is required to read the password; either use the -S option to read from \
                     standard input or configure an askpass helper\nsudo: a password is required\n"
                }
            };
            self.write(&streams.error, message.as_bytes());
            return 1;
        }
        let (own_settings, rest) = leading_settings(rest, if keep { settings } else { &[] });
        let mut elevated = self.child(&own_settings);
        if !keep {
            let path = self.variable("PATH");
            elevated.variables.retain(|name, _| own_settings.iter().any(|(own, _)| own == name));
            elevated.export("PATH", &path);
        }
        elevated.export("SUDO_USER", &self.user);
        elevated.export("HOME", &home(&target));
        elevated.export("USER", &target);
        elevated.export("LOGNAME", &target);
        elevated.user = target;
        let Some((program, arguments)) = rest.split_first() else {
            return if shell { elevated.interpret(&["-s".into()], streams).await } else { 1 };
        };
        if shell {
            return Box::pin(elevated.run(&rest.join(" "), streams)).await;
        }
        // Builtins of the shell are unknown to sudo, except those that are programs too.
        let is_program = {
            let state = self.system.lock();
            !matches!(
                find_program(&state.disk, &self.variable("PATH"), &self.directory, program),
                Program::NotFound
            )
        };
        if !is_program {
            self.not_found.lock().push(program.clone());
            self.write(&streams.error, format!("sudo: {program}: command not found\n").as_bytes());
            return 1;
        }
        Box::pin(elevated.execute(program, arguments, &[], streams)).await
    }

    /// The program `sh`: options, then a script from an argument, a file or the input.
    async fn interpret(mut self, arguments: &[String], streams: &Streams) -> u8 {
        let mut rest = arguments;
        let mut from_argument = false;
        while let Some((option, more)) = rest.split_first().filter(|(option, _)| option.starts_with('-')) {
            rest = more;
            match option.as_str() {
                "-" | "--" => break,
                "-o" => rest = rest.get(1..).unwrap_or_default(),
                long if long.starts_with("--") => {}
                options => {
                    from_argument |= options.contains('c');
                    self.stop_on_error |= options.contains('e');
                    self.trace |= options.contains('x');
                    if options.contains('s') {
                        break;
                    }
                }
            }
        }
        if from_argument {
            let Some((script, names)) = rest.split_first() else {
                self.complain(streams, "-c requires an argument");
                return 2;
            };
            if let Some((name, arguments)) = names.split_first() {
                self.name.clone_from(name);
                self.arguments = arguments.to_vec();
            }
            return self.run(script, streams).await;
        }
        let script = match rest.split_first() {
            Some((file, arguments)) => {
                self.arguments = arguments.to_vec();
                let path = absolute(&self.directory, file);
                let data = self.system.lock().disk.read(&path, &self.user);
                match data {
                    Ok(data) => data.to_vec(),
                    Err(error) => {
                        self.complain(streams, &format!("cannot open {file}: {error}"));
                        return 2;
                    }
                }
            }
            None => streams.input.read_all().await,
        };
        let streams = match rest.is_empty() {
            true => Streams { input: Input::default(), ..streams.clone() },
            false => streams.clone(),
        };
        self.run(&String::from_utf8_lossy(&script), &streams).await
    }

    async fn timeout(
        &mut self,
        arguments: &[String],
        settings: &[(String, String)],
        streams: &Streams,
    ) -> u8 {
        let [limit, program, arguments @ ..] = arguments else {
            return 125;
        };
        let Some(limit) = duration(limit) else { return 125 };
        let run = Box::pin(self.execute(program, arguments, settings, streams));
        tokio::time::timeout(limit, run).await.unwrap_or(124)
    }

    /// A listener on a port: `nc -l PORT`, `nc -lk -p PORT`, `python3 -m http.server PORT`.
    async fn listen(&mut self, arguments: &[String], streams: &Streams) -> u8 {
        let is_server = arguments.first().is_some_and(|argument| argument == "http.server");
        let options: String = arguments.iter().filter_map(|argument| argument.strip_prefix('-')).collect();
        let port = arguments.iter().rev().find_map(|argument| argument.parse::<u16>().ok());
        let (true, Some(port)) = (is_server || options.contains('l'), port) else {
            self.write(&streams.error, b"nc: only listening (nc -l PORT) is simulated\n");
            return 1;
        };
        let input = streams.input.read_all();
        let greeting = if options.contains('k') || is_server { Vec::new() } else { input.await };
        let keep = is_server || options.contains('k');
        let opened = self.system.lock().listen_for_data(port, greeting, keep);
        let mut received = match opened {
            Ok(received) => received,
            Err(error) => {
                self.write(&streams.error, format!("nc: {error}\n").as_bytes());
                return 1;
            }
        };
        while let Some(bytes) = received.recv().await {
            self.write(&streams.output, &bytes);
        }
        self.system.lock().close_port(port);
        0
    }
}

/// Splits leading `name=value` arguments off and adds them to `settings`.
fn leading_settings<'a>(
    arguments: &'a [String],
    settings: &[(String, String)],
) -> (Vec<(String, String)>, &'a [String]) {
    let mut settings = settings.to_vec();
    let mut rest = arguments;
    while let Some((first, more)) = rest.split_first() {
        match first.split_once('=') {
            Some((name, value)) if is_name(name) => settings.push((name.into(), value.into())),
            _ if first.starts_with('-') => {}
            _ => break,
        }
        rest = more;
    }
    (settings, rest)
}

/// Arguments after the leading options; the letters are options that take a value.
fn skip_options<'a>(arguments: &'a [String], with_value: &str) -> &'a [String] {
    let mut rest = arguments;
    while let Some((option, more)) = rest.split_first().filter(|(option, _)| option.starts_with('-')) {
        let takes_value = option.len() == 2 && with_value.contains(&option[1..]);
        rest = if takes_value { more.get(1..).unwrap_or_default() } else { more };
    }
    rest
}

/// A time such as `5`, `0.1`, `2s`, `1m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(['s', 'm', 'h']);
    let factor = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(digits.parse::<f64>().ok()? * factor).ok()
}
