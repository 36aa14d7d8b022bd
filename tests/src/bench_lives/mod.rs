//! What a driver adds to the time that its provider takes: create and remove, ours and Go's, on the same mock. And what
//! the mock VirtualBox takes for a call.

mod ec2;
mod life;
mod listing;
mod vbox;

use std::{fmt::Write, path::PathBuf, time::Duration};

use self::life::{Subject, Took};
use crate::{bench::median, peers::NotTested};

/// Time that a machine takes to boot; the mocks take next to none for anything else that a driver waits for.
const BOOT: Duration = Duration::from_secs(2);
/// Lives of each driver; the median counts.
const LIVES: usize = 3;

/// What is measured.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the command line's options")]
pub struct Plan {
    /// Our EC2 driver; without it, it is built in the profile of this program.
    pub ec2_driver: Option<PathBuf>,
    /// Our VirtualBox driver; without it, it is built in the profile of this program.
    pub vbox_driver: Option<PathBuf>,
}

/// Lives of our EC2 driver, as a table in Markdown, beside rancher-machine's `amazonec2`.
///
/// # Errors
///
/// Our driver cannot be built, or a driver fails.
pub async fn ec2(plan: &Plan) -> anyhow::Result<String> {
    ec2::figures(plan).await
}

/// Lives of our VirtualBox driver, as a table in Markdown, beside rancher-machine's `virtualbox`.
///
/// # Errors
///
/// Our driver cannot be built, or a driver fails.
pub async fn vbox(plan: &Plan) -> anyhow::Result<String> {
    vbox::figures(plan).await
}

/// Milliseconds of `VBoxManage list vms` on the mock VirtualBox with 1, 100 and 1,000 VMs, as a table in Markdown.
///
/// # Errors
///
/// The mock does not start, or a call fails.
pub async fn vbox_listing() -> anyhow::Result<String> {
    listing::figures().await
}

/// Lives of all subjects, alternating, as a table.
async fn table(subjects: &[Subject], missing: &[NotTested]) -> anyhow::Result<String> {
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
        let of = |time: fn(&Took) -> Duration| {
            let mut seconds: Vec<f64> = lives.iter().map(|took| time(took).as_secs_f64()).collect();
            median(&mut seconds)
        };
        let (create, remove) = (of(|took| took.create), of(|took| took.remove));
        let beyond = (create + remove - BOOT.as_secs_f64()).max(0.0);
        let _ = writeln!(text, "| {} | {create:.2} s | {remove:.2} s | {beyond:.2} s |", subject.name);
    }
    for missing in missing {
        let _ = writeln!(text, "\nnot-tested: {missing}");
    }
    Ok(text)
}
