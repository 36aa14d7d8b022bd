use serde::{Deserialize, Serialize};

/// A command-line option that a driver declares (FLAG-001). Only these four kinds cross the plugin protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the protocol fixes the fields")]
pub struct Flag {
    /// Long option name without dashes, for example `acme-token`; also the key of the option.
    pub name: String,
    /// One line of help.
    pub usage: String,
    /// Environment variable that supplies the value; empty for none, several separated by commas.
    pub env_var: String,
    /// Type and default.
    pub kind: FlagKind,
}

/// Type of a flag, with its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has exactly four (FLAG-001)")]
pub enum FlagKind {
    /// A text.
    String {
        /// Value when the option is not given.
        default: String,
    },
    /// A list of texts; the option may be repeated.
    StringList {
        /// Value when the option is not given.
        default: Vec<String>,
    },
    /// A whole number.
    Int {
        /// Value when the option is not given.
        default: i64,
    },
    /// A switch; its default is always `false` (FLAG-012).
    Bool,
}

impl Flag {
    /// A text flag with an empty default.
    pub fn string(name: impl Into<String>) -> Self {
        Self::of(name, FlagKind::String { default: String::new() })
    }

    /// A list flag with an empty default.
    pub fn string_list(name: impl Into<String>) -> Self {
        Self::of(name, FlagKind::StringList { default: Vec::new() })
    }

    /// A number flag with default 0.
    pub fn int(name: impl Into<String>) -> Self {
        Self::of(name, FlagKind::Int { default: 0 })
    }

    /// A switch.
    pub fn bool(name: impl Into<String>) -> Self {
        Self::of(name, FlagKind::Bool)
    }

    fn of(name: impl Into<String>, kind: FlagKind) -> Self {
        Self { name: name.into(), usage: String::new(), env_var: String::new(), kind }
    }

    /// Sets the help text.
    #[must_use]
    pub fn usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = usage.into();
        self
    }

    /// Sets the environment variable.
    #[must_use]
    pub fn env_var(mut self, env_var: impl Into<String>) -> Self {
        self.env_var = env_var.into();
        self
    }

    /// Sets type and default together.
    #[must_use]
    pub fn kind(mut self, kind: FlagKind) -> Self {
        self.kind = kind;
        self
    }
}
