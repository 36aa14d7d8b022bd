/// Why bytes are not a gob stream, or not the value that was expected. Once a decoder has failed, its stream cannot
/// be read any further: gob has no way to find the next value.
///
/// The fault is the peer's, except for the limits, which are ours. Where Go's decoder has a text for the same
/// problem, the text is Go's, because it crosses the connection as the error of a call (PROTOCOL section 4).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A type id was defined twice, or is reserved.
    #[error("gob: duplicate type received")]
    DuplicateType {
        /// The id that was defined again.
        id: i64,
    },
    /// A number with more than eight bytes.
    #[error("gob: encoded unsigned integer out of range")]
    NumberOutOfRange,
    /// A value of a type that was never defined.
    #[error("gob: unknown type id or corrupted data: type id {id} is not defined on this stream")]
    UndefinedType {
        /// The id.
        id: i64,
    },
    /// A field number that the type does not have.
    #[error("gob: bad data: field numbers out of bounds")]
    FieldOutOfRange,
    /// A value that is not a struct does not start with a zero byte.
    #[error("gob: decode: corrupted data: non-zero delta for singleton")]
    SingletonDelta,
    /// Bytes after a type definition.
    #[error("extra data in buffer")]
    ExtraData,
    /// A slice, array or map claims more elements than there are.
    #[error("gob: decoding array or slice: length exceeds input size ({claimed} elements)")]
    CountExceedsInput {
        /// Elements claimed.
        claimed: u64,
    },
    /// A text or byte slice claims more bytes than there are.
    #[error("gob: invalid {what} length {claimed}: exceeds input size {left}")]
    LengthExceedsInput {
        /// What was read, for example `string`.
        what: &'static str,
        /// Bytes claimed.
        claimed: u64,
        /// Bytes left in the message.
        left: usize,
    },
    /// An array with another length than its type says.
    #[error("gob: length mismatch in decodeArray")]
    ArrayLength,
    /// A registered name of more than 1024 bytes.
    #[error("gob: name too long ({length} bytes)")]
    NameTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// A message ends where more must follow.
    #[error("gob: unexpected end of message while reading {what}")]
    UnexpectedEnd {
        /// What was being read.
        what: &'static str,
    },
    /// A message without payload.
    #[error("gob: empty message")]
    EmptyMessage,
    /// A type definition with none or several of the seven kinds of types.
    #[error("gob: bad data: type definition {id} has {kinds} kinds, expected exactly one")]
    BadDefinition {
        /// The id being defined.
        id: i64,
        /// Number of kinds.
        kinds: usize,
    },
    /// A message, or a value of several messages, is longer than [`Limits::max_message`](super::Limits::max_message).
    #[error("invalid message length {length}: this end accepts at most {limit} bytes")]
    MessageTooLong {
        /// Bytes claimed.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// Nesting beyond [`Limits::max_depth`](super::Limits::max_depth).
    #[error("invalid nesting depth: this end accepts at most {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More parts than [`Limits::max_elements`](super::Limits::max_elements).
    #[error("gob: value too big: this end accepts at most {limit} elements")]
    TooManyElements {
        /// The limit.
        limit: usize,
    },
    /// More memory than [`Limits::max_memory`](super::Limits::max_memory).
    #[error("gob: value too big: it would take more than {limit} bytes of memory")]
    TooMuchMemory {
        /// The limit.
        limit: usize,
    },
    /// More type definitions than [`Limits::max_types`](super::Limits::max_types).
    #[error("gob: too many types: this end accepts at most {limit} definitions on a stream")]
    TooManyTypes {
        /// The limit.
        limit: usize,
    },
    /// An interface value with a registered name that means nothing here.
    #[error("gob: name not registered for interface: {name:?}")]
    NotRegistered {
        /// The name.
        name: String,
    },
    /// A value of another type than the call needs.
    #[error("gob: decoding into local type {local}, received remote type {remote}")]
    Mismatch {
        /// What was expected.
        local: &'static str,
        /// What came.
        remote: String,
    },
    /// A field of a known struct with another type than it should have.
    #[error("gob: wrong type ({found}) for received field {type_name}.{field}")]
    WrongField {
        /// Name of the struct type.
        type_name: &'static str,
        /// Name of the field.
        field: String,
        /// What came.
        found: &'static str,
    },
}

/// Why a value could not be encoded. Nothing was written; the stream is still usable. The fault is the caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value is not of the type that it was to be encoded as.
    #[error("gob: cannot encode {found} as {expected}")]
    Mismatch {
        /// The type.
        expected: String,
        /// The kind of the value.
        found: &'static str,
    },
    /// The struct type has no such field.
    #[error("gob: struct {type_name} has no field {field}")]
    UnknownField {
        /// Name of the struct type.
        type_name: String,
        /// Name of the field.
        field: String,
    },
    /// An interface value with a name that is not in the encoder's registry.
    #[error("gob: type not registered for interface: {name}")]
    NotRegistered {
        /// The name.
        name: String,
    },
    /// Nesting beyond what a decoder with default limits accepts.
    #[error("gob: encoder: value nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The message would be longer than what a decoder with default limits accepts.
    #[error("gob: encoder: message too big: {length} bytes, limit {limit}")]
    TooLong {
        /// Bytes of the message.
        length: usize,
        /// The limit.
        limit: usize,
    },
}
