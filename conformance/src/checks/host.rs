//! The driver in a host that its users have: an unmodified `docker-machine` or `rancher-machine`, command by command.

mod life;
mod story;

use self::story::Story;
use crate::{
    check::{Check, Need},
    provider::objects_of,
};

pub(crate) const CHECKS: &[Check] = &[
    OPTIONS_ARE_SHOWN,
    life::LIFE_OF_A_MACHINE,
    REFUSED_CREATE_LEAVES_NOTHING,
    VANISHED_INSTANCE_CAN_BE_REMOVED,
];

const OPTIONS_ARE_SHOWN: Check = Check {
    id: "host::options_are_shown",
    title: "The help of a host's create shows every option of the driver",
    clauses: &["FLAG-001", "FLAG-002", "PLUG-006"],
    needs: &[Need::Host, Need::Process],
    why: "Hosts end with a panic when a flag has a type that they do not know, or a name that they have already.",
    good: "`docker-machine create --driver acme --help` ends with exit status 0 and lists --acme-region.",
    bad: "panic: create flag redefined: engine-label.",
    run: |cx| {
        Box::pin(async move {
            let story = Story::begin(&cx).await?;
            let driver = cx.driver_name()?;
            let help = story.run(&["create", "--driver", driver, "--help"]).await?;
            story.ends_well("FLAG-002", &help);
            let missing: Vec<_> = cx
                .flags()?
                .iter()
                .map(|flag| format!("--{}", flag.name))
                .filter(|flag| !help.stdout.split_whitespace().any(|word| word == flag))
                .collect();
            cx.rule("FLAG-001").holds(
                missing.is_empty(),
                format!("`{}` lists every flag of GetCreateFlags", help.command),
                || format!("missing: {}", missing.join(", ")),
            );
            Ok(())
        })
    },
};

const REFUSED_CREATE_LEAVES_NOTHING: Check = Check {
    id: "host::refused_create_leaves_nothing",
    title: "A create that a host ends because the credentials are wrong leaves no machine behind",
    clauses: &["PRE-003", "PLUG-006"],
    needs: &[Need::Host, Need::Process, Need::Machine, Need::Inventory, Need::Faults],
    why: "Hosts save the machine once PreCreateCheck has passed; `ls` shows it for ever, although it never was.",
    good: "create ends with a failure, and neither the store nor the provider has a machine.",
    bad: "PreCreateCheck returns nil, Create fails, and `ls` lists a machine in the state Error.",
    run: |cx| {
        Box::pin(async move {
            let story = Story::begin(&cx).await?;
            let baseline = cx.inventory().await?;
            cx.tenant().revoke_credentials().await?;
            let created = story.create().await?;
            cx.tenant().heal().await?;
            cx.rule("PRE-003").holds(
                created.status.is_some_and(|status| status != 0),
                format!("`{}` fails when the credentials are wrong", created.command),
                || created.ending(),
            );
            let folder = story.machine_folder();
            cx.rule("PRE-003").holds(
                !folder.exists(),
                "the host refuses before it saves the machine",
                || format!("{} is there after: {}", folder.display(), created.ending()),
            );
            let now = cx.inventory().await?;
            cx.rule("PRE-003").equals(
                "the inventory after the refused create",
                &objects_of(&baseline),
                &objects_of(&now),
            );
            story.end().await
        })
    },
};

const VANISHED_INSTANCE_CAN_BE_REMOVED: Check = Check {
    id: "host::vanished_instance_can_be_removed",
    title: "A host's rm succeeds when the instance is already gone, and the provider keeps nothing of it",
    clauses: &["RM-008", "RM-009", "PLUG-006"],
    needs: &[Need::Host, Need::Process, Need::Machine, Need::Guest, Need::Inventory, Need::OutOfBand],
    why: "Without -f, which forgets everything else too, the machine can never be removed from the host.",
    good: "The instance is deleted at the provider; `rm -y` ends with exit status 0, and the store is empty.",
    bad: "Error removing host \"web\": server not found; the machine stays in `ls`.",
    run: |cx| {
        Box::pin(async move {
            let story = Story::begin(&cx).await?;
            let baseline = cx.inventory().await?;
            story.created().await?;
            cx.tenant().delete_instance(story.machine()).await?;
            let removed = story.run(&["rm", "-y", story.machine()]).await?;
            if story.ends_well("RM-008", &removed) {
                let folder = story.machine_folder();
                cx.rule("RM-008").holds(!folder.exists(), "the machine is gone from the store", || {
                    format!("{} is still there", folder.display())
                });
                if let Err(left) = cx.back_to(&baseline).await {
                    cx.rule("RM-009").broken("the inventory back at the baseline", left);
                }
            }
            story.end().await
        })
    },
};
