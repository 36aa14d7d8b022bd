//! Flags without which there is no machine.

use machine_driver::{Flag, FlagKind, OptionValue};

use super::outcome::{accepted, base_of, default_of, is_zero, variables_of};
use crate::{
    check::{Check, Need, Stop},
    checks::base::changes::changes,
    context::Context,
};

pub(super) const REQUIRED_FLAG_IS_NAMED: Check = Check {
    id: "flags::required_flag_is_named",
    title: "A missing required flag is an error of SetConfigFromFlags that names it",
    clauses: &["FLAG-008"],
    needs: &[Need::Flags],
    why: "It is the first thing that a new user runs into; nothing must have been made at the provider by then.",
    good: "\"acme driver requires the --acme-token option\".",
    bad: "SetConfigFromFlags returns nil, and PreCreateCheck fails with \"401 unauthorized\".",
    run: |cx| Box::pin(leave_out_each(cx)),
};

async fn leave_out_each(cx: Context) -> Result<(), Stop> {
    let base = base_of(&cx).await?;
    let options = cx.options()?;
    accepted(&cx, &base, &options).await?;
    let credentials: Vec<String> = {
        let (facts, secrets) = (cx.facts()?, cx.tenant().secrets());
        secrets
            .keys()
            .filter_map(|setting| facts.flag_for_setting(setting))
            .map(|flag| flag.name.clone())
            .collect()
    };
    let supplied = cx.supplied_flags()?;
    // Without its endpoint the driver would go to the real provider, with the wrong credentials.
    let endpoint = cx.facts()?.flag_for_setting("endpoint").map(|flag| flag.name.as_str());
    let candidates: Vec<&Flag> = cx
        .flags()?
        .iter()
        .filter(|flag| {
            supplied.contains(&flag.name)
                && endpoint != Some(&flag.name)
                && is_zero(&default_of(flag))
                && matches!(flag.kind, FlagKind::String { .. })
        })
        .collect();
    if candidates.is_empty() {
        return Err(Stop::NotTested(
            "this run gives no value to a text flag without default, so none can be left out".to_owned(),
        ));
    }
    let mut required = 0;
    for flag in &candidates {
        let mut without = options.clone();
        without.insert(&flag.name, OptionValue::String(String::new()));
        let before = changes(&cx).await?;
        // The user's own environment must not stand in for the option.
        let blank = variables_of(flag).map(|name| (name, String::new())).collect();
        let session = cx.process_in(blank).await?;
        session.set_config(&base).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
        match session.set_config_from_flags(&without).await {
            Err(error) => {
                required += 1;
                let text = error.to_string();
                cx.rule("FLAG-008").holds(
                    text.to_lowercase().contains(&flag.name.to_lowercase()),
                    format!("without --{}, an error that names this flag", flag.name),
                    || format!("the error {text:?}"),
                );
                let after = changes(&cx).await?;
                cx.rule("FLAG-008").equals("the number of changes at the provider", &before, &after);
            }
            Ok(()) if credentials.contains(&flag.name) && cx.offers(Need::RequestLog) => {
                if let Err(error) = session.pre_create_check().await {
                    required += 1;
                    cx.rule("FLAG-008").broken(
                        format!("without --{}, an error of SetConfigFromFlags", flag.name),
                        format!("SetConfigFromFlags returned nil, and PreCreateCheck failed: {error}"),
                    );
                }
            }
            Ok(()) => {}
        }
        session.close().await;
    }
    if required == 0 {
        let names: Vec<_> = candidates.iter().map(|flag| format!("--{}", flag.name)).collect();
        return Err(Stop::NotApplicable(format!("the driver does without {}", names.join(", "))));
    }
    Ok(())
}
