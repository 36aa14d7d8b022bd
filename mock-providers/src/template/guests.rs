//! The machines behind the servers of an account.

use std::collections::{BTreeMap, BTreeSet};

use super::{catalog, model::Server, options::ServerOptions, state::Hardware};
use crate::guest::{Guest, GuestFault, GuestOptions, PowerState, User};

/// Simulated machines by the id of their server.
#[derive(Debug)]
pub(super) struct Guests {
    options: ServerOptions,
    pub(super) machines: BTreeMap<String, Guest>,
}

impl Guests {
    pub(super) fn new(options: ServerOptions) -> Self {
        Self { options, machines: BTreeMap::new() }
    }
}

impl Hardware for Guests {
    fn build(
        &mut self,
        server: &Server,
        public_key: &str,
        faults: &BTreeSet<GuestFault>,
    ) -> Result<u16, String> {
        let image_os = catalog::image_os(&server.image).unwrap_or_default();
        let options = GuestOptions {
            kind: self.options.guest_kind,
            os: self.options.guest_os.unwrap_or(image_os),
            host_name: server.name.clone(),
            users: vec![User {
                name: image_os.default_user().to_owned(),
                authorized_keys: vec![public_key.to_owned()],
            }],
            ssh_port: self.options.ssh_port,
            boot: self.options.times.boot,
            engine_installed: self.options.engine_installed,
            user_data: server.user_data.clone(),
            faults: faults.clone(),
            ..GuestOptions::default()
        };
        let guest = Guest::new(options).map_err(|error| error.to_string())?;
        let port = guest.ssh_port();
        self.machines.insert(server.id.clone(), guest);
        Ok(port)
    }

    fn power_on(&mut self, id: &str, new_address: bool) -> Result<String, String> {
        let guest = self.machines.get(id).ok_or("the machine is missing")?;
        if new_address {
            guest.readdress().map_err(|error| error.to_string())?;
        }
        guest.power_on();
        Ok(guest.address().to_string())
    }

    fn shut_down(&mut self, id: &str) -> bool {
        self.machines.get(id).is_some_and(Guest::shutdown)
    }

    fn reboot(&mut self, id: &str) -> bool {
        self.machines.get(id).is_some_and(Guest::reboot)
    }

    fn power_off(&mut self, id: &str) {
        if let Some(guest) = self.machines.get(id) {
            guest.power_off();
        }
    }

    fn is_off(&self, id: &str) -> bool {
        self.machines.get(id).is_none_or(|guest| guest.state() == PowerState::Off)
    }

    fn open_ports(&mut self, id: &str, ports: &BTreeSet<u16>) {
        if let Some(guest) = self.machines.get(id) {
            // A port that is in use by somebody else stays shut, which the guest notes.
            let _ = guest.set_open_ports(Some(ports.clone()));
        }
    }

    fn add_faults(&mut self, id: &str, faults: &BTreeSet<GuestFault>) {
        if let Some(guest) = self.machines.get(id).filter(|_| !faults.is_empty()) {
            guest.set_faults(faults.iter().copied());
        }
    }

    fn destroy(&mut self, id: &str) {
        if let Some(guest) = self.machines.remove(id) {
            // Other handles may still be held by observers.
            guest.power_off();
        }
    }
}
