use std::path::PathBuf;

use machine_driver::{DriverFlags, Error, Result, Secret};
use machine_driver_http::check_endpoint;

use crate::names::{MACHINE_TAG, OWNER_TAG};

/// Endpoint of records that have none; the default of the flag says the same.
pub(crate) const DEFAULT_ENDPOINT: &str = "https://api.template-cloud.example";

/// The options of `create`. The doc comments are what `docker-machine create --help` prints.
///
/// Names start with the driver's name and the variables repeat them in upper case (FLAG-003). Defaults must exist at
/// the provider (OS-005).
#[derive(Clone, Debug, DriverFlags)]
#[non_exhaustive]
pub struct Options {
    /// URL of the API
    #[flag(
        name = "template-endpoint",
        env = "TEMPLATE_ENDPOINT",
        default = "https://api.template-cloud.example"
    )]
    pub endpoint: String,
    /// API token
    #[flag(name = "template-token", env = "TEMPLATE_TOKEN", required)]
    pub token: Secret<String>,
    /// Region of the server
    #[flag(name = "template-region", env = "TEMPLATE_REGION", default = "eu-1")]
    pub region: String,
    /// Image of the server
    #[flag(name = "template-image", env = "TEMPLATE_IMAGE", default = "ubuntu-24.04")]
    pub image: String,
    /// Size of the server
    #[flag(name = "template-size", env = "TEMPLATE_SIZE", default = "small")]
    pub size: String,
    /// User for SSH, as the image has it
    #[flag(name = "template-ssh-user", env = "TEMPLATE_SSH_USER", default = "ubuntu")]
    pub ssh_user: String,
    /// Port for SSH, unless the provider says otherwise
    #[flag(name = "template-ssh-port", env = "TEMPLATE_SSH_PORT", default = 22)]
    pub ssh_port: u16,
    /// Name of an SSH key that the provider has already; its private key is --template-ssh-key-path
    #[flag(name = "template-key", env = "TEMPLATE_KEY", needs = "template-ssh-key-path")]
    pub key: Option<String>,
    /// File with an unencrypted private SSH key to use instead of a new one
    #[flag(name = "template-ssh-key-path", env = "TEMPLATE_SSH_KEY_PATH")]
    pub ssh_key_path: Option<PathBuf>,
    /// File with user data for the server
    #[flag(name = "template-user-data", env = "TEMPLATE_USER_DATA")]
    pub user_data: Option<PathBuf>,
    /// Tag of the server, KEY=VALUE; may be repeated
    #[flag(name = "template-tag")]
    pub tags: Vec<String>,
}

impl Options {
    /// What can be said without the provider and without files (FLAG-009, FLAG-011, FLAG-014).
    ///
    /// # Errors
    /// [`InvalidOption`](machine_driver::ErrorKind::InvalidOption) naming the flag.
    pub(crate) fn check(&self) -> Result<()> {
        check_endpoint("template-endpoint", &self.endpoint)?;
        let refused = |problem: String| Err(Error::invalid_option("template-tag", problem));
        let mut keys = Vec::new();
        for tag in &self.tags {
            let Some((key, _)) = tag.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return refused(format!("must be KEY=VALUE, but is {tag:?}"));
            };
            if [MACHINE_TAG, OWNER_TAG].contains(&key) {
                return refused(format!("cannot set {key:?}: the driver sets this tag itself"));
            }
            if keys.contains(&key) {
                return refused(format!("sets {key:?} more than once"));
            }
            keys.push(key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use machine_driver::{DriverOptions, ErrorKind, OptionValue};

    use super::*;

    fn with(name: &str, value: OptionValue) -> Result<()> {
        let mut options = DriverOptions::defaults(&Options::flags());
        options.insert("template-token", OptionValue::String("t".into()));
        options.insert(name, value);
        Options::from_options(&options)?.check()
    }

    #[test]
    fn defaults_with_a_token_are_enough() {
        with("template-region", OptionValue::String(String::new())).unwrap();
        let missing = Options::from_options(&DriverOptions::new()).unwrap_err().to_string();
        assert!(missing.contains("--template-token is required"), "{missing}");
    }

    #[test]
    fn malformed_values_are_refused_with_the_name_of_the_flag() {
        let text = |text: &str| OptionValue::String(text.into());
        let list = |items: &[&str]| OptionValue::List(items.iter().map(|&item| item.into()).collect());
        for (flag, value) in [
            ("template-endpoint", text("cloud")),
            ("template-endpoint", text("ftp://cloud")),
            ("template-endpoint", text("https://user:pass@cloud")),
            ("template-ssh-port", OptionValue::Int(65_536)),
            ("template-key", text("laptop")),
            ("template-tag", list(&["plain"])),
            ("template-tag", list(&["=value"])),
            ("template-tag", list(&["a=1", "a=2"])),
            ("template-tag", list(&["owner=me"])),
            ("template-tag", text("a=1")),
        ] {
            let error = with(flag, value.clone()).expect_err(&format!("{value:?}"));
            assert_eq!(error.kind(), ErrorKind::InvalidOption);
            assert!(error.to_string().contains(&format!("--{flag}")), "{error}");
            assert!(!error.to_string().contains("pass@"), "{error}");
        }
        with("template-tag", list(&["a=1", "b="])).unwrap();
    }
}
