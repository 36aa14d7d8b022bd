//! VirtualBox as a running server.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
};

use super::{
    account::{Account, Tenant},
    control,
    listener::{self, Listener},
    options::ServerOptions,
};
use crate::{
    http::{Listening, listen, random_token},
    locked::Locked,
    requests::{Request, RequestLog},
};

/// Name of the account that is always there.
const DEFAULT_ACCOUNT: &str = "default";

/// A running mock VirtualBox. Dropping it ends everything: both ports, all accounts with their VMs and folders.
#[derive(Debug)]
pub struct Server {
    accounts: Arc<Accounts>,
    control: Listening,
    control_token: String,
    _listener: Listener,
}

/// The accounts, and what new ones are made with.
#[derive(Debug)]
pub(super) struct Accounts {
    options: ServerOptions,
    /// Address of the state server.
    address: SocketAddr,
    tenants: Locked<Tenants>,
    /// Calls without a known token.
    pub(super) refused: RequestLog,
}

#[derive(Debug, Default)]
struct Tenants {
    in_order: Vec<Arc<Tenant>>,
    by_token: HashMap<String, Arc<Tenant>>,
}

impl Server {
    /// Starts a server with the account `default`.
    ///
    /// # Errors
    /// When an address or the folder cannot be had, or the executable is missing; `InvalidInput` when an address is not
    /// a loopback address.
    pub async fn start(options: ServerOptions) -> io::Result<Self> {
        for address in [options.listen, options.control_listen] {
            if !address.ip().is_loopback() {
                let message = format!(
                    "{address} is not a loopback address; the mock is not made to be reached by others"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        let control_token = options.control_token.clone().unwrap_or_else(random_token);
        let control_at = options.control_listen;
        let socket = listener::bind(options.listen).await?;
        let accounts = Arc::new(Accounts {
            address: socket.local_addr()?,
            options,
            tenants: Locked::default(),
            refused: RequestLog::default(),
        });
        accounts.account(DEFAULT_ACCOUNT)?;
        let control = control::router(Arc::downgrade(&accounts), control_token.clone());
        let control = listen(control_at, control).await?;
        Ok(Self {
            _listener: Listener::start(socket, Arc::downgrade(&accounts)),
            accounts,
            control,
            control_token,
        })
    }

    /// URL of the control port.
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", self.control.address)
    }

    /// Token of the control port.
    pub fn control_token(&self) -> &str {
        &self.control_token
    }

    /// URL of the image that guests boot from, for drivers that download it; anybody may.
    pub fn image_url(&self) -> String {
        format!("{}{}", self.control_endpoint(), control::IMAGE)
    }

    /// The account with a name; made with a folder of its own when there is none.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn account(&self, name: &str) -> io::Result<Account> {
        self.accounts.account(name)
    }

    /// Calls that belong to no account, because their token is unknown.
    pub fn refused_requests(&self) -> Vec<Request> {
        self.accounts.refused.all()
    }

    /// Ends an account with all its VMs, and removes its folder.
    pub fn close_account(&self, name: &str) {
        self.accounts.close(name);
    }
}

impl Accounts {
    pub(super) fn account(&self, name: &str) -> io::Result<Account> {
        if let Some(account) = self.existing(name) {
            return Ok(account);
        }
        let token = random_token();
        let tenant = Tenant::new(name, &token, self.address, &self.options)?;
        let mut tenants = self.tenants.lock();
        // Somebody else may have made it meanwhile.
        if let Some(tenant) = tenants.in_order.iter().find(|tenant| tenant.name == name) {
            return Ok(Account { tenant: Arc::clone(tenant) });
        }
        tenants.in_order.push(Arc::clone(&tenant));
        tenants.by_token.insert(token, Arc::clone(&tenant));
        Ok(Account { tenant })
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
                tenants.by_token.retain(|_, other| !Arc::ptr_eq(other, tenant));
            }
            closed
        };
        if let Some(tenant) = closed {
            tenant.end();
            Account { tenant }.reset();
        }
    }

    /// The account of a token.
    pub(super) fn by_token(&self, token: &str) -> Option<Arc<Tenant>> {
        self.tenants.lock().by_token.get(token).cloned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Handles of accounts may outlive the server; their VMs do not.
        for name in self.accounts.names() {
            self.accounts.close(&name);
        }
    }
}

/// A way to the accounts that does not keep the server alive.
pub(super) type Way = Weak<Accounts>;
