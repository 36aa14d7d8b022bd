//! What mistakes in a profile look like.

use std::path::Path;

use machine_conformance::{checks, profile::Profile};

fn mistakes(text: &str) -> String {
    let error = Profile::parse("conformance.toml", text, Path::new(""), checks::all()).unwrap_err();
    format!("error: {error}")
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(
        "profile_unknown_keys",
        mistakes("[driver]\ncomand = \"./docker-machine-driver-acme\"\n\n[waits]\nfaktor = 2\n")
    );
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(
        "profile_wrong_types",
        mistakes(
            "[driver]\ncommand = [\"./docker-machine-driver-acme\"]\n\n[driver.flags]\nacme-size = 1.5\n\n[expect]\nlacks = [\"powr\"]\n"
        )
    );
}

#[test]
fn a_secret_is_not_shown() {
    insta::assert_snapshot!(
        "profile_secret",
        mistakes("[driver]\nsecrets = [\"acme-token\"]\n\n[driver.flags]\nacme-token = [\"s3cret\", 7]\n")
    );
}

#[test]
fn known_failures() {
    insta::assert_snapshot!(
        "profile_known_failures",
        mistakes(
            "[[known-failure]]\ncheck = \"remove::instance_alredy_gone\"\nreason = \"ticket 4711\"\n\n\
             [[known-failure]]\ncheck = \"remove::*\"\nreason = \"\"\nuntil = \"soon\"\n\n[[known-failure]]\ncheck = \"stop\"\n"
        )
    );
}

#[test]
fn text_that_is_not_toml() {
    insta::assert_snapshot!(
        "profile_not_toml",
        mistakes("[driver]\ncommand = \"./docker-machine-driver-acme\n")
    );
}

#[test]
fn flags_that_the_driver_does_not_have() {
    let text = "[driver.flags]\nacme-tokn = \"x\"\n";
    let profile = Profile::parse("conformance.toml", text, Path::new(""), checks::all()).unwrap();
    let error = profile.unknown_flag("acme-tokn", "acme", ["acme-token", "acme-region"]).unwrap();
    insta::assert_snapshot!("profile_unknown_flag", format!("error: {error}"));
    let error = profile.wrong_value("acme-tokn", "the driver declares this flag as a whole number").unwrap();
    insta::assert_snapshot!("profile_wrong_value", format!("error: {error}"));
}
