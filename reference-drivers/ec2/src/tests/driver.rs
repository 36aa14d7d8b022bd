//! The record, `pre_create_check`, getters and power.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::test_cloud::{SECRETS, assert_error, machine};

fn record(driver: &Ec2Driver) -> Value {
    serde_json::to_value(driver).unwrap()
}

#[tokio::test]
async fn the_record_has_gos_names_and_every_option() {
    let mut setting = machine().await;
    let once = record(&setting.driver);
    for key in ["IPAddress", "MachineName", "SSHUser", "SSHPort", "StorePath", "Region", "Owner", "RootSize"]
    {
        assert!(!once[key].is_null(), "{key} is missing in {once}");
    }
    assert_eq!(once["SecretKey"], SECRETS[0]);
    let read: Ec2Driver = serde_json::from_value(once.clone()).unwrap();
    assert_eq!(record(&read), once);
    setting.configure(&[]);
    assert_eq!(record(&setting.driver), once, "the same options twice are the same record");
}

#[tokio::test]
async fn defaults_survive_the_zero_values_that_hosts_send_first() {
    let first =
        json!({ "MachineName": "m1", "StorePath": "/s", "SSHUser": "", "SSHPort": 0, "SSHKeyPath": "" });
    let driver: Ec2Driver = serde_json::from_value(first).unwrap();
    assert_eq!((driver.ssh_username().as_str(), driver.ssh_port()), ("ubuntu", 22));
    assert_eq!(driver.ssh_key_path(), "/s/machines/m1/id_rsa");
}

#[test]
fn flags_are_those_of_the_go_drivers() {
    let flags = Ec2Driver::default().create_flags();
    assert_eq!(flags.len(), 40);
    for flag in &flags {
        assert!(flag.name.starts_with("ec2-") && !flag.usage.is_empty(), "{flag:?}");
    }
    let region = flags.iter().find(|flag| flag.name == "ec2-region").unwrap();
    assert_eq!(region.env_var, "AWS_DEFAULT_REGION,EC2_REGION");
}

#[tokio::test]
async fn pre_create_check_only_reads() {
    let setting = machine().await;
    let before = record(&setting.driver);
    setting.driver.pre_create_check(&setting.cx).await.unwrap();
    setting.driver.pre_create_check(&setting.cx).await.unwrap();
    assert!(setting.changes().await.is_empty());
    assert_eq!(record(&setting.driver), before);
    assert_eq!(fs::read_dir(setting.store.path()).unwrap().count(), 0, "the store is untouched");
}

#[tokio::test]
async fn pre_create_check_finds_what_create_would_stumble_over() {
    for (action, answer, given, words) in [
        ("DescribeVpcs", "<vpcSet/>", &[][..], "has no default VPC; name one with --ec2-vpc-id"),
        (
            "DescribeSubnets",
            "<subnetSet/>",
            &[("ec2-vpc-id", "vpc-9"), ("ec2-zone", "c")],
            "no subnet for --ec2-vpc-id vpc-9 and --ec2-zone us-east-1c",
        ),
        (
            "DescribeInstanceTypes",
            "<instanceTypeSet/>",
            &[("ec2-instance-type", "t9.huge")],
            "--ec2-instance-type t9.huge",
        ),
        (
            "DescribeImages",
            "<imagesSet/>",
            &[],
            "no image ubuntu/images/hvm-ssd*/ubuntu-noble-24.04-amd64-server-*",
        ),
        ("DescribeImages", "<imagesSet/>", &[("ec2-ami", "ami-9")], "--ec2-ami ami-9 is no image"),
        (
            "DescribeImages",
            "<imagesSet><item><imageId>ami-9</imageId><architecture>arm64</architecture></item></imagesSet>",
            &[("ec2-ami", "ami-9")],
            "--ec2-ami ami-9 is an image for other processors",
        ),
        (
            "DescribeImages",
            "<imagesSet><item><imageId>ami-9</imageId><imageState>pending</imageState></item></imagesSet>",
            &[("ec2-ami", "ami-9")],
            "is not available",
        ),
        (
            "DescribeImages",
            "<imagesSet><item><imageId>ami-9</imageId><rootDeviceName>r</rootDeviceName><blockDeviceMapping><item><deviceName>r</deviceName>\
             <ebs><volumeSize>30</volumeSize></ebs></item></blockDeviceMapping></item></imagesSet>",
            &[("ec2-ami", "ami-9")],
            "--ec2-root-size 16 is less than the 30 GiB",
        ),
        (
            "DescribeSecurityGroups",
            "",
            &[("ec2-security-group", "web"), ("ec2-security-group-readonly", "true")],
            "--ec2-security-group web is no group of the VPC vpc-1",
        ),
        (
            "DescribeSecurityGroups",
            "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>web</groupName></item></securityGroupInfo>",
            &[("ec2-security-group", "web"), ("ec2-open-port", "80")],
            "--ec2-open-port 80/tcp is closed",
        ),
        (
            "DescribeVpcs",
            "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>",
            &[("ec2-userdata", "/nowhere/u")],
            "--ec2-userdata /nowhere/u cannot be opened",
        ),
    ] {
        let mut setting = machine().await;
        setting.answers(action, answer);
        setting.configure(given);
        let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::InvalidOption, &[words]);
        assert!(setting.changes().await.is_empty());
    }
}

#[tokio::test]
async fn pre_create_check_finds_taken_names() {
    let setting = machine().await;
    setting.shows("i-7", "stopped");
    let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::AlreadyExists, &["machine m1 already has the instance i-7"]);
    let setting = machine().await;
    let name = setting.driver.object_name();
    setting.answers("DescribeKeyPairs", &format!("<keySet><item><keyName>{name}</keyName></item></keySet>"));
    let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::AlreadyExists, &["already has a key pair named", &name]);
    let setting = machine().await;
    let group = format!(
        "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>{name}</groupName></item></securityGroupInfo>",
        name = setting.driver.object_name()
    );
    setting.answers("DescribeSecurityGroups", &group);
    let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::AlreadyExists, &["already has a security group named", "sg-1"]);
}

#[tokio::test]
async fn states_and_addresses_are_what_ec2_says() {
    for (ec2, state) in [
        ("pending", State::Starting),
        ("running", State::Running),
        ("stopping", State::Stopping),
        ("shutting-down", State::Stopping),
        ("stopped", State::Stopped),
    ] {
        let mut setting = machine().await;
        setting.driver.instance_id = "i-1".into();
        setting.driver.base.ip_address = "192.0.2.1".into();
        setting.shows("i-1", ec2);
        let (driver, cx) = (&setting.driver, &setting.cx);
        assert_eq!(driver.state(cx).await.unwrap(), state, "{ec2}");
        for (answer, expected) in [
            (driver.url(cx).await, "tcp://127.0.0.9:2376"),
            (driver.ip(cx).await, "127.0.0.9"),
            (driver.ssh_hostname(cx).await, "127.0.0.9"),
        ] {
            match answer {
                Ok(answer) => assert!(state == State::Running && answer == expected, "{ec2}: {answer}"),
                Err(error) => {
                    assert!(state != State::Running && error.to_string() == "Host is not running", "{ec2}");
                }
            }
        }
    }
}

#[tokio::test]
async fn private_and_ipv6_addresses_are_used_when_asked_for() {
    for (given, address, url) in [
        (&[("ec2-use-private-address", "true")][..], "10.0.0.9", "tcp://10.0.0.9:2376"),
        (&[("ec2-private-address-only", "true")], "10.0.0.9", "tcp://10.0.0.9:2376"),
        (
            &[("ec2-ipv6-address-only", "true"), ("ec2-ipv6-address-count", "1")],
            "fd00::9",
            "tcp://[fd00::9]:2376",
        ),
    ] {
        let mut setting = machine().await;
        setting.configure(given);
        setting.driver.instance_id = "i-1".into();
        let shown = crate::test_cloud::instance("i-1", "running", "o")
            .replace("<ipAddress>", "<ipv6Address>fd00::9</ipv6Address><ipAddress>");
        setting.answers("DescribeInstances", &shown);
        assert_eq!(setting.driver.ip(&setting.cx).await.unwrap(), address);
        assert_eq!(setting.driver.url(&setting.cx).await.unwrap(), url);
        assert_eq!(setting.driver.ipv6(&setting.cx).await.unwrap(), "fd00::9");
    }
}

#[tokio::test]
async fn a_machine_without_an_instance_says_so_everywhere() {
    for (id, kind, words) in [
        ("i-77", ErrorKind::NotFound, "machine m1 not found"),
        ("", ErrorKind::Other, "machine m1 has no instance"),
    ] {
        for state in ["terminated", ""] {
            let mut setting = machine().await;
            setting.driver.instance_id = id.into();
            if !state.is_empty() {
                setting.answers("DescribeInstances", &crate::test_cloud::instance("i-77", state, "somebody"));
            }
            let cx = setting.cx.clone();
            let errors = [
                setting.driver.state(&cx).await.unwrap_err(),
                setting.driver.ip(&cx).await.unwrap_err(),
                setting.driver.url(&cx).await.unwrap_err(),
                setting.driver.start(&cx).await.unwrap_err(),
                setting.driver.stop(&cx).await.unwrap_err(),
                setting.driver.kill(&cx).await.unwrap_err(),
                setting.driver.restart(&cx).await.unwrap_err(),
            ];
            for error in errors {
                assert_error(&error, kind, &[words]);
            }
            assert!(setting.changes().await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_instance_without_a_known_state_is_not_taken_for_gone() {
    for state in ["", "hibernating"] {
        let mut setting = machine().await;
        setting.driver.instance_id = "i-1".into();
        setting.shows("i-1", state);
        let error = setting.driver.state(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["i-1 is in a state that this driver does not know"]);
        setting.driver.remove(&setting.cx).await.unwrap_err();
    }
}

#[tokio::test]
async fn power_methods_have_nothing_to_do_where_they_want_to_be() {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting.shows("i-1", "stopped");
    setting.driver.stop(&setting.cx).await.unwrap();
    setting.driver.kill(&setting.cx).await.unwrap();
    setting.shows("i-1", "running");
    setting.driver.start(&setting.cx).await.unwrap();
    assert_eq!(setting.driver.base.ip_address, "127.0.0.9");
    assert!(setting.changes().await.is_empty());
}

#[tokio::test]
async fn stop_asks_the_guest_and_kill_does_not() {
    for (method, force) in [("stop", "false"), ("kill", "true")] {
        let mut setting = machine().await;
        setting.driver.instance_id = "i-1".into();
        setting.shows("i-1", "running");
        setting.turns("i-1", "stopped");
        match method {
            "stop" => setting.driver.stop(&setting.cx).await.unwrap(),
            _ => setting.driver.kill(&setting.cx).await.unwrap(),
        }
        assert_eq!(setting.requests("StopInstances").await[0]["Force"], force);
    }
}

#[tokio::test]
async fn refused_ignored_and_failed_power_actions_are_errors() {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting.shows("i-1", "running");
    setting.refuses("StopInstances", 400, "UnsupportedOperation");
    let error = setting.driver.stop(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Provider,
        &["cannot stop the instance i-1", "reason of the UnsupportedOperation"],
    );
    setting.answers("StopInstances", "");
    let error = setting.driver.stop(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, &["gave up waiting for the guest to shut down", "i-1", "kill"]);
    // The instance begins to start, and then does not.
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting.shows("i-1", "stopped");
    setting.turns("i-1", "pending");
    setting.turns("i-1", "stopped");
    let error = setting.driver.start(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the instance i-1 is stopped instead: no reason given"]);
}
