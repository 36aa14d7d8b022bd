#![doc = include_str!("README.md")]
//!
//! # In tests
//!
//! ```
//! # use machine_mock_providers::vbox::{Server, ServerOptions};
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let server = Server::start(ServerOptions::default()).await?;
//! let account = server.account("check-17")?;
//! let made = account.run(["createvm", "--name", "demo", "--register"]).await;
//! assert_eq!(made.exit, 0, "{}", made.stderr);
//! assert_eq!(account.inventory()[0].name, "demo");
//! # std::io::Result::Ok(()) }).unwrap();
//! ```

mod account;
mod arguments;
mod backdoor;
mod commands;
mod conditions;
mod control;
mod disk;
pub mod executable;
mod faults;
mod folder;
mod guests;
mod image;
mod input;
mod inventory;
mod listener;
mod options;
mod output;
mod request;
mod server;
mod state;

pub use account::{Account, Finished};
pub use conditions::Conditions;
pub use disk::boot2docker_disk;
pub use image::{boot2docker_checksum, boot2docker_image};
pub use options::ServerOptions;
pub use server::Server;
pub use state::{Component, MachineState, ResultCode, Times, VBoxError};
