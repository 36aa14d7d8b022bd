//! What the suite itself needs of this machine.

use std::{io, net::Ipv4Addr, time::Instant};

use rustix::process::{Resource, getrlimit};
use tokio::net::TcpListener;

use super::Finding;
use crate::world::{Ec2World, TemplateWorld, WorldError};

const AREA: &str = "this machine";
/// An address as simulated machines have it.
const GUEST: Ipv4Addr = Ipv4Addr::new(127, 91, 0, 1);
/// Port of SSH.
const SSH: u16 = 22;
/// Open files that a run with the most jobs may need.
const ENOUGH_FILES: u64 = 1024;

/// Looks at everything; a few milliseconds.
pub(super) async fn look() -> Vec<Finding> {
    let mut findings = vec![platform(), files(), temporary_folder()];
    findings.push(match TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await {
        Ok(_) => Finding::works(AREA, "loopback", "127.0.0.1", "plugins and mock providers listen there"),
        Err(error) => Finding::broken(AREA, "loopback", error.to_string(), "nothing can run"),
    });
    findings.push(match TcpListener::bind((GUEST, 0)).await {
        Ok(_) => {
            Finding::works(AREA, "guest addresses", GUEST.to_string(), "every simulated machine has its own")
        }
        Err(error) => Finding::broken(
            AREA,
            "guest addresses",
            format!("{GUEST}: {error}"),
            "simulated machines cannot listen; on macOS configure them: ifconfig lo0 alias ADDRESS",
        ),
    });
    findings.push(match TcpListener::bind((GUEST, SSH)).await {
        Ok(_) => {
            Finding::works(AREA, "port 22", format!("{GUEST}:{SSH}"), "guests serve SSH on its usual port")
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            Finding::works(AREA, "port 22", "in use", "another run of the suite serves SSH there")
        }
        Err(error) => Finding::missing(
            AREA,
            "port 22",
            error.to_string(),
            "guests serve SSH on another port; drivers without an option for it are not tested with guests",
        ),
    });
    let started = Instant::now();
    findings.push(world("template cloud", TemplateWorld::start().await.map(drop), started));
    let started = Instant::now();
    findings.push(world("EC2", Ec2World::start().await.map(drop), started));
    findings
}

fn platform() -> Finding {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let detail = format!("{} {}, {processors} processors", std::env::consts::OS, std::env::consts::ARCH);
    Finding::works(AREA, "platform", detail, "")
}

fn files() -> Finding {
    match getrlimit(Resource::Nofile).current {
        Some(most) if most < ENOUGH_FILES => Finding::missing(
            AREA,
            "open files",
            format!("{most}"),
            "raise the limit (ulimit -n 4096), or give runs fewer --jobs",
        ),
        Some(most) => Finding::works(AREA, "open files", format!("up to {most}"), ""),
        None => Finding::works(AREA, "open files", "no limit", ""),
    }
}

fn temporary_folder() -> Finding {
    let folder = std::env::temp_dir().display().to_string();
    match tempfile::tempdir() {
        Ok(_) => Finding::works(AREA, "temporary folder", folder, "each check has its own store in it"),
        Err(error) => Finding::broken(
            AREA,
            "temporary folder",
            format!("{folder}: {error}"),
            "set TMPDIR to a folder that can be written",
        ),
    }
}

fn world(name: &str, outcome: Result<(), WorldError>, started: Instant) -> Finding {
    let name = format!("mock of {name}");
    match outcome {
        Ok(()) => Finding::works(AREA, &name, format!("started in {} ms", started.elapsed().as_millis()), ""),
        Err(error) => Finding::broken(AREA, &name, error.to_string(), "runs with this provider cannot start"),
    }
}
