//! `docker-machine-driver-ec2`: machines are instances of Amazon EC2.
//!
//! `README.md` has the options, the permissions that the driver needs, and how to fork it. Read the modules in this
//! order:
//!
//! | module | contents | what a fork for another cloud changes |
//! | --- | --- | --- |
//! | [`options`](Options), `check` | the flags of `create`, and what is refused without asking EC2 | all of it |
//! | [`driver`](Ec2Driver) | the record, and each method of the contract in the contract's order | the record |
//! | `create`, `remove` | the steps of the two long methods | the steps' contents; their order stays |
//! | `instance` | finding the instance, waiting for its states, reaching its guest | names of states |
//! | `key`, `group`, `place`, `image` | what an instance needs: key pair, security groups, subnet, image | all of it |
//! | `names` | names and tags of what the driver makes | the provider's rules for names |
//! | `api`, `client` | the provider's calls; `machine-driver-aws` has their credentials, repetition, deadline and errors | the client library's types |

mod api;
mod check;
mod client;
mod create;
mod driver;
mod group;
mod image;
mod instance;
mod key;
mod names;
mod options;
mod place;
mod remove;
#[cfg(test)]
#[path = "tests/cloud.rs"]
mod test_cloud;

pub use driver::Ec2Driver;
pub use options::Options;
