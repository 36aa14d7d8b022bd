//! `machine-conformance mock ec2`

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use machine_mock_providers::{
    ec2::{Account, Credentials, Server, ServerOptions, Times},
    guest::SshPort,
    requests::Request,
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
  machine-conformance mock ec2
  machine-conformance mock ec2 --boot 2s --stop 1s
  machine-conformance mock ec2 --guest container
  machine-conformance mock ec2 --listen 127.0.0.1:4566 --access-key AKIAMOCK --secret-key s3cret --json";

/// Options of the mock EC2.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command_line) struct Ec2Arguments {
    /// Where the API listens; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where the API listens for HTTPS, with a certificate of an authority of its own
    #[arg(long, value_name = "ADDRESS", requires = "ca_file")]
    https_listen: Option<SocketAddr>,

    /// File for the certificate of that authority, which clients must trust
    #[arg(long, value_name = "FILE", requires = "https_listen")]
    ca_file: Option<PathBuf>,

    /// Where the control port listens; loopback only, port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    control_listen: SocketAddr,

    /// Access key of the account; by default a random one
    #[arg(long, value_name = "KEY", requires = "secret_key")]
    access_key: Option<String>,

    /// Secret key that goes with it
    #[arg(long, value_name = "SECRET", requires = "access_key")]
    secret_key: Option<String>,

    /// Session token that requests must carry; by default none
    #[arg(long, value_name = "TOKEN", requires = "secret_key")]
    session_token: Option<String>,

    /// How long an instance is pending, for example 50ms or 2s; by default a few milliseconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    boot: Option<Duration>,

    /// How long a running instance takes until SSH answers
    #[arg(long, value_name = "TIME", value_parser = duration)]
    guest_boot: Option<Duration>,

    /// How long an instance is stopping, and shutting down
    #[arg(long, value_name = "TIME", value_parser = duration)]
    stop: Option<Duration>,

    /// How long what was created is not found: eventual consistency
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s")]
    lag: Duration,

    /// How many attempts to see it fail, in the same way
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    lag_reads: u32,

    /// Port of SSH on every instance; by default 22, or 2222 where that needs privileges that are missing
    #[arg(long, value_name = "PORT")]
    ssh_port: Option<u16>,

    /// What every instance is: a simulated system, by default the one of its image, or a container
    #[arg(long, value_name = "GUEST", value_enum)]
    guest: Option<GuestChoice>,

    /// Instance profile that the account has; can be given several times
    #[arg(long = "instance-profile", value_name = "NAME")]
    instance_profiles: Vec<String>,

    /// Most instances of an account in a region; by default there is no limit
    #[arg(long, value_name = "COUNT")]
    instance_limit: Option<usize>,

    /// Give the default VPC IPv6 addresses; they lead to instances if the system has been told that they are its own
    #[arg(long)]
    ipv6: bool,

    /// Give instances loopback addresses as private ones, so that they can be reached there as well
    #[arg(long)]
    reachable_private_addresses: bool,

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
    https_endpoint: Option<String>,
    ca_file: Option<&'a PathBuf>,
    region: &'static str,
    access_key: &'a str,
    secret_key: &'a str,
    session_token: Option<&'a str>,
    image: String,
    ssh_user: &'static str,
    ssh_port: Option<u16>,
    control_endpoint: String,
    control_token: &'a str,
    ipv6_leads_to_instances: bool,
}

impl Ec2Arguments {
    pub(super) async fn run(&self) -> Result<u8, Failure> {
        let mut signals = interrupt::Signals::listen()?;
        guests::require(GuestChoice::kind(self.guest)).await?;
        raise_file_limit();
        let server = Server::start(self.options()).await.map_err(|error| {
            Failure::environment(format!("the mock cannot listen on {}: {error}", self.listen))
        })?;
        if let (Some(path), Some(certificate)) = (&self.ca_file, server.certificate_authority()) {
            std::fs::write(path, certificate).map_err(|error| {
                let path = path.display();
                Failure::environment(format!("the certificate cannot be written to {path}: {error}"))
            })?;
        }
        let account = server.account(DEFAULT_ACCOUNT);
        let Credentials { access_key, secret_key, session_token } = account.credentials();
        let started = Started {
            schema: SCHEMA,
            endpoint: server.endpoint(),
            https_endpoint: server.https_endpoint(),
            ca_file: self.ca_file.as_ref(),
            region: server.default_region(),
            access_key,
            secret_key,
            session_token: session_token.as_deref(),
            image: server.usable_image(),
            ssh_user: SSH_USER,
            ssh_port: server.ssh_port(),
            control_endpoint: server.control_endpoint(),
            control_token: server.control_token(),
            ipv6_leads_to_instances: self.ipv6 && Server::ipv6_is_local(),
        };
        output::to_stdout(|out| Ok(self.announce(&started, out)?))?;
        let shows_trouble = self.guest == Some(GuestChoice::Container);
        tokio::select! {
            () = signals.next() => {}
            () = watch(&account, &server, shows_trouble), if !self.quiet => {}
        }
        Ok(ExitCode::CONFORMANT)
    }

    fn options(&self) -> ServerOptions {
        let usual = Times::default();
        let credentials = self.access_key.clone().zip(self.secret_key.clone());
        ServerOptions {
            listen: self.listen,
            https_listen: self.https_listen,
            control_listen: self.control_listen,
            credentials: credentials.map(|(access_key, secret_key)| Credentials {
                access_key,
                secret_key,
                session_token: self.session_token.clone(),
            }),
            times: Times {
                boot: self.boot.unwrap_or(usual.boot),
                guest_boot: self.guest_boot.unwrap_or(usual.guest_boot),
                stop: self.stop.unwrap_or(usual.stop),
                terminate: self.stop.unwrap_or(usual.terminate),
                ..usual
            },
            lag: (self.lag_reads, self.lag),
            ssh_port: self.ssh_port.map_or(SshPort::Standard, SshPort::Fixed),
            guest_kind: GuestChoice::kind(self.guest),
            guest_os: GuestChoice::os(self.guest),
            instance_profiles: self.instance_profiles.clone(),
            instance_limit: self.instance_limit,
            ipv6: self.ipv6,
            reachable_private_addresses: self.reachable_private_addresses,
            ..ServerOptions::default()
        }
    }

    fn announce(&self, started: &Started<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, started)?;
            return writeln!(out);
        }
        let Started {
            endpoint, region, access_key, secret_key, image, control_endpoint, control_token, ..
        } = started;
        let (bold_endpoint, bold_image) = ("endpoint".bold(), "image".bold());
        writeln!(
            out,
            "{bold_endpoint}  {endpoint}   region {region}   access key {access_key}   secret {secret_key}"
        )?;
        if let (Some(endpoint), Some(path)) = (&started.https_endpoint, started.ca_file) {
            writeln!(out, "{}     {endpoint}   authority {}", "https".bold(), path.display())?;
        }
        writeln!(out, "{bold_image}     {image} (Ubuntu 24.04)   user {SSH_USER}")?;
        if self.ipv6 {
            let (ipv6, network) = ("ipv6".bold(), Server::ipv6_network());
            if Server::ipv6_is_local() {
                writeln!(out, "{ipv6}      {network} leads to instances")?;
            } else {
                writeln!(
                    out,
                    "{ipv6}      instances answer there after: ip -6 route add local {network} dev lo"
                )?;
            }
        }
        writeln!(out, "{}   {control_endpoint}   token {control_token}", "control".bold())?;
        writeln!(
            out,
            "{}     AWS_ACCESS_KEY_ID={access_key} AWS_SECRET_ACCESS_KEY={secret_key} AWS_DEFAULT_REGION={region} \
             aws --endpoint-url {endpoint} ec2 describe-instances",
            "usage".bold()
        )?;
        writeln!(out, "Ctrl-C ends it, with all its instances.")
    }
}

/// User of the images with Ubuntu.
const SSH_USER: &str = "ubuntu";

/// Thousands of instances need a socket each; the usual soft limit is 1,024 files.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it is not allowed the mock works with fewer instances, and says so when it has no more.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Most instances that are waited for at a time.
const WATCHED: usize = 100;

/// Prints requests, and instances when they run, for ever; also what goes wrong with guests, unless there may be
/// thousands of them.
async fn watch(account: &Account, server: &Server, shows_trouble: bool) {
    let mut printer = RequestPrinter::new();
    let mut starting: Vec<String> = Vec::new();
    let mut ticks = tokio::time::interval(LOOK);
    loop {
        ticks.tick().await;
        if shows_trouble {
            printer.trouble(&account.guests());
        }
        let requests = printer.print(|number| account.requests_since(number), words);
        starting.extend(requests.iter().flat_map(started));
        starting.truncate(WATCHED);
        starting.retain(|id| match account.instance(id) {
            Ok(instance) if instance.state == "pending" => true,
            Ok(instance) if instance.state == "running" => {
                let login = |address| {
                    let port = server.ssh_port().filter(|port| *port != 22);
                    let port = port.map(|port| format!("-p {port} ")).unwrap_or_default();
                    format!("ssh {port}{SSH_USER}@{address}")
                };
                let address = instance.public_address.map(login);
                let address = address.as_deref().unwrap_or("without a public address");
                printer.note(&format!("{id} running · {address}"));
                false
            }
            _ => false,
        });
    }
}

fn words(request: &Request) -> String {
    match request.operation.as_str() {
        "" => format!("{} {}", request.method, request.path),
        operation => {
            let id = started(request).into_iter().next().unwrap_or_default();
            format!("{operation} {id}")
        }
    }
}

/// Ids of the instances that a request has started.
fn started(request: &Request) -> Vec<String> {
    let starts = matches!(request.operation.as_str(), "RunInstances" | "StartInstances");
    if !starts || request.status != Some(200) {
        return Vec::new();
    }
    let ids = request.answer.split("<instanceId>").skip(1);
    let ids = ids.filter_map(|rest| rest.split_once('<'));
    ids.map(|(id, _)| id.to_owned()).collect()
}
