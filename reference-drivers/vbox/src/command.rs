use std::{path::Path, time::Duration};

use machine_driver::wait::Wait;
use machine_driver_hypervisor::{network::HostNetwork, tool::Call};

use crate::network::{Adapter, Kind};

/// Name of the storage controller; disk and ISO have fixed places on it, as docker-machine's own driver has them.
pub(crate) const CONTROLLER: &str = "SATA";
/// Name of the rule that forwards a port of this computer to SSH in the guest.
pub(crate) const SSH_RULE: &str = "ssh";

/// A call that moves a guest or a device of this computer.
const GUEST: Wait =
    Wait::new("VBoxManage to end its work", Duration::from_secs(120), Duration::from_millis(250));
/// A call that copies a disk.
const DISK: Wait =
    Wait::new("VBoxManage to copy a disk", Duration::from_secs(300), Duration::from_millis(250));

/// What the VM is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hardware<'a> {
    pub(crate) cpus: u32,
    /// MB.
    pub(crate) memory: u32,
    pub(crate) host_dns_resolver: bool,
    pub(crate) dns_proxy: bool,
    pub(crate) nat_nic_type: &'a str,
}

pub(crate) fn version() -> Call {
    Call::new("ask for VirtualBox's version", &["--version"])
}

pub(crate) fn list_vms() -> Call {
    Call::new("list the VMs", &["list", "vms"])
}

pub(crate) fn list_host_only() -> Call {
    Call::new("list the host-only networks", &["list", "hostonlyifs"])
}

pub(crate) fn list_host_only_networks() -> Call {
    Call::new("list the host-only networks", &["list", "hostonlynets"])
}

pub(crate) fn list_bridged() -> Call {
    Call::new("list the interfaces of this computer", &["list", "bridgedifs"])
}

pub(crate) fn list_dhcp() -> Call {
    Call::new("list the DHCP servers", &["list", "dhcpservers"])
}

pub(crate) fn show(vm: &str) -> Call {
    Call::new("look at the VM", &["showvminfo", vm, "--machinereadable"])
}

pub(crate) fn create(vm: &str, name: &str, folder: &Path) -> Call {
    Call::new("make the VM", &["createvm", "--uuid", vm, "--name", name, "--basefolder"])
        .path(folder)
        .words(&["--register"])
}

/// The settings of a boot2docker guest: its first network is NAT, through which SSH comes.
pub(crate) fn configure(vm: &str, hardware: &Hardware<'_>) -> Call {
    let switch = |on| if on { "on" } else { "off" };
    let (cpus, memory) = (hardware.cpus.to_string(), hardware.memory.to_string());
    Call::new("set the VM up", &["modifyvm", vm, "--firmware", "bios", "--bioslogofadein", "off"])
        .words(&["--bioslogofadeout", "off", "--bioslogodisplaytime", "0", "--biosbootmenu", "disabled"])
        .words(&["--ostype", "Linux26_64", "--cpus", &cpus, "--memory", &memory, "--acpi", "on"])
        .words(&["--ioapic", "on", "--rtcuseutc", "on", "--cpuhotplug", "off", "--pae", "on", "--hpet", "on"])
        .words(&["--natdnshostresolver1", switch(hardware.host_dns_resolver)])
        .words(&["--natdnsproxy1", switch(hardware.dns_proxy)])
        .words(&["--hwvirtex", "on", "--nestedpaging", "on", "--largepages", "on", "--vtxvpid", "on"])
        .words(&["--accelerate3d", "off", "--boot1", "dvd"])
        .words(&["--nic1", "nat", "--nictype1", hardware.nat_nic_type, "--cableconnected1", "on"])
}

/// A disk of so many bytes out of a raw image on standard input. The image may be shorter; the rest is empty.
pub(crate) fn convert_from_raw(disk: &Path, bytes: u64) -> Call {
    Call::new("make the disk", &["convertfromraw", "stdin"])
        .path(disk)
        .words(&[&bytes.to_string(), "--format", "VMDK"])
        .within(DISK)
}

/// The VM that the disk belongs to keeps its own.
pub(crate) fn clone_disk(from: &Path, to: &Path) -> Call {
    Call::new("copy the disk of the VM to import", &["clonehd"]).path(from).path(to).within(DISK)
}

pub(crate) fn add_controller(vm: &str) -> Call {
    let purpose = "add the storage controller";
    Call::new(purpose, &["storagectl", vm, "--name", CONTROLLER, "--add", "sata", "--hostiocache", "on"])
}

pub(crate) fn attach(vm: &str, port: &str, kind: &str, medium: &Path) -> Call {
    Call::new("attach a medium", &["storageattach", vm, "--storagectl", CONTROLLER, "--port", port])
        .words(&["--device", "0", "--type", kind, "--medium"])
        .path(medium)
}

pub(crate) fn guest_property(vm: &str, name: &str, value: &str) -> Call {
    Call::new("tell the guest where to mount", &["guestproperty", "set", vm, name, value])
}

pub(crate) fn share(vm: &str, name: &str, folder: &Path) -> Call {
    Call::new("share a folder", &["sharedfolder", "add", vm, "--name", name, "--hostpath"])
        .path(folder)
        .words(&["--automount"])
}

pub(crate) fn allow_symlinks(vm: &str, share: &str) -> Call {
    let key = format!("VBoxInternal2/SharedFoldersEnableSymlinksCreate/{share}");
    Call::new("allow links in the shared folder", &["setextradata", vm, &key, "1"])
}

pub(crate) fn join_network(vm: &str, adapter: &Adapter, nic_type: &str, promiscuity: &str) -> Call {
    let (attachment, option) = match adapter.kind {
        Kind::Interface => ("hostonly", "--hostonlyadapter2"),
        Kind::Network => ("hostonlynet", "--host-only-net2"),
    };
    Call::new("join the host-only network", &["modifyvm", vm, "--nic2", attachment])
        .words(&["--nictype2", nic_type, "--nicpromisc2", promiscuity])
        .words(&[option, &adapter.name, "--cableconnected2", "on"])
}

/// Forwards `port` to SSH. `replace`: there is such a rule already. `running` VMs have a command of their own.
pub(crate) fn forward_ssh(vm: &str, port: u16, replace: bool, running: bool) -> Vec<Call> {
    let (tool, option) = if running { ("controlvm", "natpf1") } else { ("modifyvm", "--natpf1") };
    let rule = format!("{SSH_RULE},tcp,127.0.0.1,{port},,22");
    let call = |words: &[&str]| Call::new("forward a port to SSH", &[tool, vm, option]).words(words);
    let delete = replace.then(|| call(&["delete", SSH_RULE]));
    delete.into_iter().chain([call(&[&rule])]).collect()
}

pub(crate) fn start(vm: &str, ui: &str) -> Call {
    Call::new("start the VM", &["startvm", vm, "--type", ui]).within(GUEST)
}

/// One of `acpipowerbutton`, `poweroff`, `resume`.
pub(crate) fn control(purpose: &'static str, vm: &str, verb: &str) -> Call {
    Call::new(purpose, &["controlvm", vm, verb]).within(GUEST)
}

pub(crate) fn discard_state(vm: &str) -> Call {
    Call::new("discard the saved state", &["discardstate", vm])
}

pub(crate) fn unregister(vm: &str) -> Call {
    Call::new("delete the VM", &["unregistervm", vm, "--delete"]).within(GUEST)
}

/// Forgets a VM whose settings are lost; there is nothing that could be deleted.
pub(crate) fn forget(vm: &str) -> Call {
    Call::new("forget the VM", &["unregistervm", vm])
}

/// Forgets a medium that no VM has any more. `kind` is `dvd` or `disk`.
pub(crate) fn close_medium(kind: &str, medium: &Path) -> Call {
    Call::new("forget a medium", &["closemedium", kind]).path(medium)
}

pub(crate) fn create_host_only() -> Call {
    Call::new("make a host-only network", &["hostonlyif", "create"]).within(GUEST)
}

pub(crate) fn configure_host_only(adapter: &str, network: &HostNetwork) -> Call {
    let (address, mask) = (network.address().to_string(), network.mask().to_string());
    let purpose = "give the host-only network its address";
    Call::new(purpose, &["hostonlyif", "ipconfig", adapter, "--ip", &address, "--netmask", &mask])
}

pub(crate) fn remove_host_only(adapter: &str) -> Call {
    Call::new("delete the host-only network", &["hostonlyif", "remove", adapter]).within(GUEST)
}

/// A network of macOS, which is told by its name. This computer gets the lowest of the addresses.
pub(crate) fn create_host_only_network(network: &HostNetwork) -> Call {
    let [address, mask, last] =
        [network.address(), network.mask(), network.last_member()].map(|ip| ip.to_string());
    let name = format!("docker-machine-{address}");
    Call::new("make a host-only network", &["hostonlynet", "add", "--name", &name, "--netmask", &mask])
        .words(&["--lower-ip", &address, "--upper-ip", &last, "--enable"])
        .within(GUEST)
}

pub(crate) fn remove_host_only_network(name: &str) -> Call {
    Call::new("delete the host-only network", &["hostonlynet", "remove", "--name", name]).within(GUEST)
}

/// Adds a DHCP server, or with `change` modifies the one that is there.
pub(crate) fn serve_dhcp(network_name: &str, network: &HostNetwork, change: bool) -> Call {
    let dhcp = network.dhcp();
    let [address, mask, lower, upper] =
        [dhcp.server, network.mask(), dhcp.lower, dhcp.upper].map(|ip| ip.to_string());
    let verb = if change { "modify" } else { "add" };
    Call::new("set the DHCP server up", &["dhcpserver", verb, "--netname", network_name, "--ip", &address])
        .words(&["--netmask", &mask, "--lowerip", &lower, "--upperip", &upper, "--enable"])
}

pub(crate) fn remove_dhcp(network_name: &str) -> Call {
    Call::new("delete the DHCP server", &["dhcpserver", "remove", "--netname", network_name])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(command: &Call) -> String {
        let words: Vec<_> = command.arguments().iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn arguments_are_those_of_recorded_calls() {
        let hardware = Hardware {
            cpus: 2,
            memory: 1024,
            host_dns_resolver: false,
            dns_proxy: true,
            nat_nic_type: "82540EM",
        };
        let modify = line(&configure("U", &hardware));
        assert!(modify.starts_with("modifyvm U --firmware bios --bioslogofadein off "), "{modify}");
        for part in [
            "--ostype Linux26_64 --cpus 2 --memory 1024 --acpi on --ioapic on --rtcuseutc on",
            "--natdnshostresolver1 off --natdnsproxy1 on",
            "--nic1 nat --nictype1 82540EM --cableconnected1 on",
        ] {
            assert!(modify.contains(part), "{part} in {modify}");
        }
        assert_eq!(
            line(&create("U", "m1", Path::new("/s/machines/m1"))),
            "createvm --uuid U --name m1 --basefolder /s/machines/m1 --register"
        );
        assert_eq!(
            line(&attach("U", "1", "hdd", Path::new("/s/a b.vmdk"))),
            "storageattach U --storagectl SATA --port 1 --device 0 --type hdd --medium /s/a b.vmdk"
        );
        let forwards = |replace, running| -> Vec<String> {
            forward_ssh("U", 40022, replace, running).iter().map(line).collect()
        };
        assert_eq!(forwards(false, false), ["modifyvm U --natpf1 ssh,tcp,127.0.0.1,40022,,22"]);
        assert_eq!(
            forwards(true, true),
            ["controlvm U natpf1 delete ssh", "controlvm U natpf1 ssh,tcp,127.0.0.1,40022,,22"]
        );
    }

    #[test]
    fn networks_of_macos_have_a_range_that_begins_with_this_computer() {
        let network = HostNetwork::parse("192.168.59.1/24").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            line(&create_host_only_network(&network)),
            "hostonlynet add --name docker-machine-192.168.59.1 --netmask 255.255.255.0 --lower-ip 192.168.59.1 \
             --upper-ip 192.168.59.254 --enable"
        );
        let adapter = Adapter { kind: Kind::Network, name: "n".to_owned(), ..Adapter::default() };
        let joined = line(&join_network("U", &adapter, "virtio", "deny"));
        assert!(
            joined.starts_with("modifyvm U --nic2 hostonlynet ") && joined.contains(" --host-only-net2 n ")
        );
    }

    #[test]
    fn networks_are_written_as_recorded() {
        let network = HostNetwork::parse("192.168.99.1/24").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            line(&configure_host_only("vboxnet0", &network)),
            "hostonlyif ipconfig vboxnet0 --ip 192.168.99.1 --netmask 255.255.255.0"
        );
        assert_eq!(
            line(&serve_dhcp("HostInterfaceNetworking-vboxnet0", &network, true)),
            "dhcpserver modify --netname HostInterfaceNetworking-vboxnet0 --ip 192.168.99.2 --netmask 255.255.255.0 \
             --lowerip 192.168.99.100 --upperip 192.168.99.254 --enable"
        );
    }
}
