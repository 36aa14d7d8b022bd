//! The guest: an operating system that hosts can provision.

use crate::check::{Check, Need};

pub(crate) const CHECKS: &[Check] = &[OS_IS_RECOGNISED, HOST_NAME_CAN_BE_SET];

/// Values of `ID` in `/etc/os-release` that hosts have a provisioner for.
pub(crate) const PROVISIONED_SYSTEMS: [&str; 12] = [
    "boot2docker",
    "ubuntu",
    "debian",
    "centos",
    "rhel",
    "fedora",
    "ol",
    "coreos",
    "rancheros",
    "arch",
    "opensuse",
    "sles",
];

const OS_IS_RECOGNISED: Check = Check {
    id: "guest::os_is_recognised",
    title: "The default image has an operating system that hosts can provision",
    clauses: &["OS-001"],
    needs: &[Need::Machine, Need::Guest],
    why: "Hosts choose the provisioner by /etc/os-release and stop if none fits.",
    good: "`ID=ubuntu` in /etc/os-release.",
    bad: "`ID=alpine`.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let output = machine
                .guest("cat /etc/os-release")
                .await
                .map_err(|error| cx.prerequisite("SSH", &error))?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let id = os_id(&text);
            let (fits, expected) = match cx.expected_guest_os() {
                Some(expected) => (
                    id == Some(expected),
                    format!("ID {expected:?}, as the profile says"),
                ),
                None => (
                    id.is_some_and(|id| PROVISIONED_SYSTEMS.iter().any(|known| id.starts_with(known))),
                    format!("an ID among {}", PROVISIONED_SYSTEMS.join(", ")),
                ),
            };
            cx.rule("OS-001").holds(fits, expected, || {
                format!("ID {id:?} (exit status {})", output.exit_status)
            });
            Ok(())
        })
    },
};

const HOST_NAME_CAN_BE_SET: Check = Check {
    id: "guest::host_name_can_be_set",
    title: "The guest accepts its machine's name as host name",
    clauses: &["OS-006"],
    needs: &[Need::Machine, Need::Guest],
    why: "It is the first thing that provisioning does.",
    good: "`sudo hostname NAME` ends with 0, and /etc/hostname can be written.",
    bad: "The file system of /etc is read-only.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let name = machine.name();
            let command = format!("sudo hostname {name} && echo \"{name}\" | sudo tee /etc/hostname");
            let output = machine
                .guest(&command)
                .await
                .map_err(|error| cx.prerequisite("SSH", &error))?;
            cx.rule("OS-006").holds(
                output.exit_status == 0,
                format!("`{command}` ends with 0"),
                || {
                    format!(
                        "exit status {}: {}",
                        output.exit_status,
                        String::from_utf8_lossy(&output.stderr).trim()
                    )
                },
            );
            Ok(())
        })
    },
};

/// The value of `ID` in an os-release file.
fn os_id(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.strip_prefix("ID="))
        .map(|id| id.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::os_id;

    #[test]
    fn ids_with_and_without_quotes() {
        assert_eq!(os_id("NAME=x\nID=\"ol\"\nID_LIKE=y\n"), Some("ol"));
        assert_eq!(os_id("ID=ubuntu"), Some("ubuntu"));
        assert_eq!(os_id("VERSION_ID=1"), None);
    }
}
