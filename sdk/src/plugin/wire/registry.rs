use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use super::{
    messages::{BOOL_FLAG, INT_FLAG, OPTIONS_NAME, OPTIONS_NAME_V0, STRING_FLAG, STRING_SLICE_FLAG},
    types::Type,
};

/// Which types interface values are encoded as, by the names under which Go programs registered them.
#[derive(Clone, Debug)]
pub struct Registry {
    types: HashMap<String, Type>,
}

static PLUGIN: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let mut registry = Registry::built_in();
    let flag = |name: &str, value: Option<Type>| {
        let texts = ["Name", "Usage", "EnvVar"].map(|field| (field.to_owned(), Type::String));
        let value = value.map(|of| ("Value".to_owned(), of));
        Type::Struct { name: name.to_owned(), fields: texts.into_iter().chain(value).collect() }
    };
    registry.register(STRING_FLAG, flag("StringFlag", Some(Type::String)));
    registry.register(STRING_SLICE_FLAG, flag("StringSliceFlag", Some(Type::slice(Type::String))));
    registry.register(INT_FLAG, flag("IntFlag", Some(Type::Int)));
    registry.register(BOOL_FLAG, flag("BoolFlag", None));
    let values = Type::map(Type::String, Type::Interface);
    registry.register(OPTIONS_NAME, Type::structure("RPCFlags", [("Values", values.clone())]));
    // What the oldest plugins call it.
    registry.register(OPTIONS_NAME_V0, Type::structure("RpcFlags", [("Values", values)]));
    Arc::new(registry)
});

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

    /// The built-in names and those of the plugin protocol: the four flags, and the options under both of their names
    /// (PROTOCOL section 5.4).
    pub fn plugin_protocol() -> Arc<Self> {
        Arc::clone(&PLUGIN)
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
