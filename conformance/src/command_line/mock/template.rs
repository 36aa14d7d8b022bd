//! `machine-conformance mock template`

use std::{
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use clap::Args;
use machine_mock_providers::{
    requests::Request,
    template::{Account, Server, ServerOptions, Times},
};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{
    DEFAULT_ACCOUNT, GuestChoice, SCHEMA, duration,
    log::{LOOK, RequestPrinter},
};
use crate::{
    command_line::{failure::Failure, guests, interrupt, output},
    verdict::ExitCode,
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance mock template
  machine-conformance mock template --boot 2s --guest debian
  machine-conformance mock template --listen 127.0.0.1:8080 --token t0ken --json";

/// Options of the template cloud.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command_line) struct TemplateArguments {
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

    /// What every machine is: a simulated system, by default the one of its image, or a container
    #[arg(long, value_name = "GUEST", value_enum)]
    guest: Option<GuestChoice>,

    /// Print one JSON object instead of lines for people
    #[arg(long)]
    json: bool,

    /// Do not print the requests
    #[arg(long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Started<'a> {
    schema: &'static str,
    endpoint: String,
    token: &'a str,
    control_endpoint: String,
    control_token: &'a str,
}

impl TemplateArguments {
    pub(super) async fn run(&self) -> Result<u8, Failure> {
        let mut signals = interrupt::Signals::listen()?;
        guests::require(GuestChoice::kind(self.guest)).await?;
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
            guest_kind: GuestChoice::kind(self.guest),
            guest_os: GuestChoice::os(self.guest),
            ..ServerOptions::default()
        }
    }

    fn announce(&self, started: &Started<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, started)?;
            return writeln!(out);
        }
        let Started { endpoint, token, control_endpoint, control_token, .. } = started;
        writeln!(out, "{}  {endpoint}   token {token}", "endpoint".bold())?;
        writeln!(out, "{}   {control_endpoint}   token {control_token}", "control".bold())?;
        writeln!(
            out,
            "{}     docker-machine create --driver template --template-endpoint {endpoint} --template-token {token} NAME",
            "usage".bold()
        )?;
        writeln!(out, "Ctrl-C ends it, with all its machines.")
    }
}

/// Prints answered requests for ever.
async fn print_requests(account: &Account) {
    let mut printer = RequestPrinter::new();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let words = |request: &Request| format!("{} {}", request.method, request.path);
        printer.print(|number| account.requests_since(number), words);
        printer.trouble(&account.guests());
    }
}
