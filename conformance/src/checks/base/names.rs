//! Machine names that hosts allow.

use machine_driver::State;

use super::changes::changes;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    provider::{left_over, objects_of},
    world::Object,
};

pub(super) const EVERY_HOST_NAME_WORKS: Check = Check {
    id: "base::every_host_name_works",
    title: "Every name that hosts allow makes a machine, or is refused before anything is made",
    clauses: &["BASE-007"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Hosts allow letters of both cases, digits, dashes and dots in any length; most providers do not.",
    good: "\"Web.1\" is refused by PreCreateCheck: \"names of servers are lower-case\". Or it simply works.",
    bad: "The key pair is made, then the provider refuses the server's name, and Create fails half-way.",
    run: |cx| {
        Box::pin(async move {
            // If no name works at all, the names are not to blame.
            let usual = cx.configured().await?;
            usual
                .session()
                .pre_create_check()
                .await
                .map_err(|error| cx.prerequisite("PreCreateCheck for a usual name", &error))?;
            for name in corpus(&cx.machine_name()) {
                let machine = cx.machine_with(name, cx.options()?).await?;
                try_name(&cx, &machine).await?;
                machine.session().close().await;
            }
            Ok(())
        })
    },
};

/// One name, from SetConfigFromFlags to Remove.
async fn try_name(cx: &Context, machine: &Machine) -> Result<(), Stop> {
    let name = machine.name();
    let baseline = cx.inventory().await?;
    let before = changes(cx).await?;
    let refused = match machine.configure().await {
        Err(error) => Some(("SetConfigFromFlags", error)),
        Ok(()) => machine.session().pre_create_check().await.err().map(|error| ("PreCreateCheck", error)),
    };
    if let Some((method, error)) = refused {
        return untouched(cx, &baseline, before, &format!("{method} refused the name {name} ({error})"))
            .await;
    }
    match machine.create().await {
        Err(error) => {
            let what = format!("Create of a machine called {name} failed ({error})");
            untouched(cx, &baseline, before, &what).await
        }
        Ok(()) => {
            let runs = machine.settle(State::Running).await;
            cx.rule("BASE-007").succeeds(&runs, &format!("waiting for the machine {name} to run"));
            // Checks about Remove decide whether it works; the end of the check tries again.
            let _ = machine.remove().await;
            Ok(())
        }
    }
}

/// Expects that nothing was made.
async fn untouched(cx: &Context, baseline: &[Object], before: Option<usize>, what: &str) -> Result<(), Stop> {
    let left = left_over(baseline, &cx.inventory().await?);
    let clean =
        cx.rule("BASE-007").holds(left.is_empty(), "a name that is refused before anything is made", || {
            format!("{what} and left behind: {}", objects_of(&left))
        });
    let now = changes(cx).await?;
    if clean && now != before {
        cx.rule("BASE-007").broken(
            "a name that is refused before anything is made",
            format!(
                "{what} after {} successful change(s) at the provider",
                now.unwrap_or(0) - before.unwrap_or(0)
            ),
        );
    }
    Ok(())
}

/// Names that hosts allow and providers often do not. `unique` is in most of them, so that they are nobody else's.
fn corpus(unique: &str) -> Vec<String> {
    let digits: String = unique.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
    vec![
        unique.to_uppercase(),
        format!("{unique}.example"),
        digits,
        format!("{unique}-"),
        format!("{unique}."),
        format!("A{unique}"),
        format!("{unique}-{}", "long".repeat(14)),
    ]
}

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn the_corpus_is_what_hosts_allow() {
        let names = corpus("mc-1a2b3c4d");
        for name in &names {
            let mut characters = name.chars();
            assert!(characters.next().is_some_and(|first| first.is_ascii_alphanumeric()), "{name}");
            assert!(characters.all(|rest| rest.is_ascii_alphanumeric() || "-.".contains(rest)), "{name}");
        }
        assert!(names.iter().any(|name| name.len() > 63));
        assert!(names.iter().any(|name| name.bytes().all(|byte| byte.is_ascii_digit())));
    }
}
