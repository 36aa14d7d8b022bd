//! Create: the instance is there, runs, and can be provisioned over SSH.

mod names;
mod orders;
mod ports;

use machine_driver::State;

use crate::{
    check::{Check, Need},
    provider::{objects_of, parse_engine_url},
};

pub(crate) const CHECKS: &[Check] = &[
    MAKES_ONE_INSTANCE,
    MACHINE_RUNS,
    SSH_ANSWERS_IN_TIME,
    SSH_ANSWERS_AT_ONCE,
    ENGINE_PORT_IS_OPEN,
    SECOND_CREATE_MAKES_NOTHING,
    OBJECTS_CARRY_THE_NAME,
    ports::SWARM_PORT_IS_OPEN,
    ports::OTHER_PORTS_ARE_CLOSED,
    orders::OPTIONS_ARE_VISIBLE,
    orders::DEFAULTS_EXIST,
    orders::USER_DATA_ARRIVES,
    orders::LONG_USER_DATA_IS_NOT_CUT,
    names::TAKEN_NAME_IS_LEFT_ALONE,
    names::KILLED_CREATE_CAN_BE_REMOVED,
];

const MAKES_ONE_INSTANCE: Check = Check {
    id: "create::makes_one_instance",
    title: "Create makes exactly one instance",
    clauses: &["CREATE-001"],
    needs: &[Need::Machine, Need::Inventory],
    why: "An instance too few means that the machine is not there; one too many is paid for and never deleted.",
    good: "The inventory has no server before Create and one server afterwards, marked with the machine's name.",
    bad: "Create retries the request after a lost answer, and two servers run.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let before = cx.instances().await?;
            cx.create(&machine).await?;
            let after = cx.instances().await?;
            cx.rule("CREATE-001").holds(
                after.len() == before.len() + 1,
                format!("{} instance(s) after Create", before.len() + 1),
                || format!("{} instance(s): {}", after.len(), objects_of(&after)),
            );
            Ok(())
        })
    },
};

const MACHINE_RUNS: Check = Check {
    id: "create::machine_runs",
    title: "After Create the machine reaches Running by itself",
    clauses: &["CREATE-002", "STATE-001"],
    needs: &[Need::Machine],
    why: "Hosts poll GetState after Create and give up after 60 polls of 3 s.",
    good: "Create returns nil, and GetState answers 1 (Running) within the settle window.",
    bad: "Create returns nil while GetState keeps answering 6 (Starting), or an error.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            if cx.rule("CREATE-002").succeeds(&machine.create().await, "Create") {
                cx.rule("CREATE-002").succeeds(&machine.settle(State::Running).await, "waiting for Running");
            }
            Ok(())
        })
    },
};

const SSH_ANSWERS_IN_TIME: Check = Check {
    id: "create::ssh_answers",
    title: "After Create, SSH accepts the machine's key and runs a command",
    clauses: &["CREATE-003"],
    needs: &[Need::Machine, Need::Guest],
    why: "Hosts provision the machine over SSH; without it Create was in vain.",
    good: "GetSSHHostname, GetSSHPort, GetSSHUsername and GetSSHKeyPath describe an endpoint where `exit 0` ends with 0.",
    bad: "The port is closed by the provider's firewall, or the key was never installed.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let output = machine.guest("exit 0").await;
            if cx
                .rule("CREATE-003")
                .succeeds(&output, "logging in with the machine's key and running `exit 0`")
                && let Ok(output) = output
            {
                cx.rule("CREATE-003").equals("the exit status of `exit 0`", &0, &output.exit_status);
            }
            Ok(())
        })
    },
};

const SSH_ANSWERS_AT_ONCE: Check = Check {
    id: "create::ssh_answers_at_once",
    title: "SSH answers already when Create returns",
    clauses: &["CREATE-004"],
    needs: &[Need::Machine, Need::Guest],
    why: "Programs that embed drivers do not all wait as the command line does.",
    good: "The first login after Create succeeds.",
    bad: "Create returns as soon as the provider accepted the request; the first logins are refused.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            machine.create().await.map_err(|error| cx.prerequisite("Create", &error))?;
            let endpoint =
                machine.endpoint().await.map_err(|error| cx.prerequisite("the SSH getters", &error))?;
            let output = machine.guest_once(&endpoint, "exit 0").await;
            cx.rule("CREATE-004").succeeds(&output, "the first login after Create");
            Ok(())
        })
    },
};

const ENGINE_PORT_IS_OPEN: Check = Check {
    id: "create::engine_port_is_open",
    title: "The port named by GetURL can be reached from outside",
    clauses: &["CREATE-005"],
    needs: &[Need::Machine, Need::Guest],
    why: "The host talks to the engine on that port; a firewall that stays closed fails the provisioning at its end.",
    good: "A listener on the guest's port 2376 answers a connection to the address in GetURL.",
    bad: "Only port 22 is open.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let url = machine.session().url().await.map_err(|error| cx.prerequisite("GetURL", &error))?;
            let (_, port) = parse_engine_url(&url)
                .map_err(|why| cx.prerequisite("reading GetURL", &format!("{url:?}: {why}")))?;
            let host = ports::listening(&cx, &machine, &[port]).await?;
            let reached = cx.reaches(&host, port).await;
            cx.rule("CREATE-005")
                .succeeds(&reached, &format!("connecting to {host}:{port}, where the guest listens"));
            Ok(())
        })
    },
};

const SECOND_CREATE_MAKES_NOTHING: Check = Check {
    id: "create::second_create_makes_nothing",
    title: "Create on a machine that exists makes no second instance",
    clauses: &["CREATE-014"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Orchestrators retry; a second instance of the same machine is never found again.",
    good: "The second Create returns an error, or nil without doing anything; one server runs.",
    bad: "Two servers run, and the record knows only the second.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = cx.instances().await?;
            // Either outcome is accepted; only the inventory counts.
            let _ = machine.fresh_process().await?.create().await;
            let after = cx.instances().await?;
            cx.rule("CREATE-014").equals(
                "the list of instances after a second Create",
                &objects_of(&before),
                &objects_of(&after),
            );
            Ok(())
        })
    },
};

const OBJECTS_CARRY_THE_NAME: Check = Check {
    id: "create::objects_carry_the_name",
    title: "Every created object can be attributed to the machine",
    clauses: &["CREATE-019"],
    needs: &[Need::Machine, Need::Inventory],
    why: "After a crash only names and tags tell a person, or a later Remove, what belongs to whom.",
    good: "Key and server carry the machine's name, or a tag with it.",
    bad: "The key is called `docker-machine-key`.",
    run: |cx| {
        Box::pin(async move {
            let before = cx.inventory().await?;
            let machine = cx.created().await?;
            for object in cx.inventory().await?.iter().filter(|object| !before.contains(object)) {
                let described =
                    format!("{} {} {:?} {:?}", object.kind, object.name, object.owner, object.attributes);
                cx.rule("CREATE-019").holds(
                    described.contains(machine.name()),
                    format!("a name or tag with {} on the {} {}", machine.name(), object.kind, object.id),
                    || {
                        format!(
                            "the {} {} is called {:?} and carries nothing else",
                            object.kind, object.id, object.name
                        )
                    },
                );
            }
            Ok(())
        })
    },
};
