//! Repetition, deadlines and credentials.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use machine_driver::{Driver, ErrorKind};
use wiremock::ResponseTemplate;

use crate::test_cloud::{Setting, assert_error, instance, machine, refusal, success};

async fn running() -> Setting {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting
}

/// Some failures, and then an instance.
fn fails(setting: &Setting, times: usize, failure: &ResponseTemplate) {
    for _ in 0..times {
        setting.then("DescribeInstances", failure.clone());
    }
    let answer = instance("i-1", "running", &setting.driver.owner());
    setting.then("DescribeInstances", success("DescribeInstances", &answer));
}

#[tokio::test]
async fn failures_and_rate_limits_are_waited_out() {
    for failure in [
        refusal(500, "InternalError"),
        refusal(503, "Unavailable"),
        refusal(503, "RequestLimitExceeded"),
        refusal(400, "Throttling"),
        ResponseTemplate::new(502),
    ] {
        let setting = running().await;
        fails(&setting, 3, &failure);
        setting.driver.state(&setting.cx).await.unwrap();
        assert_eq!(setting.actions().await.len(), 4);
    }
}

#[tokio::test]
async fn repetition_ends_and_can_be_switched_off() {
    for (retries, requests) in [("-1", 1), ("0", 1), ("2", 3), ("5", 6)] {
        let mut setting = running().await;
        setting.configure(&[("ec2-retries", retries)]);
        setting.refuses("DescribeInstances", 503, "RequestLimitExceeded");
        let error = setting.driver.state(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["answers 503", "RequestLimitExceeded"]);
        assert_eq!(setting.actions().await.len(), requests, "--ec2-retries {retries}");
    }
}

#[tokio::test]
async fn refusals_are_not_repeated() {
    for (status, code) in
        [(400, "InvalidParameterValue"), (401, "AuthFailure"), (400, "InstanceLimitExceeded")]
    {
        let setting = running().await;
        setting.refuses("DescribeInstances", status, code);
        setting.driver.state(&setting.cx).await.unwrap_err();
        assert_eq!(setting.actions().await.len(), 1);
    }
}

#[tokio::test]
async fn a_silent_provider_is_given_up() {
    let mut setting = running().await;
    setting.configure(&[("ec2-retries", "0")]);
    setting.driver.instance_id = "i-1".into();
    setting.then("DescribeInstances", ResponseTemplate::new(200).set_delay(Duration::from_secs(60)));
    let error = setting.driver.state(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Timeout,
        &["cannot look up the instance i-1: EC2 did not answer in time"],
    );
}

#[tokio::test]
async fn requests_are_signed_with_the_given_keys_for_the_given_region() {
    let mut setting = running().await;
    setting.configure(&[("ec2-region", "eu-central-1")]);
    setting.driver.instance_id = "i-1".into();
    fails(&setting, 0, &ResponseTemplate::new(200));
    setting.driver.state(&setting.cx).await.unwrap();
    let header = setting.header("authorization").await;
    assert!(header.contains("Credential=AKIAIOSFODNN7EXAMPLE/"), "{header}");
    assert!(header.contains("/eu-central-1/ec2/aws4_request"), "{header}");
    assert_eq!(setting.header("x-amz-security-token").await, crate::test_cloud::SECRETS[1]);
}

#[tokio::test]
async fn the_reason_of_the_first_try_is_not_lost() {
    let mut setting = running().await;
    setting.configure(&[("ec2-retries", "1")]);
    setting.then("DescribeInstances", refusal(500, "First"));
    setting.then("DescribeInstances", refusal(500, "Second"));
    let error = setting.driver.state(&setting.cx).await.unwrap_err();
    let words = ["answers 500: reason of the Second", "first answer: reason of the First"];
    assert_error(&error, ErrorKind::Provider, &words);
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let setting = running().await;
    let limited = refusal(503, "RequestLimitExceeded").insert_header("retry-after", "1");
    fails(&setting, 1, &limited);
    let begin = std::time::Instant::now();
    setting.driver.state(&setting.cx).await.unwrap();
    assert!(begin.elapsed() >= Duration::from_secs(1));
}
