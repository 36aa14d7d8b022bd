//! Type definitions as they cross the wire, and the table that a stream's receiver keeps of them (PROTOCOL section 5.2).

use std::{collections::BTreeMap, sync::Arc};

use super::{
    error::DecodeError,
    limits::{Budget, Limits},
    primitive::{Input, put_bytes, put_int, put_uint},
};

pub(super) const BOOL: i64 = 1;
pub(super) const INT: i64 = 2;
pub(super) const UINT: i64 = 3;
pub(super) const FLOAT: i64 = 4;
pub(super) const BYTES: i64 = 5;
pub(super) const STRING: i64 = 6;
pub(super) const COMPLEX: i64 = 7;
pub(super) const INTERFACE: i64 = 8;
/// Ids below are reserved.
const FIRST_DEFINED: i64 = 64;

/// A type that the peer defined.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// The id under which values refer to the type.
    pub id: i64,
    /// Name of the Go type, without package; often empty, and free of meaning to receivers.
    pub name: String,
    /// The id inside the definition; senders repeat `id` here.
    pub common_id: i64,
    /// What kind of type.
    pub shape: Shape,
    /// Position in the stream of the definition's first byte (the negative id).
    pub offset: u64,
    /// Whether it was sent within a value (PROTOCOL section 5.3).
    pub inside_value: bool,
}

/// The seven kinds of defined types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire format has exactly these")]
pub enum Shape {
    /// A Go array.
    Array {
        /// Type id of the elements.
        elem: i64,
        /// Number of elements.
        len: i64,
    },
    /// A Go slice.
    Slice {
        /// Type id of the elements.
        elem: i64,
    },
    /// A Go struct.
    Struct {
        /// Name and type id of the fields; field numbers are indices into this.
        fields: Vec<(String, i64)>,
    },
    /// A Go map.
    Map {
        /// Type id of the keys.
        key: i64,
        /// Type id of the values.
        elem: i64,
    },
    /// A Go type with `GobEncode`: its values are opaque bytes.
    GobEncoder,
    /// A Go type with `MarshalBinary`: its values are opaque bytes.
    BinaryMarshaler,
    /// A Go type with `MarshalText`: its values are opaque bytes.
    TextMarshaler,
}

/// What is read of a definition before its kind is known.
#[derive(Default)]
struct Parts {
    name: String,
    common_id: i64,
    first: i64,
    second: i64,
    fields: Vec<(String, i64)>,
}

impl Definition {
    /// Reads a `wireType` value; the negative id has been read already.
    fn read(
        id: i64,
        input: &mut Input<'_>,
        budget: &mut Budget,
        offset: u64,
        inside_value: bool,
    ) -> Result<Self, DecodeError> {
        let mut found = None;
        let mut kinds = 0;
        let mut kind = None;
        loop {
            kind = input.next_field(kind, 7)?;
            let Some(kind) = kind else { break };
            let parts = Parts::read(kind, input, budget)?;
            kinds += 1;
            let Parts { name, common_id, first, second, fields } = parts;
            let shape = match kind {
                0 => Shape::Array { elem: first, len: second },
                1 => Shape::Slice { elem: first },
                2 => Shape::Struct { fields },
                3 => Shape::Map { key: first, elem: second },
                4 => Shape::GobEncoder,
                5 => Shape::BinaryMarshaler,
                _ => Shape::TextMarshaler,
            };
            found = Some(Self { id, name, common_id, shape, offset, inside_value });
        }
        match found {
            Some(definition) if kinds == 1 => Ok(definition),
            _ => Err(DecodeError::BadDefinition { id, kinds }),
        }
    }

    /// Appends the payload of the message that defines the type.
    pub(super) fn write(id: i64, name: &str, shape: &Shape, out: &mut Vec<u8>) {
        put_int(out, -id);
        let kind = match shape {
            Shape::Array { .. } => 0,
            Shape::Slice { .. } => 1,
            Shape::Struct { .. } => 2,
            Shape::Map { .. } => 3,
            Shape::GobEncoder => 4,
            Shape::BinaryMarshaler => 5,
            Shape::TextMarshaler => 6,
        };
        put_uint(out, kind + 1);
        put_uint(out, 1); // CommonType
        put_named_id(out, name, id);
        match shape {
            Shape::Array { elem: first, len: second } | Shape::Map { key: first, elem: second } => {
                put_uint(out, 1);
                put_int(out, *first);
                if *second != 0 {
                    put_uint(out, 1);
                    put_int(out, *second);
                }
            }
            Shape::Slice { elem } => {
                put_uint(out, 1);
                put_int(out, *elem);
            }
            Shape::Struct { fields } if !fields.is_empty() => {
                put_uint(out, 1);
                put_uint(out, fields.len() as u64);
                for (name, id) in fields {
                    put_named_id(out, name, *id);
                }
            }
            Shape::Struct { .. } | Shape::GobEncoder | Shape::BinaryMarshaler | Shape::TextMarshaler => {}
        }
        put_uint(out, 0); // end of ArrayT, SliceT, ...
        put_uint(out, 0); // end of wireType
    }
}

impl Parts {
    fn read(kind: usize, input: &mut Input<'_>, budget: &mut Budget) -> Result<Self, DecodeError> {
        const FIELDS_OF_KIND: [usize; 7] = [3, 2, 2, 3, 1, 1, 1];
        let mut parts = Self::default();
        let mut number = None;
        loop {
            number = input.next_field(number, FIELDS_OF_KIND[kind])?;
            match (number, kind) {
                (None, _) => return Ok(parts),
                (Some(0), _) => (parts.name, parts.common_id) = named_id(input, budget)?,
                (Some(1), 2) => parts.fields = read_fields(input, budget)?,
                (Some(1), _) => parts.first = input.int("a type definition")?,
                (Some(_), _) => parts.second = input.int("a type definition")?,
            }
        }
    }
}

fn read_fields(input: &mut Input<'_>, budget: &mut Budget) -> Result<Vec<(String, i64)>, DecodeError> {
    let claimed = input.uint("a type definition")?;
    budget.check_count(claimed)?;
    let mut fields = Vec::new();
    for _ in 0..claimed {
        if input.left() == 0 {
            return Err(DecodeError::CountExceedsInput { claimed });
        }
        fields.push(named_id(input, budget)?);
    }
    Ok(fields)
}

/// Reads a `CommonType` or a `fieldType`, both a name and an id.
fn named_id(input: &mut Input<'_>, budget: &mut Budget) -> Result<(String, i64), DecodeError> {
    let mut named = (String::new(), 0);
    let mut number = None;
    loop {
        number = input.next_field(number, 2)?;
        match number {
            None => break,
            Some(0) => named.0 = input.string("name")?,
            Some(_) => named.1 = input.int("a type definition")?,
        }
    }
    budget.take(size_of::<(String, i64)>() + named.0.len())?;
    Ok(named)
}

fn put_named_id(out: &mut Vec<u8>, name: &str, id: i64) {
    if name.is_empty() {
        put_uint(out, 2);
    } else {
        put_uint(out, 1);
        put_bytes(out, name.as_bytes());
        put_uint(out, 1);
    }
    put_int(out, id);
    put_uint(out, 0);
}

/// The types that were defined on a stream. They stay for its whole life.
#[derive(Debug)]
pub(super) struct TypeTable {
    types: BTreeMap<i64, Arc<Definition>>,
    budget: Budget,
    limit: usize,
}

impl TypeTable {
    pub(super) fn new(limits: Limits) -> Self {
        Self { types: BTreeMap::new(), budget: Budget::new(limits), limit: limits.max_types }
    }

    pub(super) fn find(&self, id: i64) -> Result<&Arc<Definition>, DecodeError> {
        self.types.get(&id).ok_or(DecodeError::UndefinedType { id })
    }

    /// Reads the definition of type `id`, whose negated id was read from position `offset`.
    pub(super) fn define(
        &mut self,
        id: i64,
        input: &mut Input<'_>,
        offset: u64,
        inside_value: bool,
    ) -> Result<Arc<Definition>, DecodeError> {
        if id < FIRST_DEFINED || self.types.contains_key(&id) {
            return Err(DecodeError::DuplicateType { id });
        }
        if self.types.len() >= self.limit {
            return Err(DecodeError::TooManyTypes { limit: self.limit });
        }
        let definition = Arc::new(Definition::read(id, input, &mut self.budget, offset, inside_value)?);
        self.types.insert(id, Arc::clone(&definition));
        Ok(definition)
    }
}
