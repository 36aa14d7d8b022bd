//! `machine-conformance mock`

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use clap::{Args, Subcommand, ValueEnum};
use machine_mock_providers::{
    guest::GuestOs,
    template::{Account, Server, ServerOptions, Times},
};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{failure::Failure, interrupt, output};
use crate::verdict::ExitCode;

/// Which mock provider is run.
#[derive(Debug, Subcommand)]
pub(super) enum MockCommand {
    /// The fictional cloud that the template driver is written for
    ///
    /// Prints where it listens, and the requests that it gets, until Ctrl-C or SIGTERM. Its machines are reachable
    /// over SSH on loopback addresses. The control port shows the inventory and sets faults.
    Template(TemplateArguments),
}

const EXAMPLES: &str = "\
Examples:
  machine-conformance mock template
  machine-conformance mock template --boot 2s --guest debian
  machine-conformance mock template --listen 127.0.0.1:8080 --token t0ken --json";

/// Options of the template cloud.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct TemplateArguments {
    /// Where the API listens; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the control port listens; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control_listen: SocketAddr,

    /// Token of the API; by default a random one
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,

    /// How long a machine boots until SSH answers, for example 50ms or 2s; by default a few milliseconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    boot: Option<Duration>,

    /// Operating system of every machine; by default what the image says
    #[arg(long, value_name = "SYSTEM", value_enum)]
    guest: Option<GuestChoice>,

    /// Print one JSON object instead of lines for people
    #[arg(long)]
    json: bool,

    /// Do not print the requests
    #[arg(long)]
    quiet: bool,
}

/// A guest of the mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GuestChoice {
    Ubuntu,
    Debian,
    Boot2docker,
}

impl From<GuestChoice> for GuestOs {
    fn from(choice: GuestChoice) -> Self {
        match choice {
            GuestChoice::Ubuntu => Self::Ubuntu,
            GuestChoice::Debian => Self::Debian,
            GuestChoice::Boot2docker => Self::Boot2Docker,
        }
    }
}

/// `50ms`, `2s`, `1.5s`, `2m`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|number| (number, unit)))
        .unwrap_or((text, 1.0));
    let seconds = number.trim().parse::<f64>().ok().map(|number| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a time such as 50ms, 2s or 1m".to_owned())
}

impl MockCommand {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let Self::Template(arguments) = self;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(arguments.run())
    }
}

/// Schema of `--json`.
const SCHEMA: &str = "machine-conformance/mock/v1";

#[derive(Serialize)]
struct Started<'a> {
    schema: &'static str,
    endpoint: String,
    token: &'a str,
    control_endpoint: String,
    control_token: &'a str,
}

impl TemplateArguments {
    async fn run(&self) -> Result<u8, Failure> {
        let mut signals = interrupt::Signals::listen()?;
        let server = Server::start(self.options()).await.map_err(|error| {
            Failure::environment(format!("the mock cannot listen on {}: {error}", self.listen))
        })?;
        let account = server.account(DEFAULT_ACCOUNT);
        let started = Started {
            schema: SCHEMA,
            endpoint: server.endpoint(),
            token: account.token(),
            control_endpoint: server.control_endpoint(),
            control_token: server.control_token(),
        };
        output::to_stdout(|out| Ok(self.announce(&started, out)?))?;
        tokio::select! {
            () = signals.next() => {}
            () = print_requests(&account), if !self.quiet => {}
        }
        Ok(ExitCode::CONFORMANT)
    }

    fn options(&self) -> ServerOptions {
        let mut times = Times::default();
        if let Some(boot) = self.boot {
            times.boot = boot;
        }
        ServerOptions {
            listen: self.listen,
            control_listen: self.control_listen,
            token: self.token.clone(),
            times,
            guest_os: self.guest.map(Into::into),
            ..ServerOptions::default()
        }
    }

    fn announce(&self, started: &Started<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, started)?;
            return writeln!(out);
        }
        let Started {
            endpoint,
            token,
            control_endpoint,
            control_token,
            ..
        } = started;
        writeln!(out, "{}  {endpoint}   token {token}", "endpoint".bold())?;
        writeln!(
            out,
            "{}   {control_endpoint}   token {control_token}",
            "control".bold()
        )?;
        writeln!(
            out,
            "{}     docker-machine create --driver template --template-endpoint {endpoint} --template-token {token} NAME",
            "usage".bold()
        )?;
        writeln!(out, "Ctrl-C ends it, with all its machines.")
    }
}

/// Account of clients that know only the token.
const DEFAULT_ACCOUNT: &str = "default";

/// How often new requests are looked for.
const LOOK: Duration = Duration::from_millis(250);

/// Prints answered requests on standard error, in order, for ever.
async fn print_requests(account: &Account) {
    let mut printed = 0;
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let log = account.request_log();
        // The control port can empty the log.
        printed = if printed > log.len() { 0 } else { printed };
        let mut stderr = anstream::AutoStream::auto(io::stderr());
        for request in &log[printed..] {
            let outcome = match request.status {
                Some(status) => status.to_string(),
                None if request.faults.is_empty() => break,
                None => "cut".to_owned(),
            };
            let faults = match request.faults.as_slice() {
                [] => String::new(),
                faults => format!("   fault {}", faults.join(", ")),
            };
            let method = crate::report::one_line(&request.method, 10);
            let path = crate::report::one_line(&request.path, 80);
            // Nobody may be looking; the mock goes on.
            let _ = writeln!(
                stderr,
                "{method:<6} {path:<40} {outcome:>3}   {} ms{faults}",
                request.took.as_millis()
            );
            printed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5 s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        for wrong in ["", "soon", "-1s", "1h", "nan", "1e99"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
