#![doc = include_str!("README.md")]

mod account;
mod addresses;
mod answer;
mod api;
mod backdoor;
mod catalog;
mod clock;
mod control;
mod error;
mod filter;
mod guests;
mod inventory;
mod key_material;
mod offers;
mod options;
mod page;
mod query;
mod room;
mod seed;
mod server;
mod signature;
mod state;
mod xml;

pub use account::Account;
pub use backdoor::InstanceView;
pub use error::Ec2Error;
pub use offers::{images, instance_types, zones};
pub use options::{Credentials, ServerOptions};
pub use server::Server;
pub use state::Times;
