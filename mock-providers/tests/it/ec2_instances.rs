//! Attributes, status, console, protection and spot requests of EC2's instances.

use machine_mock_providers::{
    ec2::ServerOptions,
    faults::{FaultKind, FaultPlan, When},
};

use crate::ec2_client::{Ec2Client, ec2};

async fn attribute(client: &Ec2Client, id: &str, name: &str) -> String {
    let parameters = [("InstanceId", id), ("Attribute", name)];
    let answer = client.call("DescribeInstanceAttribute", &parameters).await.succeeded();
    answer.value("value").unwrap_or_default().to_owned()
}

#[tokio::test]
async fn attributes_are_shown_and_changed() {
    let (server, _account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    let parameters =
        [("UserData", "IyEvYmluL3NoCg=="), ("DisableApiTermination", "true"), ("DisableApiStop", "true")];
    let launched = client.run(&image, &parameters).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    let stop = async || client.call("StopInstances", &[("InstanceId.1", id)]).await;
    client.reaches(id, "running").await;
    assert_eq!(attribute(&client, id, "userData").await, "IyEvYmluL3NoCg==");
    assert_eq!(attribute(&client, id, "disableApiTermination").await, "true");
    assert!(stop().await.message().contains("'disableApiStop'"));
    let terminate = client.call("TerminateInstances", &[("InstanceId.1", id)]).await;
    assert_eq!(terminate.code(), "OperationNotPermitted");

    let modify = async |name: &str, value: &str| {
        let parameters = [("InstanceId", id), (name, value)];
        client.call("ModifyInstanceAttribute", &parameters).await
    };
    modify("DisableApiStop.Value", "false").await.succeeded();
    assert_eq!(modify("InstanceType.Value", "t3.small").await.code(), "IncorrectInstanceState");
    stop().await.succeeded();
    client.reaches(id, "stopped").await;
    modify("InstanceType.Value", "t3.small").await.succeeded();
    assert_eq!(attribute(&client, id, "instanceType").await, "t3.small");
    let older = [("InstanceId", id), ("Attribute", "disableApiTermination"), ("Value", "false")];
    client.call("ModifyInstanceAttribute", &older).await.succeeded();
    let options = [("InstanceId", id), ("HttpTokens", "required"), ("HttpPutResponseHopLimit", "3")];
    client.call("ModifyInstanceMetadataOptions", &options).await.succeeded();
    let bad = [("InstanceId", id), ("HttpTokens", "maybe")];
    assert_eq!(client.call("ModifyInstanceMetadataOptions", &bad).await.code(), "InvalidParameterValue");
    let described = client.describe(id).await;
    assert_eq!(
        (described.value("httpTokens"), described.value("httpPutResponseHopLimit")),
        (Some("required"), Some("3"))
    );
    assert_eq!(
        client.call("RebootInstances", &[("InstanceId.1", id)]).await.code(),
        "IncorrectInstanceState"
    );
    let again = stop().await.succeeded();
    assert_eq!(again.values("name"), ["stopped", "stopped"]);
    client.call("TerminateInstances", &[("InstanceId.1", id)]).await.succeeded();
    client.reaches(id, "terminated").await;
    let start = client.call("StartInstances", &[("InstanceId.1", id)]).await;
    assert_eq!(start.code(), "IncorrectInstanceState");
    assert!(start.message().contains("is not in a state from which it can be started"));
}

#[tokio::test]
async fn a_pending_instance_has_no_status_and_cannot_be_stopped() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    account.set_faults(FaultPlan::one(When::operation("RunInstances"), FaultKind::NeverReady));
    let launched = client.run(&server.usable_image(), &[]).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    let stop = client.call("StopInstances", &[("InstanceId.1", id)]).await;
    assert_eq!(stop.code(), "IncorrectInstanceState");
    assert!(stop.message().contains("has never reached the 'running' state"));
    let all = [("InstanceId.1", id), ("IncludeAllInstances", "true")];
    let status = client.call("DescribeInstanceStatus", &all).await.succeeded();
    assert_eq!(status.value("status"), Some("not-applicable"));
}

#[tokio::test]
async fn status_monitoring_and_console_follow_the_state() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let launched = client.run(&server.usable_image(), &[("Monitoring.Enabled", "true")]).await.succeeded();
    let id = launched.value("instanceId").unwrap();
    assert!(launched.body.contains("<monitoring><state>pending</state>"));
    assert!(launched.body.contains("<blockDeviceMapping/>"));
    let all = [("InstanceId.1", id), ("IncludeAllInstances", "true")];
    let statuses = async || {
        let answer = client.call("DescribeInstanceStatus", &all).await.succeeded();
        answer.value("status").unwrap_or_default().to_owned()
    };
    client.reaches(id, "running").await;
    let passed = async {
        while statuses().await != "ok" {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, passed).await.unwrap();
    client.call("UnmonitorInstances", &[("InstanceId.1", id)]).await.succeeded();
    assert!(client.describe(id).await.body.contains("<monitoring><state>disabled</state>"));
    let console = client.call("GetConsoleOutput", &[("InstanceId", id)]).await.succeeded();
    assert!(console.value("output").is_some() && account.guests().is_empty());
    crate::ssh_client::reached(
        &account.guest(id).unwrap(),
        machine_mock_providers::guest::PowerState::Running,
    )
    .await;
    let console = client.call("GetConsoleOutput", &[("InstanceId", id)]).await.succeeded();
    use base64::{Engine, prelude::BASE64_STANDARD};
    let text = BASE64_STANDARD.decode(console.value("output").unwrap()).unwrap();
    let boot = account.guest(id).unwrap().boot_id().unwrap();
    assert!(String::from_utf8(text).unwrap().contains(&boot));
}

#[tokio::test]
async fn spot_requests_get_their_instances_and_are_cancelled() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let image = server.usable_image();
    let order = [
        ("SpotPrice", "0.05"),
        ("InstanceCount", "1"),
        ("LaunchSpecification.ImageId", image.as_str()),
        ("LaunchSpecification.InstanceType", "t3.micro"),
    ];
    let asked = client.call("RequestSpotInstances", &order).await.succeeded();
    assert_eq!((asked.value("state"), asked.value("code")), (Some("open"), Some("pending-evaluation")));
    let request = asked.value("spotInstanceRequestId").unwrap();
    let describe = async || {
        let parameters = [("SpotInstanceRequestId.1", request)];
        client.call("DescribeSpotInstanceRequests", &parameters).await.succeeded()
    };
    let fulfilled = async {
        loop {
            let answer = describe().await;
            if answer.value("state") == Some("active") {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    let answer = tokio::time::timeout(crate::ssh_client::LIMIT, fulfilled).await.unwrap();
    let instance = answer.value("instanceId").unwrap();
    let running = client.reaches(instance, "running").await;
    assert_eq!(running.value("spotInstanceRequestId"), Some(request));
    assert_eq!(running.value("instanceLifecycle"), Some("spot"));
    client.call("CancelSpotInstanceRequests", &[("SpotInstanceRequestId.1", request)]).await.succeeded();
    assert_eq!(describe().await.value("state"), Some("cancelled"));
    assert_eq!(account.instance(instance).unwrap().state, "running");

    let market = [("InstanceMarketOptions.MarketType", "spot")];
    let launched = client.run(&image, &market).await.succeeded();
    assert!(launched.value("spotInstanceRequestId").is_some_and(|id| id.starts_with("sir-")));
    let unknown = [("SpotInstanceRequestId.1", "sir-0a1b2c3d")];
    let unknown = client.call("CancelSpotInstanceRequests", &unknown).await;
    assert_eq!(unknown.code(), "InvalidSpotInstanceRequestID.NotFound");
}
