//! Options that are accepted, and options that are refused.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::test_cloud::{assert_error, options};

fn check(given: &[(&str, &str)]) -> Result<()> {
    options(given)?.check()
}

#[test]
fn defaults_are_enough() {
    check(&[]).unwrap();
    let without_keys = [("ec2-access-key", ""), ("ec2-secret-key", ""), ("ec2-session-token", "")];
    check(&without_keys).unwrap();
}

#[test]
fn malformed_values_are_refused_with_the_name_of_the_flag() {
    for (flag, value) in [
        ("region", "mars"),
        ("region", "EU-WEST-1"),
        ("zone", "eu-west-1a"),
        ("zone", "AB"),
        ("ami", "ubuntu"),
        ("vpc-id", "vpc-"),
        ("subnet-id", "vpc-1"),
        ("security-group", "sg-1"),
        ("security-group", "web web"),
        ("open-port", "http"),
        ("open-port", "0"),
        ("open-port", "65536"),
        ("open-port", "80/icmp"),
        ("tags", "key"),
        ("tags", "a,1,a,2"),
        ("tags", ",1"),
        ("tags", "aws:x,1"),
        ("tags", "Name,x"),
        ("tags", "machine-driver:owner,x"),
        ("root-size", "0"),
        ("root-size", "65537"),
        ("volume-type", "io1"),
        ("ssh-port", "65536"),
        ("block-duration-minutes", "61"),
        ("retries", "-2"),
        ("http-endpoint", "on"),
        ("http-tokens", "no"),
        ("http-protocol-ipv6", "6"),
        ("endpoint", "ftp://host"),
        ("endpoint", "https://"),
        ("endpoint", "https://AKIA:secret@host"),
    ] {
        let flag = format!("ec2-{flag}");
        let error = check(&[(&flag, value)]).expect_err(&format!("--{flag} {value}"));
        assert_error(&error, ErrorKind::InvalidOption, &[&format!("--{flag} ")]);
        assert!(!error.to_string().contains("AKIA"), "{error}");
    }
}

#[test]
fn contradictions_are_refused() {
    for (given, words) in [
        (&[("ec2-secret-key", "")][..], "--ec2-access-key and --ec2-secret-key"),
        (&[("ec2-access-key", ""), ("ec2-secret-key", "")], "--ec2-session-token needs --ec2-access-key"),
        (&[("ec2-security-group-readonly", "true")], "needs --ec2-security-group"),
        (&[("ec2-kms-key", "k")], "needs --ec2-encrypt-ebs-volume"),
        (&[("ec2-keypair-name", "k")], "needs --ec2-ssh-keypath"),
        (&[("ec2-request-spot-instance", "true"), ("ec2-spot-price", "0")], "--ec2-spot-price"),
        (&[("ec2-block-duration-minutes", "60")], "needs --ec2-request-spot-instance"),
        (&[("ec2-insecure-transport", "true")], "needs --ec2-endpoint"),
        (&[("ec2-insecure-transport", "true"), ("ec2-endpoint", "https://host")], "contradicts"),
        (&[("ec2-ipv6-address-only", "true")], "needs --ec2-ipv6-address-count"),
        (&[("ec2-enable-primary-ipv6", "true")], "needs --ec2-ipv6-address-count"),
        (
            &[
                ("ec2-ipv6-address-only", "true"),
                ("ec2-ipv6-address-count", "1"),
                ("ec2-use-private-address", "true"),
            ],
            "no private address",
        ),
    ] {
        let error = check(given).expect_err(words);
        assert_error(&error, ErrorKind::InvalidOption, &[words]);
    }
}

#[test]
fn zones_are_letters_or_names() {
    for (zone, full) in [("", ""), ("b", "us-east-1b"), ("us-east-1b", "us-east-1b")] {
        check(&[("ec2-zone", zone)]).unwrap();
        assert_eq!(options(&[("ec2-zone", zone)]).unwrap().zone_name(), full);
    }
}

#[test]
fn tags_and_ports_are_read() {
    let options =
        options(&[("ec2-tags", "team, web,cost ,"), ("ec2-open-port", "80 53/udp 8080/tcp")]).unwrap();
    let tags: Vec<_> = options
        .own_tags()
        .unwrap()
        .iter()
        .map(|tag| (tag.key.clone().unwrap(), tag.value.clone().unwrap()))
        .collect();
    assert_eq!(tags, [("team".into(), "web".into()), ("cost".into(), String::new())]);
    let ports: Vec<_> = options.open_ports().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["80/tcp", "53/udp", "8080/tcp"]);
}

#[test]
fn a_group_opens_what_its_rules_cover() {
    let group = |permission: IpPermission| SecurityGroup::builder().ip_permissions(permission).build();
    let range = IpPermission::builder().ip_protocol("tcp").from_port(20).to_port(25).build();
    let everything = IpPermission::builder().ip_protocol("-1").build();
    let udp = Port { number: 22, protocol: "udp" };
    assert!(
        Port::tcp(22).is_open(&group(range.clone())) && Port::tcp(22).is_open(&group(everything.clone()))
    );
    assert!(
        !Port::tcp(26).is_open(&group(range.clone()))
            && !udp.is_open(&group(range))
            && udp.is_open(&group(everything))
    );
    assert!(Port::tcp(22).is_open(&group(Port::tcp(22).permission(false))));
}
