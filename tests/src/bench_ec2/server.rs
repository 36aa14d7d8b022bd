//! The servers: how they are started and what they are asked for.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, ensure};

use crate::{
    load::{Connection, Credentials, Processes, form, post},
    python_tools::PythonTools,
};

/// Longest time until a server answers.
const START: Duration = Duration::from_secs(60);
/// Time between two looks whether a server answers: the resolution of that figure.
const RESOLUTION: Duration = Duration::from_micros(200);
const REGION: &str = "us-east-1";
/// An image that moto and ministack have; ours is asked.
const IMAGE_OF_PEERS: &str = "ami-785db401";

/// A server that is measured.
#[derive(Clone, Debug)]
pub struct Peer {
    /// As it is called in the table.
    pub name: String,
    /// Program and arguments; `{port}` is replaced.
    command: Vec<String>,
    image: Option<String>,
}

impl Peer {
    /// A server by its command line, in which `{port}` stands for the port of 127.0.0.1 to listen at.
    pub fn new(name: &str, command: &str) -> Self {
        Self {
            name: name.to_owned(),
            command: command.split_whitespace().map(str::to_owned).collect(),
            image: Some(IMAGE_OF_PEERS.to_owned()),
        }
    }

    pub(super) fn ours(mock: &Path) -> Self {
        let Credentials { access_key, secret_key } = credentials();
        let program = mock.display().to_string();
        let arguments = ["mock", "ec2", "--quiet", "--json", "--listen", "127.0.0.1:{port}"];
        let mut command = vec![program];
        command.extend(arguments.map(str::to_owned));
        command.extend(["--access-key".to_owned(), access_key, "--secret-key".to_owned(), secret_key]);
        Self { name: "ours".to_owned(), command, image: None }
    }

    pub(super) fn moto(tools: &PythonTools) -> Self {
        Self::new("moto", &format!("{} -H 127.0.0.1 -p {{port}}", tools.moto_server().display()))
    }
}

/// What all requests are signed with; only ours looks at it.
pub(super) fn credentials() -> Credentials {
    Credentials {
        access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
    }
}

/// A running server; it is killed on drop.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    connection: Connection,
    /// From the start of the process to its first answer.
    pub(super) first_answer: Duration,
    pub(super) image: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(super) fn start(peer: &Peer) -> anyhow::Result<Self> {
        // Free at the moment; servers that choose a port themselves do not all tell it.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut words = peer.command.iter().map(|word| word.replace("{port}", &port.to_string()));
        let program = words.next().context("a peer's command is empty")?;
        let mut command = Command::new(Path::new(&program));
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let child = command.spawn().with_context(|| format!("{} does not start", peer.name))?;
        let mut server = Self {
            child,
            address,
            connection: Connection::new(address),
            first_answer: Duration::ZERO,
            image: String::new(),
        };
        let request = server.request(&form("DescribeRegions", &[]));
        loop {
            match server.connection.exchange(&request) {
                Ok(reply) if reply.status == 200 => break,
                Ok(reply) => anyhow::bail!("{} answers {} to DescribeRegions", peer.name, reply.status),
                Err(error) => ensure!(begin.elapsed() < START, "{} does not answer: {error}", peer.name),
            }
            if let Some(status) = server.child.try_wait()? {
                anyhow::bail!("{} ended with {status}", peer.name);
            }
            #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
            std::thread::sleep(RESOLUTION);
        }
        server.first_answer = begin.elapsed();
        server.image = match &peer.image {
            Some(image) => image.clone(),
            None => server.ubuntu()?,
        };
        Ok(server)
    }

    fn ubuntu(&mut self) -> anyhow::Result<String> {
        let filters = [("Filter.1.Name", "name"), ("Filter.1.Value.1", "ubuntu/images/*24.04-amd64*")];
        let body = self.call("DescribeImages", &filters)?;
        let image = values(&body, "imageId").next().context("no image of Ubuntu 24.04")?;
        Ok(image.to_owned())
    }

    /// A signed request to this server.
    pub(super) fn request(&self, body: &str) -> Vec<u8> {
        post(&self.address.to_string(), REGION, body, &credentials(), SystemTime::now())
    }

    /// Makes one call that must succeed; its answer.
    pub(super) fn call(&mut self, action: &str, parameters: &[(&str, &str)]) -> anyhow::Result<String> {
        let request = self.request(&form(action, parameters));
        let reply = self.connection.exchange(&request)?;
        let body = String::from_utf8_lossy(reply.body).into_owned();
        ensure!(reply.status == 200, "{action} is answered with {}: {body:.300}", reply.status);
        Ok(body)
    }

    /// Orders so many more instances in one call, in the subnet.
    pub(super) fn launch(&mut self, count: usize, more: &[(&str, &str)]) -> anyhow::Result<String> {
        let (image, count) = (self.image.clone(), count.to_string());
        let mut parameters = vec![("ImageId", image.as_str()), ("InstanceType", "t2.micro")];
        parameters.extend([("MinCount", count.as_str()), ("MaxCount", count.as_str())]);
        parameters.extend(more);
        self.call("RunInstances", &parameters)
    }

    pub(super) fn processes(&self) -> Processes {
        Processes::below(self.child.id())
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// Texts of all elements with this name.
pub(super) fn values<'a>(xml: &'a str, element: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&open)?;
        let (value, after) = after.split_once(&close)?;
        rest = after;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_name() {
        let found: Vec<_> = values("<a><id>1</id><ids>x</ids></a><id>2</id>", "id").collect();
        assert_eq!(found, ["1", "2"]);
    }
}
