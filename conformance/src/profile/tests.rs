//! Tests of reading profiles: what is understood, and what each mistake says.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use super::*;
use crate::{calendar::CalendarDate, facts::GivenValue, sample::check};

const COMPLETE: &str = r#"
[driver]
command = "./docker-machine-driver-acme"
arguments = ["--quiet"]
secrets = ["acme-token"]

[driver.flags]
acme-token = { env = "ACME_TOKEN" }
acme-endpoint = { provider = "endpoint" }
acme-region = "eu-1"
acme-size = 0x10
acme-fast = true
acme-tag = ["a", "b"]

[driver.environment]
ACME_PROXY = ""

[provider]
kind = "template"
create-machines = true

[expect]
lacks = ["pause"]
guest = { os = "ubuntu" }
host = "rancher-machine"
spec = "v1"

[waits]
factor = 2

[[known-failure]]
check = "stop::*"
reason = "provider has no forced stop, ticket 4711"
until = 2027-03-01
"#;

fn checks() -> Vec<&'static Check> {
    vec![check("stop::guest_ignores_acpi", &["STOP-007"]), check("remove::twice", &["RM-012"])]
}

fn parse(text: &str) -> Result<Profile, ProfileError> {
    Profile::parse("conformance.toml", text, Path::new("repository"), &checks())
}

fn mistakes(text: &str) -> Vec<String> {
    parse(text).unwrap_err().lines()
}

fn mistake(text: &str) -> String {
    let mut mistakes = mistakes(text);
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    mistakes.remove(0)
}

#[test]
fn a_complete_profile_is_understood() {
    let profile = parse(COMPLETE).unwrap();
    assert_eq!(profile.driver_program(), Some(PathBuf::from("repository/./docker-machine-driver-acme")));
    assert_eq!(profile.driver.arguments, ["--quiet"]);
    assert_eq!(profile.driver.secrets, ["acme-token"]);
    assert_eq!(profile.provider, Some(ProviderKind::Template));
    assert_eq!(profile.expect.lacks, [Gate::Pause]);
    assert_eq!(profile.expect.guest_os.as_deref(), Some("ubuntu"));
    assert!(profile.expect.rancher);
    assert_eq!(profile.expect.requirements, RequirementSet::named("v1"));
    assert_eq!(profile.wait_factor, Some(2.0));
    assert_eq!(profile.flag_line("acme-region"), Some(10));
    let variable = |name: &str| (name == "ACME_TOKEN").then(|| "s3cret".to_owned());
    let flag = |name| profile.resolve(name, &profile.driver.flags[name], &variable).unwrap();
    assert_eq!(flag("acme-token"), Setting::Text("s3cret".into()));
    assert_eq!(flag("acme-endpoint"), Setting::Provider("endpoint".into()));
    assert_eq!(flag("acme-region"), Setting::Text("eu-1".into()));
    assert_eq!(flag("acme-size"), Setting::Integer(16));
    assert_eq!(flag("acme-fast"), Setting::Switch(true));
    assert_eq!(flag("acme-tag"), Setting::List(vec!["a".into(), "b".into()]));
}

#[test]
fn the_text_can_be_shown_without_secrets() {
    let text = "[driver]\nsecrets = [\"pin\"]\nsource = \"src/acme.go\"\n[driver.flags]\npin = '123' # short\n\
                acme-token = { env = \"ACME_TOKEN\" }\nregion = \"eu-1\"\n[driver.environment]\nACME_PASSWORD = \"abc\"\n";
    let profile = parse(text).unwrap();
    assert_eq!(profile.driver.source.as_deref(), Some("src/acme.go"));
    let shown = profile.text_without(&|name| name.contains("PASSWORD"));
    let expected = text.replace("'123'", "\"(not shown)\"").replace("\"abc\"", "\"(not shown)\"");
    assert_eq!(shown, expected);
}

#[test]
fn an_empty_profile_says_nothing() {
    let profile = parse("").unwrap();
    assert_eq!((profile.driver_program(), profile.provider, profile.wait_factor), (None, None, None));
}

#[test]
fn known_failures_count_until_their_last_day() {
    let profile = parse(COMPLETE).unwrap();
    let known = &profile.known_failures[0];
    let day = |day| CalendarDate { year: 2027, month: 3, day };
    assert!(known.counts_on(day(1)) && !known.counts_on(day(2)));
    assert!(known.names(checks()[0]) && !known.names(checks()[1]));
    assert_eq!(known.line, 32);
}

#[test]
fn a_command_without_a_folder_is_looked_up_in_the_path() {
    let profile = parse("driver.command = \"docker-machine-driver-acme\"").unwrap();
    assert_eq!(profile.driver_program(), Some(PathBuf::from("docker-machine-driver-acme")));
}

#[test]
fn a_variable_that_is_not_set_is_named_with_its_line() {
    let profile = parse(COMPLETE).unwrap();
    for value in [None, Some(String::new())] {
        let flag = &profile.driver.flags["acme-token"];
        let error = profile.resolve("acme-token", flag, &|_| value.clone()).unwrap_err();
        assert_eq!(
            error.lines(),
            [
                "conformance.toml:8:14: \"acme-token\" takes its value from ACME_TOKEN, but this environment variable is not set"
            ]
        );
    }
}

#[test]
fn unknown_keys_are_found_in_every_table() {
    let text = "verison = 1\n[driver]\ncomand = 'x'\n[provider]\nkindd = 'none'\n[expect]\nlack = []\n\
                guest = { oss = 'ubuntu' }\n[waits]\nfaktor = 1\n[[known-failure]]\ncheck = 'stop::*'\nreason = 'x'\nuntl = 1\n";
    assert_eq!(
        mistakes(text),
        [
            "conformance.toml:1:1: unknown key \"verison\" in the profile",
            "conformance.toml:3:1: unknown key \"comand\" in [driver]",
            "conformance.toml:5:1: unknown key \"kindd\" in [provider]",
            "conformance.toml:7:1: unknown key \"lack\" in [expect]",
            "conformance.toml:8:11: unknown key \"oss\" in [expect.guest]",
            "conformance.toml:10:1: unknown key \"faktor\" in [waits]",
            "conformance.toml:14:1: unknown key \"untl\" in [[known-failure]]",
        ]
    );
}

#[test]
fn wrong_types_name_both_types() {
    for (text, wanted) in [
        ("driver = 1", "1:10: \"driver\" is a whole number, but must be a table"),
        ("driver.command = 1", "1:18: \"command\" is a whole number, but must be a text in quotes"),
        ("driver.command = ' '", "1:18: \"command\" must not be empty"),
        ("driver.arguments = 'a'", "1:20: \"arguments\" is a text, but must be a list of texts in quotes"),
        (
            "driver.secrets = ['a', 2]",
            "1:24: \"secrets\" is a whole number, but must be a list of texts in quotes",
        ),
        ("driver.flags = []", "1:16: \"flags\" is a list, but must be a table"),
        ("driver.flags.a = 1.5", "1:18: \"a\" is a number, which no flag takes"),
        ("driver.flags.a = 2027-03-01", "1:18: \"a\" is a date, which no flag takes"),
        ("driver.flags.a = 0xffffffffffffffff", "1:18: \"a\" does not fit into 64 bits"),
        ("driver.flags.a = ['x', true]", "1:18: \"a\" is a list that holds more than texts"),
        ("driver.flags.a = {}", "1:18: \"a\" has no value"),
        (
            "driver.flags.a = { env = 'A', provider = 'token' }",
            "1:18: \"a\" takes its value from one place, not from two",
        ),
        ("driver.flags.a = { env = 1 }", "1:26: \"env\" is a whole number, but must be a text in quotes"),
        ("driver.flags.a = { provider = 'endpint' }", "1:31: no provider offers \"endpint\""),
        ("driver.flags.--a = 'x'", "1:14: write flag names without dashes: \"--a\""),
        ("provider.kind = 'tempalte'", "1:17: \"tempalte\" is not known as \"kind\""),
        (
            "provider.create-machines = 1",
            "1:28: \"create-machines\" is a whole number, but must be true or false",
        ),
        ("expect.lacks = ['pwoer']", "1:17: \"pwoer\" is not known as \"lacks\""),
        ("expect.lacks = ['base']", "1:17: \"base\" is not known as \"lacks\""),
        ("expect.spec = 'v0'", "1:15: \"v0\" is not known as \"spec\""),
        ("expect.guest.os = 'windows'", "1:19: \"windows\" is not known as \"os\""),
        ("waits.factor = '2'", "1:16: \"factor\" is a text, but must be a number"),
        ("waits.factor = 0", "1:16: \"factor\" must be above 0 and at most 1000"),
        ("waits.factor = nan", "1:16: \"factor\" must be above 0 and at most 1000"),
        (
            "known-failure = 1",
            "1:17: \"known-failure\" is a whole number, but must be a list of tables: write [[known-failure]]",
        ),
    ] {
        assert_eq!(mistake(text), format!("conformance.toml:{wanted}"), "{text}");
    }
}

#[test]
fn known_failures_need_a_check_that_exists_and_a_reason() {
    let entry = |text: &str| mistake(&format!("[[known-failure]]\n{text}\n"));
    assert_eq!(entry("check = 'stop::*'"), "conformance.toml:1:1: this known failure has no \"reason\"");
    assert_eq!(entry("reason = 'r'"), "conformance.toml:1:1: this known failure has no \"check\"");
    assert_eq!(
        entry("check = 'stop::*'\nreason = '  '"),
        "conformance.toml:3:10: \"reason\" must not be empty"
    );
    assert_eq!(
        entry("check = 'remove::twize'\nreason = 'r'"),
        "conformance.toml:2:9: check \"remove::twize\" matches no check; did you mean \"remove::twice\"?"
    );
    assert_eq!(
        entry("check = 'stop::*'\nreason = 'r'\nuntil = '2027-03-01'"),
        "conformance.toml:4:9: \"until\" is a text, but must be a day"
    );
    assert_eq!(
        entry("check = 'stop::*'\nreason = 'r'\nuntil = 2027-03-01T10:00:00Z"),
        "conformance.toml:4:9: \"until\" is a date, but must be a day"
    );
}

#[test]
fn flags_that_the_driver_does_not_have_are_placed_and_a_similar_one_is_named() {
    let profile = parse(COMPLETE).unwrap();
    let error =
        profile.unknown_flag("acme-region", "acme", ["acme-regions", "acme-token"]).unwrap().to_string();
    assert!(
        error.starts_with("the driver acme has no flag \"acme-region\"\n  --> conformance.toml:10:1\n"),
        "{error}"
    );
    assert!(error.contains("= it declares: acme-regions, acme-token"), "{error}");
    assert!(error.contains("= did you mean \"acme-regions\"?"), "{error}");
    assert!(profile.unknown_flag("other", "acme", []).is_none());
}

#[test]
fn secrets_never_appear_in_an_error() {
    for text in [
        "[driver]\nsecrets = ['t']\n[driver.flags]\nt = ['s3cret', 1]",
        "driver = { secrets = ['t'], flags = { t = ['s3cret', 1] } }",
        "[driver.flags]\nacme-token = \"s3cret",
        "[driver]\nsecrets = ['t']\n[driver.flags]\nt = [\n  's3cret', 1]",
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
    let profile = parse("[driver]\nsecrets = ['t']\n[driver.flags]\nt = 's3cret'").unwrap();
    for error in [profile.unknown_flag("t", "acme", []).unwrap(), profile.wrong_value("t", "no").unwrap()] {
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[test]
fn text_that_is_not_toml_is_placed() {
    let error = mistake("[driver\ncommand = 1");
    assert!(error.starts_with("conformance.toml:1:8: this is not TOML: "), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in "[\\[\\]{}=,.'\"#a-z0-9\n \u{e4}-]{0,80}") {
        if let Err(error) = parse(&text) {
            proptest::prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn examples_are_options_beside_those_of_the_run() {
    let profile = parse(
        r#"
accepted = [{ acme-port = ["53/udp"] }]
[driver]
secrets = ["acme-token"]
[[refused]]
acme-size = 0
[[refused]]
acme-token = "t0p-s3cret"
acme-anonymous = true
"#,
    );
    let profile = profile.unwrap();
    let examples = profile.examples();
    assert_eq!(
        examples.accepted,
        [BTreeMap::from([("acme-port".to_owned(), GivenValue::List(vec!["53/udp".into()]))])]
    );
    assert_eq!(examples.refused[0], BTreeMap::from([("acme-size".to_owned(), GivenValue::Number(0))]));
    assert_eq!(examples.refused[1].len(), 2);
    assert!(!profile.text_without(&|_| false).contains("t0p-s3cret"));
    let setting = &profile.refused[1].flags["acme-token"];
    let error = profile.wrong_example(setting, "it has no such flag".to_owned()).to_string();
    assert!(error.contains("it has no such flag") && !error.contains("t0p-s3cret"), "{error}");
}

#[test]
fn examples_are_tables_of_plain_values() {
    for (text, words) in [
        ("refused = 1", "write [[refused]]"),
        ("[[refused]]", "names no flag"),
        ("[[accepted]]\nacme-token = { env = \"TOKEN\" }", "not a reference"),
        ("[[accepted]]\nacme-endpoint = { provider = \"endpoint\" }", "not a reference"),
        ("[[accepted]]\n--acme-size = 1", "without dashes"),
    ] {
        let all = mistakes(text).join("\n");
        assert!(all.contains(words), "{text}: {all}");
    }
}
