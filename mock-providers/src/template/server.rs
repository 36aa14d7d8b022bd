//! The cloud as a running server.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{Request as HttpRequest, header},
    response::{IntoResponse, Response},
};

use super::{
    account::{Account, Incoming, Tenant},
    control,
    error::ApiError,
    ids::Ids,
    options::ServerOptions,
};
use crate::{
    http::{Listening, bearer, is_same, listen, random_token},
    locked::Locked,
    requests::{Request, RequestLog},
};

/// Longest body of a request.
const MAX_BODY: usize = 1 << 20;
/// Name of the account that is always there.
const DEFAULT_ACCOUNT: &str = "default";

/// A running Template Cloud. Dropping it ends everything: both ports, all accounts, all machines.
#[derive(Debug)]
pub struct Server {
    clouds: Arc<Accounts>,
    api: Listening,
    control: Listening,
    control_token: String,
}

/// The accounts, and what new ones are made with.
#[derive(Debug)]
pub(super) struct Accounts {
    options: ServerOptions,
    ids: Ids,
    tenants: Locked<Vec<Arc<Tenant>>>,
    /// Requests without a known token.
    refused: RequestLog,
}

impl Server {
    /// Starts a cloud with the account `default`.
    ///
    /// # Errors
    /// When an address cannot be had; `InvalidInput` when one is not a loopback address.
    pub async fn start(mut options: ServerOptions) -> io::Result<Self> {
        for address in [options.listen, options.control_listen] {
            if !address.ip().is_loopback() {
                let message = format!(
                    "{address} is not a loopback address; the mock is not made to be reached by others"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        options.guest_kind.require().await?;
        options.times.shutdown_timeout = options.guest_kind.shutdown_limit(options.times.shutdown_timeout);
        let control_token = options.control_token.clone().unwrap_or_else(random_token);
        let (listen_at, control_at) = (options.listen, options.control_listen);
        let default_token = options.token.clone().unwrap_or_else(random_token);
        let clouds = Arc::new(Accounts {
            options,
            ids: Ids::new(rand::random()),
            tenants: Locked::default(),
            refused: RequestLog::default(),
        });
        clouds.add(DEFAULT_ACCOUNT, default_token);
        let api = Router::new().fallback(answer).with_state(Arc::downgrade(&clouds));
        let api = listen(listen_at, api).await?;
        let control =
            listen(control_at, control::router(Arc::downgrade(&clouds), control_token.clone())).await?;
        Ok(Self { clouds, api, control, control_token })
    }

    /// URL of the API, without a slash at the end.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.api.address)
    }

    /// Address of the API.
    pub fn address(&self) -> SocketAddr {
        self.api.address
    }

    /// URL of the control port.
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", self.control.address)
    }

    /// Token of the control port.
    pub fn control_token(&self) -> &str {
        &self.control_token
    }

    /// The account with a name; made with a token of its own when there is none.
    pub fn account(&self, name: &str) -> Account {
        self.clouds.account(name)
    }

    /// Requests that belong to no account, because their token is missing or unknown.
    pub fn refused_requests(&self) -> Vec<Request> {
        self.clouds.refused.all()
    }

    /// Ends an account with all its machines. Its token is unknown from now on.
    pub fn close_account(&self, name: &str) {
        self.clouds.close(name);
    }
}

impl Accounts {
    fn add(&self, name: &str, token: String) -> Account {
        let tenant = Tenant::new(name, token, self.options.clone(), self.ids.clone());
        self.tenants.lock().push(Arc::clone(&tenant));
        Account { tenant }
    }

    pub(super) fn account(&self, name: &str) -> Account {
        match self.existing(name) {
            Some(account) => account,
            None => self.add(name, random_token()),
        }
    }

    pub(super) fn existing(&self, name: &str) -> Option<Account> {
        let tenants = self.tenants.lock();
        let tenant = tenants.iter().find(|tenant| tenant.name == name)?;
        Some(Account { tenant: Arc::clone(tenant) })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.tenants.lock().iter().map(|tenant| tenant.name.clone()).collect()
    }

    pub(super) fn close(&self, name: &str) {
        let closed = {
            let mut tenants = self.tenants.lock();
            let index = tenants.iter().position(|tenant| tenant.name == name);
            index.map(|index| tenants.remove(index))
        };
        if let Some(tenant) = closed {
            Account { tenant }.reset();
        }
    }

    /// The account of a token. Every token is compared, so that the time says nothing.
    fn by_token(&self, token: &str) -> Option<Arc<Tenant>> {
        let tenants = self.tenants.lock();
        tenants
            .iter()
            .fold(None, |found, tenant| if is_same(&tenant.token, token) { Some(tenant) } else { found })
            .cloned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Handles of accounts may outlive the cloud; their machines do not.
        for name in self.clouds.names() {
            self.clouds.close(&name);
        }
    }
}

async fn answer(State(clouds): State<Weak<Accounts>>, request: HttpRequest<Body>) -> Response {
    let Some(clouds) = clouds.upgrade() else {
        return ApiError::for_status(503).into_response();
    };
    let tenant = bearer(request.headers()).and_then(|token| clouds.by_token(token));
    let (parts, body) = request.into_parts();
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let mut incoming = Incoming {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        user_agent: user_agent.unwrap_or_default().to_owned(),
        body: Vec::new(),
    };
    let Some(tenant) = tenant else {
        let error = ApiError::for_status(401);
        let entry = clouds.refused.begin(incoming.request("", false, ""));
        clouds.refused.end(entry, Some(error.status), &error.body().to_string().into());
        return error.into_response();
    };
    // Not kept while answering, which may take as long as a fault wants.
    drop(clouds);
    match to_bytes(body, MAX_BODY).await {
        Ok(body) => incoming.body = body.to_vec(),
        Err(_) => return ApiError::for_status(413).into_response(),
    }
    tenant.answer(incoming).await
}
