use std::fmt;

use super::definition::{BOOL, BYTES, COMPLEX, FLOAT, INT, INTERFACE, STRING, Shape, TypeTable, UINT};

/// What to encode a value as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the wire format has exactly these")]
pub enum Type {
    /// `bool`.
    Bool,
    /// Any signed integer.
    Int,
    /// Any unsigned integer.
    Uint,
    /// `float32` or `float64`.
    Float,
    /// `[]byte`.
    Bytes,
    /// `string`.
    String,
    /// `complex64` or `complex128`.
    Complex,
    /// Any interface. What it holds is found through the [`Registry`](super::Registry).
    Interface,
    /// A slice of anything but bytes.
    Slice(Box<Self>),
    /// An array and its length.
    Array(Box<Self>, usize),
    /// A map from the first to the second.
    Map(Box<Self>, Box<Self>),
    /// A struct.
    Struct {
        /// Name of the Go type, without package. Receivers ignore it.
        name: String,
        /// Name and type of all fields.
        fields: Vec<(String, Self)>,
    },
}

impl Type {
    /// A slice of `element`.
    pub fn slice(element: Self) -> Self {
        Self::Slice(Box::new(element))
    }

    /// A map from `key` to `value`.
    pub fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    /// A struct called `name`.
    pub fn structure<const N: usize>(name: &str, fields: [(&str, Self); N]) -> Self {
        let fields = fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect();
        Self::Struct { name: name.to_owned(), fields }
    }

    /// The id of a type that needs no definition.
    pub(super) fn built_in(&self) -> Option<i64> {
        match self {
            Self::Bool => Some(BOOL),
            Self::Int => Some(INT),
            Self::Uint => Some(UINT),
            Self::Float => Some(FLOAT),
            Self::Bytes => Some(BYTES),
            Self::String => Some(STRING),
            Self::Complex => Some(COMPLEX),
            Self::Interface => Some(INTERFACE),
            Self::Slice(_) | Self::Array(..) | Self::Map(..) | Self::Struct { .. } => None,
        }
    }
}

/// As [`Decoder::describe_type`](super::Decoder::describe_type).
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slice(element) => write!(f, "[]{element}"),
            Self::Array(element, length) => write!(f, "[{length}]{element}"),
            Self::Map(key, value) => write!(f, "map[{key}]{value}"),
            Self::Struct { name, .. } => f.write_str(&struct_label(name)),
            _ => f.write_str(self.built_in().and_then(built_in_label).unwrap_or_default()),
        }
    }
}

/// Nodes of a type tree that are followed. Ids make a type a graph, whose tree may be exponentially larger.
const MOST_NODES: usize = 4096;

/// See [`Decoder::describe_type`](super::Decoder::describe_type).
pub(super) fn describe(id: i64, types: &TypeTable, max_depth: usize) -> String {
    let mut label = String::new();
    let mut nodes = MOST_NODES;
    append_label(id, types, max_depth, &mut nodes, &mut label);
    label
}

fn append_label(id: i64, types: &TypeTable, depth: usize, nodes: &mut usize, label: &mut String) {
    if depth == 0 || *nodes == 0 {
        label.push_str("...");
        return;
    }
    *nodes -= 1;
    if let Some(built_in) = built_in_label(id) {
        label.push_str(built_in);
        return;
    }
    let Ok(definition) = types.find(id) else {
        label.push_str(&format!("undefined type {id}"));
        return;
    };
    match &definition.shape {
        Shape::Slice { elem } => {
            label.push_str("[]");
            append_label(*elem, types, depth - 1, nodes, label);
        }
        Shape::Array { elem, len } => {
            label.push_str(&format!("[{len}]"));
            append_label(*elem, types, depth - 1, nodes, label);
        }
        Shape::Map { key, elem } => {
            label.push_str("map[");
            append_label(*key, types, depth - 1, nodes, label);
            label.push(']');
            append_label(*elem, types, depth - 1, nodes, label);
        }
        Shape::Struct { .. } => label.push_str(&struct_label(&definition.name)),
        Shape::GobEncoder | Shape::BinaryMarshaler | Shape::TextMarshaler => {
            label.push_str("opaque ");
            label.push_str(&definition.name);
        }
    }
}

/// See [`Decoder::type_of`](super::Decoder::type_of).
pub(super) fn type_of(id: i64, types: &TypeTable, max_depth: usize) -> Option<Type> {
    expand(id, types, max_depth, &mut { MOST_NODES })
}

fn expand(id: i64, types: &TypeTable, depth: usize, nodes: &mut usize) -> Option<Type> {
    *nodes = nodes.checked_sub(1)?;
    let depth = depth.checked_sub(1)?;
    let built_in = match id {
        BOOL => Type::Bool,
        INT => Type::Int,
        UINT => Type::Uint,
        FLOAT => Type::Float,
        BYTES => Type::Bytes,
        STRING => Type::String,
        COMPLEX => Type::Complex,
        INTERFACE => Type::Interface,
        _ => {
            let definition = types.find(id).ok()?;
            return Some(match &definition.shape {
                Shape::Slice { elem } => Type::slice(expand(*elem, types, depth, nodes)?),
                Shape::Array { elem, len } => {
                    Type::Array(Box::new(expand(*elem, types, depth, nodes)?), usize::try_from(*len).ok()?)
                }
                Shape::Map { key, elem } => {
                    Type::map(expand(*key, types, depth, nodes)?, expand(*elem, types, depth, nodes)?)
                }
                Shape::Struct { fields } => Type::Struct {
                    name: definition.name.clone(),
                    fields: fields
                        .iter()
                        .map(|(name, id)| Some((name.clone(), expand(*id, types, depth, nodes)?)))
                        .collect::<Option<_>>()?,
                },
                // Opaque values are byte slices to us, and travel as such.
                Shape::GobEncoder | Shape::BinaryMarshaler | Shape::TextMarshaler => Type::Bytes,
            });
        }
    };
    Some(built_in)
}

fn built_in_label(id: i64) -> Option<&'static str> {
    Some(match id {
        BOOL => "bool",
        INT => "int",
        UINT => "uint",
        FLOAT => "float",
        BYTES => "bytes",
        STRING => "string",
        COMPLEX => "complex",
        INTERFACE => "interface",
        _ => return None,
    })
}

fn struct_label(name: &str) -> String {
    format!("struct {}", if name.is_empty() { "{}" } else { name })
}
