//! What drivers of providers with an HTTP API have in common: a deadline for every request, repetition where it is safe,
//! rate limits that are waited out, tokens that are changed, and errors that say what was asked.
//!
//! The contract and the plugin protocol are in [`machine_driver`]; a driver needs both crates. The template driver is
//! built on this one. Drivers that use a client library of their provider need it not.
//!
//! ```
//! use machine_driver::{Context, Result, Secret};
//! use machine_driver_http::{Client, Dialect, Http, Meaning, Request, Said};
//! use serde::Deserialize;
//!
//! const ACME: Dialect = Dialect::new("acme/1.0", "acme-token", "ACME_TOKEN", |status, body| {
//!     let text = String::from_utf8_lossy(body);
//!     // Only the provider's own words mean that something is gone.
//!     let gone = status == 404 && text.contains("no such server");
//!     Said::new(if gone { Meaning::Missing } else { Meaning::of_status(status) }, text)
//! });
//!
//! #[derive(Deserialize)]
//! struct Server {
//!     state: String,
//! }
//!
//! async fn server(client: &Client, token: &Secret<String>, id: &str, cx: &Context) -> Result<Option<Server>> {
//!     let acme = Http::new(ACME, client, "https://api.acme.example", cx)?.with_token(token, true);
//!     acme.json(&Request::get(format!("look up the server {id}"), &["v1", "servers", id])).await
//! }
//! ```

mod client;
mod dialect;
mod endpoint;
mod http;
mod request;

pub use client::Client;
pub use dialect::{Authorization, Dialect, Meaning, Said};
pub use endpoint::check_endpoint;
pub use http::{ANSWER, Http};
pub use request::{Repeat, Request};
