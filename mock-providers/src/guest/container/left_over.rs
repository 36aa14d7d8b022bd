//! Containers whose process was killed before it could remove them.

use std::{collections::HashMap, io};

use bollard::{
    Docker,
    errors::Error,
    query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder},
};

use super::engine::failed;

/// Marks our containers.
pub(super) const MARK: &str = "machine-conformance.guest";
/// The process that made one; see [`Owner`].
const OWNER: &str = "machine-conformance.owner";

/// Labels of a container of this process.
pub(super) fn labels() -> io::Result<HashMap<String, String>> {
    let owner = Owner::this_process()?;
    Ok(HashMap::from([(MARK.to_owned(), "1".to_owned()), (OWNER.to_owned(), owner.to_string())]))
}

/// Removes the containers of processes that do not live any more.
pub(super) async fn remove(docker: &Docker) -> io::Result<()> {
    let filters = HashMap::from([("label", vec![MARK])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers = docker.list_containers(Some(options)).await;
    for container in containers.map_err(|error| failed("listing containers", &error))? {
        let owner = container.labels.as_ref().and_then(|labels| labels.get(OWNER));
        let is_left_over = owner.and_then(|text| Owner::parse(text)).is_some_and(|owner| owner.is_dead());
        if let (true, Some(id)) = (is_left_over, &container.id) {
            remove_one(docker, id).await.map_err(|error| failed("removing a left-over container", &error))?;
        }
    }
    Ok(())
}

/// Removes a container with its volumes. One that is gone, or going, is no error.
pub(super) async fn remove_one(docker: &Docker, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        result => result,
    }
}

/// A process, for all time: numbers of processes come again, with another time of start.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    /// Name space of its number; nothing is known about processes in others.
    space: String,
    process: u32,
    /// In ticks since the system was started.
    started: u64,
}

impl Owner {
    fn this_process() -> io::Result<Self> {
        let process = std::process::id();
        let started = started(process).ok_or_else(|| {
            io::Error::other(format!(
                "/proc/{process}/stat does not say when this process was started; is /proc mounted?"
            ))
        })?;
        Ok(Self { space: space()?, process, started })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        Some(Self {
            process: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            space: parts.next()?.to_owned(),
        })
    }

    /// Whether it certainly does not live any more.
    fn is_dead(&self) -> bool {
        let is_known = space().is_ok_and(|space| space == self.space);
        is_known && started(self.process) != Some(self.started)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} {}", self.process, self.started, self.space)
    }
}

/// Name space of process numbers.
fn space() -> io::Result<String> {
    let space = std::fs::read_link("/proc/self/ns/pid")?;
    Ok(space.display().to_string())
}

/// Time of start of a process; none when it does not exist, or has ended and nobody has noticed.
fn started(process: u32) -> Option<u64> {
    let line = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program, in parentheses, may contain anything.
    let (_, rest) = line.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_owner_is_not_dead_and_another_with_its_number_is() {
        let owner = Owner::this_process().unwrap();
        assert!(!owner.is_dead());
        assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
        let mut earlier = Owner::this_process().unwrap();
        earlier.started -= 1;
        assert!(earlier.is_dead());
    }

    #[test]
    fn nothing_is_known_about_processes_elsewhere() {
        let mut owner = Owner::this_process().unwrap();
        owner.started -= 1;
        owner.space = "pid:[1]".to_owned();
        assert!(!owner.is_dead());
    }
}
