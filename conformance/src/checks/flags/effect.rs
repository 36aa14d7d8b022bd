//! Whether anybody reads an option.

use machine_driver::{ErrorKind, Flag, FlagKind, OptionValue};

use crate::{
    check::{Check, Need},
    checks::persistence::record::{differences, stable_record},
};

/// Most processes that the check starts anew after they ended.
const MOST_DEATHS: usize = 10;

pub(super) const HAVE_AN_EFFECT: Check = Check {
    id: "flags::have_an_effect",
    title: "Every option changes the record, or is refused with another value",
    clauses: &["FLAG-013"],
    needs: &[Need::Flags],
    why: "Users set an option, and look for hours for the reason why nothing changes.",
    good: "--acme-size=large is `\"Size\": \"large\"` in the record, or \"there is no size large\".",
    bad: "--acme-disk-size is declared, and nothing reads it.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let mut session = machine.session();
            let mut deaths = 0;
            for flag in cx.flags()? {
                let read = |error| cx.prerequisite("GetConfigRaw", &error);
                let before = stable_record(&session).await.map_err(read)?;
                let mut options = machine.options().clone();
                options.insert(&flag.name, other_value(flag, machine.options().value(&flag.name)));
                match session.set_config_from_flags(&options).await {
                    Ok(()) => {
                        let after = stable_record(&session).await.map_err(read)?;
                        cx.rule("FLAG-013").holds(
                            !differences(&before, &after).is_empty(),
                            format!("another value of --{} changes the record, or is refused", flag.name),
                            || {
                                let value = options.value(&flag.name);
                                format!("with {value:?} SetConfigFromFlags returns nil, and the record is the same")
                            },
                        );
                    }
                    // What happens to processes is the matter of other checks; a value that does this was read.
                    Err(error) if error.kind() == ErrorKind::Connection => {
                        deaths += 1;
                        session = machine.fresh_process_with(&machine.first_config()).await?;
                    }
                    Err(_) => {}
                }
                machine
                    .configure()
                    .await
                    .map_err(|error| cx.prerequisite("SetConfigFromFlags with the first options", &error))?;
                if deaths == MOST_DEATHS {
                    break;
                }
            }
            Ok(())
        })
    },
};

/// A value that differs from the present one.
fn other_value(flag: &Flag, present: Option<&OptionValue>) -> OptionValue {
    match (&flag.kind, present) {
        (FlagKind::Bool, Some(OptionValue::Bool(on))) => OptionValue::Bool(!on),
        (FlagKind::Bool, _) => OptionValue::Bool(true),
        (FlagKind::Int { .. }, Some(OptionValue::Int(number))) => OptionValue::Int(number.saturating_add(1)),
        (FlagKind::Int { .. }, _) => OptionValue::Int(1),
        (FlagKind::StringList { .. }, _) => OptionValue::List(vec!["conformance=probe".to_owned()]),
        (FlagKind::String { .. }, _) => OptionValue::String("conformance-probe".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_values_differ() {
        let number = OptionValue::Int(22);
        assert_eq!(other_value(&Flag::int("a-port"), Some(&number)), OptionValue::Int(23));
        let on = OptionValue::Bool(true);
        assert_eq!(other_value(&Flag::bool("a-switch"), Some(&on)), OptionValue::Bool(false));
        assert_eq!(other_value(&Flag::bool("a-switch"), None), OptionValue::Bool(true));
    }
}
