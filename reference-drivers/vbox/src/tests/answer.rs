#![allow(clippy::unwrap_used)]

use super::*;

/// Lines of a running VM, as VirtualBox 7.2.22 prints them.
const RUNNING: &str = r#"name="v1"
groups="/"
CfgFile="/home/dm/machines/v1/v1/v1.vbox"
LogFldr="/home/dm/machines/v1/v1/Logs"
memory=256
cpus=1
VMState="running"
VMStateChangeTime="2026-11-22T23:51:33.874000000"
storagecontrollername0="SATA"
"SATA-0-0"="/home/dm/machines/v1/boot2docker.iso"
"SATA-ImageUUID-0-0"="57f50ed6-b273-4d6e-9292-319e08cf44c5"
"SATA-1-0"="/home/dm/machines/v1/a \"b\" = c.vmdk"
"SATA-2-0"="none"
macaddress1="080027442E15"
nic1="nat"
Forwarding(0)="other,tcp,127.0.0.1,1,,80"
Forwarding(1)="ssh,tcp,127.0.0.1,37339,,22"
hostonlyadapter2="vboxnet0"
macaddress2="08002788D3CF"
nic2="hostonly"
VideoMode="720,400,0"@0,0 1
VRDEClients==0
 rec_screen0
GuestMemoryBalloon=0
description="somebody's
VMState="poweroff"
"
"#;

#[test]
fn a_vm_is_read_from_machine_readable_lines() {
    let info = Info::parse(RUNNING).unwrap();
    assert_eq!(info.state().unwrap(), VmState::Running);
    assert_eq!(info.number("memory"), Some(256));
    assert_eq!(info.host_only(), Some(("vboxnet0", "08:00:27:88:d3:cf".to_owned())));
    assert!(info.uses_adapter("vboxnet0") && !info.uses_adapter("vboxnet1"));
    // As on macOS since 7.0.
    let text = RUNNING.replace("hostonlyadapter2=\"vboxnet0\"", "hostonly-network2=\"HostNetwork\"");
    let on_macos = Info::parse(&text).unwrap();
    assert_eq!(on_macos.host_only(), Some(("HostNetwork", "08:00:27:88:d3:cf".to_owned())));
    assert!(on_macos.uses_adapter("HostNetwork"));
    assert_eq!(info.ssh_port(), Some(37339));
    assert_eq!(info.medium("1"), Some("/home/dm/machines/v1/a \"b\" = c.vmdk".into()));
    assert_eq!(info.medium("2"), None);
    assert_eq!(info.value("LogFldr"), Some("/home/dm/machines/v1/v1/Logs"));
}

#[test]
fn answers_without_a_known_state_are_errors() {
    for answer in ["", "name=\"v1\"", "<html>", "VMState=\"\"", "VMState=\"dreaming\"", "VMSta"] {
        assert!(Info::parse(answer).is_err(), "{answer:?}");
    }
}

#[test]
fn states_of_virtualbox_are_states_of_machines() {
    let state = |word: &str| VmState::parse(word).unwrap().to_machine();
    for (word, expected) in [
        ("poweroff", State::Stopped),
        ("aborted", State::Stopped),
        ("aborted-saved", State::Saved),
        ("saved", State::Saved),
        ("saving", State::Stopping),
        ("restoring", State::Starting),
        ("gurumeditation", State::Error),
    ] {
        assert_eq!(state(word), expected, "{word}");
    }
}

#[test]
fn failures_are_told_from_their_recorded_texts() {
    let kind = |text: &str| complaint(text).map(|(kind, _)| kind);
    let missing = "VBoxManage: error: Could not find a registered machine with UUID {deadbeef-0000-4000-8000-000000000001}\n\
        VBoxManage: error: Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap, interface IVirtualBox, callee nsISupports\n\
        VBoxManage: error: Context: \"FindMachine(Bstr(VMNameOrUuid).raw(), machine.asOutParam())\" at line 3139 of file VBoxManageInfo.cpp\n";
    let (missing, reason) = complaint(missing).unwrap();
    assert_eq!(missing, Refusal::Missing);
    assert!(reason.starts_with("Could not find") && !reason.contains("Context"), "{reason}");
    for locked in [
        "VBoxManage: error: The machine 'm' already has a lock request pending",
        "VBoxManage: error: The machine 'm' is already locked for a session (or being unlocked)",
        "VBoxManage: error: The machine 'm' is already locked by a session (or being locked or unlocked)",
        "VBoxManage: error: An unexpected process (PID=0x1) has tried to lock the machine 'm', while only",
    ] {
        assert_eq!(kind(locked), Some(Refusal::Locked), "{locked}");
    }
    let taken = "VBoxManage: error: Registered machine with UUID {1} ('/m.vbox') already exists";
    assert_eq!(kind(taken), Some(Refusal::Taken));
    let unknown = "VBoxManage: error: Unknown subcommand \"hostonlynets\".\n";
    assert_eq!(kind(unknown), Some(Refusal::Unknown));
    assert_eq!(kind("0%...10%...100%\n"), None);
    assert_eq!(kind("VBoxManage: warning: Interface \"vboxnet7\" doesn't seem to exist"), None);
}

#[test]
fn versions_with_and_without_the_warning_of_the_start_script() {
    assert_eq!(version("7.2.22_Debianr175245\n").unwrap(), (7, 2));
    let warned =
        "WARNING: The character device /dev/vboxdrv does not exist.\n\t 6.1.50r161033\n6.1.50r161033\n";
    assert_eq!(version(warned).unwrap(), (6, 1));
    assert!(lacks_kernel_module(warned) && !lacks_kernel_module("7.2.22"));
    assert!(version("<html>").is_err() && version("").is_err());
}

#[test]
fn lists_of_vms() {
    let listed = vms("\"m 1\" {03CA9419-b2b2-45d3-abb1-d505ff855835}\n\"<inaccessible>\" {2}\n").unwrap();
    assert_eq!(listed[0].name, "m 1");
    assert_eq!(listed[0].id, "03ca9419-b2b2-45d3-abb1-d505ff855835");
    assert_eq!(listed[1].name, "<inaccessible>");
    assert!(vms("").unwrap().is_empty());
    assert!(vms("<html>").is_err());
}

#[test]
fn networks_and_servers_are_blocks() {
    let servers = blocks_with(
        "NetworkName",
        "NetworkName:    HostInterfaceNetworking-vboxnet0\nDhcpd IP:       192.168.99.6\nEnabled:        Yes\n\
         Global Configuration:\n    minLeaseTime:     default\nGroups:               None\n\n\
         NetworkName:    HostInterfaceNetworking-vboxnet1\nDhcpd IP:       192.168.98.6\n\n",
    )
    .unwrap();
    let addresses: Vec<_> = servers.iter().map(|server| server["Dhcpd IP"].as_str()).collect();
    assert_eq!(addresses, ["192.168.99.6", "192.168.98.6"]);
    assert!(blocks_with("Name", "").unwrap().is_empty());
    for cut in ["Name:            vboxnet0\n\nGUID: x", "<html>", "Netw"] {
        assert!(blocks_with("Name", cut).is_err(), "{cut:?}");
    }
}

#[test]
fn reasons_in_the_log_of_a_vm() {
    let log = "00:00:01 VMSetError: AMD-V is not available\n00:00:01.5 Power up failed (vrc=VERR_SVM_NO_SVM, hrc=NS_ERROR_FAILURE (0X80004005))\n00:00:02 VBoxHeadless: exiting\n";
    assert!(failed_start(log).unwrap().contains("VERR_SVM_NO_SVM"));
    assert_eq!(failed_start("nothing"), None);
    let taken = "00:00:02 NAT0: failed to set up redirection of 2255 to 22\n";
    assert!(lacks_forwarding(taken, 2255) && !lacks_forwarding(taken, 225));
}
