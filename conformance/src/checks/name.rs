//! DriverName and GetMachineName: who the driver is, and whom it serves.

pub(super) mod isolation;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    facts::LOOKUP_NAME,
    machine::Machine,
    session::Session,
};

use isolation::Isolation;

pub(crate) const CHECKS: &[Check] = &[
    IS_CONSTANT,
    SURVIVES_THE_OPTIONS,
    SURVIVES_CREATE,
    SELECTS_THE_EXECUTABLE,
    IS_A_PLAIN_TOKEN,
    ANSWERS_WITHOUT_ANYTHING,
    MACHINE_NAME_IS_KEPT,
];

const IS_CONSTANT: Check = Check {
    id: "name::is_constant",
    title: "DriverName is a name of its own, and the same for every machine",
    clauses: &["NAME-001"],
    needs: &[],
    why: "Hosts store the name with the machine and start the executable of that name for every later command.",
    good: "DriverName answers \"acme\" in a new process, as machine \"flag-lookup\", and after SetConfigRaw.",
    bad: "It answers \"acme-web\" for the machine web; the next command looks for a driver of that name.",
    run: |cx| {
        Box::pin(async move {
            let expected = cx.driver_name()?.to_owned();
            let usable = !expected.trim().is_empty() && expected != "unknown";
            cx.rule("NAME-001").holds(usable, "DriverName is a name of its own", || {
                format!("{expected:?}, as for a driver that does not implement it")
            });
            named(&cx, &*cx.process().await?, "before any configuration", &expected).await;
            let machine = cx.named().await?;
            named(&cx, &machine.session(), "after SetConfigRaw", &expected).await;
            Ok(())
        })
    },
};

const SURVIVES_THE_OPTIONS: Check = Check {
    id: "name::survives_the_options",
    title: "The names of driver and machine are the same after SetConfigFromFlags",
    clauses: &["NAME-001", "NAME-004"],
    needs: &[],
    why: "Options describe the machine; they do not rename it or its driver.",
    good: "DriverName and GetMachineName answer the same before and after SetConfigFromFlags.",
    bad: "DriverName answers \"acme(large)\" once --acme-size is set.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.named().await?;
            let before = machine.session().driver_name().await;
            let expected = before.map_err(|error| cx.prerequisite("DriverName", &error))?;
            machine.session().close().await;
            let machine = cx.configured().await?;
            named(&cx, &machine.session(), "after SetConfigFromFlags", &expected).await;
            kept(&cx, &machine, "after SetConfigFromFlags").await;
            Ok(())
        })
    },
};

const SURVIVES_CREATE: Check = Check {
    id: "name::survives_create",
    title: "DriverName is the same before and after Create",
    clauses: &["NAME-001"],
    needs: &[Need::Machine],
    why: "Hosts ask for the name after Create and write it into the machine's record.",
    good: "DriverName answers \"acme\" in the process that created the machine, and in the next one.",
    bad: "It answers \"acme-i-0815\" after Create; no command finds the driver again.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let session = machine.session();
            let expected =
                session.driver_name().await.map_err(|error| cx.prerequisite("DriverName", &error))?;
            machine.create().await.map_err(|error| cx.prerequisite("Create", &error))?;
            named(&cx, &session, "after Create", &expected).await;
            let session = machine.fresh_process().await?;
            named(&cx, &session, "of the created machine in a new process", &expected).await;
            Ok(())
        })
    },
};

const SELECTS_THE_EXECUTABLE: Check = Check {
    id: "name::selects_the_executable",
    title: "DriverName is the name under which hosts find the executable",
    clauses: &["NAME-001"],
    needs: &[Need::Process],
    why: "The next command starts docker-machine-driver-NAME with the NAME that DriverName answered at create.",
    good: "docker-machine-driver-acme answers \"acme\".",
    bad: "docker-machine-driver-acme answers \"acme-cloud\"; every command after create fails with \"driver not found\".",
    run: |cx| {
        Box::pin(async move {
            let executable = cx.executable()?;
            let Some(selected) = executable.selected_name().or_else(|| executable.name_of_executable())
            else {
                return Err(Stop::NotTested(format!(
                    "the executable {} is not called docker-machine-driver-NAME",
                    executable.program().display()
                )));
            };
            let session = cx.process().await?;
            cx.rule("NAME-001").answers("DriverName", &selected.to_owned(), &session.driver_name().await);
            Ok(())
        })
    },
};

const IS_A_PLAIN_TOKEN: Check = Check {
    id: "name::is_a_plain_token",
    title: "DriverName consists of lower-case letters, digits and dashes",
    clauses: &["NAME-003"],
    needs: &[],
    why: "The name becomes the label provider=NAME of the engine and part of a file name.",
    good: "DriverName answers \"acme-cloud\".",
    bad: "DriverName answers \"Acme Cloud\"; the engine refuses the label.",
    run: |cx| {
        Box::pin(async move {
            let name = cx.driver_name()?;
            cx.rule("NAME-003")
                .holds(is_plain_token(name), "DriverName matches [a-z0-9-]+", || format!("{name:?}"));
            Ok(())
        })
    },
};

const ANSWERS_WITHOUT_ANYTHING: Check = Check {
    id: "name::answers_without_anything",
    title: "Name, flags, key path and user are answered without credentials, network and store",
    clauses: &["NAME-002"],
    needs: &[],
    why: "`create --help` asks for the flags with an empty store path, before the user has given anything.",
    good: "As machine \"flag-lookup\" with an empty store path all five getters answer; nobody is contacted.",
    bad: "GetCreateFlags asks the provider for its regions; `create --help` fails in a plane.",
    run: |cx| {
        Box::pin(async move {
            let quiet = Isolation::new(&cx).await?;
            let session = cx.process_in(quiet.environment()).await?;
            basic_getters(&cx, &session, "in a new process").await;
            let base = machine_driver::BaseDriver::new(LOOKUP_NAME, "");
            let first = serde_json::to_vec(&base).unwrap_or_default();
            cx.rule("NAME-002")
                .succeeds(&session.set_config(&first).await, "SetConfigRaw with an empty store path");
            basic_getters(&cx, &session, "with an empty store path").await;
            cx.rule("NAME-002").answers(
                "GetMachineName",
                &LOOKUP_NAME.to_owned(),
                &session.machine_name().await,
            );
            let contacts = quiet.contacts();
            cx.rule("NAME-002").holds(contacts.is_empty(), "no use of the network", || {
                format!("it asked its proxy for: {}", contacts.join(", "))
            });
            Ok(())
        })
    },
};

const MACHINE_NAME_IS_KEPT: Check = Check {
    id: "name::machine_name_is_kept",
    title: "GetMachineName answers exactly the name in the configuration",
    clauses: &["NAME-004"],
    needs: &[],
    why: "The host name of the guest and the certificates are made of this answer.",
    good: "After SetConfigRaw with MachineName \"Web.1\" it answers \"Web.1\".",
    bad: "It answers \"web-1\", as the provider spells it.",
    run: |cx| {
        Box::pin(async move {
            let mut names = names_to_keep(&cx.machine_name());
            names.push(cx.machine_name());
            for name in names {
                let machine = cx.machine_with(name, cx.options().unwrap_or_default()).await?;
                kept(&cx, &machine, "after SetConfigRaw").await;
                machine.session().close().await;
            }
            Ok(())
        })
    },
};

async fn named(cx: &Context, session: &Session, when: &str, expected: &str) {
    cx.rule("NAME-001").answers(
        &format!("DriverName {when}"),
        &expected.to_owned(),
        &session.driver_name().await,
    );
}

async fn basic_getters(cx: &Context, session: &Session, when: &str) {
    let outcomes = [
        ("DriverName", session.driver_name().await.map(drop)),
        ("GetMachineName", session.machine_name().await.map(drop)),
        ("GetCreateFlags", session.create_flags().await.map(drop)),
        ("GetSSHKeyPath", session.ssh_key_path().await.map(drop)),
        ("GetSSHUsername", session.ssh_username().await.map(drop)),
    ];
    for (method, outcome) in outcomes {
        cx.rule("NAME-002").succeeds(&outcome, &format!("{method} {when}"));
    }
}

async fn kept(cx: &Context, machine: &Machine, when: &str) {
    cx.rule("NAME-004").answers(
        &format!("GetMachineName {when}"),
        &machine.name().to_owned(),
        &machine.session().machine_name().await,
    );
}

/// Names that hosts allow and that providers like to change.
fn names_to_keep(unique: &str) -> Vec<String> {
    vec![
        "a".to_owned(),
        "0".to_owned(),
        unique.to_uppercase(),
        format!("{unique}.example.org"),
        format!("{unique}-"),
        format!("{unique}-{}", "long".repeat(20)),
    ]
}

fn is_plain_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::is_plain_token;

    #[test]
    fn tokens() {
        for name in ["acme", "amazonec2", "acme-cloud", "0"] {
            assert!(is_plain_token(name), "{name}");
        }
        for name in ["", "Acme", "acme cloud", "acme(VC1S)", "acme_cloud", "äcme"] {
            assert!(!is_plain_token(name), "{name}");
        }
    }
}
