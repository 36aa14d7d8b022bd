use std::str::FromStr;

use include_dir::{Dir, include_dir};

use crate::nearest::did_you_mean;

/// A reference driver that a new one can be made from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Like {
    /// Its name, and the word of `--like`.
    pub word: &'static str,
    /// What it is good for, in a few words.
    pub purpose: &'static str,
    /// The driver's type in its source.
    pub(super) type_name: &'static str,
    /// What begins like a variable of the driver's and is another's.
    pub(super) foreign_variables: &'static [&'static str],
    /// Its package.
    pub(super) folder: Dir<'static>,
}

impl Like {
    /// Every reference driver; the first one is the usual one.
    pub const ALL: &'static [Self] = &[
        Self {
            word: "template",
            purpose: "a cloud with an HTTP API of its own",
            type_name: "TemplateDriver",
            foreign_variables: &[],
            folder: include_dir!("$CARGO_MANIFEST_DIR/../reference-drivers/template"),
        },
        Self {
            word: "ec2",
            purpose: "Amazon EC2 and what speaks its protocol",
            type_name: "Ec2Driver",
            foreign_variables: &[],
            folder: include_dir!("$CARGO_MANIFEST_DIR/../reference-drivers/ec2"),
        },
        Self {
            word: "vbox",
            purpose: "VirtualBox, and hypervisors that are led by a command",
            type_name: "VBoxDriver",
            foreign_variables: &["VBOX_E_", "VBOX_INSTALL_PATH", "VBOX_MSI_INSTALL_PATH", "VBOX_USER_HOME"],
            folder: include_dir!("$CARGO_MANIFEST_DIR/../reference-drivers/vbox"),
        },
    ];
}

impl FromStr for &'static Like {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = || Like::ALL.iter().map(|like| like.word);
        Like::ALL.iter().find(|like| like.word == text).ok_or_else(|| {
            let hint = did_you_mean(text, words()).map(|hint| format!("; {hint}")).unwrap_or_default();
            let words: Vec<&str> = words().collect();
            format!("write one of: {}{hint}", words.join(", "))
        })
    }
}
