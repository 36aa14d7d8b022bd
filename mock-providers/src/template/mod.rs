#![doc = include_str!("API.md")]
//!
//! # In tests
//!
//! ```
//! # use machine_mock_providers::template::{Server, ServerOptions};
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let cloud = Server::start(ServerOptions::default()).await?;
//! let account = cloud.account("check-17");
//! println!("endpoint {}, token {}", cloud.endpoint(), account.token());
//! assert!(account.inventory().is_empty());
//! # std::io::Result::Ok(()) }).unwrap();
//! ```
//!
//! # Control port
//!
//! The same for other processes, over HTTP; every request needs `Authorization: Bearer CONTROL-TOKEN`, and
//! `?account=NAME` chooses the account (`default` without it).
//!
//! | request | effect |
//! | --- | --- |
//! | `GET /accounts` | names and tokens |
//! | `POST /accounts`, `DELETE /accounts` | makes or ends the account |
//! | `GET /inventory` | all objects |
//! | `GET /requests`, `DELETE /requests` | the request log |
//! | `GET /faults`, `POST /faults`, `DELETE /faults` | the [fault plan](crate::faults) with its hits |
//! | `POST /servers/{id or name}/{action}` | `delete`, `power-off`, `power-on`, `readdress`, `freeze`, `thaw`, `ignore-acpi`, `obey-acpi`, `hold?state=` |
//! | `GET /servers/{id or name}/commands` | commands that were run over SSH |
//! | `POST /seed/{server, key or image}/{name}` | makes an object that belongs to somebody else |
//! | `POST /one-change-at-a-time?ms=` | a change keeps the account busy for so long: others meanwhile, and the very first one, are refused as `locked` |
//! | `POST /reset` | removes everything in the account |

mod account;
mod api;
mod backdoor;
mod catalog;
mod control;
mod error;
mod guests;
mod history;
mod ids;
mod inventory;
mod model;
mod options;
mod route;
mod server;
mod state;
mod validate;

pub use account::Account;
pub use catalog::{images, regions, sizes};
pub use error::ApiError;
pub use model::{Action, Firewall, Key, NewFirewall, NewKey, NewServer, Server as CloudServer, ServerState};
pub use options::{ServerOptions, Times};
pub use server::Server;
