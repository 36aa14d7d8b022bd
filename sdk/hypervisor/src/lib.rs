//! What drivers of hypervisors on this computer have in common, whichever hypervisor it is: VirtualBox, QEMU, Hyper-V,
//! Parallels, VMware.
//!
//! The contract and the plugin protocol are in [`machine_driver`]; a driver needs both crates. The reference driver for
//! VirtualBox is built on this one.
//!
//! | module | for drivers that |
//! | --- | --- |
//! | [`tool`] | manage their hypervisor through a command-line program |
//! | [`boot2docker`] | boot VMs from an image that is downloaded once, and hand them an SSH key on their disk |
//! | [`network`] | put VMs into a network of this computer, with a DHCP server |
//! | [`ledger`] | make objects that several machines share, of which the hypervisor does not say who made them |
//! | [`guest`] | ask the guest for its address, or reach it through a port of this computer |
//! | [`share`] | share folders of this computer with the guest |
//! | [`processor`] | need a processor that can run VMs |

pub mod boot2docker;
pub mod guest;
pub mod ledger;
pub mod network;
pub mod processor;
pub mod share;
pub mod tool;
