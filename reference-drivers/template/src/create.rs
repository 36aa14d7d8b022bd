use std::{collections::BTreeMap, time::SystemTime};

use machine_driver::{
    BaseDriver, Context, Driver, Error, ErrorKind, Result,
    options::read_file,
    ssh::{KeyAlgorithm, KeyPair},
};
use serde_json::{Value, json};

use crate::{
    api::Api,
    driver::TemplateDriver,
    instance::{SEARCHED, SHOWN},
    names::{self, MACHINE_TAG, OWNER_TAG},
    server::{Firewall, Key, Object, Server},
};

/// The provider's limit in bytes.
const LONGEST_USER_DATA: u64 = 16 << 10;
/// Ports that the provider lets through without a firewall.
const OPEN_PORTS: [u16; 2] = [22, BaseDriver::ENGINE_PORT];

/// Create and its reverse.
impl TemplateDriver {
    /// The steps of `create`. An id is published as soon as it is known, so that it is in the record whatever happens
    /// next.
    pub(crate) async fn build(&mut self, api: &Api, cx: &Context, user_data: Option<String>) -> Result<()> {
        cx.log().info("Creating SSH key...");
        let key_pair = if self.ssh_key_source.as_os_str().is_empty() {
            KeyPair::generate(self.ssh_key_path(), KeyAlgorithm::Ed25519).await?
        } else {
            KeyPair::copy(&self.ssh_key_source, self.ssh_key_path()).await?
        };
        let key_id = if self.key_name.is_empty() {
            let name = self.object_name();
            // The comment is the only place of a key for the owner's mark.
            let public_key = names::marked(key_pair.public_key(), &name);
            let body = json!({ "name": name, "public_key": public_key });
            self.key_id = api.create::<Key>(&name, body).await?.id;
            cx.publish(self);
            shown::<Key>(api, cx, &self.key_id).await?;
            self.key_id.clone()
        } else {
            self.users_key(api).await?.id
        };

        cx.log().info("Creating server...");
        let server = api.create::<Server>(&self.base.machine_name, self.order(&key_id, user_data)).await?;
        self.server_id.clone_from(&server.id);
        cx.publish(self);
        shown::<Server>(api, cx, &self.server_id).await?;
        self.open_ports(api, cx, &server).await?;
        self.come_up(api, cx, &server.id).await
    }

    /// The key that the user has at the provider. Not in the record: `remove` deletes what is there (RM-003).
    pub(crate) async fn users_key(&self, api: &Api) -> Result<Key> {
        let name = &self.key_name;
        let Some(key) = api.named::<Key>(name).await?.into_iter().next() else {
            let text = format!("--template-key is {name:?}, but the provider has no key of this name");
            return Err(Error::new(ErrorKind::InvalidOption, text));
        };
        let pair = KeyPair::load(&self.ssh_key_source).await?;
        if names::marked(pair.public_key(), "") != names::marked(&key.public_key, "") {
            let text = format!(
                "--template-ssh-key-path {} is not the private key of --template-key {name:?}",
                self.ssh_key_source.display()
            );
            return Err(Error::new(ErrorKind::InvalidOption, text));
        }
        Ok(key)
    }

    /// What is asked of the provider, with an idempotency key that no other `create` can have (FAULT-007): the id of
    /// a key that was made for this one, or the owner and the time.
    fn order(&self, key_id: &str, user_data: Option<String>) -> Value {
        let owner = self.owner();
        let once = if self.key_id.is_empty() {
            let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            format!("{owner}-{}", time.unwrap_or_default().as_nanos())
        } else {
            self.key_id.clone()
        };
        let mut tags: BTreeMap<&str, &str> = self.tags.iter().filter_map(|tag| tag.split_once('=')).collect();
        tags.extend([(MACHINE_TAG, self.base.machine_name.as_str()), (OWNER_TAG, &owner)]);
        let mut order = json!({
            "name": self.base.machine_name, "region": self.region, "image": self.image, "size": self.size,
            "key_id": key_id, "tags": tags, "idempotency_key": once,
        });
        if let Some(user_data) = user_data {
            order["user_data"] = user_data.into();
        }
        order
    }

    /// Lets the ports through that the provider does not let through by itself (CREATE-005, CREATE-006, SEC-006).
    async fn open_ports(&self, api: &Api, cx: &Context, server: &Server) -> Result<()> {
        // A port that the provider chose is open already.
        let ssh_port = server.ssh_port.is_none().then(|| self.ssh_port());
        let ports = ssh_port.into_iter().chain(self.base.swarm_port()?);
        let ports: Vec<u16> = ports.filter(|port| !OPEN_PORTS.contains(port)).collect();
        if ports.is_empty() {
            return Ok(());
        }
        let name = self.object_name();
        let body = json!({ "name": name, "server_id": server.id, "ports": ports });
        let firewall = api.create::<Firewall>(&name, body).await?;
        shown::<Firewall>(api, cx, &firewall.id).await
    }

    /// Deletes what this `create` made and nothing else (CREATE-009, CREATE-010).
    ///
    /// `unsure`: the last answer was lost, so there may be an object whose id is not known.
    pub(crate) async fn roll_back(&mut self, api: &Api, cx: &Context, unsure: bool) -> Result<()> {
        let searched = if unsure { self.find_unanswered(api, cx).await } else { Ok(()) };
        let (mut server, mut firewalls, mut key) = (Ok(()), Ok(()), Ok(()));
        if !self.server_id.is_empty() {
            // A server that is not shown yet cannot be deleted yet; if it never is, deleting it says more.
            let _ = cx.waits().until(&SEARCHED, || api.object::<Server>(&self.server_id)).await;
            server = self.remove_server(api, cx).await;
            firewalls = self.remove_firewalls(api).await;
        }
        if !self.key_id.is_empty() {
            key = self.remove_key(api).await;
        }
        Error::all([searched, server, firewalls, key])
    }

    /// Looks for the object that the last request may have made: a key or a server with the owner's mark can be
    /// nobody else's.
    async fn find_unanswered(&mut self, api: &Api, cx: &Context) -> Result<()> {
        let name = self.object_name();
        let owner = self.owner();
        let ours = |key: &Key| names::is_marked(&key.public_key, &name);
        let key_is_next = self.key_id.is_empty() && self.key_name.is_empty();
        let found = cx.waits().until_or_none(&SEARCHED, || async {
            Ok(if key_is_next {
                api.named::<Key>(&name).await?.into_iter().find(ours).map(|key| key.id)
            } else if self.server_id.is_empty() {
                let servers = api.named::<Server>(&self.base.machine_name).await?;
                servers
                    .into_iter()
                    .find(|server| server.tags.get(OWNER_TAG) == Some(&owner))
                    .map(|server| server.id)
            } else {
                Some(self.server_id.clone())
            })
        });
        // What is not found never was made.
        let id = found.await?.unwrap_or_default();
        if key_is_next {
            self.key_id = id;
        } else {
            self.server_id = id;
        }
        Ok(())
    }

    /// Regions, images and sizes that the provider does not have (PRE-004).
    pub(crate) async fn refuse_unknown_offers(&self, api: &Api) -> Result<()> {
        for (collection, flag, wanted) in [
            ("regions", "template-region", &self.region),
            ("images", "template-image", &self.image),
            ("sizes", "template-size", &self.size),
        ] {
            let offered: Vec<String> =
                api.offers(collection).await?.into_iter().map(|offer| offer.id).collect();
            if !offered.contains(wanted) {
                let text = format!("--{flag} is {wanted:?}, but the provider has: {}", offered.join(", "));
                return Err(Error::new(ErrorKind::InvalidOption, text));
            }
        }
        Ok(())
    }

    /// Objects that have the names already, whoever made them (PRE-004, CREATE-013).
    pub(crate) async fn refuse_taken_names(&self, api: &Api) -> Result<()> {
        let (name, object_name) = (&self.base.machine_name, self.object_name());
        let server =
            api.named::<Server>(name).await?.into_iter().next().map(|server| ("server", name, server.id));
        let key =
            api.named::<Key>(&object_name).await?.into_iter().next().map(|key| ("key", &object_name, key.id));
        match server.or(key) {
            Some((word, name, id)) => {
                let text = format!("the provider already has a {word} named {name} ({id})");
                Err(Error::new(ErrorKind::AlreadyExists, text))
            }
            None => Ok(()),
        }
    }

    /// The user data, read each time: it is not in the record, because it may hold secrets (SEC-010).
    pub(crate) async fn user_data(&self) -> Result<Option<String>> {
        if self.user_data_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let bytes = read_file("template-user-data", &self.user_data_file, LONGEST_USER_DATA).await?;
        let text = String::from_utf8(bytes);
        text.map(Some).map_err(|_| {
            Error::invalid_option(
                "template-user-data",
                format!("{} is no text", self.user_data_file.display()),
            )
        })
    }
}

/// Waits until the provider shows what it has made: some do so late, and refuse what refers to it (FAULT-003).
async fn shown<T: Object>(api: &Api, cx: &Context, id: &str) -> Result<()> {
    let shown = cx.waits().until(&SHOWN, || api.object::<T>(id)).await;
    shown.map(drop).map_err(|error| error.with_context(T::WORD, id))
}

#[cfg(test)]
#[path = "tests/create.rs"]
mod tests;
