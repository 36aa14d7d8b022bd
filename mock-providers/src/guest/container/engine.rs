//! The Docker engine of this machine, and what a container is made with.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use bollard::{
    Docker,
    errors::Error,
    models::{ContainerCreateBody, HostConfig},
};

use super::left_over;

/// The image that `mock-providers/images/guest/build` makes.
const IMAGE: &str = "machine-conformance/guest:1";
/// Longest time until an engine has to have said that it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Where bridges of this machine are not, and nobody reaches a container's own address.
const IS_SUPPORTED: bool = cfg!(target_os = "linux");

/// What a machine with an engine needs. Not `privileged`: an engine without `CAP_SYS_RESOURCE` cannot give that.
const CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_CHROOT",
    "SYS_PTRACE",
];

/// A way to the engine; only a local one, because the containers' addresses must be reachable.
pub(super) fn connect() -> io::Result<Docker> {
    if !IS_SUPPORTED {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "guests that are containers need Linux: elsewhere their addresses cannot be reached",
        ));
    }
    Docker::connect_with_unix_defaults().map_err(|error| unreachable(&error))
}

/// Checks that there are an engine and the image, and removes what dead processes have left.
pub(crate) async fn require() -> io::Result<()> {
    let docker = connect()?;
    match tokio::time::timeout(ANSWER_LIMIT, docker.ping()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(_) => return Err(unreachable(&format!("no answer within {ANSWER_LIMIT:?}"))),
    }
    let docker = negotiated(docker).await?;
    if let Err(error) = docker.inspect_image(IMAGE).await {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!(
                "the Docker engine has no image {IMAGE}, of which guests are made ({error}); build it with \
                 mock-providers/images/guest/build"
            ),
        ));
    }
    left_over::remove(&docker).await
}

/// Speaks the version of the protocol that the engine knows.
pub(super) async fn negotiated(docker: Docker) -> io::Result<Docker> {
    docker.negotiate_version().await.map_err(|error| failed("agreeing on a version of the protocol", &error))
}

fn unreachable(reason: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        format!(
            "no Docker engine can be reached, which guests that are containers need: {reason}. Start dockerd, let this \
             user open its socket (group docker), or name another socket in DOCKER_HOST=unix://..."
        ),
    )
}

/// An error of the engine, with what was attempted.
pub(super) fn failed(attempt: &str, error: &Error) -> io::Error {
    io::Error::other(format!("the Docker engine failed when {attempt}: {error}"))
}

/// What a container is made with.
pub(super) fn body(host_name: &str) -> io::Result<ContainerCreateBody> {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    Ok(ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        hostname: Some(host_name.to_owned()),
        labels: Some(left_over::labels()?),
        host_config: Some(HostConfig {
            cap_drop: words(&["ALL"]),
            cap_add: words(CAPABILITIES),
            security_opt: words(&["seccomp=unconfined", "apparmor=unconfined"]),
            masked_paths: Some(Vec::new()),
            readonly_paths: Some(Vec::new()),
            tmpfs: Some(HashMap::from([
                ("/run".to_owned(), "exec".to_owned()),
                ("/tmp".to_owned(), "exec".to_owned()),
            ])),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    })
}

/// Address of a running container.
pub(super) async fn address(docker: &Docker, id: &str) -> io::Result<Ipv4Addr> {
    let container =
        docker.inspect_container(id, None).await.map_err(|error| failed("looking at a container", &error))?;
    let networks = container.network_settings.and_then(|settings| settings.networks);
    let addresses = networks.into_iter().flatten();
    addresses
        .filter_map(|(_, network)| network.ip_address)
        .find_map(|address| match address.parse() {
            Ok(IpAddr::V4(address)) => Some(address),
            _ => None,
        })
        .ok_or_else(|| {
            io::Error::other(format!(
                "the container {id} has no IPv4 address; the engine must have a default network"
            ))
        })
}
