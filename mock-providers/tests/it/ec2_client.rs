//! A small client of EC2 that signs its requests.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use machine_mock_providers::ec2::{Account, Credentials, Server, ServerOptions};
use ring::{digest, hmac};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::ssh_client::LIMIT;

/// An answer of EC2.
#[derive(Debug)]
pub(crate) struct Ec2Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Ec2Answer {
    /// Texts of all elements with a name that hold no others.
    pub(crate) fn values(&self, tag: &str) -> Vec<&str> {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        let pieces = self.body.split(&open).skip(1);
        let texts = pieces.filter_map(|piece| piece.split_once(&close));
        texts.map(|(text, _)| text).filter(|text| !text.contains('<')).collect()
    }

    /// Text of the first element with a name.
    pub(crate) fn value(&self, tag: &str) -> Option<&str> {
        self.values(tag).first().copied()
    }

    /// Code of an error.
    pub(crate) fn code(&self) -> &str {
        self.value("Code").unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.value("Message").unwrap_or_default()
    }

    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, 200, "{self:?}");
        self
    }
}

/// A client with credentials in a region.
#[derive(Clone, Debug)]
pub(crate) struct Ec2Client {
    pub(crate) address: SocketAddr,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) version: String,
}

pub(crate) async fn ec2(options: ServerOptions) -> (Server, Account, Ec2Client) {
    let server = Server::start(options).await.unwrap();
    let account = server.account("tests");
    let client = Ec2Client::new(&server, &account);
    (server, account, client)
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Ec2Client {
    pub(crate) fn new(server: &Server, account: &Account) -> Self {
        Self {
            address: server.address(),
            credentials: account.credentials().clone(),
            region: server.default_region().to_owned(),
            version: "2016-11-15".to_owned(),
        }
    }

    pub(crate) async fn call(&self, action: &str, parameters: &[(&str, &str)]) -> Ec2Answer {
        self.try_call(action, parameters).await.unwrap()
    }

    pub(crate) async fn try_call(
        &self,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> std::io::Result<Ec2Answer> {
        let mut body = format!("Action={action}&Version={}", self.version);
        for (name, value) in parameters {
            body += &format!("&{name}={}", encode(value));
        }
        self.post(&body, SystemTime::now()).await
    }

    /// Sends a form that is signed for a time.
    pub(crate) async fn post(&self, body: &str, time: SystemTime) -> std::io::Result<Ec2Answer> {
        let head = self.signed(body, time);
        send(self.address, &format!("POST / HTTP/1.1\r\n{head}\r\n{body}")).await
    }

    fn signed(&self, body: &str, time: SystemTime) -> String {
        let time = basic_time(time);
        let date = &time[..8];
        let host = self.address.to_string();
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        let token = self.credentials.session_token.as_deref();
        let names = match token {
            Some(_) => "content-type;host;x-amz-date;x-amz-security-token",
            None => "content-type;host;x-amz-date",
        };
        let token_line = token.map(|token| format!("x-amz-security-token:{token}\n")).unwrap_or_default();
        let hash = hex(digest::digest(&digest::SHA256, body.as_bytes()));
        let canonical = format!(
            "POST\n/\n\ncontent-type:{form}\nhost:{host}\nx-amz-date:{time}\n{token_line}\n{names}\n{hash}"
        );
        let scope = format!("{date}/{}/ec2/aws4_request", self.region);
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let first = format!("AWS4{}", self.credentials.secret_key).into_bytes();
        let key = [date, &self.region, "ec2", "aws4_request"].iter().fold(first, |key, part| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            hmac::sign(&key, part.as_bytes()).as_ref().to_vec()
        });
        let signature = hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes()));
        let token_header =
            token.map(|token| format!("X-Amz-Security-Token: {token}\r\n")).unwrap_or_default();
        format!(
            "Host: {host}\r\nUser-Agent: it/1\r\nConnection: close\r\nContent-Type: {form}\r\nContent-Length: {}\r\n\
             X-Amz-Date: {time}\r\n{token_header}Authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, \
             SignedHeaders={names}, Signature={signature}\r\n",
            body.len(),
            self.credentials.access_key
        )
    }

    /// Imports a key pair.
    pub(crate) async fn import_key(&self, name: &str, line: &str) {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let material = BASE64_STANDARD.encode(line);
        let parameters = [("KeyName", name), ("PublicKeyMaterial", material.as_str())];
        self.call("ImportKeyPair", &parameters).await.succeeded();
    }

    /// Makes a security group; the answer is its id.
    pub(crate) async fn group(&self, name: &str) -> String {
        let parameters = [("GroupName", name), ("GroupDescription", "tests")];
        let made = self.call("CreateSecurityGroup", &parameters).await.succeeded();
        made.value("groupId").unwrap().to_owned()
    }

    /// Makes a security group that lets SSH through; the answer is its id.
    pub(crate) async fn group_with_ssh(&self, name: &str) -> String {
        let group = self.group(name).await;
        self.call("AuthorizeSecurityGroupIngress", &rule(&group, "22", EVERYWHERE)).await.succeeded();
        group
    }

    /// Launches instances; the answer has their ids.
    pub(crate) async fn run(&self, image: &str, parameters: &[(&str, &str)]) -> Ec2Answer {
        let mut all =
            vec![("ImageId", image), ("MinCount", "1"), ("MaxCount", "1"), ("InstanceType", "t3.micro")];
        // What is given replaces what is usual.
        all.retain(|(name, _)| !parameters.iter().any(|(other, _)| other == name));
        all.extend(parameters);
        self.call("RunInstances", &all).await
    }

    pub(crate) async fn describe(&self, id: &str) -> Ec2Answer {
        self.call("DescribeInstances", &[("InstanceId.1", id)]).await
    }

    /// Polls an instance until it is in a state.
    pub(crate) async fn reaches(&self, id: &str, state: &str) -> Ec2Answer {
        let polling = async {
            loop {
                let answer = self.describe(id).await.succeeded();
                if answer.value("name") == Some(state) {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let reached = tokio::time::timeout(LIMIT, polling).await;
        reached.unwrap_or_else(|_| panic!("{id} does not reach {state}"))
    }
}

/// Sends bytes on a connection of their own.
pub(crate) async fn send(address: SocketAddr, request: &str) -> std::io::Result<Ec2Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Ec2Answer { status: status.unwrap_or(0), head: head.to_ascii_lowercase(), body: body.to_owned() })
}

/// `20261122T232650Z`
fn basic_time(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (mut days, rest) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while days >= if is_leap(year) { 366 } else { 365 } {
        days -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 1;
    for length in [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    format!("{year:04}{month:02}{:02}T{:02}{:02}{:02}Z", days + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

/// Block of all IPv4 addresses.
pub(crate) const EVERYWHERE: &str = "0.0.0.0/0";

/// Parameters of a rule for a TCP port of a security group.
pub(crate) fn rule<'a>(group: &'a str, port: &'a str, block: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", port),
        ("IpPermissions.1.ToPort", port),
        ("IpPermissions.1.IpRanges.1.CidrIp", block),
    ]
}
