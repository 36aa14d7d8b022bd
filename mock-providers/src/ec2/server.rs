//! EC2 as a running server.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{Request as HttpRequest, header},
    response::Response,
};

use super::{
    account::{Account, Incoming, Tenant, TenantSettings},
    addresses::IPV6_IS_LOCAL,
    answer::Answer,
    catalog,
    clock::{self, Clock},
    control,
    error::Ec2Error,
    guests::GuestSettings,
    options::{Credentials, ServerOptions},
    signature::{Head, Signature},
    state::{IPV6_NETWORK, Ids},
};
use crate::{
    guest::{Lease, SshPort, free_port, random_uuid},
    http::{Authority, Listening, listen, listen_tls, random_token},
    locked::Locked,
    requests::{Request, RequestLog},
};

/// Longest body of a request. The largest that makes sense carries 16 KiB of user data and a thousand ids.
const MAX_BODY: usize = 1 << 20;
/// Name of the account that is always there.
const DEFAULT_ACCOUNT: &str = "default";
/// Region that is used when there is no reason for another.
pub(super) const DEFAULT_REGION: &str = "us-east-1";
/// Number of the first account.
const FIRST_NUMBER: u64 = 123_456_789_012;

/// A running mock EC2. Dropping it ends everything: all ports, all accounts, all instances.
#[derive(Debug)]
pub struct Server {
    accounts: Arc<Accounts>,
    api: Listening,
    https: Option<(Listening, String)>,
    control: Listening,
    control_token: String,
    ssh_port: Option<u16>,
}

/// The accounts, and what new ones are made with.
#[derive(Debug)]
pub(super) struct Accounts {
    settings: TenantSettings,
    tenants: Locked<Tenants>,
    /// Requests without a valid signature.
    refused: RequestLog,
}

#[derive(Debug, Default)]
struct Tenants {
    in_order: Vec<Arc<Tenant>>,
    by_access_key: HashMap<String, Arc<Tenant>>,
    made: u64,
}

impl Server {
    /// Starts a server with the account `default`.
    ///
    /// # Errors
    /// When an address cannot be had; `InvalidInput` when one is not a loopback address.
    pub async fn start(mut options: ServerOptions) -> io::Result<Self> {
        let addresses = [Some(options.listen), options.https_listen, Some(options.control_listen)];
        for address in addresses.into_iter().flatten() {
            if !address.ip().is_loopback() {
                let message = format!(
                    "{address} is not a loopback address; the mock is not made to be reached by others"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        let control_token = options.control_token.clone().unwrap_or_else(random_token);
        let credentials = options.credentials.clone().unwrap_or_else(Credentials::random);
        let (listen_at, https_at, control_at) =
            (options.listen, options.https_listen, options.control_listen);
        let ssh_port = ssh_port(options.ssh_port)?;
        options.guest_kind.require().await?;
        options.times.stop_timeout = options.guest_kind.shutdown_limit(options.times.stop_timeout);
        let guests = GuestSettings {
            kind: options.guest_kind,
            os: options.guest_os,
            engine_installed: options.engine_installed,
            ssh_port: ssh_port.map_or(SshPort::Ephemeral, SshPort::Fixed),
            boot: options.times.guest_boot,
        };
        let accounts = Arc::new(Accounts {
            settings: TenantSettings {
                options: Arc::new(options),
                guests: Arc::new(guests),
                ids: Ids::new(rand::random()),
                clock: Clock::start(),
            },
            tenants: Locked::default(),
            refused: RequestLog::default(),
        });
        accounts.add(DEFAULT_ACCOUNT, credentials);
        let router = Router::new().fallback(answer).with_state(Arc::downgrade(&accounts));
        let https = match https_at {
            None => None,
            Some(address) => {
                let authority = Authority::generate("Mock EC2 authority")?;
                let listening = listen_tls(address, router.clone(), authority.acceptor).await?;
                Some((listening, authority.certificate))
            }
        };
        let api = listen(listen_at, router).await?;
        let control = control::router(Arc::downgrade(&accounts), control_token.clone());
        let control = listen(control_at, control).await?;
        Ok(Self { accounts, api, https, control, control_token, ssh_port })
    }

    /// URL of the API, without a slash at the end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.api.address)
    }

    /// Address of the API.
    pub fn address(&self) -> SocketAddr {
        self.api.address
    }

    /// URL of the API over HTTPS, if it was asked for.
    pub fn https_endpoint(&self) -> Option<String> {
        let (listening, _) = self.https.as_ref()?;
        Some(format!("https://localhost:{}", listening.address.port()))
    }

    /// Certificate of the authority that clients of HTTPS must trust, as PEM.
    pub fn certificate_authority(&self) -> Option<&str> {
        self.https.as_ref().map(|(_, certificate)| certificate.as_str())
    }

    /// URL of the control port.
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", self.control.address)
    }

    /// Token of the control port.
    pub fn control_token(&self) -> &str {
        &self.control_token
    }

    /// Region that clients use when they have no reason for another.
    pub fn default_region(&self) -> &'static str {
        DEFAULT_REGION
    }

    /// Id of an image with Ubuntu 24.04, in the default region.
    pub fn usable_image(&self) -> String {
        catalog::ubuntu(DEFAULT_REGION)
    }

    /// Port of SSH on every instance; `None` where each has its own, because the system has one loopback address.
    pub fn ssh_port(&self) -> Option<u16> {
        self.ssh_port
    }

    /// Network of the IPv6 addresses that VPCs have.
    pub fn ipv6_network() -> String {
        let (network, length) = IPV6_NETWORK;
        format!("{network}/{length}")
    }

    /// Whether IPv6 addresses lead to the instances that have them: on Linux, if the whole network belonged to this
    /// machine when that was first asked. `ip -6 route add local NETWORK dev lo`, as root, makes it so.
    pub fn ipv6_is_local() -> bool {
        *IPV6_IS_LOCAL
    }

    /// The account with a name; made with credentials of its own when there is none.
    pub fn account(&self, name: &str) -> Account {
        self.accounts.account(name)
    }

    /// Requests that belong to no account, because their signature is missing or wrong.
    pub fn refused_requests(&self) -> Vec<Request> {
        self.accounts.refused.all()
    }

    /// Ends an account with all its instances. Its access key is unknown from now on.
    pub fn close_account(&self, name: &str) {
        self.accounts.close(name);
    }
}

/// The port that the SSH servers of all instances get.
fn ssh_port(choice: SshPort) -> io::Result<Option<u16>> {
    let lease = Lease::take()?;
    if lease.is_shared() || choice == SshPort::Ephemeral {
        return Ok(None);
    }
    free_port(&lease, choice).map(Some)
}

impl Accounts {
    fn add(&self, name: &str, credentials: Credentials) -> Account {
        let mut tenants = self.tenants.lock();
        let number = format!("{:012}", FIRST_NUMBER + tenants.made);
        tenants.made += 1;
        let access_key = credentials.access_key.clone();
        let tenant = Arc::new(Tenant::new(name, number, credentials, self.settings.clone()));
        tenants.in_order.push(Arc::clone(&tenant));
        tenants.by_access_key.insert(access_key, Arc::clone(&tenant));
        Account { tenant }
    }

    pub(super) fn account(&self, name: &str) -> Account {
        match self.existing(name) {
            Some(account) => account,
            None => self.add(name, Credentials::random()),
        }
    }

    pub(super) fn existing(&self, name: &str) -> Option<Account> {
        let tenants = self.tenants.lock();
        let tenant = tenants.in_order.iter().find(|tenant| tenant.name == name)?;
        Some(Account { tenant: Arc::clone(tenant) })
    }

    pub(super) fn names(&self) -> Vec<String> {
        let tenants = self.tenants.lock();
        tenants.in_order.iter().map(|tenant| tenant.name.clone()).collect()
    }

    pub(super) fn close(&self, name: &str) {
        let closed = {
            let mut tenants = self.tenants.lock();
            let index = tenants.in_order.iter().position(|tenant| tenant.name == name);
            let closed = index.map(|index| tenants.in_order.remove(index));
            if let Some(tenant) = &closed {
                tenants.by_access_key.remove(&tenant.credentials.access_key);
            }
            closed
        };
        if let Some(tenant) = closed {
            Account { tenant }.reset();
        }
    }

    fn by_access_key(&self, access_key: &str) -> Result<Arc<Tenant>, Ec2Error> {
        let tenants = self.tenants.lock();
        tenants.by_access_key.get(access_key).cloned().ok_or_else(Ec2Error::auth_failure)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Handles of accounts may outlive the server; their instances do not.
        for name in self.accounts.names() {
            self.accounts.close(&name);
        }
    }
}

async fn answer(State(accounts): State<Weak<Accounts>>, request: HttpRequest<Body>) -> Response {
    let request_id = random_uuid();
    let (parts, body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let head = Head { method: parts.method.as_str(), path: parts.uri.path(), query, headers: &parts.headers };
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let mut incoming = Incoming {
        method: head.method.to_owned(),
        path: head.path.to_owned(),
        query: without_signature(query),
        user_agent: user_agent.unwrap_or_default().to_owned(),
        parameters: String::new(),
        region: String::new(),
    };
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        let message = format!("The body of the request is longer than {MAX_BODY} bytes.");
        let error = Ec2Error::with_status(413, "RequestEntityTooLarge", message);
        return Answer::new(Err(error), request_id).into_response();
    };
    let Some(accounts) = accounts.upgrade() else {
        return Answer::new(Err(Ec2Error::internal()), request_id).into_response();
    };
    let text = String::from_utf8_lossy(&body);
    incoming.parameters = match (query.is_empty(), text.is_empty()) {
        (true, _) => text.into_owned(),
        (false, true) => query.to_owned(),
        (false, false) => format!("{query}&{text}"),
    };
    match accounts.authenticate(head, &body) {
        Ok((tenant, region)) => {
            incoming.region = region;
            // Not kept while answering, which may take as long as a fault wants.
            drop(accounts);
            tenant.answer(incoming, request_id).await
        }
        Err(error) => {
            incoming.parameters = without_signature(&incoming.parameters);
            let entry = accounts.refused.begin(incoming.request("", false));
            let answer = Answer::new(Err(error), request_id);
            accounts.refused.end(entry, answer.status_seen(), answer.body());
            answer.into_response()
        }
    }
}

impl Accounts {
    /// The account that signed a request, and the region that it is for.
    fn authenticate(&self, head: Head<'_>, body: &[u8]) -> Result<(Arc<Tenant>, String), Ec2Error> {
        let signature = Signature::read(head)?;
        let tenant = self.by_access_key(&signature.access_key)?;
        let Credentials { secret_key, session_token, .. } = &tenant.credentials;
        signature.verify(body, secret_key, session_token.as_deref(), clock::system_time())?;
        Ok((tenant, signature.region))
    }
}

/// A query without what would let its reader sign, for the log.
fn without_signature(query: &str) -> String {
    let is_kept = |pair: &&str| !pair.starts_with("X-Amz-");
    query.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
}
