//! Guest properties and extra data.

use std::time::Duration;

use super::{Host, LockKind, Result, Uuid, VBoxError, VirtualBox, error::Component};

/// A text that host and guest exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GuestProperty {
    pub(crate) value: String,
    /// When it was set, after 1970.
    pub(crate) set: Duration,
    /// Words separated by commas, for example `TRANSIENT, RDONLYGUEST`.
    pub(crate) flags: String,
}

/// Flags that properties can have.
const FLAGS: [&str; 5] = ["TRANSIENT", "TRANSRESET", "RDONLYGUEST", "RDONLYHOST", "READONLY"];

impl GuestProperty {
    /// Whether it is gone when the machine is off.
    pub(super) fn is_transient(&self) -> bool {
        self.flags.contains("TRANS")
    }
}

impl VirtualBox {
    /// Sets a guest property.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for unknown flags, and for transient ones while the machine is off; as for
    /// [`VirtualBox::lock`].
    pub(crate) fn set_guest_property(
        &mut self,
        id: Uuid,
        name: &str,
        value: &str,
        flags: &str,
        host: &mut Host<'_>,
    ) -> Result<()> {
        let is_online = self.lock(id, LockKind::Shared)?.state.is_online();
        let words: Vec<String> = flags.split(',').map(|word| word.trim().to_uppercase()).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        if words.iter().any(|word| !FLAGS.contains(word)) {
            let text = format!("Invalid guest property flag values: '{flags}'");
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        }
        let property = GuestProperty { value: value.to_owned(), set: host.now, flags: words.join(", ") };
        if property.is_transient() && !is_online {
            let text =
                "Properties with TRANSIENT or TRANSRESET flag cannot be set or modified if VM is not running";
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        }
        let machine = self.require_mut(id)?;
        machine.guest_properties.insert(name.to_owned(), property);
        self.save_quietly(id, host);
        Ok(())
    }

    /// Removes a guest property, or does nothing when there is none.
    ///
    /// # Errors
    /// As for [`VirtualBox::lock`].
    pub(crate) fn delete_guest_property(&mut self, id: Uuid, name: &str, host: &mut Host<'_>) -> Result<()> {
        self.lock(id, LockKind::Shared)?;
        self.require_mut(id)?.guest_properties.remove(name);
        self.save_quietly(id, host);
        Ok(())
    }

    /// Sets extra data of a machine; without a value, or with an empty one, it is removed.
    ///
    /// # Errors
    /// `E_ACCESSDENIED` for an inaccessible machine.
    pub(crate) fn set_extra_data(
        &mut self,
        id: Uuid,
        key: &str,
        value: Option<&str>,
        host: &mut Host<'_>,
    ) -> Result<()> {
        let machine = self.require_mut(id)?;
        if !machine.is_accessible() {
            return Err(VBoxError::limited());
        }
        match value.filter(|value| !value.is_empty()) {
            Some(value) => drop(machine.extra_data.insert(key.to_owned(), value.to_owned())),
            None => drop(machine.extra_data.remove(key)),
        }
        self.save_quietly(id, host);
        Ok(())
    }

    /// Sets extra data of the installation, in the same way.
    pub(crate) fn set_global_extra_data(&mut self, key: &str, value: Option<&str>) {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => drop(self.extra_data.insert(key.to_owned(), value.to_owned())),
            None => drop(self.extra_data.remove(key)),
        }
    }
}
