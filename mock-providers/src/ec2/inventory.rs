//! The objects of an account in the form that all providers share.

use std::collections::BTreeMap;

use super::state::{Id, Instance, InstanceState, Region, SpotState, Tags};
use crate::inventory::Object;

/// All objects of a region that the account has made and that are not over, in the order of their creation within each
/// kind. Default VPCs, subnets and groups belong to nobody and are left out.
pub(super) fn objects(region: &Region) -> Vec<Object> {
    let mut objects = Vec::new();
    for key in region.key_pairs.values() {
        let fields =
            [("fingerprint", Some(key.fingerprint.clone())), ("public_key", Some(key.public_key.clone()))];
        objects.push(object(region, "key-pair", &key.id, &key.name, &key.tags, fields));
    }
    for group in region.groups.values().filter(|group| &*group.name != "default") {
        let fields = [("vpc", Some(group.vpc.to_string())), ("rules", Some(group.rules.len().to_string()))];
        objects.push(object(region, "security-group", &group.id, &group.name, &group.tags, fields));
    }
    let living = region.instances.values().filter(|it| it.state != InstanceState::Terminated);
    objects.extend(living.map(|it| instance(region, it)));
    for volume in region.volumes.values() {
        let instance = volume.attachment.as_ref().map(|attachment| &attachment.instance);
        let fields = [
            ("state", Some(volume.state().to_owned())),
            ("size", Some(volume.size.to_string())),
            ("type", Some(volume.volume_type.to_owned())),
            ("instance", instance.map(ToString::to_string)),
        ];
        let it = object(region, "volume", &volume.id, "", &volume.tags, fields);
        objects.push(owned_by(it, region, instance));
    }
    for interface in region.interfaces.values() {
        let instance = &interface.attachment.instance;
        let fields = [
            ("instance", Some(instance.to_string())),
            ("private_address", Some(interface.private_address.to_string())),
        ];
        let it = object(region, "network-interface", &interface.id, "", &interface.tags, fields);
        objects.push(owned_by(it, region, Some(instance)));
    }
    for address in region.addresses.values() {
        let instance = address.association.as_ref().map(|association| &association.instance);
        let fields =
            [("address", Some(address.address.to_string())), ("instance", instance.map(ToString::to_string))];
        let it = object(region, "elastic-ip", &address.allocation, "", &address.tags, fields);
        objects.push(owned_by(it, region, instance));
    }
    let waiting = |state| matches!(state, SpotState::Open | SpotState::Active);
    for request in region.spot_requests.values().filter(|request| waiting(request.state)) {
        let fields = [
            ("state", Some(request.state.word().to_owned())),
            ("instance", request.instance.as_ref().map(ToString::to_string)),
        ];
        let it = object(region, "spot-request", &request.id, "", &request.tags, fields);
        objects.push(owned_by(it, region, request.instance.as_ref()));
    }
    objects
}

fn instance(region: &Region, it: &Instance) -> Object {
    let public = it.public.as_ref().map(|public| public.address.to_string());
    let groups: Vec<&str> = it.groups.iter().map(|group| &*group.name).collect();
    let fields = [
        ("state", Some(it.state.name().to_owned())),
        ("image", Some(it.image.id.clone())),
        ("type", Some(it.instance_type.name.to_owned())),
        ("zone", Some(it.zone.name.clone())),
        ("key_name", it.key_name.as_deref().map(str::to_owned)),
        ("groups", Some(groups.join(","))),
        ("address", public),
        ("private_address", it.private_address.map(|address| address.to_string())),
    ];
    let name = it.tags.get("Name").map_or("", String::as_str);
    object(region, "instance", &it.id, name, &it.tags, fields)
}

fn object<const COUNT: usize>(
    region: &Region,
    kind: &str,
    id: &Id,
    name: &str,
    tags: &Tags,
    fields: [(&str, Option<String>); COUNT],
) -> Object {
    let mut attributes = BTreeMap::from([("region".to_owned(), region.name.clone())]);
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    attributes.extend(present);
    attributes.extend(tags.iter().map(|(key, value)| (format!("tag.{key}"), value.clone())));
    let named = if name.is_empty() { tags.get("Name").map_or("", String::as_str) } else { name };
    Object {
        kind: kind.to_owned(),
        id: id.to_string(),
        name: named.to_owned(),
        owner: owner(tags),
        attributes,
    }
}

/// The machine that an object was made for, as its tags tell.
fn owner(tags: &Tags) -> Option<String> {
    ["machine", "Name"].iter().find_map(|key| tags.get(*key)).cloned()
}

/// An object that belongs to the machine of an instance unless its own tags say something else.
fn owned_by(mut object: Object, region: &Region, instance: Option<&Id>) -> Object {
    let instance = instance.and_then(|id| region.instances.get(id));
    let owner = || instance.and_then(|instance| owner(&instance.tags));
    object.owner = object.owner.or_else(owner);
    object
}
