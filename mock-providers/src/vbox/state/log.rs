//! The log that a VM process writes. Drivers read it to learn why a start has failed.

use super::{Machine, NatRule, VBoxError};

/// Until the machine is on.
pub(super) fn of_start(machine: &Machine, version: &str) -> String {
    let os = &machine.configuration.os_type;
    let os = if os.is_empty() { "Other" } else { os };
    format!(
        "00:00:00.000000 VirtualBox VM {version} linux.amd64 release log\n\
         00:00:00.000010 Build Type: release\n\
         00:00:00.000020 OS Product: Linux\n\
         00:00:00.000030 Executable: /usr/lib/virtualbox/VBoxHeadless\n\
         00:00:00.000040 Package type: LINUX_64BITS_GENERIC (OSE)\n\
         {}\
         00:00:00.200000 Guest OS type: '{os}'\n\
         00:00:00.210000 fHMForced=true - No raw-mode support in this build!\n",
        of_state(machine)
    )
}

/// A change of the state.
pub(super) fn of_state(machine: &Machine) -> String {
    format!("00:00:00.100000 Console: Machine state changed to '{}'\n", machine.state.name())
}

/// The whole log of a start that has failed. Its last line says nothing, as in real ones.
pub(super) fn of_failure(machine: &Machine, version: &str, error: &VBoxError, status: &str) -> String {
    let text = error.message.as_deref().unwrap_or_else(|| error.code.description());
    let (name, number) = (error.code.name(), error.code.number());
    let class = error.component.class;
    format!(
        "{}\
         00:00:00.300000 VMSetError: rc={status}\n\
         00:00:00.300010 VMSetError: {text}\n\
         00:00:00.310000 ERROR [COM]: aRC={name} ({number:#010x}) aComponent={{{class}}} aText={{{text}}}, preserve=false\n\
         00:00:00.320000 Console: Machine state changed to 'PoweredOff'\n\
         00:00:00.330000 Power up failed (vrc={status}, hrc={name} (0X{number:08X}))\n\
         {END}",
        of_start(machine, version)
    )
}

/// A NAT rule whose port of the host somebody else has.
pub(super) fn of_dead_rule(rule: &NatRule) -> String {
    let (host, guest) = (rule.host_port, rule.guest_port);
    format!(
        "00:00:00.400000 NAT#0: failed to set up redirection of {host} to {guest}. Probably a conflict with existing services or other rules\n"
    )
}

/// The last line of every log.
pub(super) const END: &str = "00:00:00.999999 VBoxHeadless: exiting\n";
