//! The calls: pages and filters that are not trusted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use machine_driver::Driver;

use crate::test_cloud::{instance, machine, success, tags};

#[tokio::test]
async fn lists_go_on_to_the_last_page() {
    let setting = machine().await;
    let owner = setting.driver.owner();
    for (id, next) in [("i-1", "<nextToken>2</nextToken>"), ("i-2", "<nextToken>3</nextToken>"), ("i-3", "")]
    {
        let page = instance(id, "running", &owner) + next;
        setting.then("DescribeInstances", success("DescribeInstances", &page));
    }
    let ec2 = setting.driver.ec2(&setting.cx).await.unwrap();
    let found = setting.driver.own_instances(&ec2).await.unwrap();
    let ids: Vec<_> = found.iter().filter_map(|instance| instance.instance_id()).collect();
    assert_eq!(ids, ["i-1", "i-2", "i-3"]);
    let tokens: Vec<_> =
        setting.requests("DescribeInstances").await.iter().map(|r| r.get("NextToken").cloned()).collect();
    assert_eq!(tokens, [None, Some("2".to_owned()), Some("3".to_owned())]);
}

#[tokio::test]
async fn a_page_that_repeats_itself_is_the_last() {
    let setting = machine().await;
    let page = "<securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo><nextToken>same</nextToken>";
    setting.answers("DescribeSecurityGroups", page);
    let ec2 = setting.driver.ec2(&setting.cx).await.unwrap();
    assert_eq!(ec2.groups(Vec::new()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_filters_should_have_kept_out_is_left_out() {
    let setting = machine().await;
    let ec2 = setting.driver.ec2(&setting.cx).await.unwrap();
    setting.answers("DescribeInstances", &instance("i-1", "running", "somebody"));
    setting.answers(
        "DescribeVolumes",
        &format!("<volumeSet><item><volumeId>vol-1</volumeId>{}</item></volumeSet>", tags("somebody")),
    );
    setting.answers("DescribeKeyPairs", "<keySet><item><keyName>m1</keyName></item></keySet>");
    assert!(setting.driver.own_instances(&ec2).await.unwrap().is_empty());
    assert!(ec2.volumes(&setting.driver.owner()).await.unwrap().is_empty());
    assert!(ec2.key_pairs("m").await.unwrap().is_empty());
    // And nothing of it is deleted.
    let mut driver = setting.driver.clone();
    driver.remove(&setting.cx).await.unwrap();
    assert!(setting.changes().await.is_empty());
}
