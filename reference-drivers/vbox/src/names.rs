use machine_driver::{BaseDriver, Error, ErrorKind, Result};

/// Longest name: hosts use it as the guest's host name.
const LONGEST_NAME: usize = 63;

/// Id of the machine's VM: computed, so that it is in the record that hosts save before `create`.
///
/// Names of VMs are not unique, so every command names this id. With it `remove` finds what a killed `create` left
/// behind (CREATE-008, CREATE-012) and touches nobody else's VM (RM-016, CONC-007). The same store and name give the
/// same id (FLAG-007, IDEM-004).
pub(crate) fn vm_id(base: &BaseDriver) -> String {
    let [high, low] = [0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142].map(|start: u64| {
        // FNV-1a: not secret, only the same in every build.
        let store = base.store_path.bytes().chain([0]);
        store
            .chain(base.machine_name.bytes())
            .fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    });
    // Version 8 of RFC 9562, "vendor specific", and its variant.
    let third = (high & 0x0fff) | 0x8000;
    let fourth = ((low >> 48) & 0x3fff) | 0x8000;
    format!(
        "{:08x}-{:04x}-{third:04x}-{fourth:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        low & 0xffff_ffff_ffff
    )
}

/// Refuses names that hosts allow and that no folder or host name can have, before anything is made (BASE-007).
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
    let text = format!("cannot name a VM and its folder {machine_name:?}: the name {problem}");
    Err(Error::new(ErrorKind::InvalidOption, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_that_depend_on_store_and_machine_and_never_change() {
        let id = |store: &str, name: &str| vm_id(&BaseDriver::new(name, store));
        assert_eq!(id("/home/a/.docker/machine", "m1"), id("/home/a/.docker/machine", "m1"));
        let parts: Vec<usize> = id("/s", "m1").split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(id("/s", "m1").as_bytes()[14], b'8');
        assert_ne!(id("/a", "m1"), id("/a", "m2"));
        assert_ne!(id("/a", "m1"), id("/b", "m1"));
        assert_ne!(id("/a", "b"), id("/ab", ""));
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
