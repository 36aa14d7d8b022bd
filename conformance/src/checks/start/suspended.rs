use crate::check::{Check, Need};

pub(super) const RESUMES: Check = Check {
    id: "start::resumes",
    title: "Start of a paused or saved machine lets it go on where it was",
    clauses: &["START-008"],
    needs: &[Need::Machine, Need::Power, Need::Pause],
    why: "A saved machine holds work that was not written to its disk; a fresh boot would lose it without a word.",
    good: "Start resumes the machine, GetState answers 1 (Running), and the boot id is the one from before.",
    bad: "Start knows running and off only: it fails, or discards the saved state and boots.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            for &state in cx.suspended_states() {
                let boot = match cx.offers(Need::Guest) {
                    true => Some(cx.boot_id(&machine).await?),
                    false => None,
                };
                cx.suspend(&machine, state).await?;
                let started = cx
                    .rule("START-008")
                    .succeeds(&machine.start().await, &format!("Start of a {state} machine"));
                if !started {
                    return Ok(());
                }
                if let Some(boot) = boot {
                    cx.rule("START-008").equals(
                        &format!("the boot id after Start of a {state} machine"),
                        &boot,
                        &cx.boot_id(&machine).await?,
                    );
                }
            }
            Ok(())
        })
    },
};
