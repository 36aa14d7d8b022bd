//! Logins with a password: who has one, and whether the SSH server asks for it.

use super::{commands::sha256, disk::Disk};

const SHADOW: &str = "/etc/shadow";
const SETTINGS: &str = "/etc/ssh/sshd_config";
/// Read before [`SETTINGS`], in the order of their names.
const SETTINGS_FOLDER: &str = "/etc/ssh/sshd_config.d";

/// Gives a user a password.
pub(super) fn set(disk: &mut Disk, user: &str, password: &str) {
    let shadow = disk.text(SHADOW).unwrap_or_default();
    let others = shadow.lines().filter(|line| line.split(':').next() != Some(user));
    let mut text: String = others.flat_map(|line| [line, "\n"]).collect();
    text += &format!("{user}:{}:20000:0:99999:7:::\n", hash(password));
    disk.install(SHADOW, "root", 0o600, Some(text.as_bytes()));
}

/// Whether it is the user's password, and the SSH server takes passwords.
pub(super) fn is_accepted(disk: &Disk, user: &str, password: &str) -> bool {
    let shadow = disk.text(SHADOW).unwrap_or_default();
    let mut entries = shadow.lines().filter_map(|line| line.split_once(':'));
    let entry = entries.find(|(name, _)| *name == user);
    is_asked_for(disk) && entry.is_some_and(|(_, rest)| rest.split(':').next() == Some(&hash(password)))
}

/// `PasswordAuthentication` of the SSH server: as in sshd_config(5) the first value counts, and it is `yes` without one.
/// The files are read at each login, as if the server had been told to after each change.
pub(super) fn is_asked_for(disk: &Disk) -> bool {
    let names = disk.names(SETTINGS_FOLDER);
    let pieces = names.iter().filter(|name| name.ends_with(".conf"));
    let files = pieces.map(|name| format!("{SETTINGS_FOLDER}/{name}"));
    let mut texts = files.chain([SETTINGS.to_owned()]).filter_map(|file| disk.text(&file));
    texts.find_map(|text| text.lines().find_map(value)).unwrap_or(true)
}

/// The setting's value, if it is in this line.
fn value(line: &str) -> Option<bool> {
    let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
    let keyword = words.next()?;
    keyword
        .eq_ignore_ascii_case("PasswordAuthentication")
        .then(|| words.next().is_some_and(|word| word.eq_ignore_ascii_case("yes")))
}

/// What stands for a password in the file; nobody has to be kept from guessing it here.
fn hash(password: &str) -> String {
    format!("$simulated${}", sha256(password.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_password_of_a_user_counts() {
        let mut disk = Disk::default();
        set(&mut disk, "ubuntu", "one");
        set(&mut disk, "docker", "two");
        set(&mut disk, "ubuntu", "three");
        let accepted = |user, password| is_accepted(&disk, user, password);
        assert!(accepted("ubuntu", "three") && accepted("docker", "two"));
        assert!(!accepted("ubuntu", "one") && !accepted("ubuntu", "two") && !accepted("root", ""));
    }

    #[test]
    fn the_first_setting_counts() {
        let mut disk = Disk::default();
        set(&mut disk, "ubuntu", "one");
        let mut write = |file: &str, text: &str| {
            disk.install(file, "root", 0o644, Some(text.as_bytes()));
            is_accepted(&disk, "ubuntu", "one")
        };
        assert!(write("/etc/ssh/sshd_config", "# PasswordAuthentication no\nPort 22\n"));
        assert!(!write("/etc/ssh/sshd_config.d/60-cloud.conf", "passwordauthentication no\n"));
        assert!(!write("/etc/ssh/sshd_config.d/61-late.conf", "PasswordAuthentication yes\n"));
        assert!(write("/etc/ssh/sshd_config.d/00-early.conf", "PasswordAuthentication=yes\n"));
    }
}
