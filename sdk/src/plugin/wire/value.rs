/// A decoded value, or one to be encoded.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the wire format has exactly these")]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// Every signed integer of Go.
    Int(i64),
    /// Every unsigned integer of Go.
    Uint(u64),
    /// `float32` and `float64`.
    Float(f64),
    /// `[]byte`, and whatever a Go type with its own binary or text form produced.
    Bytes(Vec<u8>),
    /// `string`. Go's strings may hold any bytes; those that are not UTF-8 are replaced by U+FFFD when decoded.
    String(String),
    /// Real and imaginary part of `complex64` and `complex128`.
    Complex(f64, f64),
    /// A slice or an array.
    Slice(Vec<Self>),
    /// Pairs in the order on the wire, which is random with Go peers.
    Map(Vec<(Self, Self)>),
    /// The fields that are on the wire, by name and in the order of the type; absent fields have their zero value.
    Struct(Vec<(String, Self)>),
    /// Registered name and concrete value; `None` is a nil interface.
    Interface(Option<Box<(String, Self)>>),
}

impl Value {
    /// A struct value from its non-zero fields.
    pub fn structure<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Struct(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// An interface that holds `value` under the registered `name`.
    pub fn interface(name: impl Into<String>, value: Self) -> Self {
        Self::Interface(Some(Box::new((name.into(), value))))
    }

    /// The value of a struct's field; `None` if it is absent (zero) or this is not a struct.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What kind of value this is, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Float(_) => "float",
            Self::Bytes(_) => "[]byte",
            Self::String(_) => "string",
            Self::Complex(..) => "complex",
            Self::Slice(_) => "slice",
            Self::Map(_) => "map",
            Self::Struct(_) => "struct",
            Self::Interface(_) => "interface",
        }
    }
}
