use std::path::PathBuf;

use machine_driver::{DriverFlags, DriverOptions, Error, Result};
use machine_driver_hypervisor::{boot2docker::Image, network::HostNetwork, share::SharedFolder};
use serde::{Deserialize, Serialize};

/// The options of `create`. The doc comments are what `docker-machine create --help` prints.
///
/// They are those of docker-machine's own driver `virtualbox`, under the prefix `vbox-`, and a part of the record.
#[derive(Clone, Debug, DriverFlags, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Options {
    /// Memory of the VM in MB
    #[flag(name = "vbox-memory", env = "VBOX_MEMORY", default = 1024, range = 128..=2_097_152)]
    pub memory: u32,
    /// Number of CPUs; 0 for as many as this computer has
    #[flag(name = "vbox-cpu-count", env = "VBOX_CPU_COUNT", default = 1, range = 0..=64)]
    pub cpus: u32,
    /// Size of the disk in MB
    #[flag(name = "vbox-disk-size", env = "VBOX_DISK_SIZE", default = 20000, range = 64..=2_097_152)]
    pub disk_size: u32,
    /// URL or path of the boot2docker image
    #[flag(
        name = "vbox-boot2docker-url",
        env = "VBOX_BOOT2DOCKER_URL",
        default = "https://github.com/boot2docker/boot2docker/releases/download/v19.03.12/boot2docker.iso"
    )]
    pub image: String,
    /// SHA-256 of the boot2docker image
    #[flag(name = "vbox-boot2docker-checksum", env = "VBOX_BOOT2DOCKER_CHECKSUM")]
    pub checksum: Option<String>,
    /// Name of a boot2docker VM whose disk, memory and CPUs are taken over; it must be off
    #[flag(name = "vbox-import-boot2docker-vm", env = "VBOX_IMPORT_BOOT2DOCKER_VM")]
    pub import: Option<String>,
    /// Private SSH key of the VM that is imported
    #[flag(name = "vbox-import-key", env = "VBOX_IMPORT_KEY", needs = "vbox-import-boot2docker-vm")]
    pub import_key: Option<PathBuf>,
    /// Let this computer's resolver answer the guest's DNS requests
    #[flag(name = "vbox-host-dns-resolver", env = "VBOX_HOST_DNS_RESOLVER")]
    pub host_dns_resolver: bool,
    /// Do not let NAT answer the guest's DNS requests
    #[flag(name = "vbox-no-dns-proxy", env = "VBOX_NO_DNS_PROXY")]
    pub no_dns_proxy: bool,
    /// Kind of the NAT network card
    #[flag(
        name = "vbox-nat-nictype",
        env = "VBOX_NAT_NICTYPE",
        default = "82540EM",
        values = ["Am79C970A", "Am79C973", "Am79C960", "82540EM", "82543GC", "82545EM", "virtio"]
    )]
    pub nat_nic_type: String,
    /// This computer's address in the host-only network, and its prefix
    #[flag(name = "vbox-hostonly-cidr", env = "VBOX_HOSTONLY_CIDR", default = "192.168.59.1/24")]
    pub host_only_cidr: String,
    /// Kind of the host-only network card
    #[flag(
        name = "vbox-hostonly-nictype",
        env = "VBOX_HOSTONLY_NICTYPE",
        default = "82540EM",
        values = ["Am79C970A", "Am79C973", "Am79C960", "82540EM", "82543GC", "82545EM", "virtio"]
    )]
    pub host_only_nic_type: String,
    /// Whether the guest may see the traffic of others in the host-only network: deny, allow-vms, allow-all
    #[flag(
        name = "vbox-hostonly-nicpromisc",
        env = "VBOX_HOSTONLY_NICPROMISC",
        default = "deny",
        values = ["deny", "allow-vms", "allow-all"]
    )]
    pub host_only_promiscuity: String,
    /// Leave the DHCP server of the host-only network as it is
    #[flag(name = "vbox-hostonly-no-dhcp", env = "VBOX_HOSTONLY_NO_DHCP")]
    pub no_dhcp: bool,
    /// How the VM is shown: headless, gui, sdl, separate
    #[flag(
        name = "vbox-ui-type",
        env = "VBOX_UI_TYPE",
        default = "headless",
        values = ["headless", "gui", "sdl", "separate"]
    )]
    pub ui_type: String,
    /// Folder to share, FOLDER or FOLDER:NAME; the users' folders by default
    #[flag(name = "vbox-share-folder", env = "VBOX_SHARE_FOLDER")]
    pub share_folder: Option<String>,
    /// Share no folder
    #[flag(name = "vbox-no-share", env = "VBOX_NO_SHARE")]
    pub no_share: bool,
    /// Do not look whether this computer's processor can run VMs
    #[flag(name = "vbox-no-vtx-check", env = "VBOX_NO_VTX_CHECK")]
    pub no_vtx_check: bool,
}

impl Default for Options {
    #[expect(
        clippy::expect_used,
        reason = "the derive checks defaults when it compiles, and a test reads them"
    )]
    fn default() -> Self {
        Self::from_options(&DriverOptions::defaults(&Self::flags())).expect("defaults fit their options")
    }
}

impl Options {
    /// What can be said without VirtualBox and without files (FLAG-009, FLAG-011, FLAG-014).
    ///
    /// # Errors
    /// [`InvalidOption`](machine_driver::ErrorKind::InvalidOption) naming the flag.
    pub(crate) fn check(&self) -> Result<()> {
        let invalid = |flag| move |problem| Error::invalid_option(flag, problem);
        HostNetwork::parse(&self.host_only_cidr).map_err(invalid("vbox-hostonly-cidr"))?;
        self.boot_image()?;
        if self.no_share && self.share_folder.is_some() {
            return Err(Error::invalid_option("vbox-no-share", "contradicts --vbox-share-folder"));
        }
        if let Some(share) = &self.share_folder {
            SharedFolder::parse(share).map_err(invalid("vbox-share-folder"))?;
        }
        Ok(())
    }

    pub(crate) fn boot_image(&self) -> Result<Image> {
        Image::parse("vbox-boot2docker-url", &self.image)?
            .with_user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .with_checksum("vbox-boot2docker-checksum", self.checksum.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use machine_driver::{DriverOptions, ErrorKind, OptionValue};

    use super::*;

    fn with(name: &str, value: OptionValue) -> Result<()> {
        let mut options = DriverOptions::defaults(&Options::flags());
        options.insert(name, value);
        Options::from_options(&options)?.check()
    }

    #[test]
    fn defaults_are_enough() {
        Options::default().check().unwrap();
        with("vbox-memory", OptionValue::Int(2048)).unwrap();
    }

    #[test]
    fn malformed_values_are_refused_with_the_name_of_the_flag() {
        let text = |text: &str| OptionValue::String(text.into());
        for (flag, value) in [
            ("vbox-memory", OptionValue::Int(12)),
            ("vbox-memory", OptionValue::Int(-1)),
            ("vbox-cpu-count", OptionValue::Int(1000)),
            ("vbox-disk-size", OptionValue::Int(0)),
            ("vbox-nat-nictype", text("e1000")),
            ("vbox-hostonly-nictype", text("e1000e")),
            ("vbox-hostonly-nicpromisc", text("yes")),
            ("vbox-hostonly-cidr", text("192.168.59.0/24")),
            ("vbox-ui-type", text("web")),
            ("vbox-boot2docker-url", text("ftp://host/b.iso")),
            ("vbox-boot2docker-checksum", text("abc")),
            ("vbox-share-folder", text("relative")),
            ("vbox-import-key", text("/k")),
        ] {
            let error = with(flag, value.clone()).expect_err(&format!("{flag} {value:?}"));
            assert_eq!(error.kind(), ErrorKind::InvalidOption);
            assert!(error.to_string().contains(&format!("--{flag}")), "{error}");
        }
        with("vbox-share-folder", text("/srv/data:data")).unwrap();
    }
}
