//! What options ask for, and what the provider made.

use std::{collections::BTreeSet, sync::Arc};

use machine_driver::{FlagKind, OptionValue};

use crate::{
    check::{Check, Need, Stop},
    checks::secrets::logs::{is_user_data, takes_a_path},
    context::Context,
    machine::Machine,
    world::Offer,
};

/// Command that prints the user data of an instance with cloud-init, which all cloud images have.
const USER_DATA: &str = "sudo cat /var/lib/cloud/instance/user-data.txt";
/// Bytes of user data that are more than most providers take.
const LONG: usize = 70_000;

pub(super) const OPTIONS_ARE_VISIBLE: Check = Check {
    id: "create::options_are_visible",
    title: "The instance has the image, size, region, ... that the options ask for",
    clauses: &["CREATE-015"],
    needs: &[Need::Machine, Need::Inventory, Need::Catalog],
    why: "A machine of the default size in the wrong region costs another sum and breaks other rules.",
    good: "--acme-size=large: the provider shows an instance of the size large.",
    bad: "The flag is declared and recorded, and the request does not mention it.",
    run: |cx| {
        Box::pin(async move {
            let mut options = cx.options()?;
            let mut chosen: Vec<Offer> = Vec::new();
            for offer in cx.tenant().catalog().await? {
                let present =
                    cx.facts()?.flag_for_setting(offer.setting).and_then(|flag| options.value(&flag.name));
                let other =
                    present.is_some_and(|present| *present != OptionValue::String(offer.value.clone()));
                if chosen.iter().any(|chosen| chosen.setting == offer.setting) || !other {
                    continue;
                }
                cx.set_option(&mut options, offer.setting, &offer.value)?;
                for (setting, value) in &offer.with {
                    cx.set_option(&mut options, setting, value)?;
                }
                chosen.push(offer);
            }
            if chosen.is_empty() {
                return Err(Stop::NotApplicable(
                    "the driver has no option for anything that this provider lets a user choose".to_owned(),
                ));
            }
            let machine = cx.configured_with(cx.machine_name(), options).await?;
            cx.create(&machine).await?;
            let instance = cx.instance_of(machine.name()).await?;
            for offer in chosen {
                let (attribute, value) = &offer.shown_as;
                cx.rule("CREATE-015").equals(
                    &format!(
                        "{attribute} of the instance with the option for {} {:?}",
                        offer.kind, offer.value
                    ),
                    &Some(value),
                    &instance.attributes.get(attribute),
                );
            }
            Ok(())
        })
    },
};

pub(super) const DEFAULTS_EXIST: Check = Check {
    id: "create::defaults_exist",
    title: "The built-in defaults of image, size and region exist at the provider",
    clauses: &["OS-005"],
    needs: &[Need::Machine, Need::Catalog],
    why: "Providers withdraw old images and sizes; `create` without options then fails for everybody.",
    good: "The default of --acme-image is an image that the provider lists.",
    bad: "The default is ubuntu-15.10, which was withdrawn years ago.",
    run: |cx| {
        Box::pin(async move {
            let catalog = cx.tenant().catalog().await?;
            let settings: BTreeSet<_> =
                catalog.iter().filter(|offer| offer.closed).map(|offer| offer.setting).collect();
            let mut looked_at = 0;
            let mut withdrawn = Vec::new();
            for setting in settings {
                let flag = cx.facts()?.flag_for_setting(setting);
                let Some((flag, default)) = flag.and_then(|flag| Some((flag, default_text(&flag.kind)?)))
                else {
                    continue;
                };
                let offered: Vec<&str> = catalog
                    .iter()
                    .filter(|offer| offer.setting == setting)
                    .map(|offer| offer.value.as_str())
                    .collect();
                looked_at += 1;
                if !offered.contains(&default) {
                    let expected = format!("the default of --{} is one of {}", flag.name, offered.join(", "));
                    withdrawn.push((expected, default));
                }
            }
            if looked_at == 0 {
                return Err(Stop::NotApplicable(
                    "no flag has a default for anything that the provider lists".to_owned(),
                ));
            }
            if withdrawn.is_empty() {
                return Ok(());
            }
            // A driver may resolve a default such as `latest` by itself.
            let Err(error) = cx.configured().await?.create().await else {
                return Ok(());
            };
            for (expected, default) in withdrawn {
                cx.rule("OS-005").broken(expected, format!("{default:?}, and then: {error}"));
            }
            Ok(())
        })
    },
};

pub(super) const USER_DATA_ARRIVES: Check = Check {
    id: "create::user_data_arrives",
    title: "User data reaches the guest unchanged",
    clauses: &["CREATE-018"],
    needs: &[Need::Machine, Need::Guest],
    why: "rancher-machine writes what installs its agent into this file; a changed byte is a node that never joins.",
    good: "The file in the guest has the bytes of the file that --acme-user-data names.",
    bad: "The last line end is cut off, or the text arrives encoded twice.",
    run: |cx| {
        Box::pin(async move {
            // Quotes, umlauts, tabs and blank lines at both ends are what gets lost on the way.
            let text = format!("#cloud-config\n# {:016x} \"ü\" $x\t \n\nruncmd: []\n\n", cx.random("text"));
            let (flag, machine) = with_user_data(&cx, &text).await?;
            cx.create(&machine).await?;
            cx.rule("CREATE-018").equals(
                &format!("the user data in the guest, given by --{flag}"),
                &text,
                &arrived(&cx, &machine).await?,
            );
            Ok(())
        })
    },
};

pub(super) const LONG_USER_DATA_IS_NOT_CUT: Check = Check {
    id: "create::long_user_data_is_not_cut",
    title: "User data that is too long is refused, not cut",
    clauses: &["CREATE-018"],
    needs: &[Need::Machine, Need::Guest],
    why: "Providers take 16 to 64 KiB; half a script does half of its work, as root.",
    good: "PreCreateCheck says how long the file is and how long it may be; or all of it arrives.",
    bad: "The driver sends the first 16 KiB, Create succeeds, and the script ends in the middle of a line.",
    run: |cx| {
        Box::pin(async move {
            let mut text = "#cloud-config\n".to_owned();
            while text.len() < LONG {
                text.push_str(&format!("# {:016x}\n", cx.random(&text.len().to_string())));
            }
            let (flag, machine) = match with_user_data(&cx, &text).await {
                // Refused as early as can be.
                Err(Stop::Prerequisite(_)) => return Ok(()),
                given => given?,
            };
            cx.admit(machine.name())?;
            if machine.create().await.is_err() {
                return Ok(());
            }
            let arrived = arrived(&cx, &machine).await?;
            cx.rule("CREATE-018").holds(
                arrived == text,
                format!(
                    "an error, or the {} bytes of --{flag} in the guest after Create returned nil",
                    text.len()
                ),
                || format!("{} other bytes", arrived.len()),
            );
            Ok(())
        })
    },
};

/// A configured machine that is to get this user data, and the name of the flag for it.
async fn with_user_data(cx: &Context, text: &str) -> Result<(String, Arc<Machine>), Stop> {
    let Some(flag) = cx.flags()?.iter().find(|flag| is_user_data(&flag.name)) else {
        return Err(Stop::NotApplicable("the driver has no flag for user data".to_owned()));
    };
    let file = cx.private_dir().join("user-data");
    tokio::fs::write(&file, text)
        .await
        .map_err(|error| Stop::Environment(format!("cannot write {}: {error}", file.display())))?;
    let value = match takes_a_path(&flag.name, &flag.usage) {
        true => file.to_string_lossy().into_owned(),
        false => text.to_owned(),
    };
    let mut options = cx.options()?;
    options.insert(&flag.name, OptionValue::String(value));
    let machine = cx.configured_with(cx.machine_name(), options).await?;
    Ok((flag.name.clone(), machine))
}

/// The user data as the guest has it.
async fn arrived(cx: &Context, machine: &Machine) -> Result<String, Stop> {
    let output = machine.guest(USER_DATA).await.map_err(|error| cx.prerequisite("SSH", &error))?;
    if output.exit_status != 0 {
        return Err(Stop::NotTested(format!(
            "the guest does not keep user data where cloud-init does: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The built-in value of a flag; `None` if it has none.
fn default_text(kind: &FlagKind) -> Option<&str> {
    match kind {
        FlagKind::String { default } if !default.is_empty() => Some(default),
        _ => None,
    }
}
