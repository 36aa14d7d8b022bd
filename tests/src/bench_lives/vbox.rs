use std::{collections::BTreeMap, fs, path::Path};

use machine_mock_providers::vbox::{Account, Conditions, Server, ServerOptions, Times, boot2docker_image};

use super::{BOOT, Plan, Subject, table};
use crate::{executables, rancher_machine};

/// MB; a driver that writes every byte of a disk writes these.
const DISK: &str = "64";

pub(super) async fn figures(plan: &Plan) -> anyhow::Result<String> {
    let driver = match &plan.vbox_driver {
        Some(driver) => driver.clone(),
        None => executables::built("docker-machine-driver-vbox", "docker-machine-driver-vbox")?,
    };
    let server = Server::start(ServerOptions {
        executable: Some(executables::built("machine-mock-providers", "VBoxManage")?),
        times: Times { guest_boot: BOOT, ..Times::default() },
        conditions: Conditions {
            // The network that Go's driver takes is not one that VirtualBox allows by itself.
            any_host_only_address: true,
            ..Conditions::default()
        },
        ..ServerOptions::default()
    })
    .await?;
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("boot2docker.iso");
    fs::write(&image, boot2docker_image())?;
    let ours = server.account("ours")?;
    let mut subjects = vec![Subject {
        name: "ours, `vbox`",
        program: driver,
        environment: ours.environment(),
        flags: flags("vbox", &image),
    }];
    let mut missing = Vec::new();
    match rancher_machine::executable() {
        Ok(program) => subjects.push(Subject {
            name: "rancher-machine's `virtualbox`",
            program,
            environment: of_go(&server.account("go")?),
            flags: flags("virtualbox", &image),
        }),
        Err(not_tested) => missing.push(not_tested),
    }
    table(&subjects, &missing).await
}

fn of_go(account: &Account) -> BTreeMap<String, String> {
    let mut environment = account.environment();
    environment.insert("MACHINE_PLUGIN_DRIVER_NAME".to_owned(), "virtualbox".to_owned());
    environment
}

fn flags(prefix: &str, image: &Path) -> Vec<(String, String)> {
    [
        ("no-vtx-check", "true".to_owned()),
        ("disk-size", DISK.to_owned()),
        ("boot2docker-url", format!("file://{}", image.display())),
    ]
    .map(|(name, value)| (format!("{prefix}-{name}"), value))
    .into()
}
