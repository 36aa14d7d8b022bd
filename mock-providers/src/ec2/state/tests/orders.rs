//! Orders that are refused, and what is made of those that are not.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::Desk;
use crate::ec2::state::{
    BlockDevice, InterfaceSpecification, Launch, NewGroup, ProfileName, SpotOptions, TagSpecification,
};

/// The code of the error for an order; nothing must have changed.
fn refused(desk: &mut Desk, order: &Launch) -> String {
    let count = |desk: &Desk| {
        let region = &desk.region;
        let free: u32 = region.subnets.values().map(crate::ec2::state::Subnet::available).sum();
        let sizes = [
            region.instances.len(),
            region.volumes.len(),
            region.interfaces.len(),
            region.reservations.len(),
            region.spot_requests.len(),
            desk.table.machines.len(),
        ];
        (sizes, free)
    };
    let before = count(desk);
    let error = desk.region.run_instances(order, desk.now, &mut desk.table).unwrap_err();
    assert_eq!(count(desk), before, "{error}");
    assert!(error.status == 400 && !error.message.is_empty());
    error.code.into_owned()
}

#[test]
fn what_does_not_exist_or_fit_is_refused() {
    let mut desk = Desk::new();
    let subnet = |desk: &Desk, index: usize| {
        desk.region.subnets.values().nth(index).map(|subnet| subnet.id.to_string())
    };
    let base = desk.order();
    let with = |change: &dyn Fn(&mut Launch)| {
        let mut order = base.clone();
        change(&mut order);
        order
    };
    let interface = |change: &dyn Fn(&mut InterfaceSpecification)| {
        let mut specification =
            InterfaceSpecification { device_index: Some(0), ..InterfaceSpecification::default() };
        change(&mut specification);
        vec![specification]
    };
    let text = |text: &str| Some(text.to_owned());
    let second_subnet = subnet(&desk, 1);
    let cases: Vec<(&str, Launch)> = vec![
        ("InvalidAMIID.Malformed", with(&|it| it.image = "foo".to_owned())),
        ("InvalidAMIID.NotFound", with(&|it| it.image = "ami-12345678".to_owned())),
        ("InvalidParameterValue", with(&|it| it.min_count = 0)),
        ("InvalidParameterValue", with(&|it| it.min_count = 2)),
        ("InvalidParameterValue", with(&|it| it.instance_type = text("t9.mega"))),
        ("Unsupported", with(&|it| it.instance_type = text("t4g.micro"))),
        ("InvalidKeyPair.NotFound", with(&|it| it.key_name = text("none"))),
        ("InvalidGroup.NotFound", with(&|it| it.group_ids = vec!["sg-12345678".to_owned()])),
        ("InvalidGroupId.Malformed", with(&|it| it.group_ids = vec!["web".to_owned()])),
        ("InvalidGroup.NotFound", with(&|it| it.group_names = vec!["web".to_owned()])),
        ("InvalidSubnetID.NotFound", with(&|it| it.subnet = text("subnet-12345678"))),
        ("InvalidParameterValue", with(&|it| it.zone = text("us-east-1z"))),
        (
            "InvalidParameterValue",
            with(&|it| (it.zone, it.subnet) = (text("us-east-1a"), second_subnet.clone())),
        ),
        ("InvalidParameterValue", with(&|it| it.profile = Some(ProfileName::Name("none".to_owned())))),
        ("InvalidUserData.Malformed", with(&|it| it.user_data = "%%%".to_owned())),
        ("InvalidParameterValue", with(&|it| it.user_data = BASE64_STANDARD.encode([b'x'; 16_385]))),
        (
            "InvalidParameterCombination",
            with(&|it| {
                it.interfaces = interface(&|_| {});
                it.group_ids = vec!["sg-12345678".to_owned()];
            }),
        ),
        (
            "InvalidParameterCombination",
            with(&|it| (it.interfaces, it.subnet) = (interface(&|_| {}), second_subnet.clone())),
        ),
        ("InvalidParameterValue", with(&|it| it.interfaces = interface(&|it| it.device_index = Some(1)))),
        ("InvalidParameterValue", with(&|it| it.interfaces = interface(&|it| it.ipv6_count = Some(1)))),
        ("InvalidParameterValue", with(&|it| it.private_address = "10.0.0.1".parse().ok())),
        ("InsufficientFreeAddressesInSubnet", with(&|it| (it.min_count, it.max_count) = (5000, 5000))),
        (
            "InvalidBlockDeviceMapping",
            with(&|it| it.block_devices = vec![device("/dev/sda1", Some(1), None)]),
        ),
        (
            "InvalidParameterCombination",
            with(&|it| it.block_devices = vec![device("/dev/sdf", Some(10), Some("io1"))]),
        ),
        (
            "InvalidParameterValue",
            with(&|it| it.block_devices = vec![device("/dev/sdf", Some(10), Some("gp9"))]),
        ),
        ("MissingParameter", with(&|it| it.block_devices = vec![device("/dev/sdf", None, None)])),
        (
            "InvalidBlockDeviceMapping",
            with(&|it| {
                it.block_devices = vec![device("/dev/sdf", Some(1), None), device("/dev/sdf", Some(1), None)];
            }),
        ),
        (
            "InvalidParameterDependency",
            with(&|it| {
                it.block_devices =
                    vec![BlockDevice { kms_key: text("key"), ..device("/dev/sda1", None, None) }];
            }),
        ),
        ("InvalidParameterValue", with(&|it| it.tags = tags("subnet", "a"))),
        ("InvalidParameterValue", with(&|it| it.tags = tags("instance", "aws:a"))),
        ("InvalidParameterValue", with(&|it| it.tags = tags("spot-instances-request", "a"))),
        (
            "InvalidParameterValue",
            with(&|it| {
                it.spot = Some(SpotOptions { max_price: text("cheap"), ..SpotOptions::default() });
            }),
        ),
    ];
    for (code, order) in cases {
        assert_eq!(refused(&mut desk, &order), code, "{order:?}");
    }
    desk.region.instance_limit = Some(0);
    assert_eq!(refused(&mut desk, &base), "InstanceLimitExceeded");
}

fn device(name: &str, size: Option<u32>, volume_type: Option<&str>) -> BlockDevice {
    BlockDevice {
        device: name.to_owned(),
        size,
        volume_type: volume_type.map(str::to_owned),
        ..BlockDevice::default()
    }
}

fn tags(resource_type: &str, key: &str) -> Vec<TagSpecification> {
    vec![TagSpecification {
        resource_type: resource_type.to_owned(),
        tags: vec![(key.to_owned(), "value".to_owned())],
    }]
}

#[test]
fn many_instances_of_one_order_have_addresses_of_their_own() {
    let mut desk = Desk::new();
    let order = Launch { min_count: 1, max_count: 10_000, ..desk.order() };
    let launched = desk.region.run_instances(&order, desk.now, &mut desk.table).unwrap();
    assert_eq!(launched.instances.len(), 4091, "as many as the subnet has addresses");
    let instances = || launched.instances.iter().filter_map(|id| desk.region.instances.get(id));
    let addresses: std::collections::BTreeSet<_> = instances().map(|it| it.private_address).collect();
    assert!(addresses.len() == 4091 && instances().zip(0..).all(|(it, index)| it.launch_index == index));
    let next = desk.launch(&desk.order());
    assert_eq!(desk.region.instances.get(&next).unwrap().zone.name, "us-east-1b");
}

#[test]
fn volumes_are_those_of_the_image_and_the_order() {
    let mut desk = Desk::new();
    let root = BlockDevice { encrypted: Some(true), ..device("/dev/sda1", Some(20), Some("gp3")) };
    let data =
        BlockDevice { delete_on_termination: Some(false), ..device("/dev/sdf", Some(100), Some("gp2")) };
    let store = BlockDevice { virtual_name: Some("ephemeral0".to_owned()), ..device("/dev/sdb", None, None) };
    let order = Launch { block_devices: vec![data, root, store], tags: tags("volume", "k"), ..desk.order() };
    let id = desk.launch(&order);
    let attached = desk.region.instances.get(&id).unwrap().volumes.clone();
    assert_eq!(attached.iter().map(|it| &*it.device).collect::<Vec<_>>(), ["/dev/sda1", "/dev/sdf"]);
    let volume = |index: usize| desk.region.volume(&attached[index].volume).unwrap();
    assert_eq!((volume(0).size, volume(0).iops, volume(0).throughput), (20, Some(3000), Some(125)));
    assert!(volume(0).encrypted && volume(0).kms_key.as_ref().unwrap().starts_with("arn:aws:kms:us-east-1:"));
    assert!(volume(0).snapshot.starts_with("snap-") && volume(1).snapshot.is_empty());
    assert!(attached.iter().all(|it| desk.region.volume(&it.volume).unwrap().tags.contains_key("k")));
    let (root, data) = (attached[0].volume.clone(), attached[1].volume.clone());
    assert_eq!(desk.region.delete_volume(&data, desk.now).unwrap_err().code, "VolumeInUse");
    desk.region.terminate_at_once(&id, desk.now, &mut desk.table);
    assert!(desk.region.volume(&root).is_err(), "it goes with the instance");
    assert_eq!(desk.region.volume(&data).unwrap().state(), "available");
    desk.region.delete_volume(&data, desk.now).unwrap();
}

#[test]
fn an_instance_gets_ipv6_addresses_from_its_subnet() {
    let mut desk = Desk::with_ipv6();
    let specification = InterfaceSpecification {
        device_index: Some(0),
        ipv6_count: Some(2),
        primary_ipv6: Some(true),
        public_address: Some(false),
        ..InterfaceSpecification::default()
    };
    let order = Launch { interfaces: vec![specification], ..desk.order() };
    let id = desk.launch(&order);
    desk.wait(5);
    let instance = desk.region.instances.get(&id).unwrap();
    assert!(instance.ipv6.len() == 2 && instance.ipv6[0] != instance.ipv6[1] && instance.public.is_none());
    let interface = desk.region.interface(&instance.interfaces[0]).unwrap();
    assert!(interface.primary_ipv6 && interface.ipv6 == instance.ipv6);
}

#[test]
fn groups_are_found_by_name_and_refused_twice() {
    let mut desk = Desk::new();
    let new =
        |name: &str| NewGroup { name: name.to_owned(), description: "d".to_owned(), ..NewGroup::default() };
    let id = desk.region.create_group(&new("web"), desk.now).unwrap();
    let order = Launch { group_names: vec!["web".to_owned()], ..desk.order() };
    let instance = desk.launch(&order);
    assert_eq!(desk.region.instances.get(&instance).unwrap().groups[0].id, id);
    let error = desk.region.create_group(&new("web"), desk.now).unwrap_err();
    let vpc = desk.region.default_vpc().unwrap().id.clone();
    assert_eq!(error.message, format!("The security group 'web' already exists for VPC '{vpc}'"));
    for name in ["default", "sg-1", "bad\u{1}", ""] {
        assert!(desk.region.create_group(&new(name), desk.now).is_err(), "{name:?}");
    }
    let default = desk.region.group_named(&vpc, "default").unwrap().id.clone();
    assert_eq!(desk.region.delete_group(&default, desk.now).unwrap_err().code, "CannotDelete");
}
