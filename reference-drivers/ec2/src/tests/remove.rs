//! What `remove` deletes, spares and reports.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use machine_driver::{Driver, ErrorKind};

use super::*;
use crate::test_cloud::{Setting, assert_error, instance, machine, refusal, success, tags};

fn volume(id: &str, state: &str, attached: &str, owner: &str) -> String {
    format!(
        "<volumeSet><item><volumeId>{id}</volumeId><status>{state}</status><attachmentSet><item><instanceId>{attached}\
         </instanceId></item></attachmentSet>{}</item></volumeSet>",
        tags(owner)
    )
}

fn group(setting: &Setting, name: &str, owner: &str) {
    let group = format!(
        "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>{name}</groupName>{}</item></securityGroupInfo>",
        tags(owner)
    );
    setting.answers("DescribeSecurityGroups", &group);
}

fn key(setting: &Setting, owner: &str) {
    let name = setting.driver.object_name();
    let key = format!(
        "<keySet><item><keyName>{name}</keyName><keyPairId>key-9</keyPairId>{}</item></keySet>",
        tags(owner)
    );
    setting.answers("DescribeKeyPairs", &key);
}

#[tokio::test]
async fn removing_what_never_was() {
    let mut setting = machine().await;
    setting.driver.remove(&setting.cx).await.unwrap();
    assert!(setting.changes().await.is_empty());
    Ec2Driver::default().remove(&setting.cx).await.unwrap();
}

#[tokio::test]
async fn removing_from_the_record_before_create_finds_what_carries_the_mark() {
    let mut setting = machine().await;
    let owner = setting.driver.owner();
    let name = setting.driver.object_name();
    group(&setting, &name, &owner);
    key(&setting, &owner);
    setting.answers("DescribeVolumes", &volume("vol-1", "available", "", &owner));
    // EC2 shows the instance late, and one that somebody else gave the tag's name before.
    setting.answers("DescribeInstances", &instance("i-8", "running", "somebody"));
    setting.turns("i-1", "running");
    setting.turns("i-1", "terminated");
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.requests("TerminateInstances").await[0]["InstanceId.1"], "i-1");
    assert_eq!(setting.requests("DeleteKeyPair").await[0]["KeyPairId"], "key-9");
    assert_eq!(setting.requests("DeleteSecurityGroup").await[0]["GroupId"], "sg-1");
    assert_eq!(setting.requests("DeleteVolume").await[0]["VolumeId"], "vol-1");
}

#[tokio::test]
async fn objects_of_others_stay() {
    let mut setting = machine().await;
    let name = setting.driver.object_name();
    group(&setting, &name, "somebody");
    key(&setting, "somebody");
    setting.answers("DescribeInstances", &instance("i-8", "running", "somebody"));
    setting.answers("DescribeVolumes", &volume("vol-1", "available", "", "somebody"));
    setting.driver.remove(&setting.cx).await.unwrap();
    assert!(setting.changes().await.is_empty());
}

#[tokio::test]
async fn the_user_s_key_pair_and_groups_stay() {
    let mut setting = machine().await;
    setting.configure(&[
        ("ec2-keypair-name", "theirs"),
        ("ec2-ssh-keypath", "/k"),
        ("ec2-security-group", "web"),
    ]);
    group(&setting, "web", "somebody");
    setting.driver.remove(&setting.cx).await.unwrap();
    assert!(setting.changes().await.is_empty());
}

#[tokio::test]
async fn a_shared_group_goes_with_its_last_machine() {
    for (others, deleted) in [(true, false), (false, true)] {
        let mut setting = machine().await;
        setting.configure(&[("ec2-security-group", "web")]);
        setting.driver.key_pair_id = "key-1".into();
        group(&setting, "web", "shared");
        let other = instance("i-8", "running", "another");
        setting.answers("DescribeInstances", if others { &other } else { "" });
        setting.driver.remove(&setting.cx).await.unwrap();
        assert_eq!(setting.changes().await.contains(&"DeleteSecurityGroup".to_owned()), deleted);
    }
}

#[tokio::test]
async fn a_group_in_use_is_waited_for() {
    let mut setting = machine().await;
    let (name, owner) = (setting.driver.object_name(), setting.driver.owner());
    group(&setting, &name, &owner);
    for _ in 0..3 {
        setting.then("DeleteSecurityGroup", refusal(400, "DependencyViolation"));
    }
    setting.then("DeleteSecurityGroup", success("DeleteSecurityGroup", ""));
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.requests("DeleteSecurityGroup").await.len(), 4);
    // For ever: the machine's own group is an error, a shared one is left to whoever uses it.
    setting.refuses("DeleteSecurityGroup", 400, "DependencyViolation");
    let error = setting.driver.remove(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Timeout,
        &["gave up waiting for the security group to be unused", "sg-1"],
    );
    setting.configure(&[("ec2-security-group", "web")]);
    group(&setting, "web", "shared");
    setting.driver.remove(&setting.cx).await.unwrap();
}

#[tokio::test]
async fn volumes_that_serve_another_instance_stay() {
    let mut setting = machine().await;
    let owner = setting.driver.owner();
    setting.driver.instance_id = "i-1".into();
    setting.answers("DescribeVolumes", &volume("vol-1", "in-use", "i-8", &owner));
    setting.shows("i-1", "terminated");
    setting.turns("i-8", "running");
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.changes().await, ["TerminateInstances"]);
}

#[tokio::test]
async fn open_spot_requests_are_cancelled_first() {
    let mut setting = machine().await;
    setting.configure(&[("ec2-request-spot-instance", "true")]);
    let request = format!(
        "<spotInstanceRequestSet><item><spotInstanceRequestId>sir-1</spotInstanceRequestId><instanceId>i-5</instanceId>{}</item></spotInstanceRequestSet>",
        tags(&setting.driver.owner())
    );
    setting.answers("DescribeSpotInstanceRequests", &request);
    setting.answers("DescribeInstances", &instance("i-5", "terminated", "o"));
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.changes().await, ["CancelSpotInstanceRequests", "TerminateInstances"]);
}

#[tokio::test]
async fn removing_goes_on_after_a_failure_and_reports_all() {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting.driver.key_pair_id = "key-1".into();
    setting.refuses("TerminateInstances", 400, "OperationNotPermitted");
    setting.refuses("DescribeVolumes", 400, "Planted");
    let error = setting.driver.remove(&setting.cx).await.unwrap_err();
    let words =
        ["cannot terminate the instance i-1", "OperationNotPermitted", "cannot look for volumes", "Planted"];
    assert_error(&error, ErrorKind::Provider, &words);
    assert_eq!(setting.changes().await, ["TerminateInstances", "DeleteKeyPair"]);
    assert_eq!(setting.driver.instance_id, "i-1", "what is left is remembered");
}

#[tokio::test]
async fn an_ec2_that_cannot_be_asked_is_not_an_empty_one() {
    for (status, code) in
        [(401, "AuthFailure"), (403, "UnauthorizedOperation"), (500, "InternalError"), (404, "")]
    {
        for recorded in ["i-1", ""] {
            let mut setting = machine().await;
            setting.configure(&[("ec2-retries", "0")]);
            setting.driver.instance_id = recorded.into();
            for action in ["DescribeInstances", "TerminateInstances"] {
                setting.refuses(action, status, code);
            }
            assert!(setting.driver.remove(&setting.cx).await.is_err(), "{status} {recorded}");
            assert!(setting.driver.stop(&setting.cx).await.is_err());
        }
    }
}
