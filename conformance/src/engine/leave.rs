//! What is left of a check for the user to look at: `--keep` and `--pause-on-failure`.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::{context::Context, event::CheckResult, limits::Limits, machine::Machine};

/// Somebody who looks at a failed check before it is cleaned up.
#[async_trait]
pub trait Pause: Send + Sync + fmt::Debug {
    /// Returns when the check may be cleaned up. `left` says for each machine how to log in and where its record is.
    async fn failed(&self, result: &CheckResult, left: &[String]);
}

/// For each machine that is there: how to log in, where its record is, and how to remove it.
pub(super) async fn describe(cx: &Context, machines: &[Arc<Machine>], limits: &Limits) -> Vec<String> {
    // A provider that cannot be listed: every machine may be there.
    let objects = cx.tenant().inventory().await.ok();
    let exists = |machine: &Machine| {
        objects.as_ref().is_none_or(|objects| {
            objects.iter().any(|object| {
                object.owner.as_deref() == Some(machine.name()) || object.name == machine.name()
            })
        })
    };
    let mut lines = Vec::new();
    for machine in machines.iter().filter(|machine| machine.create_was_called() && exists(machine)) {
        let name = machine.name();
        lines.push(match tokio::time::timeout(limits.getter(), machine.endpoint()).await {
            Ok(Ok(endpoint)) => format!(
                "machine {name}: ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i {} -p {} {}@{}",
                endpoint.key_path.display(),
                endpoint.port,
                endpoint.user,
                endpoint.host
            ),
            Ok(Err(error)) => format!("machine {name}: no way to log in: {error}"),
            Err(_) => format!("machine {name}: no way to log in: the driver does not answer"),
        });
        lines.push(format!(
            "machine {name}: its record is {}; to remove it: docker-machine --storage-path {} rm {name}",
            machine.dir().join("config.json").display(),
            machine.store().display()
        ));
    }
    lines
}
