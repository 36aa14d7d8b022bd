use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

/// Tags that the driver gives to what it makes, for people and to find it again (CREATE-019). `Name` is what the
/// console shows.
pub(crate) const NAME_TAG: &str = "Name";
pub(crate) const MACHINE_TAG: &str = "machine-driver:machine";
pub(crate) const OWNER_TAG: &str = "machine-driver:owner";
/// Owner of security groups that several machines share.
pub(crate) const SHARED: &str = "shared";

/// Name of the machine's key pair and security group: readable for people, and unique by the mark.
pub(crate) fn object_name(machine_name: &str, owner: &str) -> String {
    format!("machine-{machine_name}-{owner}")
}

pub(crate) fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

/// Tags for an object, given together with the order to make it, so that it never exists without.
pub(crate) fn tagged(resource: ResourceType, tags: &[Tag]) -> TagSpecification {
    TagSpecification::builder().resource_type(resource).set_tags(Some(tags.to_vec())).build()
}

pub(crate) fn is_owned(tags: &[Tag], owner: &str) -> bool {
    tags.iter().any(|tag| tag.key() == Some(OWNER_TAG) && tag.value() == Some(owner))
}

/// Passes what has one of the values.
pub(crate) fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|&value| value.to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

pub(crate) fn owned_by(owner: &str) -> Filter {
    filter(&format!("tag:{OWNER_TAG}"), &[owner])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_s_tag_makes_an_owner() {
        assert!(is_owned(&[tag(NAME_TAG, "m1"), tag(OWNER_TAG, "o1")], "o1"));
        for theirs in [tag(NAME_TAG, "o1"), tag(OWNER_TAG, "o2"), Tag::builder().build()] {
            assert!(!is_owned(&[theirs], "o1"));
        }
    }
}
