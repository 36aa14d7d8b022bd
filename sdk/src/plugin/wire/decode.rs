use std::sync::Arc;

use super::{
    assembly::{Assembly, Progress},
    definition::{Definition, TypeTable},
    error::DecodeError,
    limits::Limits,
    primitive::{Input, parse_uint},
    types::{Type, describe, type_of},
    value::Value,
};

/// Takes the bytes of one direction of a connection apart into values. Does no I/O: the caller pushes bytes in
/// whatever pieces they arrive.
///
/// Values are decoded without knowing what to expect; matching them to a call is a second step. So one bad argument
/// does not end the connection, as long as it is gob.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that are done with.
    consumed: usize,
    /// Position in the stream of `buffer[consumed]`.
    position: u64,
    types: TypeTable,
    pending: Pending,
    limits: Limits,
    failed: Option<DecodeError>,
}

/// A value with everything that was met while reading it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decoded {
    /// Type id of the value; only meaningful on this stream.
    pub type_id: i64,
    /// The value.
    pub value: Value,
    /// Type ids of the concrete values of the non-nil interfaces in `value`, in the order on the wire.
    pub concrete_types: Vec<i64>,
    /// Types defined since the previous value, in the order on the wire.
    pub definitions: Vec<Arc<Definition>>,
    /// The messages that made up the value, definitions before it included.
    pub messages: Vec<Message>,
}

/// Where a message was in the stream. Positions count from the first byte pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Position of its length.
    pub offset: u64,
    /// Position of its payload.
    pub payload_offset: u64,
    /// Length of its payload in bytes.
    pub len: usize,
}

/// The value that is being read, from the first definition before it.
#[derive(Debug, Default)]
struct Pending {
    assembly: Option<Assembly>,
    definitions: Vec<Arc<Definition>>,
    messages: Vec<Message>,
    length: usize,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self {
            buffer: Vec::new(),
            consumed: 0,
            position: 0,
            types: TypeTable::new(limits),
            pending: Pending::default(),
            limits,
            failed: None,
        }
    }

    /// Appends bytes as received. Call [`next`](Self::next) until it has no more before pushing again, so that the
    /// limits hold.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.consumed > 0 {
            self.buffer.drain(..self.consumed);
            self.consumed = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next value, or `None` if more bytes are needed.
    ///
    /// # Errors
    /// The bytes are not gob or exceed the limits. Every later call fails in the same way.
    #[expect(clippy::should_implement_trait, reason = "`None` does not end it, so it is no iterator")]
    pub fn next(&mut self) -> Result<Option<Decoded>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.advance().inspect_err(|error| {
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
            self.consumed = 0;
            self.pending = Pending::default();
        })
    }

    /// Number of bytes pushed that do not belong to a complete value yet.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.consumed + self.pending.length
    }

    /// Whether the stream may end here: nothing is missing of any value.
    pub fn at_boundary(&self) -> bool {
        self.failed.is_none() && self.buffered() == 0
    }

    /// Describes a type as `int`, `[]string`, `map[string]interface`, `struct NAME`, ..., for people.
    pub fn describe_type(&self, id: i64) -> String {
        describe(id, &self.types, self.limits.max_depth)
    }

    /// The type to encode a value of type `id` as, or `None` if the type is unknown, recursive or nested too deeply.
    pub fn type_of(&self, id: i64) -> Option<Type> {
        type_of(id, &self.types, self.limits.max_depth)
    }

    fn advance(&mut self) -> Result<Option<Decoded>, DecodeError> {
        loop {
            let bytes = &self.buffer[self.consumed..];
            let Some((length, width)) = parse_uint(bytes)? else {
                return Ok(None);
            };
            let limit = self.limits.max_message;
            let payload_length = usize::try_from(length)
                .ok()
                .filter(|length| self.pending.length.saturating_add(*length) <= limit)
                .ok_or(DecodeError::MessageTooLong { length, limit })?;
            if payload_length == 0 {
                return Err(DecodeError::EmptyMessage);
            }
            let Some(payload) = bytes[width..].get(..payload_length) else {
                return Ok(None);
            };

            let message = Message {
                offset: self.position,
                payload_offset: self.position + width as u64,
                len: payload_length,
            };
            self.consumed += width + payload_length;
            self.position += (width + payload_length) as u64;
            self.pending.length += width + payload_length;
            self.pending.messages.push(message);
            let mut input = Input::new(payload, message.payload_offset);
            if let Some(decoded) = self.pending.read_message(&mut input, &mut self.types, self.limits)? {
                return Ok(Some(decoded));
            }
        }
    }
}

impl Pending {
    fn read_message(
        &mut self,
        input: &mut Input<'_>,
        types: &mut TypeTable,
        limits: Limits,
    ) -> Result<Option<Decoded>, DecodeError> {
        let mut assembly = match self.assembly.take() {
            Some(assembly) => assembly,
            None => {
                let offset = input.position();
                let id = input.int("a type id")?;
                if id < 0 {
                    self.definitions.push(types.define(id.wrapping_neg(), input, offset, false)?);
                    return if input.left() == 0 { Ok(None) } else { Err(DecodeError::ExtraData) };
                }
                Assembly::new(id, limits)
            }
        };
        match assembly.run(input, types, &mut self.definitions)? {
            Progress::Complete(value) => {
                let Self { definitions, messages, .. } = std::mem::take(self);
                let (type_id, concrete_types) = assembly.into_types();
                Ok(Some(Decoded { type_id, value, concrete_types, definitions, messages }))
            }
            Progress::NeedMessage => {
                self.assembly = Some(assembly);
                Ok(None)
            }
        }
    }
}
