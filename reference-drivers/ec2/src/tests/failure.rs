//! What answers of EC2 mean.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use machine_driver::{Driver, ErrorKind};
use wiremock::ResponseTemplate;

use crate::test_cloud::{SECRETS, assert_error, machine, refusal};

#[tokio::test]
async fn refusals_name_operation_object_and_reason() {
    for (status, code, kind) in [
        (400, "InvalidParameterValue", ErrorKind::Provider),
        (400, "InvalidInstanceID.Malformed", ErrorKind::Provider),
        (401, "AuthFailure", ErrorKind::Unauthenticated),
        (403, "UnauthorizedOperation", ErrorKind::Unauthenticated),
        (400, "RequestExpired", ErrorKind::Unauthenticated),
    ] {
        let mut setting = machine().await;
        setting.driver.instance_id = "i-1".into();
        setting.refuses("DescribeInstances", status, code);
        let error = setting.driver.state(&setting.cx).await.unwrap_err();
        let reason = format!("EC2 answers {status}: reason of the {code} ({code})");
        assert_error(&error, kind, &["cannot look up the instance i-1", &reason]);
        assert!(!error.is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_are_neither_success_nor_absence() {
    let cut_off = "<DescribeInstancesResponse><reservationSet><item>";
    for (answer, words) in [
        (ResponseTemplate::new(200), "makes no sense"),
        (ResponseTemplate::new(200).set_body_string("<html/>"), "makes no sense"),
        (ResponseTemplate::new(200).set_body_string(cut_off), "makes no sense"),
        (ResponseTemplate::new(404), "answers 404: no reason given"),
        (ResponseTemplate::new(404).set_body_string("not found"), "answers 404: no reason given"),
        (ResponseTemplate::new(400).set_body_string("{}"), "answers 400: no reason given"),
        (refusal(400, ""), "answers 400"),
    ] {
        let mut setting = machine().await;
        setting.driver.instance_id = "i-1".into();
        setting.then("DescribeInstances", answer);
        for error in [
            setting.driver.state(&setting.cx).await.unwrap_err(),
            setting.driver.remove(&setting.cx).await.unwrap_err(),
        ] {
            assert_error(&error, ErrorKind::Provider, &["cannot look up the instance i-1", words]);
        }
    }
}

#[tokio::test]
async fn only_ec2_s_own_word_means_gone() {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    setting.refuses("DescribeInstances", 400, "InvalidInstanceID.NotFound");
    let error = setting.driver.state(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::NotFound, &["machine m1 not found", "i-1"]);
    setting.answers("DescribeInstances", "<reservationSet/>");
    let error = setting.driver.state(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::NotFound, &["machine m1 not found"]);
}

#[tokio::test]
async fn echoed_secrets_are_hidden() {
    let mut setting = machine().await;
    setting.driver.instance_id = "i-1".into();
    for secret in SECRETS {
        setting.refuses("DescribeInstances", 403, secret);
        let error = setting.driver.state(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::Unauthenticated, &["reason of the ***"]);
    }
    assert!(!format!("{:?}", setting.driver).contains(SECRETS[0]));
}

#[tokio::test]
async fn a_refused_connection_is_reported_as_one() {
    let mut setting = machine().await;
    setting.configure(&[("ec2-endpoint", "http://127.0.0.1:1"), ("ec2-retries", "1")]);
    let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Connection,
        &["cannot look for the default VPC: EC2 gave no answer", "refused"],
    );
}
