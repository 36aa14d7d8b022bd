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
//! | `network`, `ledger` | host-only networks that machines share, and who made them | all, or nothing if they are not shared |
//! | `image`, `disk` | boot2docker's ISO, and the disk that it formats | nothing for another hypervisor that boots it |
//! | `vboxmanage`, `command`, `answer`, `locate` | running VBoxManage, what it is asked, what it says | all of it |

mod answer;
mod check;
mod command;
mod create;
mod disk;
mod driver;
mod image;
mod import;
mod ledger;
mod locate;
mod network;
mod options;
mod remove;
mod start;
mod stop;
mod vboxmanage;

pub use driver::VBoxDriver;
pub use options::Options;
