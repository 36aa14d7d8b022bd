//! What tests see of an account, and do to it behind the driver's back.

use std::{collections::BTreeMap, time::Duration};

use super::{
    account::{Account, Turn},
    error::ApiError,
    inventory,
    model::{Key, NewKey, NewServer, Server, ServerState},
    state::Hardware,
};
use crate::{
    faults::{FaultPlan, Injector},
    guest::{Acpi, Guest},
    history::StateChange,
    inventory::Object,
    requests::Request,
};

type Result<T> = std::result::Result<T, ApiError>;

impl Account {
    /// Name of the account.
    pub fn name(&self) -> &str {
        &self.tenant.name
    }

    /// Token of the account.
    pub fn token(&self) -> &str {
        &self.tenant.token
    }

    /// Every object that exists, also those that the API does not show yet.
    pub fn inventory(&self) -> Vec<Object> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        inventory::objects(&contents.cloud)
    }

    /// The states that its servers passed through, in order.
    pub fn states(&self) -> Vec<StateChange> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        let changes = contents.history.changes().iter();
        changes
            .map(|change| StateChange::new(self.tenant.moment(change.at), &change.server, change.state))
            .collect()
    }

    /// Requests with the account's token, in order.
    pub fn request_log(&self) -> Vec<Request> {
        self.tenant.log.all()
    }

    /// Requests from a number on, counted from 0, and the number of the next one.
    pub fn requests_since(&self, number: usize) -> (Vec<Request>, usize) {
        self.tenant.log.since(number)
    }

    /// Empties the request log.
    pub fn clear_request_log(&self) {
        self.tenant.log.clear();
    }

    /// Replaces the faults; all counters start again.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        *self.tenant.injector.lock() = Injector::new(plan.into());
    }

    /// Ends all faults. What they did stays.
    pub fn clear_faults(&self) {
        self.set_faults(FaultPlan::default());
    }

    /// The faults, and how often each has hit.
    pub fn faults(&self) -> (FaultPlan, Vec<u32>) {
        let injector = self.tenant.injector.lock();
        (injector.plan().clone(), injector.hits())
    }

    /// A server by its id or name.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn server(&self, id_or_name: &str) -> Result<Server> {
        self.with_server(id_or_name, |_| ())
    }

    /// Machine of a server.
    ///
    /// # Errors
    /// 404 when there is no such server, or no machine behind it.
    pub fn guest(&self, id_or_name: &str) -> Result<Guest> {
        let server = self.server(id_or_name)?;
        let guest = self.tenant.contents.lock().guests.machines.get(&server.id).cloned();
        guest.ok_or_else(|| ApiError::no_such("machine of server", id_or_name))
    }

    /// All machines by the id of their server.
    pub fn guests(&self) -> BTreeMap<String, Guest> {
        self.tenant.contents.lock().guests.machines.clone()
    }

    /// Removes a server at once, and nothing else.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn delete_server(&self, id_or_name: &str) -> Result<()> {
        let id = self.server(id_or_name)?.id;
        let mut contents = self.tenant.contents.lock();
        let contents = &mut *contents;
        contents.cloud.forget(&id, &mut contents.guests);
        Ok(())
    }

    /// Removes a key at once.
    ///
    /// # Errors
    /// 404 when there is none with this id.
    pub fn delete_key(&self, id: &str) -> Result<()> {
        self.tenant.contents.lock().cloud.delete_key(id)
    }

    /// Cuts the power of a server: it is `off` at once.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn power_off(&self, id_or_name: &str) -> Result<()> {
        let id = self.server(id_or_name)?.id;
        let mut contents = self.tenant.contents.lock();
        let contents = &mut *contents;
        contents.guests.power_off(&id);
        contents.cloud.record(&id)?.go_down();
        Ok(())
    }

    /// Switches a server on: it is `running` at once, and boots.
    ///
    /// # Errors
    /// 404 when there is none; 503 when it cannot be switched on.
    pub fn power_on(&self, id_or_name: &str) -> Result<()> {
        let id = self.server(id_or_name)?.id;
        let mut contents = self.tenant.contents.lock();
        let contents = &mut *contents;
        let address = contents.guests.power_on(&id, false).map_err(unavailable)?;
        let record = contents.cloud.record(&id)?;
        record.hold(ServerState::Running, None);
        record.server.address = Some(address);
        Ok(())
    }

    /// Gives a server another address, at once and without a restart. The result is the address.
    ///
    /// # Errors
    /// 404 when there is none; 503 when there is no other address.
    pub fn readdress(&self, id_or_name: &str) -> Result<String> {
        let guest = self.guest(id_or_name)?;
        let address = guest.readdress().map_err(|error| unavailable(error.to_string()))?.to_string();
        self.with_server(id_or_name, |server| {
            if server.address.is_some() {
                server.address = Some(address.clone());
            }
        })?;
        Ok(address)
    }

    /// Hangs the machine of a server; the cloud does not notice.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn freeze_guest(&self, id_or_name: &str) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.freeze())
    }

    /// Ends a freeze.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn thaw_guest(&self, id_or_name: &str) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.thaw())
    }

    /// Changes what the machine of a server does when it is asked to shut down.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn set_acpi(&self, id_or_name: &str, acpi: Acpi) -> Result<()> {
        self.guest(id_or_name).map(|guest| guest.set_acpi(acpi))
    }

    /// From now on servers take this long from `shutdown` until they are off, and guests that do not react ten times as
    /// long.
    pub fn slow_shutdown(&self, time: Duration) {
        self.tenant.contents.lock().cloud.slow_shutdown(time);
    }

    /// Holds a server in a state until something else is asked of it.
    ///
    /// # Errors
    /// 404 when there is none.
    pub fn hold_state(&self, id_or_name: &str, state: ServerState) -> Result<()> {
        let id = self.server(id_or_name)?.id;
        let error = (state == ServerState::Error).then(|| "the host of the server failed".to_owned());
        self.tenant.contents.lock().cloud.record(&id)?.hold(state, error);
        Ok(())
    }

    /// Makes a server that belongs to somebody else: `running`, without a machine behind it.
    ///
    /// # Errors
    /// 409 when the name is taken.
    pub fn seed_server(&self, name: &str) -> Result<Server> {
        let mut contents = self.tenant.contents.lock();
        // Addresses for documentation: nobody answers there.
        let number = contents.cloud.servers.len() % 254 + 1;
        let new = NewServer {
            name: name.to_owned(),
            image: "ubuntu-24.04".into(),
            size: "small".into(),
            region: "eu-1".into(),
            ..NewServer::default()
        };
        contents.cloud.seed_server(&new, format!("192.0.2.{number}"))
    }

    /// Makes a key that belongs to somebody else.
    ///
    /// # Errors
    /// 409 when the name is taken.
    pub fn seed_key(&self, name: &str) -> Result<Key> {
        let public_key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAMu8dyI6XKOOUlEPm1fVn3Qz3NMVlpUaBCDqUG seed";
        self.seed_public_key(name, public_key)
    }

    /// Makes a key of a user who has the private key.
    ///
    /// # Errors
    /// 409 when the name is taken, 422 when it is no public key.
    pub fn seed_public_key(&self, name: &str, public_key: &str) -> Result<Key> {
        let new = NewKey { name: name.to_owned(), public_key: public_key.to_owned() };
        self.tenant.contents.lock().cloud.create_key(new)
    }

    /// From now on a change keeps the account busy for so long, and others meanwhile are refused as `locked`. The first
    /// one that is asked for is refused as well: it finds the account busy with somebody else's. Zero ends it.
    pub fn one_change_at_a_time(&self, each: Duration) {
        *self.tenant.turn.lock() = Turn::new(each);
    }

    /// Makes an image that only this account has, a copy of Ubuntu 24.04. It stands before those of all in the list.
    pub fn seed_image(&self, id: &str) {
        self.tenant.contents.lock().cloud.own_images.push(id.to_owned());
    }

    /// Makes many foreign servers, keys and images, named `PREFIX-1`, `PREFIX-2`, ..., to fill pages.
    ///
    /// # Errors
    /// 409 when one of the names is taken.
    pub fn seed_decoys(&self, prefix: &str, count: usize) -> Result<()> {
        for number in 1..=count {
            self.seed_image(&format!("{prefix}-{number}"));
            self.seed_server(&format!("{prefix}-{number}"))?;
            self.seed_key(&format!("{prefix}-{number}"))?;
        }
        Ok(())
    }

    /// Removes everything: servers, keys, firewalls, images of the account, faults, log.
    pub fn reset(&self) {
        let mut contents = self.tenant.contents.lock();
        let contents = &mut *contents;
        // Cut, not only dropped: observers may hold handles of the machines.
        for guest in std::mem::take(&mut contents.guests.machines).into_values() {
            guest.power_off();
        }
        contents.cloud.clear();
        self.one_change_at_a_time(Duration::ZERO);
        self.clear_faults();
        self.clear_request_log();
    }

    /// Time since the account was made, as its state machine counts it.
    pub fn age(&self) -> Duration {
        self.tenant.now()
    }

    fn with_server(&self, id_or_name: &str, change: impl FnOnce(&mut Server)) -> Result<Server> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        let server = contents.cloud.servers.iter_mut().map(|record| &mut record.server);
        let mut server = server.filter(|server| server.id == id_or_name || server.name == id_or_name);
        let server = server.next().ok_or_else(|| ApiError::no_such("server", id_or_name))?;
        change(server);
        Ok(server.clone())
    }
}

fn unavailable(reason: String) -> ApiError {
    ApiError::new(503, "unavailable", reason)
}
