use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use machine_driver::{BaseDriver, Error, ErrorKind, Result};

/// Tags that the driver gives to what it makes, for people and to find it again (CREATE-019). `Name` is what the
/// console shows.
pub(crate) const NAME_TAG: &str = "Name";
pub(crate) const MACHINE_TAG: &str = "machine-driver:machine";
pub(crate) const OWNER_TAG: &str = "machine-driver:owner";
/// Owner of security groups that several machines share.
pub(crate) const SHARED: &str = "shared";

/// Longest host name that a guest takes.
const LONGEST_NAME: usize = 63;

/// Mark of one machine of one store, 16 hexadecimal digits.
///
/// It is part of the record that hosts save before `create`, and of every object that the driver makes. With it
/// `remove` finds what a killed `create` left behind (CREATE-008, CREATE-012), and tells it from objects that other
/// people gave the same name (RM-016, CONC-007). It is computed, so that the same options make the same record
/// (FLAG-007, IDEM-004).
pub(crate) fn owner_mark(base: &BaseDriver) -> String {
    // FNV-1a: not secret, only the same in every build.
    let bytes = base.store_path.bytes().chain([0]).chain(base.machine_name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

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

/// Refuses names that hosts allow and guests do not, before anything is made (BASE-007, OS-006).
pub(crate) fn check(machine_name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric();
    let problem = if machine_name.is_empty() {
        "is empty"
    } else if machine_name.len() > LONGEST_NAME {
        "is longer than 63 characters"
    } else if !machine_name.chars().all(|c| plain(c) || c == '-' || c == '.') {
        "has other characters than letters, digits, '-' and '.'"
    } else if !(machine_name.starts_with(plain) && machine_name.ends_with(plain)) {
        "does not start and end with a letter or digit"
    } else {
        return Ok(());
    };
    let text = format!("a guest cannot have the host name {machine_name:?}: it {problem}");
    Err(Error::new(ErrorKind::InvalidOption, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_depend_on_store_and_machine_and_never_change() {
        let mark = |store: &str, name: &str| owner_mark(&BaseDriver::new(name, store));
        assert_eq!(mark("/home/a/.docker/machine", "m1"), "5fc0c3033c5510bc");
        assert_ne!(mark("/a", "m1"), mark("/a", "m2"));
        assert_ne!(mark("/a", "m1"), mark("/b", "m1"));
        assert_ne!(mark("/a", "b"), mark("/ab", ""));
    }

    #[test]
    fn only_the_owner_s_tag_makes_an_owner() {
        assert!(is_owned(&[tag(NAME_TAG, "m1"), tag(OWNER_TAG, "o1")], "o1"));
        for theirs in [tag(NAME_TAG, "o1"), tag(OWNER_TAG, "o2"), Tag::builder().build()] {
            assert!(!is_owned(&[theirs], "o1"));
        }
    }

    #[test]
    fn names_work_or_are_refused() {
        for name in ["a", "0", "A", "a.b", "my-machine", &"a".repeat(63)] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "a.", ".", "a_b", "a/b", "ä", &"a".repeat(64)] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
