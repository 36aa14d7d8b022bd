use std::fmt;

use crate::{
    base::BaseDriver,
    error::{Error, ErrorKind, Result},
};

/// Longest host name that a guest takes.
const LONGEST_NAME: usize = 63;

/// Mark of one machine of one store, for the names and tags of whatever its driver makes.
///
/// It is known before anything exists, so it can be in the record that hosts save before `create`. With it `remove`
/// finds what a killed `create` left behind (CREATE-008, CREATE-012), and tells it from objects that other people gave
/// the same name (RM-016, CONC-007). It is computed, so that the same options make the same record (FLAG-007,
/// IDEM-004). Record it: the store may move (PERSIST-007).
///
/// As a text it is 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MachineMark([u64; 2]);

impl MachineMark {
    /// The mark of a machine by its name and the root of its store.
    pub(crate) fn of(base: &BaseDriver) -> Self {
        // FNV-1a: not secret, only the same in every build.
        Self([0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142].map(|start: u64| {
            let bytes = base.store_path.bytes().chain([0]).chain(base.machine_name.bytes());
            bytes.fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        }))
    }

    /// The mark as a UUID of version 8 ("vendor specific", RFC 9562), for providers that take ids of their users'.
    pub fn uuid(&self) -> String {
        let [high, low] = self.0;
        let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, (high & 0x0fff) | 0x8000);
        let (fourth, fifth) = (((low >> 48) & 0x3fff) | 0x8000, low & 0xffff_ffff_ffff);
        format!("{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}")
    }
}

impl fmt::Display for MachineMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0[0])
    }
}

/// Refuses names that hosts allow and that no guest can have as its host name, before anything is made (BASE-007,
/// OS-006): 1 to 63 letters, digits, `-` and `.`, the first and the last a letter or digit.
///
/// # Errors
/// [`ErrorKind::InvalidOption`] that says what is wrong.
pub fn check_host_name(machine_name: &str) -> Result<()> {
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

    fn mark(store: &str, name: &str) -> MachineMark {
        MachineMark::of(&BaseDriver::new(name, store))
    }

    #[test]
    fn marks_depend_on_store_and_machine_and_never_change() {
        assert_eq!(mark("/home/a/.docker/machine", "m1").to_string(), "5fc0c3033c5510bc");
        assert_ne!(mark("/a", "m1"), mark("/a", "m2"));
        assert_ne!(mark("/a", "m1"), mark("/b", "m1"));
        assert_ne!(mark("/a", "b"), mark("/ab", ""));
    }

    #[test]
    fn marks_as_uuids_are_uuids_and_never_change() {
        let uuid = mark("/home/a/.docker/machine", "m1").uuid();
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(uuid.starts_with("5fc0c303-3c55-80bc-"), "{uuid}");
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{uuid}");
    }

    #[test]
    fn names_work_or_are_refused() {
        for name in ["a", "0", "A", "a.b", "my-machine", &"a".repeat(63)] {
            assert!(check_host_name(name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", "a.", ".", "a_b", "a/b", "ä", &"a".repeat(64)] {
            assert!(check_host_name(name).is_err(), "{name}");
        }
    }
}
