//! Sweeps: one fault at each provider call of an operation, for each kind of fault.

use crate::{
    check::{Check, Need},
    sweep::{Operation, sweep, sweep_roll_back},
};

pub(crate) const CHECKS: &[Check] = &[CREATE, ROLL_BACK, REMOVE, START, STOP, RESTART, KILL, GET_STATE];

const NEEDS: &[Need] = &[Need::Machine, Need::Inventory, Need::RequestLog, Need::Faults];
const NEEDS_OF_POWER: &[Need] =
    &[Need::Machine, Need::Power, Need::Inventory, Need::RequestLog, Need::Faults];

/// What Stop, Restart and Kill must keep.
const CLAUSES_OF_POWER: &[&str] =
    &["ERR-005", "PERSIST-006", "START-012", "ERR-006", "FAULT-001", "FAULT-002", "ERR-002"];

const CREATE: Check = Check {
    id: "sweep::create",
    title: "Create leaks nothing, whichever of its provider calls fails, and however",
    clauses: &[
        "CREATE-008",
        "FAULT-009",
        "FAULT-007",
        "CREATE-007",
        "CREATE-009",
        "CREATE-012",
        "ERR-005",
        "ERR-006",
        "FAULT-001",
        "FAULT-002",
        "FAULT-003",
        "ERR-002",
    ],
    needs: NEEDS,
    why: "A host saves the record before Create and then only if it succeeds. Whatever a failed or killed Create has \
          made is found by Remove from that record, or it is paid for until somebody notices.",
    good: "The answer to the order of the server is lost. Create asks again with the same idempotency key, or fails \
           and deletes; after Remove the inventory is what it was.",
    bad: "The server exists, its id was in the lost answer, and nothing else leads to it.",
    run: |cx| Box::pin(sweep(cx, Operation::Create)),
};

const ROLL_BACK: Check = Check {
    id: "sweep::roll_back",
    title: "A roll-back that fails as well tells the first cause, and hides nothing from Remove",
    clauses: &[
        "CREATE-008",
        "CREATE-011",
        "CREATE-012",
        "CREATE-001",
        "CREATE-007",
        "CREATE-017",
        "RM-002",
        "PLUG-007",
        "ERR-006",
    ],
    needs: NEEDS,
    why: "The provider that refuses an order is often the one that refuses to delete; and who is told of the second \
          failure alone looks for the wrong thing.",
    good: "The order of the server is refused, and so is the deletion of the key. Create returns both reasons, the first \
           one first; Remove finds the key by its name.",
    bad: "Create returns \"cannot delete the key\", and the key stays for ever.",
    run: |cx| Box::pin(sweep_roll_back(cx)),
};

const REMOVE: Check = Check {
    id: "sweep::remove",
    title: "Remove that fails at any provider call says so, and can finish when called again",
    clauses: &[
        "RM-013",
        "RM-015",
        "RM-014",
        "RM-018",
        "ERR-005",
        "ERR-006",
        "FAULT-001",
        "FAULT-002",
        "ERR-002",
    ],
    needs: NEEDS,
    why: "The host throws the record away when Remove returns nil, and keeps it when there is an error.",
    good: "Deleting the key fails; Remove has deleted the server, returns the provider's reason, and deletes the key \
           the next time.",
    bad: "Remove stops at the first error and keeps the server running, or returns nil although the key is still there.",
    run: |cx| Box::pin(sweep(cx, Operation::Remove)),
};

const START: Check = Check {
    id: "sweep::start",
    title: "Start that meets a fault starts the machine or fails, and the next Start works",
    clauses: &[
        "START-006",
        "PERSIST-006",
        "START-012",
        "ERR-005",
        "ERR-006",
        "FAULT-001",
        "FAULT-002",
        "ERR-002",
    ],
    needs: NEEDS_OF_POWER,
    why: "Hosts do not save the record after a Start that failed; the next one begins with the old one.",
    good: "The provider refuses; Start passes its reason on. The next Start succeeds.",
    bad: "Start returns nil, and the machine stays off.",
    run: |cx| Box::pin(sweep(cx, Operation::Start)),
};

const STOP: Check = Check {
    id: "sweep::stop",
    title: "Stop that meets a fault stops the machine or fails, and the next Stop works",
    clauses: CLAUSES_OF_POWER,
    needs: NEEDS_OF_POWER,
    why: "Who believes that a machine is off moves its disk or its address.",
    good: "The answer to the request is lost; Stop fails or looks, and the machine ends as it says.",
    bad: "Stop returns nil, and the machine runs on.",
    run: |cx| Box::pin(sweep(cx, Operation::Stop)),
};

const RESTART: Check = Check {
    id: "sweep::restart",
    title: "Restart that meets a fault restarts the machine or fails, and the next Restart works",
    clauses: CLAUSES_OF_POWER,
    needs: NEEDS_OF_POWER,
    why: "A Restart has most steps of all, and each of them can be the last.",
    good: "The look-up after the reboot fails once; Restart looks again.",
    bad: "It gives up half-way and leaves the machine off.",
    run: |cx| Box::pin(sweep(cx, Operation::Restart)),
};

const KILL: Check = Check {
    id: "sweep::kill",
    title: "Kill that meets a fault ends the machine or fails, and the next Kill works",
    clauses: CLAUSES_OF_POWER,
    needs: NEEDS_OF_POWER,
    why: "Kill is the last resort; when it says nothing, nobody looks again.",
    good: "The provider refuses; Kill passes its reason on.",
    bad: "Kill returns nil, and the machine runs on.",
    run: |cx| Box::pin(sweep(cx, Operation::Kill)),
};

const GET_STATE: Check = Check {
    id: "sweep::get_state",
    title: "GetState tells the truth or fails, whatever happens to its provider calls",
    clauses: &["STATE-005", "FAULT-006", "ERR-006", "FAULT-001", "FAULT-002", "ERR-002"],
    needs: NEEDS,
    why: "Hosts act on the state: they start what they take for stopped, and forget what they take for gone.",
    good: "The answer is a proxy's error page; GetState asks again, or fails.",
    bad: "GetState takes the page for an empty answer and says Stopped.",
    run: |cx| Box::pin(sweep(cx, Operation::GetState)),
};
