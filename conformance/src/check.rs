//! What a check is: a literal with an id in words, the clauses it observes, what it needs, and a short function.

use std::{fmt, future::Future, pin::Pin};

use serde::{Deserialize, Serialize};

use crate::context::Context;

/// Future of a running check.
pub type Running = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send>>;

/// A check. Its level is the highest level among its clauses.
///
/// `why`, `good` and `bad` are what `machine-conformance explain` prints: the reason for the rule, and what an
/// exchange with a conformant and with a broken driver looks like.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "checks are written as literals")]
pub struct Check {
    /// Id in words, `group::what_is_observed`; stable for ever.
    pub id: &'static str,
    /// What is observed, one sentence.
    pub title: &'static str,
    /// Ids of the clauses that the check decides, the main one first.
    pub clauses: &'static [&'static str],
    /// What the run must offer; otherwise the check is not run, with a reason.
    pub needs: &'static [Need],
    /// Why the rule exists.
    pub why: &'static str,
    /// What a conformant exchange looks like.
    pub good: &'static str,
    /// What a broken one looks like.
    pub bad: &'static str,
    /// The check itself.
    pub run: fn(Context) -> Running,
}

impl Check {
    /// Group of the check: the part of the id before `::`.
    pub fn group(&self) -> &'static str {
        self.id.split("::").next().unwrap_or(self.id)
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("id", &self.id).field("clauses", &self.clauses).finish_non_exhaustive()
    }
}

/// Why a check ended before its end. Broken expectations do not stop a check; they are collected by the context.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The driver failed in a step that the check only needs as preparation, for example `Create`.
    Prerequisite(String),
    /// A call of the driver did not end within its limit.
    DriverTimeout(String),
    /// It turned out that the driver lacks what the clause is about.
    NotApplicable(String),
    /// This run cannot observe the clause.
    NotTested(String),
    /// The environment is at fault: provider, network, disk.
    Environment(String),
    /// The suite is at fault.
    Suite(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prerequisite(what) => write!(f, "prerequisite failed: {what}"),
            Self::DriverTimeout(what)
            | Self::NotApplicable(what)
            | Self::NotTested(what)
            | Self::Environment(what)
            | Self::Suite(what) => f.write_str(what),
        }
    }
}

/// What a check needs from the run. Gates of the specification, made concrete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Need {
    /// The driver runs as an executable (gate `proc`).
    Process,
    /// The run can make machines: all required flags are known (part of gates `power`, `ssh`, `inv`).
    Machine,
    /// The driver supports start, stop, kill and restart (gate `power`).
    Power,
    /// The suite can log in to the guest (gate `ssh`).
    Guest,
    /// The suite can list the provider's objects (gate `inv`).
    Inventory,
    /// The suite can read the provider's request log (part of gate `inv`).
    RequestLog,
    /// The suite can delete or power off an instance behind the driver's back (part of gate `inv`).
    OutOfBand,
    /// The suite can inject provider faults (gate `fault`).
    Faults,
    /// The provider can give an instance another address.
    Readdress,
    /// The profile names at least one secret.
    Secret,
    /// The driver declares at least one flag.
    Flags,
    /// The profile says that the driver cannot start, stop, kill and restart.
    NoPower,
    /// The provider is a cloud, not a hypervisor on this computer (gate `cloud`).
    Cloud,
    /// The provider is a hypervisor on this computer (gate `b2d`).
    Hypervisor,
    /// The run may have several machines at once (gate `par`).
    Parallel,
    /// The provider can be given objects of a user that the driver takes by its options (gate `xkey`).
    Supplied,
    /// Somebody else can have objects with the names that the driver wants (part of gate `inv`).
    Namesakes,
    /// The provider tells which values the driver's options have, and shows them on instances (part of gate `inv`).
    Catalog,
    /// The provider can hold an instance between two states (part of gate `inv`).
    Transitions,
    /// The provider can be made to carry out one change at a time.
    Busy,
    /// The provider can give instances IPv6 addresses (part of gate `inv`).
    Ipv6,
    /// The suite can pause and save an instance behind the driver's back (gate `pause`).
    Pause,
    /// The run has a `docker-machine` or `rancher-machine` that starts the driver.
    Host,
    /// The driver is for rancher-machine (gate `rancher`).
    Rancher,
    /// The check looks at what all other checks observed, so it runs last.
    WholeRun,
}

impl Need {
    /// What is missing when the need is not met, as a sentence fragment for reports.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Process => "the driver runs in-process, not as an executable",
            Self::Machine => "the run cannot create machines (no provider and no complete set of flags)",
            Self::Power => "the profile says that the driver cannot start, stop, kill and restart",
            Self::Guest => "the suite cannot log in to the guests of this provider",
            Self::Inventory => "this provider gives no inventory",
            Self::RequestLog => "this provider gives no request log",
            Self::OutOfBand => "this provider offers no way to act behind the driver's back",
            Self::Faults => "this provider cannot inject faults",
            Self::Readdress => "this provider cannot change the address of an instance",
            Self::Secret => "the profile names no secret flag",
            Self::Flags => "the driver declares no flags",
            Self::NoPower => "the driver can start, stop, kill and restart",
            Self::Cloud => "this provider is not known to be a cloud",
            Self::Hypervisor => "this provider is no hypervisor on this computer",
            Self::Parallel => "the run cannot have several machines at once",
            Self::Supplied => "this provider cannot be given objects that belong to a user",
            Self::Namesakes => "this provider cannot be given objects with the names that the driver wants",
            Self::Catalog => "this provider does not tell which values the driver's options have",
            Self::Transitions => "this provider cannot hold an instance between two states",
            Self::Busy => "this provider cannot be made to carry out one change at a time",
            Self::Ipv6 => "this provider gives no IPv6 addresses",
            Self::Pause => "this provider cannot pause and save an instance",
            Self::Host => {
                "no host is given to start the driver in (--host docker-machine, or rancher-machine)"
            }
            Self::Rancher => "the profile does not say that the driver is for rancher-machine",
            Self::WholeRun => "the run has no other checks",
        }
    }
}
