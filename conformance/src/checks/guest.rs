//! The guest: an operating system that hosts can provision.

use machine_driver::FlagKind;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    event::Guests,
    machine::Machine,
};

pub(crate) const CHECKS: &[Check] = &[
    OS_IS_RECOGNISED,
    HOST_NAME_CAN_BE_SET,
    DEFAULT_IS_UBUNTU,
    DEFAULT_IS_BOOT2DOCKER,
    IMAGE_CAN_BE_CHOSEN,
    SOFTWARE_CAN_BE_INSTALLED,
];

/// Refreshes the list of packages, or fetches the script that installs the engine.
const REACH_OUT: &str = "if command -v apt-get; then sudo apt-get update; \
    elif command -v dnf; then sudo dnf makecache; \
    elif command -v yum; then sudo yum makecache; \
    elif command -v zypper; then sudo zypper --non-interactive refresh; \
    else curl -fsSL https://get.docker.com; fi >/dev/null";

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
            let id = system_of(&cx, &machine).await?;
            let (fits, expected) = match cx.expected_guest_os() {
                Some(expected) => {
                    (id.as_deref() == Some(expected), format!("ID {expected:?}, as the profile says"))
                }
                None => (
                    id.as_ref()
                        .is_some_and(|id| PROVISIONED_SYSTEMS.iter().any(|known| id.starts_with(known))),
                    format!("an ID among {}", PROVISIONED_SYSTEMS.join(", ")),
                ),
            };
            cx.rule("OS-001").holds(fits, expected, || format!("ID {id:?}"));
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
            let output = machine.guest(&command).await.map_err(|error| cx.prerequisite("SSH", &error))?;
            cx.rule("OS-006").holds(output.exit_status == 0, format!("`{command}` ends with 0"), || {
                format!(
                    "exit status {}: {}",
                    output.exit_status,
                    String::from_utf8_lossy(&output.stderr).trim()
                )
            });
            Ok(())
        })
    },
};

const DEFAULT_IS_UBUNTU: Check = Check {
    id: "guest::default_is_ubuntu",
    title: "The default image of a cloud driver is Ubuntu",
    clauses: &["OS-003"],
    needs: &[Need::Machine, Need::Guest, Need::Cloud],
    why: "The specification asks for it, so that a machine is the same everywhere.",
    good: "`ID=ubuntu` in /etc/os-release.",
    bad: "The default image is the provider's own system.",
    run: |cx| {
        Box::pin(async move {
            let chosen = cx.supplied_flags()?.into_iter().find(|name| chooses_image(name));
            if let Some(flag) = chosen {
                return Err(Stop::NotApplicable(format!("the run chooses the image with --{flag}")));
            }
            has_images(&cx)?;
            let machine = cx.created().await?;
            cx.rule("OS-003").equals(
                "ID in /etc/os-release of the default image",
                &Some("ubuntu".to_owned()),
                &system_of(&cx, &machine).await?,
            );
            Ok(())
        })
    },
};

const DEFAULT_IS_BOOT2DOCKER: Check = Check {
    id: "guest::default_is_boot2docker",
    title: "The default image of a driver for a local hypervisor is boot2docker",
    clauses: &["OS-002"],
    needs: &[Need::Machine, Need::Guest, Need::Hypervisor],
    why: "The specification asks for it: the smallest system that runs containers, the same everywhere.",
    good: "--acme-boot2docker-url is boot2docker's own release by default; `ID=boot2docker` in /etc/os-release.",
    bad: "The default image is a system that has to be installed first.",
    run: |cx| {
        Box::pin(async move {
            let settings = cx.tenant().missing_image().await?;
            let facts = cx.facts()?;
            for flag in settings.keys().filter_map(|setting| facts.flag_for_setting(setting)) {
                let FlagKind::String { default } = &flag.kind else {
                    continue;
                };
                // A driver without a default looks for the latest release by itself.
                cx.rule("OS-002").holds(
                    default.is_empty() || default.contains("boot2docker"),
                    format!("boot2docker as the default of --{}", flag.name),
                    || default.clone(),
                );
            }
            has_images(&cx)?;
            let machine = cx.created().await?;
            cx.rule("OS-002").equals(
                "ID in /etc/os-release of the guest",
                &Some("boot2docker".to_owned()),
                &system_of(&cx, &machine).await?,
            );
            Ok(())
        })
    },
};

const IMAGE_CAN_BE_CHOSEN: Check = Check {
    id: "guest::image_can_be_chosen",
    title: "An option chooses the image",
    clauses: &["OS-004"],
    needs: &[Need::Machine, Need::Guest, Need::Inventory, Need::Catalog],
    why: "Images age faster than drivers.",
    good: "--acme-image=debian-12: the guest is Debian.",
    bad: "The image is built in, or the option is not sent.",
    run: |cx| {
        Box::pin(async move {
            let ordinary = cx.options()?;
            let mut offers = cx.tenant().catalog().await?;
            offers.retain(|offer| offer.kind == "image");
            let mut changed = None;
            for offer in offers {
                let mut options = ordinary.clone();
                if cx.set_option(&mut options, offer.setting, &offer.value)? && options != ordinary {
                    for (setting, value) in &offer.with {
                        cx.set_option(&mut options, setting, value)?;
                    }
                    changed = Some((offer, options));
                    break;
                }
            }
            let Some((offer, options)) = changed else {
                cx.rule("OS-004").broken(
                    "an option for the image",
                    "no option of the driver takes the images that this provider has",
                );
                return Ok(());
            };
            let machine = cx.configured_with(cx.machine_name(), options).await?;
            cx.create(&machine).await?;
            let (attribute, value) = &offer.shown_as;
            cx.rule("OS-004").equals(
                &format!("{attribute} of the instance with the image {:?}", offer.value),
                &Some(value),
                &cx.instance_of(machine.name()).await?.attributes.get(attribute),
            );
            let what = format!("logging in to a guest with the image {:?}", offer.value);
            let output = machine.guest("exit 0").await;
            output.map(drop).map_err(|error| cx.prerequisite(&what, &error))
        })
    },
};

const SOFTWARE_CAN_BE_INSTALLED: Check = Check {
    id: "guest::software_can_be_installed",
    title: "The guest can fetch software",
    clauses: &["OS-007"],
    needs: &[Need::Machine, Need::Guest],
    why: "Hosts install the engine over SSH, with the system's packages or a script.",
    good: "`apt-get update` ends with 0.",
    bad: "There is neither a package manager nor curl, or no way out of the network.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let output = machine.guest(REACH_OUT).await.map_err(|error| cx.prerequisite("SSH", &error))?;
            cx.rule("OS-007").holds(
                output.exit_status == 0,
                "a package manager that reaches its servers, or curl",
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

/// The `ID` of the guest's operating system.
pub(super) async fn system_of(cx: &Context, machine: &Machine) -> Result<Option<String>, Stop> {
    let output =
        machine.guest("cat /etc/os-release").await.map_err(|error| cx.prerequisite("SSH", &error))?;
    Ok(os_id(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned))
}

/// Whether guests have the system of the image that the driver chooses.
fn has_images(cx: &Context) -> Result<(), Stop> {
    match cx.guests() {
        Some(Guests::Container) => Err(Stop::NotTested(
            "guests that are containers have Debian, whatever image the driver chooses".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Whether an option is the one that chooses the image.
fn chooses_image(flag: &str) -> bool {
    ["image", "ami", "template", "iso", "slug"]
        .iter()
        .any(|word| flag.split('-').skip(1).any(|part| part.starts_with(word)))
}

/// The value of `ID` in an os-release file.
fn os_id(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("ID=")).map(|id| id.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::os_id;

    #[test]
    fn options_for_images() {
        for flag in ["acme-image", "amazonec2-ami", "vsphere-boot2docker-iso", "acme-image-id"] {
            assert!(super::chooses_image(flag), "{flag}");
        }
        for flag in ["template-token", "acme-region"] {
            assert!(!super::chooses_image(flag), "{flag}");
        }
    }

    #[test]
    fn ids_with_and_without_quotes() {
        assert_eq!(os_id("NAME=x\nID=\"ol\"\nID_LIKE=y\n"), Some("ol"));
        assert_eq!(os_id("ID=ubuntu"), Some("ubuntu"));
        assert_eq!(os_id("VERSION_ID=1"), None);
    }
}
