//! Tests of merging command line and profile.

#![allow(clippy::unwrap_used)]

use std::fs;

use clap::Parser as _;
use machine_driver::Flag;

use super::{cost::Cost, *};
use crate::{
    check::Need,
    facts::{Facts, GivenValue},
};

#[derive(Debug, Parser)]
struct Probe {
    #[command(flatten)]
    run: RunArguments,
}

const PROFILE: &str = r#"
[driver]
command = "./docker-machine-driver-acme"
secrets = ["acme-pin"]

[driver.flags]
acme-token = { env = "ACME_TOKEN" }
acme-pin = "12345678"
acme-region = "eu-1"
acme-size = 3

[driver.environment]
ACME_PROXY = "http://proxy"

[provider]
kind = "template"

[expect]
lacks = ["power", "pause"]
guest = { os = "debian" }

[waits]
factor = 2.5

[[known-failure]]
check = "stop"
reason = "ticket 4711"

[[known-failure]]
check = "kill"
reason = "ticket 4712"
until = 2001-01-01
"#;

/// The order of these arguments, with a profile in a folder of its own if there is one.
fn order(profile: Option<&str>, arguments: &[&str]) -> Result<Order, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("conformance.toml");
    let mut words = vec!["run"];
    let path_text = path.display().to_string();
    if let Some(text) = profile {
        fs::write(&path, text).unwrap();
        words.extend(["--profile", &path_text]);
    }
    words.extend(arguments);
    let probe = Probe::try_parse_from(words).unwrap();
    Order::new(&probe.run, &|name| (name == "ACME_TOKEN").then(|| "t0p-s3cret".to_owned()))
}

fn message(failure: &Failure) -> String {
    let mut text = Vec::new();
    failure.report(&mut text);
    anstream::adapter::strip_bytes(&text).into_vec().into_iter().map(char::from).collect()
}

fn facts_of(flags: Vec<Flag>) -> Facts {
    Facts { driver_name: "acme".into(), flags, failure: None }
}

fn text(text: &str) -> GivenValue {
    GivenValue::Text(text.into())
}

#[test]
fn a_profile_alone_is_enough() {
    let order = order(Some(PROFILE), &[]).unwrap();
    assert_eq!(order.flags["acme-token"], text("t0p-s3cret"));
    assert_eq!(order.flags["acme-size"], GivenValue::Number(3));
    assert_eq!((order.provider, order.timeout_factor), (ProviderKind::Template, 2.5));
    let hidden: Vec<&str> = order.secrets.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(hidden, ["12345678", "t0p-s3cret"]);
    assert_eq!(order.lacks().into_keys().collect::<Vec<_>>(), [Need::Power, Need::Pause, Need::Rancher]);
    assert_eq!(order.guest_os().as_deref(), Some("debian"));
}

#[test]
fn the_command_line_comes_before_the_profile() {
    let arguments = [
        "./other",
        "--flag",
        "acme-region=us-1",
        "--flag",
        "--acme-tag=a",
        "--flag",
        "acme-tag=b",
        "--provider",
        "none",
        "--timeout-factor",
        "1.5",
        "--seed",
        "7",
        "--jobs",
        "3",
    ];
    let order = order(Some(PROFILE), &arguments).unwrap();
    assert_eq!(order.flags["acme-region"], text("us-1"));
    assert_eq!(order.flags["acme-tag"], GivenValue::List(vec!["a".into(), "b".into()]));
    assert_eq!((order.provider, order.timeout_factor), (ProviderKind::None, 1.5));
    assert_eq!((order.seed, order.jobs), (7, 3));
    assert!(order.rerun().starts_with("machine-conformance run ./other --profile "), "{}", order.rerun());
}

#[test]
fn a_flag_of_the_command_line_needs_no_variable() {
    let profile = "[driver.flags]\nacme-token = { env = \"NOT_SET\" }\n";
    let order_with = order(Some(profile), &["./driver", "--flag", "acme-token=given"]).unwrap();
    assert_eq!(order_with.flags["acme-token"], text("given"));
    let failure = order(Some(profile), &["./driver"]).unwrap_err();
    assert!(message(&failure).contains("takes its value from NOT_SET"), "{}", message(&failure));
}

#[test]
fn the_rerun_line_holds_no_secrets() {
    let arguments = [
        "./a driver",
        "--flag",
        "acme-token=t0p",
        "--flag",
        "acme-size=3",
        "--secret",
        "acme-pin",
        "--create-machines",
    ];
    assert_eq!(
        order(None, &arguments).unwrap().rerun(),
        "machine-conformance run './a driver' --flag acme-token=\"$ACME_TOKEN\" --flag acme-size=3 --secret acme-pin --create-machines"
    );
}

#[test]
fn known_failures_name_single_checks_and_expire() {
    let order = order(Some(PROFILE), &[]).unwrap();
    let known = order.known_failures();
    let covers = |id: &str| known.iter().any(|known| known.pattern.matches(id));
    let ids = |group: &str| {
        checks::all().iter().filter(|check| check.group() == group).map(|check| check.id).collect::<Vec<_>>()
    };
    assert!(!ids("stop").is_empty() && ids("stop").into_iter().all(covers));
    assert!(!ids("kill").into_iter().any(covers));
    assert_eq!(order.notes.len(), 1);
    assert!(
        order.notes[0].ends_with("the known failure \"kill\" was accepted until 2001-01-01; it counts again")
    );
}

#[test]
fn requirements_are_those_of_the_command_line_then_of_the_profile() {
    let of = |profile: &str, arguments: &[&str]| order(Some(profile), arguments).unwrap().requirements.name();
    let driver = "driver.command = './d'\n";
    assert_eq!(of(driver, &[]), "v1");
    assert_eq!(of(&format!("{driver}expect.spec = 'next'"), &[]), "next");
    assert_eq!(of(&format!("{driver}expect.host = 'rancher-machine'"), &[]), "v1-rancher");
    assert_eq!(of(&format!("{driver}expect.spec = 'next'"), &["--spec", "v1-rancher"]), "v1-rancher");
    let both = format!("{driver}expect.host = 'rancher-machine'");
    let named = order(Some(&both), &["--spec", "next"]).unwrap();
    assert_eq!(named.requirements.name(), "next-rancher");
    assert!(named.rerun().contains(" --spec next"), "{}", named.rerun());
    assert!(!named.lacks().contains_key(&Need::Rancher));
    assert!(Probe::try_parse_from(["run", "--spec", "v0", "./d"]).is_err());
}

const EXTERNAL: &str =
    "driver.command = './d'\n[provider]\nkind = 'external'\n[provider.external]\ninventory = ['ls']\n";

fn cost(profile: &str, arguments: &[&str]) -> Result<(u32, String), String> {
    let order = order(Some(profile), arguments).unwrap();
    let cost = Cost::of(&order, checks::all()).map_err(|failure| message(&failure))?;
    Ok((cost.machines, cost.note.unwrap_or_default()))
}

#[test]
fn a_run_that_may_cost_money_asks_and_says_how_much() {
    let refused = cost(EXTERNAL, &[]).unwrap_err();
    assert!(refused.starts_with("error: this run creates at most "), "{refused}");
    assert!(refused.contains("help: agree with --yes-this-costs-money"), "{refused}");
    let (machines, note) = cost(EXTERNAL, &["--yes-this-costs-money"]).unwrap();
    assert!(machines > 30, "{machines}");
    assert!(note.starts_with(&format!("this run creates at most {machines} machines")), "{note}");
    let (fewer, _) = cost(&format!("{EXTERNAL}machines = 7"), &["--yes-this-costs-money"]).unwrap();
    assert_eq!(fewer, 7);
    assert!(cost(&format!("{EXTERNAL}costs-money = false"), &[]).is_ok());
    assert!(cost(&format!("{EXTERNAL}machines = 0"), &[]).is_ok(), "nothing is created");
    assert_eq!(cost("driver.command = './d'", &[]), Ok((0, String::new())));
}

#[test]
fn the_provider_external_needs_commands_and_one_check_at_a_time() {
    let failure = order(Some("driver.command = './d'\nprovider.kind = 'external'"), &[]).unwrap_err();
    assert!(message(&failure).contains("needs a profile with [provider.external]"), "{}", message(&failure));
    let order = order(Some(EXTERNAL), &["--jobs", "4", "--yes-this-costs-money"]).unwrap();
    assert_eq!(order.jobs, 1);
    assert!(order.notes[0].contains("one check at a time"), "{:?}", order.notes);
    assert!(order.rerun().contains(" --yes-this-costs-money"), "{}", order.rerun());
}

#[test]
fn flags_are_compared_with_those_of_the_driver() {
    let facts = facts_of(vec![
        Flag::string("acme-token"),
        Flag::string("acme-pin"),
        Flag::string("acme-region"),
        Flag::bool("acme-size"),
    ]);
    let of_profile = order(Some(PROFILE), &[]).unwrap();
    let failure = of_profile.check_flags(&facts).unwrap_err();
    let text = message(&failure);
    assert!(
        text.contains("conformance.toml:10:13") && text.contains("acme-size takes true or false"),
        "{text}"
    );
    let given = order(None, &["./driver", "--flag", "acme-regoin=eu-1"]).unwrap();
    assert_eq!(
        message(&given.check_flags(&facts).unwrap_err()),
        "error: --flag acme-regoin: the driver acme has no such flag; did you mean \"acme-region\"?\n  \
         help: it declares: acme-token, acme-pin, acme-region, acme-size\n"
    );
    let given = order(None, &["./driver", "--flag", "acme-region=eu-1"]).unwrap();
    given.check_flags(&facts).unwrap();
}

#[test]
fn a_secret_of_the_wrong_type_is_not_shown() {
    let facts = facts_of(vec![Flag::int("acme-token")]);
    let order = order(None, &["./driver", "--flag", "acme-token=t0p-s3cret"]).unwrap();
    let text = message(&order.check_flags(&facts).unwrap_err());
    assert!(text.contains("acme-token") && !text.contains("s3cret"), "{text}");
}

#[test]
fn a_run_needs_a_driver() {
    let failure = order(Some("[waits]\nfactor = 1\n"), &[]).unwrap_err();
    assert!(message(&failure).contains("has no [driver] command"), "{}", message(&failure));
}
