//! PreCreateCheck: a look, before anything exists.

mod download;
mod provider;

use crate::{
    check::{Check, Need, Stop},
    checks::persistence::record::{differences, stable_record},
};

pub(crate) const CHECKS: &[Check] = &[
    MAKES_NO_FOLDER,
    CAN_BE_REPEATED,
    provider::ONLY_READS,
    download::HAPPENS_HERE,
    download::IS_WHOLE,
    provider::UNKNOWN_VALUES_ARE_REFUSED,
];

const MAKES_NO_FOLDER: Check = Check {
    id: "pre_create::makes_no_folder",
    title: "PreCreateCheck works without the machine's folder, and does not make it",
    clauses: &["PRE-002"],
    needs: &[Need::Flags],
    why: "Hosts make the folder when the check has passed; a folder without a record shows up as a broken machine.",
    good: "machines/web does not exist before PreCreateCheck, nor after it.",
    bad: "The check writes machines/web/id_rsa; when it fails, `ls` lists a machine that never was.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let dir = machine.dir();
            let checked = machine.session().pre_create_check().await;
            cx.rule("PRE-002").holds(!dir.exists(), "no folder for the machine after PreCreateCheck", || {
                format!("{} exists", dir.display())
            });
            let Err(error) = checked else { return Ok(()) };
            // It may fail for a reason of its own; then it fails with a folder as well.
            let second = cx.configured().await?;
            tokio::fs::create_dir_all(second.dir()).await.map_err(|error| {
                Stop::Environment(format!("cannot make {}: {error}", second.dir().display()))
            })?;
            match second.session().pre_create_check().await {
                Ok(()) => {
                    cx.rule("PRE-002").broken(
                        "PreCreateCheck works without the machine's folder",
                        format!("it works with the folder, and failed without: {error}"),
                    );
                    Ok(())
                }
                Err(_) => {
                    Err(cx.prerequisite("PreCreateCheck, with the machine's folder and without,", &error))
                }
            }
        })
    },
};

const CAN_BE_REPEATED: Check = Check {
    id: "pre_create::can_be_repeated",
    title: "PreCreateCheck gives the same result twice, and leaves the record as it is",
    clauses: &["PRE-006", "IDEM-006"],
    needs: &[Need::Flags],
    why: "Users repeat a create after they have removed what stood in its way.",
    good: "Both calls return nil, and the record after them is one and the same.",
    bad: "The second call fails: \"image already selected\".",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let session = machine.session();
            let read = |error| cx.prerequisite("GetConfigRaw", &error);
            let first = session.pre_create_check().await;
            let before = stable_record(&session).await.map_err(read)?;
            let second = session.pre_create_check().await;
            match (&first, &second) {
                (Ok(()), _) => {
                    cx.rule("PRE-006").succeeds(&second, "PreCreateCheck the second time");
                }
                (Err(error), Ok(())) => cx.rule("PRE-006").broken(
                    format!("the error {error} again"),
                    "PreCreateCheck returned nil the second time",
                ),
                (Err(_), Err(_)) => {}
            }
            let found = differences(&before, &stable_record(&session).await.map_err(read)?);
            cx.rule("PRE-006")
                .holds(found.is_empty(), "the record after the first call", || found.join("; "));
            Ok(())
        })
    },
};
