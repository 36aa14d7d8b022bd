//! `machine-conformance mock`

mod ec2;
mod log;
mod template;
mod vbox;

use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use machine_mock_providers::guest::{GuestKind, GuestOs};

use super::{failure::Failure, guests};

/// Which mock provider is run.
#[derive(Debug, Subcommand)]
pub(super) enum MockCommand {
    /// Amazon EC2: the Query protocol, with instances that one can log in to
    ///
    /// Prints where it listens, credentials, an image to use, and the requests that it gets, until Ctrl-C or SIGTERM.
    /// Instances are reachable over SSH on loopback addresses of their own, on the ports that their security groups
    /// open. The control port shows the inventory and sets faults.
    Ec2(ec2::Ec2Arguments),
    /// The fictional cloud that the template driver is written for
    ///
    /// Prints where it listens, and the requests that it gets, until Ctrl-C or SIGTERM. Its machines are reachable
    /// over SSH on loopback addresses. The control port shows the inventory and sets faults.
    Template(template::TemplateArguments),
    /// VirtualBox: an executable VBoxManage, with VMs that one can log in to
    ///
    /// Prints the variables that a driver needs to find it, and the calls that it gets, until Ctrl-C or SIGTERM. A VM
    /// that runs answers SSH on the ports of 127.0.0.1 that its NAT rules name. The control port shows the inventory and
    /// sets faults.
    Vbox(vbox::VboxArguments),
}

impl MockCommand {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(async {
            let result = match self {
                Self::Ec2(arguments) => arguments.run().await,
                Self::Template(arguments) => arguments.run().await,
                Self::Vbox(arguments) => arguments.run().await,
            };
            guests::end().await;
            result
        })
    }
}

/// Schema of `--json`.
const SCHEMA: &str = "machine-conformance/mock/v1";

/// Account of clients that know only its credentials.
const DEFAULT_ACCOUNT: &str = "default";

/// Guests of the mock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GuestChoice {
    /// Simulated Ubuntu 24.04
    Ubuntu,
    /// Simulated Debian 12
    Debian,
    /// Simulated Boot2Docker 19.03
    Boot2docker,
    /// A container: a real Debian 12 with OpenSSH and a Docker engine; needs a local Docker engine
    Container,
}

impl GuestChoice {
    fn kind(choice: Option<Self>) -> GuestKind {
        match choice {
            Some(Self::Container) => GuestKind::Container,
            _ => GuestKind::Simulated,
        }
    }

    /// The operating system of all guests; none when images decide.
    fn os(choice: Option<Self>) -> Option<GuestOs> {
        match choice? {
            Self::Ubuntu => Some(GuestOs::Ubuntu),
            Self::Debian => Some(GuestOs::Debian),
            Self::Boot2docker => Some(GuestOs::Boot2Docker),
            Self::Container => None,
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
