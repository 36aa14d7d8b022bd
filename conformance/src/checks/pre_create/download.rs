use std::collections::{BTreeMap, BTreeSet};

use machine_driver::DriverOptions;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
};

/// Settings of an image: where it is, and its SHA-256.
const URL: &str = "boot2docker-url";
const CHECKSUM: &str = "boot2docker-checksum";

pub(super) const HAPPENS_HERE: Check = Check {
    id: "pre_create::download_happens_here",
    title: "An image that cannot be downloaded is noticed by PreCreateCheck",
    clauses: &["PRE-005"],
    needs: &[Need::Flags, Need::Hypervisor],
    why: "A download takes minutes and fails often; when Create has begun, a failure leaves things to be removed.",
    good: "The server answers 404, and PreCreateCheck fails with that.",
    bad: "PreCreateCheck returns nil, and Create fails with half a machine made.",
    run: |cx| {
        Box::pin(async move {
            let (options, _) = with_image(&cx, &cx.tenant().missing_image().await?)?;
            refused(&cx, options, "the address of an image that is not there").await
        })
    },
};

pub(super) const IS_WHOLE: Check = Check {
    id: "pre_create::downloaded_image_is_whole",
    title: "A machine boots from a downloaded image, and one with another checksum is refused by PreCreateCheck",
    clauses: &["PRE-005"],
    needs: &[Need::Flags, Need::Hypervisor, Need::Machine, Need::Guest],
    why: "A download that broke off, or was exchanged, becomes a machine that never boots, or boots something else.",
    good: "Half an image is not kept; with --acme-boot2docker-checksum PreCreateCheck compares.",
    bad: "The option for a checksum is read and forgotten.",
    run: |cx| {
        Box::pin(async move {
            let served = cx.tenant().served_image().await?;
            let (mut options, has_checksum) = with_image(&cx, &served)?;
            let machine = cx.configured_with(cx.machine_name(), options.clone()).await?;
            let checked = machine.session().pre_create_check().await;
            if !cx.rule("PRE-005").succeeds(&checked, "PreCreateCheck with the address of an image") {
                return Ok(());
            }
            cx.create(&machine).await?;
            machine.guest("true").await.map_err(|error| cx.prerequisite("SSH", &error))?;
            if !has_checksum {
                return Ok(());
            }
            let wrong = served.get(CHECKSUM).map(|right| right.chars().rev().collect::<String>());
            cx.set_option(&mut options, CHECKSUM, &wrong.unwrap_or_default())?;
            refused(&cx, options, "an image that has another checksum").await
        })
    },
};

/// The options of the run with an image, and whether the driver takes its checksum.
fn with_image(cx: &Context, image: &BTreeMap<String, String>) -> Result<(DriverOptions, bool), Stop> {
    let mut options = cx.options()?;
    let mut taken = BTreeSet::new();
    for (setting, value) in image {
        if cx.set_option(&mut options, setting, value)? {
            taken.insert(setting.as_str());
        }
    }
    if taken.contains(URL) {
        return Ok((options, taken.contains(CHECKSUM)));
    }
    Err(Stop::NotApplicable("the driver has no option for the address of an image".to_owned()))
}

/// Expects that the driver refuses options before Create.
async fn refused(cx: &Context, options: DriverOptions, what: &str) -> Result<(), Stop> {
    let machine = cx.machine_with(cx.machine_name(), options).await?;
    if machine.configure().await.is_ok() {
        let checked = machine.session().pre_create_check().await;
        cx.rule("PRE-005").fails(&checked, &format!("PreCreateCheck with {what}"));
    }
    Ok(())
}
