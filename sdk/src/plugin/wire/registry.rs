use std::{collections::HashMap, sync::LazyLock};

use super::types::Type;

/// Which types interface values are encoded as, by the names under which Go programs registered them.
#[derive(Clone, Debug)]
pub struct Registry {
    types: HashMap<String, Type>,
}

static BUILT_IN: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry { types: HashMap::new() };
    let numbers = [
        ("bool", Type::Bool),
        ("int", Type::Int),
        ("int8", Type::Int),
        ("int16", Type::Int),
        ("int32", Type::Int),
        ("int64", Type::Int),
        ("uint", Type::Uint),
        ("uint8", Type::Uint),
        ("uint16", Type::Uint),
        ("uint32", Type::Uint),
        ("uint64", Type::Uint),
        ("uintptr", Type::Uint),
        ("float32", Type::Float),
        ("float64", Type::Float),
        ("complex64", Type::Complex),
        ("complex128", Type::Complex),
        ("string", Type::String),
    ];
    for (name, of) in numbers {
        registry.register(format!("[]{name}"), Type::slice(of.clone()));
        registry.register(name, of);
    }
    registry.register("[]uint8", Type::Bytes);
    registry
});

impl Registry {
    /// The names that every Go program knows: `bool`, `int`, `string`, `[]string`, `[]uint8`, ...
    pub fn built_in() -> Self {
        BUILT_IN.clone()
    }

    /// Adds or replaces a name.
    pub fn register(&mut self, name: impl Into<String>, of: Type) {
        self.types.insert(name.into(), of);
    }

    /// The type registered as `name`.
    pub fn find(&self, name: &str) -> Option<&Type> {
        self.types.get(name)
    }
}
