//! Every way in which `create` can fail, and what it leaves behind.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use machine_driver::Driver;

use super::*;
use crate::test_cloud::{Setting, assert_error, instance, machine, refusal, success, tags};

/// An EC2 whose security group and instance appear when they are made.
async fn willing() -> Setting {
    let setting = machine().await;
    let group = format!(
        "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>{}</groupName>{}</item></securityGroupInfo>",
        setting.driver.object_name(),
        tags(&setting.driver.owner())
    );
    for content in ["", &group] {
        setting.then("DescribeSecurityGroups", success("DescribeSecurityGroups", content));
    }
    let launched = "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>";
    setting.answers("RunInstances", launched);
    // Nothing before, then the new instance.
    for content in ["", &instance("i-1", "pending", &setting.driver.owner())] {
        setting.then("DescribeInstances", success("DescribeInstances", content));
    }
    setting
}

#[tokio::test]
async fn a_refused_key_leaves_nothing() {
    let mut setting = willing().await;
    setting.refuses("ImportKeyPair", 400, "InvalidKey.Format");
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Provider,
        &["cannot import the key pair machine-m1-", "reason of the InvalidKey.Format"],
    );
    assert_eq!(setting.changes().await, ["ImportKeyPair"], "nothing was made, so nothing is deleted");
}

#[tokio::test]
async fn a_refused_launch_takes_key_and_group_along() {
    for (status, code) in [(400, "InstanceLimitExceeded"), (500, "InsufficientInstanceCapacity")] {
        let mut setting = willing().await;
        setting.answers("DescribeInstances", "");
        setting.refuses("RunInstances", status, code);
        let error = setting.driver.create(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["cannot launch the instance of m1", code]);
        let changes = setting.changes().await;
        assert!(
            changes.ends_with(&["DeleteSecurityGroup".to_owned(), "DeleteKeyPair".to_owned()]),
            "{changes:?}"
        );
        assert!(!changes.contains(&"TerminateInstances".to_owned()));
        assert!(setting.driver.key_pair_id.is_empty());
        let tokens: Vec<_> = setting
            .requests("RunInstances")
            .await
            .into_iter()
            .map(|request| request["ClientToken"].clone())
            .collect();
        assert!(!tokens[0].is_empty() && tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    }
}

#[tokio::test]
async fn the_order_has_the_options() {
    let mut setting = willing().await;
    let userdata = setting.store.path().join("userdata");
    fs::write(&userdata, b"#!\xff").unwrap();
    setting.configure(&[
        ("ec2-instance-type", "m5.large"),
        ("ec2-root-size", "40"),
        ("ec2-device-name", "/dev/xvda"),
        ("ec2-encrypt-ebs-volume", "true"),
        ("ec2-iam-instance-profile", "profile"),
        ("ec2-http-tokens", "required"),
        ("ec2-monitoring", "true"),
        ("ec2-tags", "team,web"),
        ("ec2-request-spot-instance", "true"),
        ("ec2-ipv6-address-count", "2"),
        ("ec2-private-address-only", "true"),
        ("ec2-open-port", "80"),
        ("ec2-userdata", userdata.to_str().unwrap()),
    ]);
    setting.refuses("RunInstances", 400, "Planted");
    setting.driver.create(&setting.cx).await.unwrap_err();
    let order = &setting.requests("RunInstances").await[0];
    for (parameter, value) in [
        ("ImageId", "ami-1"),
        ("InstanceType", "m5.large"),
        ("KeyName", &setting.driver.object_name()),
        ("NetworkInterface.1.SubnetId", "subnet-1"),
        ("NetworkInterface.1.SecurityGroupId.1", "sg-1"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "false"),
        ("NetworkInterface.1.Ipv6AddressCount", "2"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "40"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ("BlockDeviceMapping.1.Ebs.Encrypted", "true"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
        ("IamInstanceProfile.Name", "profile"),
        ("MetadataOptions.HttpTokens", "required"),
        ("Monitoring.Enabled", "true"),
        ("InstanceMarketOptions.SpotOptions.MaxPrice", "0.50"),
        ("UserData", "IyH/"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Value", "m1"),
        ("TagSpecification.1.Tag.4.Key", "team"),
        ("TagSpecification.2.ResourceType", "volume"),
        ("TagSpecification.4.ResourceType", "spot-instances-request"),
    ] {
        assert_eq!(order.get(parameter).map(String::as_str), Some(value), "{parameter}");
    }
    let rules = &setting.requests("AuthorizeSecurityGroupIngress").await[0];
    let ports: Vec<_> =
        (1..=4).map(|at| rules.get(&format!("IpPermissions.{at}.FromPort")).map(String::as_str)).collect();
    assert_eq!(ports, [Some("22"), Some("2376"), Some("80"), None]);
}

#[tokio::test]
async fn what_ec2_does_not_show_yet_is_waited_for() {
    let mut setting = willing().await;
    setting.refuses("RunInstances", 400, "InvalidKeyPair.NotFound");
    setting.then("RunInstances", refusal(400, "InvalidGroup.NotFound"));
    setting.then("RunInstances", refusal(400, "Planted"));
    setting.refuses("AuthorizeSecurityGroupIngress", 400, "InvalidGroup.NotFound");
    setting.then("AuthorizeSecurityGroupIngress", success("AuthorizeSecurityGroupIngress", ""));
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["Planted"]);
    assert_eq!(setting.requests("RunInstances").await.len(), 3);
}

#[tokio::test]
async fn an_instance_that_breaks_is_terminated() {
    let mut setting = willing().await;
    setting.turns("i-1", "shutting-down");
    setting.turns("i-1", "terminated");
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the instance i-1 is shutting-down instead"]);
    assert_eq!(setting.requests("TerminateInstances").await[0]["InstanceId.1"], "i-1");
    assert!(setting.changes().await.ends_with(&["DeleteKeyPair".to_owned()]));
}

#[tokio::test]
async fn an_answer_without_an_instance_is_an_error_after_a_search() {
    let mut setting = willing().await;
    setting.answers("RunInstances", "<instancesSet/>");
    setting.turns("i-1", "terminated");
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Provider,
        &["cannot launch the instance of m1: EC2's answer makes no sense"],
    );
    assert_eq!(setting.requests("TerminateInstances").await[0]["InstanceId.1"], "i-1", "found by its tag");
}

#[tokio::test]
async fn a_failed_roll_back_keeps_the_first_cause() {
    let mut setting = willing().await;
    setting.answers("DescribeInstances", "");
    setting.refuses("RunInstances", 400, "InstanceLimitExceeded");
    setting.refuses("DeleteKeyPair", 403, "UnauthorizedOperation");
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    let words = ["InstanceLimitExceeded", "could not undo it", "cannot delete the key pair key-1"];
    assert_error(&error, ErrorKind::Provider, &words);
    assert!(error.message().contains("InstanceLimitExceeded"), "the first cause is the message");
    assert_eq!(setting.driver.key_pair_id, "key-1", "what is left is remembered");
}

#[tokio::test]
async fn a_key_that_is_there_already_is_somebody_s_or_this_one() {
    // Somebody's: nothing is touched.
    let mut setting = willing().await;
    setting.refuses("ImportKeyPair", 400, "InvalidKeyPair.Duplicate");
    let name = setting.driver.object_name();
    let pair = |key: &str| {
        format!(
            "<keySet><item><keyName>{name}</keyName><keyPairId>key-9</keyPairId><publicKey>{key}</publicKey></item></keySet>"
        )
    };
    setting.then("DescribeKeyPairs", success("DescribeKeyPairs", ""));
    setting.then("DescribeKeyPairs", success("DescribeKeyPairs", &pair("ssh-ed25519 AAAA")));
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::AlreadyExists, &["cannot import the key pair"]);
    assert_eq!(setting.changes().await, ["ImportKeyPair"]);
    // This one, whose upload was answered late: with a key of the user it is the same in both runs.
    let public = fs::read_to_string(format!("{}.pub", setting.driver.ssh_key_path())).unwrap();
    let source = setting.store.path().join("key");
    fs::copy(setting.driver.ssh_key_path(), &source).unwrap();
    setting.configure(&[("ec2-ssh-keypath", source.to_str().unwrap())]);
    setting.answers("DescribeInstances", "");
    setting.answers("DescribeKeyPairs", "");
    setting.then("DescribeKeyPairs", success("DescribeKeyPairs", &pair(public.trim())));
    setting.refuses("RunInstances", 400, "Planted");
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["Planted"]);
    assert_eq!(setting.requests("DeleteKeyPair").await[0]["KeyPairId"], "key-9");
}

#[tokio::test]
async fn a_second_create_changes_nothing() {
    let setting = machine().await;
    let key_path = std::path::PathBuf::from(setting.driver.ssh_key_path());
    fs::create_dir_all(key_path.parent().unwrap()).unwrap();
    fs::write(&key_path, "the key of the running machine").unwrap();
    setting.shows("i-1", "running");
    let mut saved = setting.driver.clone();
    saved.instance_id = "i-1".into();
    for mut driver in [saved, setting.driver.clone()] {
        let error = driver.create(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::AlreadyExists, &["m1", "i-1"]);
    }
    assert!(setting.changes().await.is_empty());
    assert_eq!(fs::read_to_string(&key_path).unwrap(), "the key of the running machine");
}
