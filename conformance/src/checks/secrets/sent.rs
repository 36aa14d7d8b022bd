//! Secrets in what goes to the provider.

use crate::{
    check::{Check, Need, Stop},
    checks::plugin::life::private_key,
    redact::Redactor,
};

pub(super) const PRIVATE_KEY_STAYS_HERE: Check = Check {
    id: "secrets::private_key_stays_here",
    title: "The private key is not sent to the provider",
    clauses: &["SEC-004"],
    needs: &[Need::Machine, Need::Inventory, Need::RequestLog],
    why: "Requests, user data and attributes are kept by the provider and can be read by many.",
    good: "The provider gets the public key.",
    bad: "The key pair is written into the user data, for the guest to log in elsewhere.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let Some(key) = private_key(&machine).await else {
                return Err(Stop::NotApplicable(
                    "the driver has no private key of its own for the machine".to_owned(),
                ));
            };
            let redactor = Redactor::new([("the private key", key)]);
            for request in cx.tenant().requests().await? {
                let sent = format!("{} {}", request.operation, request.body);
                cx.rule("SEC-004").holds(
                    redactor.secrets_in(&sent).is_empty(),
                    "no request with the private key",
                    || redactor.redact(&sent).into_owned(),
                );
            }
            for object in cx.inventory().await? {
                let shown = format!("{object:?}");
                cx.rule("SEC-004").holds(
                    redactor.secrets_in(&shown).is_empty(),
                    format!("a {} without the private key", object.kind),
                    || redactor.redact(&shown).into_owned(),
                );
            }
            Ok(())
        })
    },
};
