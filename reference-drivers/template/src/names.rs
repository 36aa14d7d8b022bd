/// Tags that the driver gives to its server, for people and to find it again (CREATE-019).
pub(crate) const MACHINE_TAG: &str = "machine";
pub(crate) const OWNER_TAG: &str = "owner";

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
