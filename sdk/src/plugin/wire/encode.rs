use std::sync::Arc;

use super::{
    definition::{Definition, Shape},
    error::EncodeError,
    limits::Limits,
    primitive::{put_bytes, put_float, put_int, put_uint},
    registry::Registry,
    types::Type,
    value::Value,
};

/// Go starts here too.
const FIRST_ID: i64 = 65;

/// Turns values into the bytes of one direction of a connection. Each type is defined once, as a message of its own
/// before the first value that needs it: simpler than what Go does, and understood by Go (PROTOCOL section 5.3).
#[derive(Debug)]
pub struct Encoder {
    registry: Arc<Registry>,
    sent: SentTypes,
    /// Kept for its capacity.
    payload: Vec<u8>,
    limits: Limits,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder at the start of a stream, with the names of the [plugin protocol](Registry::plugin_protocol).
    pub fn new() -> Self {
        Self::with_registry(Registry::plugin_protocol())
    }

    /// An encoder at the start of a stream, with the names of `registry`.
    pub fn with_registry(registry: Arc<Registry>) -> Self {
        Self { registry, sent: SentTypes::default(), payload: Vec::new(), limits: Limits::default() }
    }

    /// Adds or replaces a registered name.
    pub fn register(&mut self, name: impl Into<String>, of: Type) {
        Arc::make_mut(&mut self.registry).register(name, of);
    }

    /// Appends `value` to `out`, encoded as type `of`, after the definitions that it needs.
    ///
    /// Zero fields are left out. A field that is a map is sent even if it is empty, as Go does: leave it out of the
    /// [`Value::Struct`] for a nil map.
    ///
    /// # Errors
    /// The value does not fit the type, uses a name that is not registered, or is too big. Then `out` is unchanged
    /// and the encoder can go on.
    pub fn encode(&mut self, of: &Type, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let written = out.len();
        let known = self.sent.types.len();
        let result = self.append(of, value, out);
        if result.is_err() {
            out.truncate(written);
            self.sent.types.truncate(known);
        }
        result
    }

    fn append(&mut self, of: &Type, value: &Value, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.payload.clear();
        let id = self.sent.define(of, out);
        put_int(&mut self.payload, id);
        let mut writer = Writer {
            registry: &self.registry,
            sent: &mut self.sent,
            definitions: out,
            payload: &mut self.payload,
            max_depth: self.limits.max_depth,
        };
        writer.framed(of, value, 0)?;
        let length = self.payload.len();
        if length > self.limits.max_message {
            return Err(EncodeError::TooLong { length, limit: self.limits.max_message });
        }
        put_bytes(out, &self.payload);
        Ok(())
    }
}

/// The types that were defined on a stream; the index tells the id. A list, because a connection has about ten.
#[derive(Debug, Default)]
struct SentTypes {
    types: Vec<Type>,
}

impl SentTypes {
    /// The id of a type; defines it and its parts in `out` if this is the first use.
    fn define(&mut self, of: &Type, out: &mut Vec<u8>) -> i64 {
        let known = self.types.len();
        let id = self.assign(of);
        let mut payload = Vec::new();
        for index in known..self.types.len() {
            let new = &self.types[index];
            payload.clear();
            let name = match new {
                Type::Struct { name, .. } => name,
                _ => "",
            };
            if let Some(shape) = self.shape(new) {
                Definition::write(FIRST_ID + index as i64, name, &shape, &mut payload);
                put_bytes(out, &payload);
            }
        }
        id
    }

    /// The id of a type, which is new if the type is.
    fn assign(&mut self, of: &Type) -> i64 {
        if let Some(id) = self.find(of) {
            return id;
        }
        let id = FIRST_ID + self.types.len() as i64;
        self.types.push(of.clone());
        match of {
            Type::Slice(element) | Type::Array(element, _) => {
                self.assign(element);
            }
            Type::Map(key, value) => {
                self.assign(key);
                self.assign(value);
            }
            Type::Struct { fields, .. } => {
                for (_, field) in fields {
                    self.assign(field);
                }
            }
            _ => {}
        }
        id
    }

    fn find(&self, of: &Type) -> Option<i64> {
        of.built_in()
            .or_else(|| self.types.iter().position(|sent| sent == of).map(|index| FIRST_ID + index as i64))
    }

    /// The definition of a type whose parts have ids; `None` for built-in types.
    fn shape(&self, of: &Type) -> Option<Shape> {
        let id = |part: &Type| self.find(part).unwrap_or_default();
        Some(match of {
            Type::Slice(element) => Shape::Slice { elem: id(element) },
            Type::Array(element, length) => Shape::Array { elem: id(element), len: *length as i64 },
            Type::Map(key, value) => Shape::Map { key: id(key), elem: id(value) },
            Type::Struct { fields, .. } => Shape::Struct {
                fields: fields.iter().map(|(name, field)| (name.clone(), id(field))).collect(),
            },
            _ => return None,
        })
    }
}

/// Writes the payload of one message.
struct Writer<'a> {
    registry: &'a Registry,
    sent: &'a mut SentTypes,
    definitions: &'a mut Vec<u8>,
    payload: &'a mut Vec<u8>,
    max_depth: usize,
}

impl Writer<'_> {
    /// Writes a value as it stands at top level and in an interface: anything but a struct comes after a zero.
    fn framed(&mut self, of: &Type, value: &Value, depth: usize) -> Result<(), EncodeError> {
        if !matches!(of, Type::Struct { .. }) {
            self.payload.push(0);
        }
        self.value(of, value, depth)
    }

    fn value(&mut self, of: &Type, value: &Value, depth: usize) -> Result<(), EncodeError> {
        let opens =
            matches!(value, Value::Slice(_) | Value::Map(_) | Value::Struct(_) | Value::Interface(Some(_)));
        if opens && depth >= self.max_depth {
            return Err(EncodeError::TooDeep { limit: self.max_depth });
        }
        match (of, value) {
            (Type::Bool, Value::Bool(flag)) => self.payload.push(u8::from(*flag)),
            (Type::Int, Value::Int(number)) => put_int(self.payload, *number),
            (Type::Uint, Value::Uint(number)) => put_uint(self.payload, *number),
            (Type::Float, Value::Float(number)) => put_float(self.payload, *number),
            (Type::Complex, Value::Complex(real, imaginary)) => {
                put_float(self.payload, *real);
                put_float(self.payload, *imaginary);
            }
            (Type::Bytes, Value::Bytes(bytes)) => put_bytes(self.payload, bytes),
            (Type::String, Value::String(text)) => put_bytes(self.payload, text.as_bytes()),
            (Type::Interface, Value::Interface(held)) => self.interface(held.as_deref(), depth)?,
            (Type::Slice(element), Value::Slice(items)) => self.sequence(element, items, depth)?,
            (Type::Array(element, length), Value::Slice(items)) if items.len() == *length => {
                self.sequence(element, items, depth)?;
            }
            (Type::Map(key, element), Value::Map(pairs)) => {
                put_uint(self.payload, pairs.len() as u64);
                for (name, value) in pairs {
                    self.value(key, name, depth + 1)?;
                    self.value(element, value, depth + 1)?;
                }
            }
            (Type::Struct { name, fields }, Value::Struct(values)) => {
                self.fields(name, fields, values, depth)?;
            }
            _ => {
                return Err(EncodeError::Mismatch { expected: of.to_string(), found: value.kind() });
            }
        }
        Ok(())
    }

    fn sequence(&mut self, element: &Type, items: &[Value], depth: usize) -> Result<(), EncodeError> {
        put_uint(self.payload, items.len() as u64);
        items.iter().try_for_each(|item| self.value(element, item, depth + 1))
    }

    fn fields(
        &mut self,
        type_name: &str,
        fields: &[(String, Type)],
        values: &[(String, Value)],
        depth: usize,
    ) -> Result<(), EncodeError> {
        let mut delta = 1;
        let mut found = 0;
        for (name, of) in fields {
            // The values usually come in the order of the fields.
            let value = match values.get(found) {
                Some((next, value)) if next == name => Some(value),
                _ => values.iter().find(|(other, _)| other == name).map(|(_, value)| value),
            };
            found += usize::from(value.is_some());
            match value {
                Some(value) if !is_zero(value) => {
                    put_uint(self.payload, delta);
                    self.value(of, value, depth + 1)?;
                    delta = 1;
                }
                _ => delta += 1,
            }
        }
        put_uint(self.payload, 0);
        match values.iter().find(|(name, _)| fields.iter().all(|(field, _)| field != name)) {
            Some((field, _)) if found != values.len() => {
                Err(EncodeError::UnknownField { type_name: type_name.to_owned(), field: field.clone() })
            }
            _ => Ok(()),
        }
    }

    fn interface(&mut self, held: Option<&(String, Value)>, depth: usize) -> Result<(), EncodeError> {
        let Some((name, value)) = held else {
            self.payload.push(0);
            return Ok(());
        };
        let registry = self.registry;
        let of = registry.find(name).ok_or_else(|| EncodeError::NotRegistered { name: name.clone() })?;
        put_bytes(self.payload, name.as_bytes());
        let id = self.sent.define(of, self.definitions);
        put_int(self.payload, id);
        let start = self.payload.len();
        self.framed(of, value, depth + 1)?;
        // The length stands before the value, but is known only now.
        let mut length = Vec::with_capacity(9);
        put_uint(&mut length, (self.payload.len() - start) as u64);
        self.payload.splice(start..start, length);
        Ok(())
    }
}

/// Whether Go would leave the field out.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Complex(real, imaginary) => *real == 0.0 && *imaginary == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Slice(items) => items.is_empty(),
        Value::Interface(held) => held.is_none(),
        Value::Map(_) | Value::Struct(_) => false,
    }
}
