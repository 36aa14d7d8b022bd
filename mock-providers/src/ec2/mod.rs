#![doc = include_str!("README.md")]

mod api;
mod catalog;
mod error;
mod filter;
mod page;
mod query;
mod state;
mod timestamp;
mod xml;

pub use error::Ec2Error;
