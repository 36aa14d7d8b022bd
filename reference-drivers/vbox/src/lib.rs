//! `docker-machine-driver-vbox`: machines in VirtualBox on this computer, with boot2docker as their system.
//!
//! `README.md` says how to turn it into a driver for another hypervisor. Read the modules in this order:
//!
//! | module | contents | what a fork changes |
//! | --- | --- | --- |
//! | [`options`](Options) | the flags of `create` | some of it |
//! | [`driver`](VBoxDriver) | the record, and each method of the contract in the contract's order | the record |
//! | `create`, `start`, `stop`, `remove` | the steps of the long methods | the steps' contents; their order stays |
//! | `check` | what can be seen before anything is made | most of it |
//! | `network`, `membership` | host-only networks, and how machines share them | all, or nothing if they are not shared |
//! | `vboxmanage`, `command`, `answer`, `locate` | running VBoxManage, what it is asked, what it says | all of it |
//!
//! What is the same for every hypervisor is in the SDK: [`machine_driver_hypervisor`].

mod answer;
mod check;
mod command;
mod create;
mod driver;
mod import;
mod locate;
mod membership;
mod network;
mod options;
mod remove;
mod start;
mod stop;
mod vboxmanage;

pub use driver::VBoxDriver;
pub use options::Options;
