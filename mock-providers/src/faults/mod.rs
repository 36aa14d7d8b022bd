//! Scripted misbehaviour, as data: the same plan can be set from Rust, from a file and over a control port.
//!
//! ```
//! # use machine_mock_providers::faults::FaultPlan;
//! let plan: FaultPlan = serde_json::from_str(r#"[
//!     {"when": {"operation": "CreateServer"}, "then": {"kind": "throttle", "retry_after": 1}, "times": 2},
//!     {"when": {"mutating_call": 3}, "then": {"kind": "http-error", "status": 500}},
//!     {"when": {"method": "GET", "path": "/v1/servers/*"}, "every": 5, "then": {"kind": "stale"}}
//! ]"#)?;
//! # assert_eq!(plan.faults.len(), 3);
//! # serde_json::Result::Ok(())
//! ```

mod injector;

use serde::{Deserialize, Serialize};

use crate::guest::GuestFault;

pub use injector::{Call, Injector};

/// Faults that are looked at in order for every call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[expect(clippy::exhaustive_structs, reason = "a list")]
pub struct FaultPlan {
    /// The faults.
    pub faults: Vec<Fault>,
}

impl FaultPlan {
    /// A plan of one fault.
    pub fn one(when: When, then: FaultKind) -> Self {
        Self { faults: vec![Fault::new(when, then)] }
    }
}

impl From<Fault> for FaultPlan {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl FromIterator<Fault> for FaultPlan {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self { faults: faults.into_iter().collect() }
    }
}

/// One fault: which calls, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal")]
pub struct Fault {
    /// Calls that are meant; all conditions must hold.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub then: FaultKind,
    /// The first so many calls that are meant are left alone.
    #[serde(default)]
    pub skip: u32,
    /// Of the others only each so-and-so-manieth is hit; 0 and 1 are every one.
    #[serde(default)]
    pub every: u32,
    /// No more than so many are hit; `None` is no limit.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that hits every call that is meant.
    pub fn new(when: When, then: FaultKind) -> Self {
        Self { when, then, skip: 0, every: 1, times: None }
    }

    /// The same, at most so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// The same, leaving the first calls alone.
    #[must_use]
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }
}

/// Conditions on a call. What is left out holds for every call; `*` in texts stands for anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..When::default()")]
pub struct When {
    /// Name of the operation, for example `CreateServer` or `Delete*`.
    pub operation: Option<String>,
    /// HTTP method.
    pub method: Option<String>,
    /// Path without the query, for example `/v1/servers/*`.
    pub path: Option<String>,
    /// Whether the call changes something.
    pub mutating: Option<bool>,
    /// Only the k-th mutating call since the plan was set, counted from 1 over all operations.
    pub mutating_call: Option<u32>,
    /// Only the k-th call since the plan was set, counted from 1.
    pub call: Option<u32>,
    /// Only calls whose body contains this text.
    pub body: Option<String>,
}

impl When {
    /// Every call.
    pub fn always() -> Self {
        Self::default()
    }

    /// Every call that changes something.
    pub fn mutating() -> Self {
        Self { mutating: Some(true), ..Self::default() }
    }

    /// Calls of an operation; `*` stands for anything.
    pub fn operation(name: &str) -> Self {
        Self { operation: Some(name.to_owned()), ..Self::default() }
    }

    /// The k-th mutating call, counted from 1.
    pub fn mutating_call(number: u32) -> Self {
        Self { mutating_call: Some(number), ..Self::default() }
    }

    /// The k-th call, counted from 1.
    pub fn call(number: u32) -> Self {
        Self { call: Some(number), ..Self::default() }
    }
}

/// What happens to a call.
///
/// `acted` says whether the provider does what it was asked before it misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// An error in the provider's format. Without code or message the provider's usual ones for the status.
    HttpError {
        /// Status.
        status: u16,
        /// The provider's error code.
        #[serde(default)]
        code: Option<String>,
        /// Text.
        #[serde(default)]
        message: Option<String>,
        /// Whether the call is carried out all the same.
        #[serde(default)]
        acted: bool,
    },
    /// "Too many requests", with the time to wait in seconds.
    Throttle {
        /// Value of `Retry-After`; `None` leaves the header out.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// "There is no such object", although there may be one.
    NotFound,
    /// The credentials are refused.
    Unauthorized,
    /// The answer takes this much longer; the call is carried out first.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection is closed without an answer.
    Drop {
        /// Whether the call is carried out.
        acted: bool,
    },
    /// The connection is reset without an answer.
    Reset {
        /// Whether the call is carried out.
        acted: bool,
    },
    /// The connection stays open and nothing is answered.
    Stall {
        /// Whether the call is carried out.
        #[serde(default)]
        acted: bool,
    },
    /// The call is carried out; the connection is closed in the middle of the body.
    Truncate {
        /// Bytes of the body that are sent.
        #[serde(default)]
        bytes: usize,
    },
    /// The call is carried out; the answer has its status and no body.
    EmptyBody,
    /// The call is carried out; the answer has its status and another body.
    Body {
        /// Status instead of the right one.
        #[serde(default)]
        status: Option<u16>,
        /// The body, for example `<html>` or `{"unexpected": true}`.
        body: String,
    },
    /// A read shows the objects as they were before their latest change.
    Stale,
    /// A list is empty.
    EmptyList,
    /// What the call creates is invisible at first, also to calls that need it: for so many attempts to see it,
    /// and for so long.
    Lag {
        /// Attempts.
        #[serde(default)]
        reads: u32,
        /// Milliseconds.
        #[serde(default)]
        ms: u64,
    },
    /// What the call starts never gets ready: it stays in the state of starting.
    NeverReady,
    /// What the call starts gets ready but has no address.
    NoAddress,
    /// What the call starts fails while it starts.
    BootError {
        /// The provider's reason.
        #[serde(default)]
        message: Option<String>,
    },
    /// The machine that the call creates or starts misbehaves.
    Guest {
        /// How.
        fault: GuestFault,
    },
}

impl FaultKind {
    /// An internal error with a reason of its own (status 500); nothing is done.
    pub fn failing(reason: &str) -> Self {
        Self::HttpError { status: 500, code: None, message: Some(reason.to_owned()), acted: false }
    }

    /// The word that stands for it in plans and logs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::HttpError { .. } => "http-error",
            Self::Throttle { .. } => "throttle",
            Self::NotFound => "not-found",
            Self::Unauthorized => "unauthorized",
            Self::Delay { .. } => "delay",
            Self::Drop { .. } => "drop",
            Self::Reset { .. } => "reset",
            Self::Stall { .. } => "stall",
            Self::Truncate { .. } => "truncate",
            Self::EmptyBody => "empty-body",
            Self::Body { .. } => "body",
            Self::Stale => "stale",
            Self::EmptyList => "empty-list",
            Self::Lag { .. } => "lag",
            Self::NeverReady => "never-ready",
            Self::NoAddress => "no-address",
            Self::BootError { .. } => "boot-error",
            Self::Guest { .. } => "guest",
        }
    }

    /// Whether the call is carried out.
    pub fn acts(&self) -> bool {
        match self {
            Self::HttpError { acted, .. }
            | Self::Drop { acted }
            | Self::Reset { acted }
            | Self::Stall { acted } => *acted,
            Self::Throttle { .. } | Self::NotFound | Self::Unauthorized => false,
            _ => true,
        }
    }
}
