//! Host-only interfaces (Linux, Windows, older macOS).

use std::net::Ipv4Addr;

use super::{
    Machine, Result, Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
};

/// A host-only interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostInterface {
    /// `vboxnet` and the number.
    pub(crate) name: String,
    pub(crate) number: u8,
    /// What the host has; before the first configuration nothing, and VirtualBox shows what it would set.
    pub(crate) address: Ipv4Addr,
    pub(crate) netmask: Ipv4Addr,
    /// Whether it was configured.
    pub(crate) is_configured: bool,
    /// Whether the host gives out IPv6 addresses on it: from the first machine on.
    pub(crate) was_used: bool,
    /// Whether the host's end asks for an address.
    pub(crate) uses_dhcp: bool,
}

impl HostInterface {
    fn new(number: u8) -> Self {
        Self {
            name: format!("vboxnet{number}"),
            number,
            address: Ipv4Addr::new(192, 168, 56_u8.wrapping_add(number), 1),
            netmask: Ipv4Addr::new(255, 255, 255, 0),
            is_configured: false,
            was_used: false,
            uses_dhcp: false,
        }
    }

    /// Name of the network that DHCP servers are for.
    pub(crate) fn network_name(&self) -> String {
        format!("HostInterfaceNetworking-{}", self.name)
    }

    /// Id, made from number and address as VirtualBox does.
    pub(crate) fn guid(&self) -> String {
        let (number, byte) = (self.number, 0xe8_u32 + u32::from(self.number));
        format!("effffff9-da{byte:02x}-4abf-8000-0a00270000{number:02x}")
    }

    /// Hardware address of the host's end.
    pub(crate) fn hardware_address(&self) -> String {
        format!("0a:00:27:00:00:{:02x}", self.number)
    }

    /// `fe80::800:27ff:fe00:N` while it is or was up, otherwise nothing.
    pub(crate) fn ipv6_address(&self) -> Option<String> {
        self.was_used.then(|| format!("fe80::800:27ff:fe00:{:x}", self.number))
    }

    /// Whether it is up.
    pub(crate) fn is_up(&self) -> bool {
        self.is_configured
    }
}

/// Blocks of addresses that interfaces may have: `/etc/vbox/networks.conf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllowedAddresses {
    /// Without the file: 192.168.56.0/21.
    Default,
    /// All.
    Any,
}

impl AllowedAddresses {
    fn allows(self, address: Ipv4Addr) -> bool {
        let prefix = |address: Ipv4Addr| address.to_bits() >> 11;
        self == Self::Any || prefix(address) == prefix(Ipv4Addr::new(192, 168, 56, 0))
    }
}

/// The interfaces of the host, sorted by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostInterfaces(Vec<HostInterface>);

impl HostInterfaces {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HostInterface> {
        self.0.iter()
    }

    /// An interface by name.
    pub(crate) fn find(&self, name: &str) -> Option<&HostInterface> {
        self.0.iter().find(|interface| interface.name == name)
    }

    /// An interface by name, as the host finds it.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG`.
    pub(crate) fn require(&self, name: &str) -> Result<&HostInterface> {
        self.find(name).ok_or_else(|| no_interface(name))
    }

    /// Makes an interface with the first free number.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when there are 128.
    pub(crate) fn create(&mut self) -> Result<&HostInterface> {
        let free = (0..128).find(|number| self.0.iter().all(|it| it.number != *number));
        let Some(number) = free else {
            let text = "VBoxNetAdpCtl: Error while adding new interface: VBoxNetAdpCtl: ioctl failed for /dev/vboxnetctl: \
                        Input/output error";
            return Err(VBoxError::later(ResultCode::Failure, Component::HOST_INTERFACE, text));
        };
        let index = self.0.partition_point(|it| it.number < number);
        self.0.insert(index, HostInterface::new(number));
        Ok(&self.0[index])
    }

    /// Removes an interface, also while machines use it. Its DHCP server stays.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is none.
    pub(crate) fn remove(&mut self, name: &str) -> Result<()> {
        self.require(name)?;
        self.0.retain(|interface| interface.name != name);
        Ok(())
    }

    /// Removes all, as unloading the kernel module does.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Gives an interface an address. Texts that are no addresses are refused as the host refuses them.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is no such interface; `E_ACCESSDENIED` for an address that is not allowed;
    /// `NS_ERROR_FAILURE` for a text that is no address.
    pub(crate) fn set_address(
        &mut self,
        name: &str,
        address: &str,
        netmask: &str,
        allowed: AllowedAddresses,
    ) -> Result<()> {
        let Some(interface) = self.0.iter_mut().find(|interface| interface.name == name) else {
            return Err(no_interface(name));
        };
        let bare = |code| VBoxError::bare(code, Component::HOST_INTERFACE);
        let address: Ipv4Addr = address.parse().map_err(|_| bare(ResultCode::Failure))?;
        let netmask = match netmask {
            "" => Ipv4Addr::new(255, 255, 255, 0),
            text => text.parse().map_err(|_| bare(ResultCode::Failure))?,
        };
        if !allowed.allows(address) {
            return Err(bare(ResultCode::AccessDenied));
        }
        interface.address = address;
        interface.netmask = netmask;
        interface.is_configured = true;
        Ok(())
    }

    /// Lets the host's end ask for an address.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is no such interface; otherwise always `NS_ERROR_NOT_IMPLEMENTED`, as on Linux.
    pub(crate) fn use_dhcp(&self, name: &str) -> Result<()> {
        self.require(name)?;
        Err(VBoxError::bare(ResultCode::NotImplemented, Component::HOST_INTERFACE))
    }

    pub(super) fn mark_used(&mut self, name: &str) {
        if let Some(interface) = self.0.iter_mut().find(|interface| interface.name == name) {
            interface.was_used = true;
            interface.is_configured = true;
        }
    }
}

impl VirtualBox {
    /// Machines with an adapter at a host-only interface or network, on or off.
    pub(crate) fn users_of_host_only(&self, name: &str) -> Vec<Uuid> {
        let uses = |machine: &&Machine| {
            let mut adapters = machine.configuration.adapters.iter();
            adapters.any(|adapter| match adapter.attachment {
                super::Attachment::HostOnly => adapter.host_only_interface == name,
                super::Attachment::HostOnlyNetwork => adapter.host_only_network == name,
                _ => false,
            })
        };
        self.machines.iter().filter(uses).map(|machine| machine.id).collect()
    }
}

fn no_interface(name: &str) -> VBoxError {
    let text = format!("The host network interface named '{name}' could not be found");
    VBoxError::invalid_argument(Component::HOST, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_take_the_first_free_number_and_a_phantom_address() {
        let mut interfaces = HostInterfaces::default();
        for number in 0..3 {
            assert_eq!(interfaces.create().unwrap().name, format!("vboxnet{number}"));
        }
        interfaces.remove("vboxnet1").unwrap();
        let again = interfaces.create().unwrap();
        assert_eq!(again.name, "vboxnet1");
        assert_eq!(again.address, Ipv4Addr::new(192, 168, 57, 1));
        assert_eq!(again.guid(), "effffff9-dae9-4abf-8000-0a0027000001");
        assert!(!again.is_up());
        assert!(interfaces.remove("vboxnet7").is_err());
    }

    #[test]
    fn addresses_outside_the_allowed_block_are_refused() {
        let mut interfaces = HostInterfaces::default();
        interfaces.create().unwrap();
        let mut set =
            |address, allowed| interfaces.set_address("vboxnet0", address, "255.255.255.0", allowed);
        let code = |result: Result<()>| result.unwrap_err().code;
        use AllowedAddresses::{Any, Default};
        assert_eq!(code(set("192.168.99.1", Default)), ResultCode::AccessDenied);
        assert_eq!(code(set("192.168.55.1", Default)), ResultCode::AccessDenied);
        assert_eq!(code(set("300.1.1.1", Any)), ResultCode::Failure);
        set("192.168.63.1", Default).unwrap();
        set("192.168.99.1", Any).unwrap();
        assert!(interfaces.find("vboxnet0").unwrap().is_up());
    }
}
