//! `machine-conformance mock vbox`

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use machine_mock_providers::{
    guest::GuestKind,
    requests::Request,
    vbox::{Account, Conditions, Server, ServerOptions, Times},
};
use owo_colors::OwoColorize;
use serde::Serialize;

use super::{
    DEFAULT_ACCOUNT, SCHEMA, duration,
    log::{LOOK, RequestPrinter},
};
use crate::{
    command_line::{failure::Failure, guests, guests::GuestArgument, interrupt, output},
    verdict::ExitCode,
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance mock vbox
  machine-conformance mock vbox --boot 2s --any-address
  machine-conformance mock vbox --folder /tmp/mock-vbox --json --quiet";

/// Options of the mock VirtualBox.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command_line) struct VboxArguments {
    /// Where the state server listens for VBoxManage; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the control port listens; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control_listen: SocketAddr,

    /// Folder below which the account's files are; by default the one for temporary files
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,

    /// What VMs are: simulated by default, or containers with a real Linux, SSH server and Docker engine
    #[arg(long, value_name = "KIND", value_enum)]
    guest: Option<GuestArgument>,

    /// How long a VM is starting, for example 50ms or 2s; by default a few milliseconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    start: Option<Duration>,

    /// How long a running VM takes until SSH answers
    #[arg(long, value_name = "TIME", value_parser = duration)]
    boot: Option<Duration>,

    /// How long a guest takes to shut down when the power button is pressed
    #[arg(long, value_name = "TIME", value_parser = duration)]
    shutdown: Option<Duration>,

    /// How long a VM process needs to come and to go; calls about the VM are refused meanwhile, as by the real one
    #[arg(long, value_name = "TIME", value_parser = duration)]
    process: Option<Duration>,

    /// Allow host-only interfaces any address, as /etc/vbox/networks.conf can
    #[arg(long)]
    any_address: bool,

    /// Be as on macOS since 7.0: host-only networks instead of host-only interfaces
    #[arg(long)]
    macos: bool,

    /// Pretend that the kernel driver is missing
    #[arg(long)]
    no_kernel_driver: bool,

    /// Pretend that the processor has neither VT-x nor AMD-V
    #[arg(long)]
    no_hardware_virtualization: bool,

    /// What `VBoxManage --version` prints
    #[arg(long, value_name = "VERSION")]
    virtualbox_version: Option<String>,

    /// Print one JSON object instead of lines for people
    #[arg(long)]
    json: bool,

    /// Do not print the calls
    #[arg(long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Started<'a> {
    schema: &'static str,
    directory: &'a Path,
    environment: BTreeMap<String, String>,
    ssh_user: &'static str,
    image: String,
    control_endpoint: String,
    control_token: &'a str,
}

/// User of Boot2Docker.
const SSH_USER: &str = "docker";

impl VboxArguments {
    pub(super) async fn run(&self) -> Result<u8, Failure> {
        guests::require(self.guest_kind()).await?;
        let mut signals = interrupt::Signals::listen()?;
        let executable = std::env::current_exe()
            .map_err(|error| Failure::environment(format!("the own executable cannot be found: {error}")))?;
        let server = Server::start(self.options(executable))
            .await
            .map_err(|error| Failure::environment(format!("the mock cannot be started: {error}")))?;
        let account = server
            .account(DEFAULT_ACCOUNT)
            .map_err(|error| Failure::environment(format!("the mock has no account: {error}")))?;
        let started = Started {
            schema: SCHEMA,
            directory: account.directory(),
            environment: account.environment(),
            ssh_user: SSH_USER,
            image: server.image_url(),
            control_endpoint: server.control_endpoint(),
            control_token: server.control_token(),
        };
        output::to_stdout(|out| Ok(self.announce(&started, out)?))?;
        tokio::select! {
            () = signals.next() => {}
            () = print_calls(&account), if !self.quiet => {}
        }
        Ok(ExitCode::CONFORMANT)
    }

    fn guest_kind(&self) -> GuestKind {
        self.guest.map(GuestKind::from).unwrap_or_default()
    }

    fn options(&self, executable: PathBuf) -> ServerOptions {
        let usual = Times::default();
        let healthy = Conditions::default();
        ServerOptions {
            listen: self.listen,
            control_listen: self.control_listen,
            executable: Some(executable),
            folder: self.folder.clone(),
            guest_kind: self.guest_kind(),
            times: Times {
                start: self.start.unwrap_or(usual.start),
                guest_boot: self.boot.unwrap_or(usual.guest_boot),
                guest_shutdown: self.shutdown.unwrap_or(usual.guest_shutdown),
                launch: self.process.unwrap_or(usual.launch),
                teardown: self.process.unwrap_or(usual.teardown),
                ..usual
            },
            conditions: Conditions {
                version: self.virtualbox_version.clone().unwrap_or(healthy.version),
                kernel_driver: !self.no_kernel_driver,
                hardware_virtualization: !self.no_hardware_virtualization,
                any_host_only_address: self.any_address,
                host_only_networks: self.macos,
                ..healthy
            },
            ..ServerOptions::default()
        }
    }

    fn announce(&self, started: &Started<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, started)?;
            return writeln!(out);
        }
        for (name, value) in started.environment.iter().filter(|(name, _)| !is_of_windows(name)) {
            // Only what comes first in PATH is ours; the rest is the reader's own.
            let value = match name.as_str() {
                "PATH" => format!("{}:$PATH", started.directory.display()),
                _ => value.clone(),
            };
            writeln!(out, "export {name}={value}")?;
        }
        let (bold_control, bold_usage) = ("control".bold(), "usage".bold());
        let (endpoint, token) = (&started.control_endpoint, started.control_token);
        writeln!(out, "# {bold_control}  {endpoint}   token {token}")?;
        writeln!(
            out,
            "# {bold_usage}    with these variables: VBoxManage list vms, docker-machine create --driver virtualbox \
             --virtualbox-no-vtx-check --virtualbox-boot2docker-url {} NAME; guests: user {SSH_USER}",
            started.image
        )?;
        writeln!(out, "# Ctrl-C ends it, with all its VMs.")
    }
}

fn is_of_windows(name: &str) -> bool {
    name.ends_with("INSTALL_PATH") && !cfg!(windows)
}

/// Prints answered calls for ever.
async fn print_calls(account: &Account) {
    let mut printer = RequestPrinter::new();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        let words = |request: &Request| request.body.clone();
        printer.print(|number| account.requests_since(number), words);
    }
}
