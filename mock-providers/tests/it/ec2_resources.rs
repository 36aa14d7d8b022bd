//! EC2 through its API: everything that instances are made with.

use base64::{Engine, prelude::BASE64_STANDARD};
use machine_mock_providers::ec2::{Server, ServerOptions};

use crate::ec2_client::{EVERYWHERE, Ec2Client, ec2, rule};

#[tokio::test]
async fn security_groups_have_rules_that_are_told_one_by_one_and_grouped() {
    let (_server, _, client) = ec2(ServerOptions::default()).await;
    let id = client.group("web").await;
    let mut parameters = rule(&id, "22", EVERYWHERE);
    parameters.extend([
        ("IpPermissions.1.IpRanges.1.Description", "a & b"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
        ("IpPermissions.1.Groups.1.GroupId", id.as_str()),
        ("IpPermissions.2.IpProtocol", "-1"),
        ("IpPermissions.2.IpRanges.1.CidrIp", "10.0.0.0/8"),
    ]);
    let added = client.call("AuthorizeSecurityGroupIngress", &parameters).await.succeeded();
    assert_eq!(added.values("securityGroupRuleId").len(), 4, "every rule is answered");
    assert_eq!(added.values("fromPort"), ["22", "22", "22", "-1"]);
    assert_eq!(added.value("description"), Some("a &amp; b"));

    let described = client.call("DescribeSecurityGroups", &[("GroupId.1", &id)]).await.succeeded();
    assert_eq!(described.values("ipProtocol"), ["-1", "tcp", "-1"], "what goes out comes first");
    assert_eq!(described.values("cidrIp"), [EVERYWHERE, EVERYWHERE, "10.0.0.0/8"]);
    assert_eq!(described.value("cidrIpv6"), Some("::/0"));
    let filters = [
        ("Filter.1.Name", "group-name"),
        ("Filter.1.Value.1", "w*"),
        ("Filter.2.Name", "ip-permission.cidr"),
        ("Filter.2.Value.1", "10.0.0.0/8"),
    ];
    let found = client.call("DescribeSecurityGroups", &filters).await.succeeded();
    assert_eq!(found.values("groupDescription"), ["tests"]);

    for (port, block, code) in [
        ("22", EVERYWHERE, "InvalidPermission.Duplicate"),
        ("70000", EVERYWHERE, "InvalidParameterValue"),
        ("80", "10.0.0.0/33", "InvalidParameterValue"),
    ] {
        let refused = client.call("AuthorizeSecurityGroupIngress", &rule(&id, port, block)).await;
        assert_eq!((refused.status, refused.code()), (400, code));
    }
    let gone = client.call("RevokeSecurityGroupIngress", &rule(&id, "22", EVERYWHERE)).await.succeeded();
    assert_eq!(gone.values("securityGroupRuleId"), [added.value("securityGroupRuleId").unwrap()]);
    let again = client.call("RevokeSecurityGroupIngress", &rule(&id, "22", EVERYWHERE)).await;
    assert_eq!(again.code(), "InvalidPermission.NotFound");
    let rules = client
        .call("DescribeSecurityGroupRules", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", &id)])
        .await;
    assert_eq!(rules.succeeded().values("securityGroupRuleId").len(), 4);

    let twice = [("GroupName", "web"), ("GroupDescription", "tests")];
    let twice = client.call("CreateSecurityGroup", &twice).await;
    assert_eq!(twice.code(), "InvalidGroup.Duplicate");
    assert!(twice.message().contains("already exists for VPC"), "{}", twice.message());
    let missing = client.call("CreateSecurityGroup", &[("GroupName", "x")]).await;
    assert_eq!(
        (missing.code(), missing.message()),
        ("MissingParameter", "The request must contain the parameter GroupDescription")
    );
    for (id, code) in [("sg-12345678", "InvalidGroup.NotFound"), ("web", "InvalidGroupId.Malformed")] {
        assert_eq!(client.call("DescribeSecurityGroups", &[("GroupId.1", id)]).await.code(), code);
        assert_eq!(client.call("DeleteSecurityGroup", &[("GroupId", id)]).await.code(), code);
    }
    let deleted = client.call("DeleteSecurityGroup", &[("GroupName", "web")]).await.succeeded();
    assert_eq!((deleted.value("return"), deleted.value("groupId")), (Some("true"), Some(id.as_str())));
}

#[tokio::test]
async fn key_pairs_are_made_imported_and_deleted() {
    let (_server, _, client) = ec2(ServerOptions::default()).await;
    let made = client.call("CreateKeyPair", &[("KeyName", "ed"), ("KeyType", "ed25519")]).await.succeeded();
    assert!(made.value("keyMaterial").unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"));
    assert_eq!(made.value("keyFingerprint").unwrap().len(), 44);
    let ppk = [("KeyName", "ppk"), ("KeyType", "ed25519"), ("KeyFormat", "ppk")];
    let ppk = client.call("CreateKeyPair", &ppk).await.succeeded();
    assert!(ppk.value("keyMaterial").unwrap().starts_with("PuTTY-User-Key-File-2: ssh-ed25519\n"));
    assert_eq!(client.call("CreateKeyPair", &[("KeyName", "ed")]).await.code(), "InvalidKeyPair.Duplicate");
    assert_eq!(client.call("CreateKeyPair", &[]).await.code(), "MissingParameter");

    let bad = BASE64_STANDARD.encode("no key");
    let refused = client.call("ImportKeyPair", &[("KeyName", "bad"), ("PublicKeyMaterial", &bad)]).await;
    assert_eq!(refused.code(), "InvalidKey.Format");
    assert_eq!(refused.message(), "Key is not in valid OpenSSH public key format");

    let described =
        client.call("DescribeKeyPairs", &[("KeyName.1", "ed"), ("IncludePublicKey", "true")]).await;
    let described = described.succeeded();
    assert_eq!(described.value("keyType"), Some("ed25519"));
    assert!(described.value("publicKey").unwrap().starts_with("ssh-ed25519 AAAA"));
    let missing = client.call("DescribeKeyPairs", &[("KeyName.1", "none")]).await;
    assert_eq!(
        (missing.code(), missing.message()),
        ("InvalidKeyPair.NotFound", "The key pair 'none' does not exist")
    );
    let deleted = client.call("DeleteKeyPair", &[("KeyName", "ed")]).await.succeeded();
    assert_eq!(deleted.value("keyPairId"), made.value("keyPairId"));
    let again = client.call("DeleteKeyPair", &[("KeyName", "ed")]).await.succeeded();
    assert_eq!(again.value("return"), Some("true"), "it is no mistake to delete what is gone");
}

#[tokio::test]
async fn networks_can_get_ipv6_addresses_and_give_them_to_instances() {
    let (server, _, client) = ec2(ServerOptions::default()).await;
    let attributes = [("AttributeName.1", "default-vpc")];
    let default = client.call("DescribeAccountAttributes", &attributes).await.succeeded();
    let vpc = default.value("attributeValue").unwrap().to_owned();
    let filters = [
        ("Filter.1.Name", "vpc-id"),
        ("Filter.1.Value.1", vpc.as_str()),
        ("Filter.2.Name", "availability-zone"),
        ("Filter.2.Value.1", "us-east-1b"),
    ];
    let subnets = client.call("DescribeSubnets", &filters).await.succeeded();
    assert_eq!(subnets.values("availableIpAddressCount"), ["4091"]);
    let subnet = subnets.value("subnetId").unwrap().to_owned();
    let image = server.usable_image();
    let order = [
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SubnetId", subnet.as_str()),
        ("NetworkInterface.1.Ipv6AddressCount", "1"),
        ("NetworkInterface.1.PrimaryIpv6", "true"),
    ];
    assert_eq!(client.run(&image, &order).await.code(), "InvalidParameterValue");

    let block = [("VpcId", vpc.as_str()), ("AmazonProvidedIpv6CidrBlock", "true")];
    let block = client.call("AssociateVpcCidrBlock", &block).await.succeeded();
    let part = block.value("ipv6CidrBlock").unwrap().replace("00::/56", "07::/64");
    let parameters = [("SubnetId", subnet.as_str()), ("Ipv6CidrBlock", part.as_str())];
    client.call("AssociateSubnetCidrBlock", &parameters).await.succeeded();
    let launched = client.run(&image, &order).await.succeeded();
    let address: std::net::Ipv6Addr = launched.value("ipv6Address").unwrap().parse().unwrap();
    let prefix = part.trim_end_matches("::/64").to_owned();
    assert!(address.to_string().starts_with(&prefix), "{address} is not in {part}");
    let interfaces = client.call("DescribeNetworkInterfaces", &[]).await.succeeded();
    assert_eq!(interfaces.value("isPrimaryIpv6"), Some("true"));
    assert_eq!(interfaces.value("attachmentId").map(|id| id.starts_with("eni-attach-")), Some(true));
    let none = [("Filter.1.Name", "subnet-id"), ("Filter.1.Value.1", "subnet-12345678")];
    assert!(client.call("DescribeSubnets", &none).await.succeeded().values("subnetId").is_empty());
    let unknown = client.call("DescribeSubnets", &[("SubnetId.1", "subnet-12345678")]).await;
    assert_eq!(unknown.code(), "InvalidSubnetID.NotFound");
}

#[tokio::test]
async fn volumes_and_addresses_outlive_their_instance_when_they_should() {
    let (server, _, client) = ec2(ServerOptions::default()).await;
    let order = [
        ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "5"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
    ];
    let id =
        client.run(&server.usable_image(), &order).await.succeeded().value("instanceId").unwrap().to_owned();
    client.reaches(&id, "running").await;
    let filters = [("Filter.1.Name", "attachment.instance-id"), ("Filter.1.Value.1", id.as_str())];
    let volumes = client.call("DescribeVolumes", &filters).await.succeeded();
    assert_eq!((volumes.values("size"), volumes.values("throughput")), (vec!["8", "5"], vec!["125", "125"]));

    let order = [("AvailabilityZone", "us-east-1a"), ("Size", "1"), ("ClientToken", "t")];
    let made = client.call("CreateVolume", &order).await.succeeded();
    let again = client.call("CreateVolume", &order).await.succeeded();
    assert_eq!(made.value("volumeId"), again.value("volumeId"), "a token is for one volume");
    let other = [("AvailabilityZone", "us-east-1a"), ("Size", "2"), ("ClientToken", "t")];
    assert_eq!(client.call("CreateVolume", &other).await.code(), "IdempotentParameterMismatch");
    client.call("DeleteVolume", &[("VolumeId", made.value("volumeId").unwrap())]).await.succeeded();

    let elastic = client.call("AllocateAddress", &[("Domain", "vpc")]).await.succeeded();
    let allocation = elastic.value("allocationId").unwrap();
    let parameters = [("AllocationId", allocation), ("InstanceId", id.as_str())];
    client.call("AssociateAddress", &parameters).await.succeeded();
    let described = client.call("DescribeInstances", &[("InstanceId.1", &id)]).await.succeeded();
    assert_eq!(described.value("ipAddress"), elastic.value("publicIp"));
    let in_use = client.call("ReleaseAddress", &[("AllocationId", allocation)]).await;
    assert_eq!(in_use.code(), "InvalidIPAddress.InUse");
    client.call("StopInstances", &[("InstanceId.1", &id)]).await.succeeded();
    let stopped = client.reaches(&id, "stopped").await;
    assert_eq!(stopped.value("ipAddress"), elastic.value("publicIp"), "an Elastic IP stays");

    client.call("TerminateInstances", &[("InstanceId.1", &id)]).await.succeeded();
    client.reaches(&id, "terminated").await;
    let left = client.call("DescribeVolumes", &[]).await.succeeded();
    assert_eq!((left.values("size"), left.values("status")), (vec!["5"], vec!["available"]));
    assert!(
        client
            .call("DescribeNetworkInterfaces", &[])
            .await
            .succeeded()
            .values("networkInterfaceId")
            .is_empty()
    );
    let volume = left.value("volumeId").unwrap();
    client.call("DeleteVolume", &[("VolumeId", volume)]).await.succeeded();
    assert_eq!(client.call("DeleteVolume", &[("VolumeId", volume)]).await.code(), "InvalidVolume.NotFound");
    client.call("ReleaseAddress", &[("AllocationId", allocation)]).await.succeeded();
    let gone = client.call("DescribeAddresses", &[("AllocationId.1", allocation)]).await;
    assert_eq!(gone.code(), "InvalidAllocationID.NotFound");
}

#[tokio::test]
async fn tags_are_given_listed_and_taken_away() {
    let (_server, _, client) = ec2(ServerOptions::default()).await;
    let id = client.group("tagged").await;
    let tags = [
        ("ResourceId.1", id.as_str()),
        ("Tag.1.Key", "Name"),
        ("Tag.1.Value", "a"),
        ("Tag.2.Key", "Owner"),
        ("Tag.2.Value", "b"),
    ];
    let answer = client.call("CreateTags", &tags).await.succeeded();
    assert_eq!(answer.value("return"), Some("true"));
    let filters = [("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", id.as_str())];
    let listed = client.call("DescribeTags", &filters).await.succeeded();
    assert_eq!(listed.values("key"), ["Name", "Owner"]);
    assert_eq!(listed.values("resourceType"), ["security-group", "security-group"]);
    let one = [("ResourceId.1", id.as_str()), ("Tag.1.Key", "Name"), ("Tag.1.Value", "other")];
    client.call("DeleteTags", &one).await.succeeded();
    let one = [("ResourceId.1", id.as_str()), ("Tag.1.Key", "Owner")];
    client.call("DeleteTags", &one).await.succeeded();
    let listed = client.call("DescribeTags", &filters).await.succeeded();
    assert_eq!(listed.values("key"), ["Name"], "a tag with another value stays");
    for (resource, key, code) in [
        ("i-12345678", "k", "InvalidInstanceID.NotFound"),
        ("foo", "k", "InvalidID"),
        (id.as_str(), "aws:k", "InvalidParameterValue"),
    ] {
        let parameters = [("ResourceId.1", resource), ("Tag.1.Key", key), ("Tag.1.Value", "")];
        assert_eq!(client.call("CreateTags", &parameters).await.code(), code);
    }
}

#[tokio::test]
async fn images_and_regions_are_those_that_drivers_ask_for() {
    let (server, _, client) = ec2(ServerOptions::default()).await;
    // Defaults of docker/machine's driver, of rancher-machine's driver, and the image of this mock.
    for id in ["ami-927185ef", "ami-013b3de8a8fa9b39f", &server.usable_image()] {
        let image = client.call("DescribeImages", &[("ImageId.1", id)]).await.succeeded();
        assert_eq!(image.value("rootDeviceName"), Some("/dev/sda1"));
        assert!(image.value("snapshotId").unwrap().starts_with("snap-"));
    }
    let missing = client.call("DescribeImages", &[("ImageId.1", "ami-12345678")]).await;
    assert_eq!(missing.message(), "The image id '[ami-12345678]' does not exist");
    assert_eq!(client.call("DescribeImages", &[("ImageId.1", "x")]).await.code(), "InvalidAMIID.Malformed");
    let newest =
        [("Owner.1", "099720109477"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", "*noble-24.04-amd64*")];
    let newest = client.call("DescribeImages", &newest).await.succeeded();
    assert_eq!(newest.values("imageId"), [server.usable_image()]);
    let regions = client.call("DescribeRegions", &[]).await.succeeded();
    let names = regions.values("regionName");
    assert!(names.contains(&"us-east-1") && !names.contains(&"cn-north-1"));
    let zones = client.call("DescribeAvailabilityZones", &[]).await.succeeded();
    assert_eq!(zones.values("zoneName").len(), 6);
}

#[tokio::test]
async fn regions_know_nothing_of_each_other() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let id = client.group("here").await;
    let elsewhere = Ec2Client { region: "eu-west-1".to_owned(), ..Ec2Client::new(&server, &account) };
    assert_eq!(
        elsewhere.call("DescribeSecurityGroups", &[("GroupId.1", &id)]).await.code(),
        "InvalidGroup.NotFound"
    );
    assert_ne!(image(&server), image_in(&elsewhere).await);
}

fn image(server: &Server) -> String {
    server.usable_image()
}

async fn image_in(client: &Ec2Client) -> String {
    let filters = [("Filter.1.Name", "name"), ("Filter.1.Value.1", "*noble-24.04-amd64*")];
    let images = client.call("DescribeImages", &filters).await.succeeded();
    images.value("imageId").unwrap().to_owned()
}
