//! What checks ask about the provider and the network, with the answers in the words of reports.

use std::fmt::Display;

use machine_driver::{State, ssh::Output};

use crate::{
    check::Stop,
    context::Context,
    machine::Machine,
    world::{Object, WorldError},
};

/// Kind of the inventory objects that are machines.
pub(crate) const INSTANCE_KINDS: [&str; 3] = ["server", "instance", "vm"];

/// Command that prints the boot id.
const BOOT_ID: &str = "cat /proc/sys/kernel/random/boot_id";

/// Sets `d` to a folder of the guest that outlives a reboot; Boot2Docker keeps hardly any other.
const LASTING: &str = "d=/var/lib/boot2docker; test -d $d || d=/var/lib";

/// Objects as one line, sorted.
pub fn objects_of(objects: &[Object]) -> String {
    if objects.is_empty() {
        return "nothing".to_owned();
    }
    let mut lines: Vec<_> =
        objects.iter().map(|object| format!("{} {} ({})", object.kind, object.id, object.name)).collect();
    lines.sort();
    lines.join(", ")
}

/// The objects of `after` that are not in `before`, by kind and id.
pub fn left_over(before: &[Object], after: &[Object]) -> Vec<Object> {
    let same = |a: &Object, b: &Object| a.kind == b.kind && a.id == b.id;
    after.iter().filter(|object| !before.iter().any(|old| same(old, object))).cloned().collect()
}

/// The instances among some objects.
pub(crate) fn instances_of(objects: &[Object]) -> Vec<Object> {
    let mut instances = objects.to_vec();
    instances.retain(|object| INSTANCE_KINDS.contains(&object.kind.as_str()));
    instances
}

/// Whether SSH comes through a forwarded port of this computer, so that its host is not the guest's address.
pub(crate) fn is_forwarded(ssh_host: &str) -> bool {
    ["127.0.0.1", "localhost", "::1"].contains(&ssh_host)
}

/// Host and port of an engine URL `tcp://HOST:PORT`; brackets of an IPv6 host are kept.
pub fn parse_engine_url(text: &str) -> Result<(String, u16), String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    if url.scheme() != "tcp" {
        return Err(format!("its scheme is {:?}", url.scheme()));
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it has no host")?;
    let port = url.port().ok_or("it has no port")?;
    Ok((host.to_owned(), port))
}

impl Context {
    /// All objects of the provider.
    ///
    /// # Errors
    /// [`Stop::Environment`] if they cannot be listed.
    pub async fn inventory(&self) -> Result<Vec<Object>, Stop> {
        Ok(self.tenant().inventory().await?)
    }

    /// The provider's instances.
    ///
    /// # Errors
    /// [`Stop::Environment`] if they cannot be listed.
    pub async fn instances(&self) -> Result<Vec<Object>, Stop> {
        Ok(instances_of(&self.inventory().await?))
    }

    /// Waits until the inventory is back at `baseline`.
    ///
    /// # Errors
    /// What is left at the end of the settle window, as a sentence.
    pub async fn back_to(&self, baseline: &[Object]) -> Result<(), String> {
        let limits = self.limits();
        let back = limits
            .machine_waits()
            .until(&limits.settle(), || async {
                let now = self.tenant().inventory().await.map_err(|error| environment(&error))?;
                Ok(left_over(baseline, &now).is_empty().then_some(()))
            })
            .await;
        match back {
            Ok(()) => Ok(()),
            Err(_) => {
                let now = self.tenant().inventory().await.map_err(|error| error.to_string())?;
                Err(format!("left behind: {}", objects_of(&left_over(baseline, &now))))
            }
        }
    }

    /// Host and port of an engine URL; a malformed one is a problem under `clause`.
    pub fn host_and_port(&self, clause: &'static str, url: &str) -> Option<(String, u16)> {
        match parse_engine_url(url) {
            Ok(parts) => Some(parts),
            Err(why) => {
                self.rule(clause).broken("GetURL answers tcp://HOST:PORT", format!("{url:?}: {why}"));
                None
            }
        }
    }

    /// Connects to a port from outside, within the window that SSH has.
    ///
    /// # Errors
    /// The last error of the connection.
    pub async fn reaches(&self, host: &str, port: u16) -> machine_driver::Result<()> {
        let limits = self.limits();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        limits
            .machine_waits()
            .until(&limits.ssh(), || async move {
                Ok(tokio::net::TcpStream::connect((host, port)).await.ok().map(drop))
            })
            .await
    }

    /// Boot id of the guest, over SSH.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if SSH does not answer.
    pub async fn boot_id(&self, machine: &Machine) -> Result<String, Stop> {
        let output = machine
            .guest(BOOT_ID)
            .await
            .map_err(|error| self.prerequisite("reading the boot id over SSH", &error))?;
        Ok(boot_id_in(&output))
    }

    /// Reads the boot id with one login.
    ///
    /// # Errors
    /// [`Stop`] if the driver does not say where the guest is; inside, if the guest does not let anybody in.
    pub async fn boot_id_at_once(&self, machine: &Machine) -> Result<machine_driver::Result<String>, Stop> {
        let endpoint = machine
            .endpoint()
            .await
            .map_err(|error| self.prerequisite("asking the driver where its guest is", &error))?;
        let output = machine.guest_once(&endpoint, BOOT_ID).await;
        Ok(output.map(|output| boot_id_in(&output)))
    }

    /// Waits until the guest answers with another boot id than `before`.
    ///
    /// # Errors
    /// If it still has the old one at the end of the window.
    pub async fn boot_id_changes(&self, machine: &Machine, before: &str) -> machine_driver::Result<()> {
        let limits = self.limits();
        let endpoint = machine.endpoint().await?;
        limits
            .machine_waits()
            .until(&limits.settle(), || async {
                let output = machine.guest_once(&endpoint, BOOT_ID).await;
                let changed = output.is_ok_and(|output| {
                    let now = boot_id_in(&output);
                    !now.is_empty() && now != before
                });
                Ok(changed.then_some(()))
            })
            .await
    }

    /// Connects to a port from outside with one try, no longer than a working one would take.
    pub async fn reaches_at_once(&self, host: &str, port: u16) -> bool {
        let limits = self.limits();
        let limit = limits.process_waits().scale(limits.sample().deadline);
        let connecting = tokio::net::TcpStream::connect((host, port));
        tokio::time::timeout(limit, connecting).await.is_ok_and(|connected| connected.is_ok())
    }

    /// The machine's instance, as the provider has it.
    ///
    /// # Errors
    /// [`Stop::Environment`] if the inventory does not say which one it is.
    pub async fn instance_of(&self, machine: &str) -> Result<Object, Stop> {
        let instances = self.instances().await?;
        let mut found = instances
            .into_iter()
            .filter(|object| object.owner.as_deref() == Some(machine) || object.name.contains(machine));
        found.next().ok_or_else(|| Stop::Environment(format!("the inventory has no instance of {machine}")))
    }

    /// Writes a file to the guest's disk, and returns what it wrote.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if SSH does not answer.
    pub async fn mark_disk(&self, machine: &Machine) -> Result<String, Stop> {
        let mark = format!("{:016x}", self.random("mark"));
        let write = format!("{LASTING}; echo {mark} | sudo tee $d/conformance-mark && sync");
        machine
            .guest(&write)
            .await
            .map_err(|error| self.prerequisite("writing to the disk over SSH", &error))?;
        Ok(mark)
    }

    /// What is in the file that [`mark_disk`](Self::mark_disk) wrote.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if SSH does not answer.
    pub async fn disk_mark(&self, machine: &Machine) -> Result<String, Stop> {
        let output = machine
            .guest(&format!("{LASTING}; sudo cat $d/conformance-mark"))
            .await
            .map_err(|error| self.prerequisite("reading from the disk over SSH", &error))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Address of the machine's instance, as the provider has it.
    ///
    /// # Errors
    /// [`Stop::Environment`] if the inventory does not say.
    pub async fn instance_address(&self, machine: &str) -> Result<String, Stop> {
        let address = self.instance_of(machine).await?.attributes.get("address").cloned();
        address.ok_or_else(|| Stop::Environment(format!("the inventory has no address for {machine}")))
    }

    /// The states in which the provider can suspend instances ([`Need::Pause`](crate::check::Need::Pause)).
    pub fn suspended_states(&self) -> &'static [State] {
        match self.tenant().can_save() {
            true => &[State::Paused, State::Saved],
            false => &[State::Paused],
        }
    }

    /// Pauses or saves the machine's instance behind the driver's back ([`Need::Pause`](crate::check::Need::Pause)).
    ///
    /// # Errors
    /// [`Stop::Environment`] if the provider cannot do it; [`Stop::Suite`] for any other state.
    pub async fn suspend(&self, machine: &Machine, state: State) -> Result<(), Stop> {
        match state {
            State::Paused => Ok(self.tenant().pause(machine.name()).await?),
            State::Saved => Ok(self.tenant().save(machine.name()).await?),
            other => Err(Stop::Suite(format!("{other} is no state of a suspended instance"))),
        }
    }

    /// Ends a check because a step that it only needs as preparation failed.
    pub fn prerequisite(&self, step: &str, error: &dyn Display) -> Stop {
        Stop::Prerequisite(format!("{step} failed: {error}"))
    }
}

fn boot_id_in(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn environment(error: &WorldError) -> machine_driver::Error {
    machine_driver::Error::new(machine_driver::ErrorKind::Other, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::parse_engine_url;

    #[test]
    fn engine_urls() {
        assert_eq!(parse_engine_url("tcp://203.0.113.9:2376"), Ok(("203.0.113.9".to_owned(), 2376)));
        assert_eq!(parse_engine_url("tcp://[2001:db8::1]:2376"), Ok(("[2001:db8::1]".to_owned(), 2376)));
        for wrong in
            ["", "203.0.113.9", "tcp://203.0.113.9", "tcp://:2376", "http://203.0.113.9:2376", "tcp://h:x"]
        {
            assert!(parse_engine_url(wrong).is_err(), "{wrong}");
        }
    }
}
