use machine_driver::{BaseDriver, Error, ErrorKind, Result};

/// Tags that the driver gives to its server, for people and to find it again (CREATE-019).
pub(crate) const MACHINE_TAG: &str = "machine";
pub(crate) const OWNER_TAG: &str = "owner";

/// Longest name that the provider takes for a server.
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

/// Name of the machine's key and firewall: readable for people, and unique by the mark (CREATE-019).
pub(crate) fn object_name(machine_name: &str, owner: &str) -> String {
    format!("machine-{machine_name}-{owner}")
}

/// A public key with another comment.
pub(crate) fn marked(public_key: &str, comment: &str) -> String {
    let key: Vec<&str> = public_key.split_whitespace().take(2).chain([comment]).collect();
    key.join(" ")
}

/// Whether a public key has this comment.
pub(crate) fn is_marked(public_key: &str, comment: &str) -> bool {
    public_key.split_whitespace().skip(2).eq([comment])
}

/// Refuses names that hosts allow and the provider does not, before anything is made (BASE-007).
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
    let text = format!("the provider cannot name a server {machine_name:?}: the name {problem}");
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
    fn keys_carry_their_mark_in_the_comment() {
        let ours = marked("ssh-ed25519 AAAA somebody at home", "machine-m1-0");
        assert_eq!(ours, "ssh-ed25519 AAAA machine-m1-0");
        assert!(is_marked(&ours, "machine-m1-0"));
        for theirs in
            ["ssh-ed25519 AAAA", "ssh-ed25519 AAAA machine-m1-1", "ssh-ed25519 AAAA x machine-m1-0", ""]
        {
            assert!(!is_marked(theirs, "machine-m1-0"), "{theirs}");
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
