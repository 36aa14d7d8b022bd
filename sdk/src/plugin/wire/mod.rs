//! Go's gob, the encoding under `net/rpc`, as far as any peer may send it (PROTOCOL section 5).
//!
//! Both ends work on [`Value`]s and do no I/O. [`messages`] knows the values of the plugin protocol.

mod assembly;
mod decode;
mod definition;
mod encode;
mod error;
mod limits;
pub mod messages;
mod primitive;
mod registry;
mod types;
mod value;

pub use decode::{Decoded, Decoder, Message};
pub use definition::{Definition, Shape};
pub use encode::Encoder;
pub use error::{DecodeError, EncodeError};
pub use limits::Limits;
pub use registry::Registry;
pub use types::Type;
pub use value::Value;
