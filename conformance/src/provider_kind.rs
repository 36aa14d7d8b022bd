//! The providers that a run can start or use.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who plays the provider of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ProviderKind {
    /// Nobody: only what needs no provider is tested
    #[default]
    None,
    /// The suite's own server of the fictional cloud that the template driver is written for
    Template,
    /// The suite's own EC2
    Ec2,
    /// The suite's own VirtualBox
    Vbox,
    /// The suite's own VirtualBox as it is on macOS since 7.0: host-only networks instead of interfaces
    #[serde(rename = "vbox-macos")]
    VboxMacos,
    /// A provider that the suite does not know: commands of the profile list its objects and act in it
    External,
}

impl ProviderKind {
    /// Whether it is a server of the suite's own, which lives in the run's process.
    pub fn is_mock(self) -> bool {
        !matches!(self, Self::None | Self::External)
    }

    /// Every kind with its word.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("template", Self::Template),
        ("ec2", Self::Ec2),
        ("vbox", Self::Vbox),
        ("vbox-macos", Self::VboxMacos),
        ("external", Self::External),
    ];

    /// The word used in the profile, on the command line and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Template => "template",
            Self::Ec2 => "ec2",
            Self::Vbox => "vbox",
            Self::VboxMacos => "vbox-macos",
            Self::External => "external",
        }
    }

    /// Values that flags and environment variables can take from the running provider.
    pub fn offers(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::External => &[],
            Self::Template => &["endpoint", "token"],
            Self::Ec2 => &["endpoint", "access-key", "secret-key", "region", "zone", "ami", "ssh-port"],
            Self::Vbox | Self::VboxMacos => {
                &["boot2docker-url", "disk-size", "hostonly-cidr", "no-vtx-check"]
            }
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
