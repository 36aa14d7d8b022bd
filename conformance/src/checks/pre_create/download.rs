use std::collections::BTreeMap;

use crate::check::{Check, Need, Stop};

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
            let mut options = cx.options()?;
            let mut taken = false;
            for (setting, value) in cx.tenant().missing_image().await? {
                taken |= cx.set_option(&mut options, &setting, &value)?;
            }
            if !taken {
                return Err(Stop::NotApplicable(
                    "the driver has no option for the address of an image".to_owned(),
                ));
            }
            let machine = cx.machine_with(cx.machine_name(), options).await?;
            if machine.configure().await.is_err() {
                return Ok(());
            }
            cx.rule("PRE-005").fails(
                &machine.session().pre_create_check().await,
                "PreCreateCheck with the address of an image that is not there",
            );
            Ok(())
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
            let mut options = cx.options()?;
            let mut taken = BTreeMap::new();
            for (setting, value) in &served {
                taken.insert(setting.as_str(), cx.set_option(&mut options, setting, value)?);
            }
            let takes = |setting| taken.get(setting).copied().unwrap_or_default();
            if !takes(URL) {
                return Err(Stop::NotApplicable(
                    "the driver has no option for the address of an image".to_owned(),
                ));
            }
            let machine = cx.configured_with(cx.machine_name(), options.clone()).await?;
            let checked = machine.session().pre_create_check().await;
            if !cx.rule("PRE-005").succeeds(&checked, "PreCreateCheck with the address of an image") {
                return Ok(());
            }
            cx.create(&machine).await?;
            machine.guest("true").await.map_err(|error| cx.prerequisite("SSH", &error))?;
            if !takes(CHECKSUM) {
                return Ok(());
            }
            let wrong = served.get(CHECKSUM).map(|right| right.chars().rev().collect::<String>());
            cx.set_option(&mut options, CHECKSUM, &wrong.unwrap_or_default())?;
            let other = cx.machine_with(cx.machine_name(), options).await?;
            if other.configure().await.is_ok() {
                cx.rule("PRE-005").fails(
                    &other.session().pre_create_check().await,
                    "PreCreateCheck with an image that has another checksum",
                );
            }
            Ok(())
        })
    },
};
