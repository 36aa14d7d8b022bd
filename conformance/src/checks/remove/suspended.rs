use super::removed;
use crate::check::{Check, Need};

pub(super) const WORKS_WHEN_SUSPENDED: Check = Check {
    id: "remove::works_when_suspended",
    title: "Remove works on a paused and on a saved machine",
    clauses: &["RM-007"],
    needs: &[Need::Machine, Need::Inventory, Need::Pause],
    why: "A laptop that runs out of power saves its machines; they have to be removable all the same.",
    good: "The VM is saved in VirtualBox's window; Remove returns nil, and the inventory is back at the baseline.",
    bad: "Remove tries to switch the machine off first, and fails because a saved one is not running.",
    run: |cx| {
        Box::pin(async move {
            for &state in cx.suspended_states() {
                let baseline = cx.inventory().await?;
                let machine = cx.created().await?;
                cx.suspend(&machine, state).await?;
                let outcome = machine.remove().await;
                removed(&cx, "RM-007", &format!("Remove of a {state} machine"), &outcome, &baseline).await;
            }
            Ok(())
        })
    },
};
