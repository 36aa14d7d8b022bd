//! What a driver adds to the time that its provider takes: create and remove, ours and Go's, on the same mock.

mod life;

use std::{collections::BTreeMap, fmt::Write, path::PathBuf, time::Duration};

use machine_mock_providers::ec2::{Server, ServerOptions};

use self::life::{Subject, Took};
use crate::{executables, peers::NotTested, rancher_machine};

/// Time that an instance takes to boot; the mock takes none for anything else that a driver waits for.
const BOOT: Duration = Duration::from_secs(2);
/// Lives of each driver; the median counts.
const LIVES: usize = 3;
const REGION: &str = "us-east-1";

/// What is measured.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the command line's options")]
pub struct Plan {
    /// Our EC2 driver; without it, it is built in the profile of this program.
    pub ec2_driver: Option<PathBuf>,
}

/// Lives of our EC2 driver and of rancher-machine's `amazonec2`, alternating, as a table in Markdown.
///
/// # Errors
///
/// Our driver cannot be built, or a driver fails.
pub async fn figures(plan: &Plan) -> anyhow::Result<String> {
    let driver = match &plan.ec2_driver {
        Some(driver) => driver.clone(),
        None => executables::built("docker-machine-driver-ec2", "docker-machine-driver-ec2")?,
    };
    let mut options = ServerOptions::default();
    options.times.boot = BOOT;
    let server = Server::start(options).await?;
    let mut subjects = vec![Subject {
        name: "ours, `ec2`",
        program: driver,
        environment: BTreeMap::new(),
        flags: flags(&server, "ec2"),
    }];
    let mut missing: Vec<NotTested> = Vec::new();
    match rancher_machine::executable() {
        Ok(program) => subjects.push(Subject {
            name: "rancher-machine's `amazonec2`",
            program,
            environment: BTreeMap::from([("MACHINE_PLUGIN_DRIVER_NAME", "amazonec2")]),
            flags: flags(&server, "amazonec2"),
        }),
        Err(not_tested) => missing.push(not_tested),
    }
    let mut lives: Vec<Vec<Took>> = vec![Vec::new(); subjects.len()];
    for _ in 0..LIVES {
        for (subject, lives) in subjects.iter().zip(&mut lives) {
            lives.push(life::lived(subject).await?);
        }
    }
    let mut text = format!(
        "| driver | create | remove | together, beyond the {} s of the boot |\n| --- | --- | --- | --- |\n",
        BOOT.as_secs()
    );
    for (subject, lives) in subjects.iter().zip(&lives) {
        let create = median(lives.iter().map(|took| took.create));
        let remove = median(lives.iter().map(|took| took.remove));
        let beyond = (create + remove).saturating_sub(BOOT);
        let _ = writeln!(
            text,
            "| {} | {:.2} s | {:.2} s | {:.2} s |",
            subject.name,
            create.as_secs_f64(),
            remove.as_secs_f64(),
            beyond.as_secs_f64()
        );
    }
    for missing in missing {
        let _ = writeln!(text, "\nnot-tested: {missing}");
    }
    Ok(text)
}

/// The flags that lead a driver to the mock.
fn flags(server: &Server, prefix: &str) -> Vec<(String, String)> {
    let account = server.account(prefix);
    let credentials = account.credentials();
    [
        ("endpoint", server.endpoint()),
        ("access-key", credentials.access_key.clone()),
        ("secret-key", credentials.secret_key.clone()),
        ("region", REGION.to_owned()),
        ("zone", format!("{REGION}a")),
        ("ami", server.usable_image()),
    ]
    .map(|(name, value)| (format!("{prefix}-{name}"), value))
    .into()
}

/// The middle one; zero for none.
fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
