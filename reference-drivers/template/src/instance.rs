use std::time::Duration;

use machine_driver::{
    Context, Driver, Error, ErrorKind, Result, quoted,
    ssh::{self, Endpoint},
    wait::Wait,
};
use machine_driver_http::Http;

use crate::{
    api::{Action, Api},
    dialect::DIALECT,
    driver::TemplateDriver,
    names::{self, OWNER_TAG},
    options::DEFAULT_ENDPOINT,
    server::{Server, ServerState},
};

// Every wait has a name, which errors quote, and an end (CREATE-017, START-010, STOP-007, RM-018). Each is much longer
// than the deadline of a request, so that one request without an answer does not use it up (FAULT-001).
pub(crate) const SHOWN: Wait = wait("the provider to show what it has made", 180, 1);
pub(crate) const SEARCHED: Wait = wait("the provider to show what it may have made", 20, 1);
pub(crate) const RUNNING: Wait = wait("the server to run and have an address", 300, 1);
pub(crate) const SHUT_DOWN: Wait = wait("the guest to shut down", 180, 1);
pub(crate) const POWERED_OFF: Wait = wait("the server to be off", 180, 1);
pub(crate) const GONE: Wait = wait("the server to be gone", 180, 1);

const fn wait(name: &'static str, deadline: u64, interval: u64) -> Wait {
    Wait::new(name, Duration::from_secs(deadline), Duration::from_secs(interval))
}

/// The machine's server, as all methods need it.
impl TemplateDriver {
    pub(crate) fn api(&self, cx: &Context) -> Result<Api> {
        let endpoint = if self.endpoint.is_empty() { DEFAULT_ENDPOINT } else { &self.endpoint };
        let http = Http::new(DIALECT, &self.client, endpoint, cx)?;
        Ok(Api(http.with_token(&self.token, !self.server_id.is_empty())))
    }

    /// By the recorded id, or before it is known by name and owner: never by name alone (RM-016).
    pub(crate) async fn find(&self, api: &Api) -> Result<Option<Server>> {
        if !self.server_id.is_empty() {
            return api.object(&self.server_id).await;
        }
        let owner = self.owner();
        let mut named = api.named::<Server>(&self.base.machine_name).await?.into_iter();
        Ok(named.find(|server| server.tags.get(OWNER_TAG) == Some(&owner)))
    }

    /// As [`find`](Self::find); no server is an error (START-007, STOP-006, RST-007, STATE-006).
    pub(crate) async fn existing(&self, api: &Api) -> Result<Server> {
        self.find(api).await?.ok_or_else(|| self.gone())
    }

    fn gone(&self) -> Error {
        let machine = &self.base.machine_name;
        if self.server_id.is_empty() {
            return Error::new(
                ErrorKind::Other,
                format!("machine {machine} has no server: it was not created"),
            );
        }
        let text = format!("machine {machine} not found: the provider has no server {}", self.server_id);
        Error::new(ErrorKind::NotFound, text)
    }

    pub(crate) async fn act(&self, api: &Api, id: &str, action: Action) -> Result<()> {
        api.act(id, action).await?.ok_or_else(|| self.gone())
    }

    /// Waits for a state of the server; it may still be in the old one for a while.
    pub(crate) async fn reach(
        &self,
        api: &Api,
        cx: &Context,
        id: &str,
        wait: &Wait,
        wanted: ServerState,
    ) -> Result<Server> {
        let reached = cx.waits().until(wait, || async {
            let server = api.object::<Server>(id).await?.ok_or_else(|| self.gone())?;
            failed(&server)?;
            let usable = wanted != ServerState::Running || server.address.is_some();
            Ok((server.state == wanted && usable).then_some(server))
        });
        reached.await.map_err(|error| error.with_context("server", id))
    }

    /// Waits until the server runs and its guest answers (CREATE-003, CREATE-004, START-002, START-003).
    pub(crate) async fn come_up(&mut self, api: &Api, cx: &Context, id: &str) -> Result<()> {
        cx.log().info("Waiting for the server to run...");
        let server = self.reach(api, cx, id, &RUNNING, ServerState::Running).await?;
        self.record(&server);
        cx.publish(self);
        if let Some(endpoint) = self.guest(&server) {
            cx.log().info("Waiting for SSH...");
            ssh::wait_until_ready(&endpoint, cx.waits()).await?;
        }
        Ok(())
    }

    pub(crate) async fn power_down(
        &self,
        api: &Api,
        cx: &Context,
        id: &str,
        action: Action,
        wait: &Wait,
    ) -> Result<()> {
        if let Err(error) = self.act(api, id, action).await {
            // It may have stopped by itself in the meantime.
            return if self.existing(api).await?.state == ServerState::Off { Ok(()) } else { Err(error) };
        }
        let reached = self.reach(api, cx, id, wait, ServerState::Off).await;
        reached.map(drop).map_err(|error| match (error.kind(), action) {
            (ErrorKind::Timeout, Action::Shutdown) => {
                error.with_context("hint", "kill does not ask the guest")
            }
            _ => error,
        })
    }

    /// The guest's boot id, if it answers soon.
    pub(crate) async fn boot_id(&self, cx: &Context, server: &Server) -> Option<ssh::BootId> {
        ssh::current_boot(&self.guest(server)?, cx.waits()).await
    }

    fn guest(&self, server: &Server) -> Option<Endpoint> {
        let port = server.ssh_port.unwrap_or_else(|| self.ssh_port());
        Some(Endpoint { port, ..self.ssh_endpoint(server.address?.to_string()) })
    }

    /// Takes over what the provider chose (START-004, START-011, NET-010).
    pub(crate) fn record(&mut self, server: &Server) {
        if let Some(address) = server.address {
            self.base.ip_address = address.to_string();
            self.base.ipv6_address = if address.is_ipv6() { address.to_string() } else { String::new() };
        }
        self.base.ssh_port = server.ssh_port.unwrap_or_else(|| self.ssh_port());
    }

    pub(crate) fn owner(&self) -> String {
        if self.owner.is_empty() { self.base.mark().to_string() } else { self.owner.clone() }
    }

    pub(crate) fn object_name(&self) -> String {
        names::object_name(&self.base.machine_name, &self.owner())
    }
}

/// A server that the provider gave up on is an error of whoever waits for it (FAULT-008, FAULT-011).
pub(crate) fn failed(server: &Server) -> Result<()> {
    if server.state != ServerState::Error {
        return Ok(());
    }
    let reason = quoted(server.error.as_deref().unwrap_or("no reason given"));
    Err(Error::new(
        ErrorKind::Provider,
        format!("the provider gave up on the server {}: {reason}", server.id),
    ))
}

#[cfg(test)]
mod tests {
    use machine_driver::wait::Waits;
    use machine_driver_http::ANSWER;

    use super::*;

    #[test]
    fn one_request_without_an_answer_does_not_use_a_wait_up() {
        // Of a mock provider, which is fifty times faster than a real one.
        let scaled = Waits::default().scaled(0.02);
        for wait in [SHOWN, RUNNING, SHUT_DOWN, POWERED_OFF, GONE] {
            assert!(wait.deadline > 2 * ANSWER.deadline, "{}", wait.name);
            let left = scaled.scale(wait.deadline).checked_sub(Waits::SHORTEST_ANSWER);
            assert!(left.is_some_and(|left| left > Duration::from_secs(1)), "{}", wait.name);
        }
    }
}
