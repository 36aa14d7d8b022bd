use std::collections::BTreeMap;

use machine_mock_providers::ec2::{Server, ServerOptions};

use super::{BOOT, Plan, Subject, table};
use crate::{executables, rancher_machine};

const REGION: &str = "us-east-1";

pub(super) async fn figures(plan: &Plan) -> anyhow::Result<String> {
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
    let mut missing = Vec::new();
    match rancher_machine::executable() {
        Ok(program) => subjects.push(Subject {
            name: "rancher-machine's `amazonec2`",
            program,
            environment: BTreeMap::from([("MACHINE_PLUGIN_DRIVER_NAME".to_owned(), "amazonec2".to_owned())]),
            flags: flags(&server, "amazonec2"),
        }),
        Err(not_tested) => missing.push(not_tested),
    }
    table(&subjects, &missing).await
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
