//! Faults of EC2: what clients see, and what happened all the same.

use std::time::{Duration, Instant};

use machine_mock_providers::{
    ec2::{ServerOptions, Times},
    faults::{Fault, FaultKind, FaultPlan, When},
    guest::{GuestFault, PowerState},
};

use crate::ec2_client::ec2;

fn on(operation: &str, then: FaultKind) -> FaultPlan {
    FaultPlan::one(When::operation(operation), then)
}

#[tokio::test]
async fn errors_are_those_of_ec2() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    let http_error = |status, code: Option<&str>, acted| FaultKind::HttpError {
        status,
        code: code.map(str::to_owned),
        message: None,
        acted,
    };
    for (then, status, code) in [
        (FaultKind::Throttle { retry_after: None }, 503, "RequestLimitExceeded"),
        (FaultKind::Unauthorized, 401, "AuthFailure"),
        (http_error(500, None, false), 500, "InternalError"),
        (http_error(500, Some("InsufficientInstanceCapacity"), false), 500, "InsufficientInstanceCapacity"),
        (http_error(403, None, false), 403, "UnauthorizedOperation"),
    ] {
        account.set_faults(on("RunInstances", then));
        let answer = client.run(&image, &[]).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert!(answer.value("RequestID").is_some());
    }
    assert!(account.instances().is_empty());
    account.set_faults(on("RunInstances", http_error(503, None, true)));
    assert_eq!(client.run(&image, &[]).await.status, 503);
    assert_eq!(account.instances().len(), 1);
    account.set_faults(on("*", FaultKind::NotFound));
    let id = account.instances()[0].id.clone();
    let answer = client.call("StopInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!((answer.status, answer.code()), (400, "InvalidInstanceID.NotFound"));
    assert!(answer.message().contains(&id));
    let answer = client.call("DeleteSecurityGroup", &[("GroupId", "sg-1")]).await;
    assert_eq!((answer.code(), account.faults().1), ("InvalidGroup.NotFound", vec![2]));
    let log = account.request_log();
    assert_eq!(log.last().unwrap().faults, ["not-found"]);
}

#[tokio::test]
async fn answers_are_lost_after_the_call_was_carried_out() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    for then in [FaultKind::Drop { acted: true }, FaultKind::Reset { acted: true }, FaultKind::EmptyBody] {
        let before = account.instances().len();
        let fault = Fault::new(When::operation("RunInstances"), then.clone()).times(1);
        account.set_faults(fault);
        let body = format!("Action=RunInstances&Version=2016-11-15&ImageId={image}&MinCount=1&MaxCount=1");
        let answer = client.post(&body, std::time::SystemTime::now()).await;
        match then {
            FaultKind::EmptyBody => assert_eq!(answer.unwrap().body, ""),
            _ => assert!(answer.is_err()),
        }
        assert_eq!(account.instances().len(), before + 1);
    }
}

#[tokio::test]
async fn what_was_created_is_not_found_at_first() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    account.set_faults(on("RunInstances", FaultKind::Lag { reads: 2, ms: 0 }));
    let launched = client.run(&server.usable_image(), &[]).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    assert_eq!(client.describe(id).await.code(), "InvalidInstanceID.NotFound");
    assert!(client.call("DescribeInstances", &[]).await.succeeded().value("instanceId").is_none());
    client.describe(id).await.succeeded();
    assert_eq!(account.inventory().iter().filter(|object| object.kind == "instance").count(), 1);

    account.set_faults(on("DescribeInstances", FaultKind::EmptyList));
    assert!(client.call("DescribeInstances", &[]).await.succeeded().value("instanceId").is_none());
    account.clear_faults();
    client.reaches(id, "running").await;
    account.set_faults(on("DescribeInstances", FaultKind::Stale));
    assert_eq!(client.describe(id).await.succeeded().value("name"), Some("pending"));
}

#[tokio::test]
async fn starts_go_wrong() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    account.set_faults(on("RunInstances", FaultKind::NeverReady));
    let launched = client.run(&image, &[]).await.succeeded();
    let stuck = launched.value("instanceId").unwrap().to_owned();
    account.set_faults(on("RunInstances", FaultKind::NoAddress));
    let launched = client.run(&image, &[]).await.succeeded();
    let running = client.reaches(launched.value("instanceId").unwrap(), "running").await;
    assert_eq!(running.value("ipAddress"), None);
    account.set_faults(on("RunInstances", FaultKind::BootError { message: Some("no host".into()) }));
    let launched = client.run(&image, &[]).await.succeeded();
    let failed = client.reaches(launched.value("instanceId").unwrap(), "terminated").await;
    assert!(failed.body.contains("no host"), "{failed:?}");
    account.set_faults(on("RunInstances", FaultKind::Guest { fault: GuestFault::NeverBoots }));
    let launched = client.run(&image, &[]).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    client.reaches(id, "running").await;
    assert_eq!(account.guest(id).unwrap().state(), PowerState::Booting);
    assert_eq!(account.instance(&stuck).unwrap().state, "pending");
}

#[tokio::test]
async fn answers_take_longer_and_states_last() {
    let times = Times { boot: Duration::from_millis(60), ..Times::default() };
    let (server, account, client) = ec2(ServerOptions { times, ..ServerOptions::default() }).await;
    account.set_faults(on("DescribeRegions", FaultKind::Delay { ms: 30 }));
    let started = Instant::now();
    client.call("DescribeRegions", &[]).await.succeeded();
    assert!(started.elapsed() >= Duration::from_millis(30));
    let started = Instant::now();
    let launched = client.run(&server.usable_image(), &[]).await.succeeded();
    client.reaches(launched.value("instanceId").unwrap(), "running").await;
    assert!(started.elapsed() >= Duration::from_millis(50));
}
