//! Guest operating systems.

use std::sync::LazyLock;

/// The list as `list ostypes` prints it.
pub(in crate::vbox) const LIST: &str = include_str!("lists/ostypes.txt");

/// Ids and descriptions.
static TYPES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = LIST.lines().filter_map(|line| line.strip_prefix("ID / Description: "));
    lines.filter_map(|line| line.split_once(" -- ")).collect()
});

/// Old ids that are still understood.
const OLD: &[(&str, &str)] = &[("Linux", "Linux26")];

/// The description of a type; a type that nobody knows is kept as it was named.
pub(super) fn description(id: &str) -> &str {
    if id.is_empty() {
        return "Other/Unknown";
    }
    let id_now = OLD.iter().find(|(old, _)| *old == id).map_or(id, |(_, now)| *now);
    let found = TYPES.iter().find(|(known, description)| *known == id_now || *description == id_now);
    found.map_or(id, |(_, description)| *description)
}

/// What VirtualBox offers to such a guest by default.
pub(super) fn paravirtualization(id: &str) -> &'static str {
    let description = description(id);
    let is = |words: &[&str]| words.iter().any(|word| description.contains(word));
    if is(&[
        "Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "openSUSE", "Gentoo", "Arch", "Oracle", "Mandriva",
    ]) {
        "kvm"
    } else if is(&["Windows"]) {
        "hyperv"
    } else {
        "none"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_described() {
        assert_eq!(description("Linux26_64"), "Linux 2.6 / 3.x / 4.x / 5.x (64-bit)");
        assert_eq!(description(""), "Other/Unknown");
        assert_eq!(description("Nope"), "Nope");
        assert_eq!(paravirtualization("Linux26_64"), "kvm");
        assert_eq!(paravirtualization("Nope"), "none");
    }
}
