//! `#[derive(DriverFlags)]` from the outside: flags that hosts see, options that they send.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;

use machine_driver::{DriverFlags, DriverOptions, ErrorKind, Flag, FlagKind, OptionValue, Secret};

/// Every type that an option may have.
#[derive(Clone, Debug, PartialEq, DriverFlags)]
struct Options {
    /// API token
    #[flag(name = "acme-token", env = "ACME_TOKEN", required)]
    token: Secret<String>,
    /// Region of the server,
    /// as the provider names it
    ///
    /// This paragraph is for readers of the code.
    #[flag(name = "acme-region", env = "ACME_REGION", default = "eu-1")]
    region: String,
    /// Private key to use instead of a new one
    #[flag(name = "acme-ssh-key-path")]
    key_path: Option<PathBuf>,
    /// File with user data
    #[flag(name = "acme-user-data", default = "/etc/acme")]
    user_data: PathBuf,
    /// SSH port
    #[flag(name = "acme-ssh-port", default = 22)]
    ssh_port: u16,
    /// Memory in MiB
    #[flag(name = "acme-memory", default = "1024")]
    memory: u32,
    /// Disk in bytes
    #[flag(name = "acme-disk")]
    disk: u64,
    /// Priority
    #[flag(name = "acme-priority", default = -5)]
    priority: i64,
    /// Use the private address
    #[flag(name = "acme-private")]
    private: bool,
    /// Tags
    #[flag(name = "acme-tag")]
    tags: Vec<String>,
    /// Zones
    #[flag(name = "acme-zone", default = "a,b")]
    zones: Vec<String>,
    /// Second token
    #[flag(name = "acme-second-token")]
    second_token: Option<Secret<String>>,
}

fn token_only() -> DriverOptions {
    [("acme-token", OptionValue::String("t0ken".into()))].into_iter().collect()
}

fn with_defaults() -> Options {
    Options {
        token: Secret::new("t0ken".into()),
        region: "eu-1".into(),
        key_path: None,
        user_data: "/etc/acme".into(),
        ssh_port: 22,
        memory: 1024,
        disk: 0,
        priority: -5,
        private: false,
        tags: Vec::new(),
        zones: vec!["a".into(), "b".into()],
        second_token: None,
    }
}

#[test]
fn flags_carry_name_usage_variable_type_and_default() {
    let flags = Options::flags();
    let text = |default: &str| FlagKind::String { default: default.into() };
    let kinds: Vec<_> = flags.iter().map(|flag| (flag.name.as_str(), flag.kind.clone())).collect();
    let list =
        |items: &[&str]| FlagKind::StringList { default: items.iter().map(|&item| item.into()).collect() };
    assert_eq!(
        kinds,
        [
            ("acme-token", text("")),
            ("acme-region", text("eu-1")),
            ("acme-ssh-key-path", text("")),
            ("acme-user-data", text("/etc/acme")),
            ("acme-ssh-port", FlagKind::Int { default: 22 }),
            ("acme-memory", FlagKind::Int { default: 1024 }),
            ("acme-disk", FlagKind::Int { default: 0 }),
            ("acme-priority", FlagKind::Int { default: -5 }),
            ("acme-private", FlagKind::Bool),
            ("acme-tag", list(&[])),
            ("acme-zone", list(&["a", "b"])),
            ("acme-second-token", text("")),
        ]
    );
    let region = Flag::string("acme-region")
        .usage("Region of the server, as the provider names it")
        .env_var("ACME_REGION")
        .kind(text("eu-1"));
    assert_eq!(flags[1], region);
    assert_eq!(flags[2].env_var, "");
}

#[test]
fn missing_keys_mean_defaults() {
    // FLAG-007: some hosts leave out what has its default value, others send everything.
    assert_eq!(Options::from_options(&token_only()).unwrap(), with_defaults());
}

#[test]
fn sent_defaults_mean_the_same() {
    let mut options = DriverOptions::defaults(&Options::flags());
    options.insert("acme-token", OptionValue::String("t0ken".into()));
    assert_eq!(Options::from_options(&options).unwrap(), with_defaults());
}

#[test]
fn sent_values_win() {
    let mut options = token_only();
    options.insert("acme-region", OptionValue::String("us-2".into()));
    options.insert("acme-ssh-port", OptionValue::Int(2222));
    options.insert("acme-private", OptionValue::Bool(true));
    options.insert("acme-tag", OptionValue::List(vec!["x".into()]));
    options.insert("acme-zone", OptionValue::List(vec!["c".into()]));
    options.insert("acme-ssh-key-path", OptionValue::String("/k".into()));
    let parsed = Options::from_options(&options).unwrap();
    let expected = Options {
        region: "us-2".into(),
        ssh_port: 2222,
        private: true,
        tags: vec!["x".into()],
        zones: vec!["c".into()],
        key_path: Some("/k".into()),
        ..with_defaults()
    };
    assert_eq!(parsed, expected);
}

#[test]
fn a_missing_required_option_is_named() {
    for value in [None, Some(OptionValue::String(String::new())), Some(OptionValue::Nil)] {
        let options: DriverOptions = value.map(|value| ("acme-token", value)).into_iter().collect();
        let error = Options::from_options(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains("--acme-token is required"), "{error}");
    }
}

#[test]
fn malformed_options_are_named() {
    for (name, value, reason) in [
        ("acme-ssh-port", OptionValue::Int(70_000), "--acme-ssh-port must be between 0 and 65535"),
        ("acme-disk", OptionValue::Int(-1), "--acme-disk must be between 0"),
        ("acme-region", OptionValue::Bool(true), "--acme-region must be a string"),
        ("acme-private", OptionValue::String("yes".into()), "--acme-private must be a bool"),
        ("acme-tag", OptionValue::String("x".into()), "--acme-tag must be a list"),
    ] {
        let mut options = token_only();
        options.insert(name, value);
        let error = Options::from_options(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_struct_may_have_no_flags_or_a_type_parameter() {
    #[derive(Debug, DriverFlags)]
    struct Nothing {}

    #[derive(Debug, DriverFlags)]
    struct Wrapper<T: machine_driver::options::OptionField> {
        /// Anything
        #[flag(name = "acme-thing")]
        thing: T,
    }

    assert!(Nothing::flags().is_empty());
    assert!(Nothing::from_options(&DriverOptions::new()).is_ok());
    let options = [("acme-thing", OptionValue::Int(7))].into_iter().collect();
    assert_eq!(Wrapper::<u32>::from_options(&options).unwrap().thing, 7);
}
