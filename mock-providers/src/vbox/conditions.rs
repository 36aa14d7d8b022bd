//! What is wrong with an installation, for all calls until it is mended.

use serde::{Deserialize, Serialize};

/// The state of an installation. The default is a healthy one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..Conditions::default()")]
pub struct Conditions {
    /// What `--version` prints.
    pub version: String,
    /// Whether `/dev/vboxdrv` is there: without it no VM starts and no host-only interface can be made.
    pub kernel_driver: bool,
    /// Whether the start script warns about the missing driver on standard output, before everything else.
    pub start_script_warns: bool,
    /// Whether the processor has VT-x or AMD-V, and it is switched on.
    pub hardware_virtualization: bool,
    /// Whether there are front ends with windows; on servers there is often `headless` alone.
    pub graphical_front_ends: bool,
    /// Whether the disk is full: nothing can be created, converted or copied.
    pub disk_full: bool,
    /// Whether `/etc/vbox/networks.conf` allows all addresses; otherwise host-only interfaces get addresses in
    /// 192.168.56.0/21 only.
    pub any_host_only_address: bool,
    /// Whether `VBoxSVC` can be started. Without it every call but `--version` fails.
    pub server: bool,
    /// Whether host-only networks take the place of host-only interfaces, as on macOS since 7.0.
    pub host_only_networks: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            version: "7.2.22_Debianr175245".to_owned(),
            kernel_driver: true,
            start_script_warns: false,
            hardware_virtualization: true,
            graphical_front_ends: true,
            disk_full: false,
            any_host_only_address: false,
            server: true,
            host_only_networks: false,
        }
    }
}
