//! Walks: stories of operations and outside events, compared with the reference state machine after each step.

use crate::{
    check::{Check, Need},
    model::{self, Shape},
};

pub(crate) const CHECKS: &[Check] = &[KNOWN_STORIES, ONE_MACHINE, SEVERAL_MACHINES, PARALLEL_CALLS];

/// Id of the check that carries known stories out, and those of `--replay`.
pub(crate) const KNOWN_STORIES_ID: &str = "walk::known_stories";

/// Stories that need more than this are left out one by one.
const NEEDS: &[Need] = &[Need::Machine, Need::Inventory];

/// Everything that the reference state machine and the inspection after each step know.
const CLAUSES: &[&str] = &[
    "START-012",
    "CREATE-001",
    "CREATE-002",
    "CREATE-003",
    "CREATE-007",
    "CREATE-008",
    "CREATE-010",
    "CREATE-014",
    "CREATE-017",
    "START-001",
    "START-002",
    "START-005",
    "START-006",
    "START-007",
    "START-008",
    "START-009",
    "START-010",
    "STOP-001",
    "STOP-005",
    "STOP-006",
    "STOP-007",
    "STOP-008",
    "KILL-001",
    "KILL-004",
    "KILL-005",
    "RST-001",
    "RST-005",
    "RST-006",
    "RST-007",
    "RM-001",
    "RM-002",
    "RM-005",
    "RM-006",
    "RM-007",
    "RM-008",
    "RM-009",
    "RM-010",
    "RM-011",
    "RM-012",
    "RM-016",
    "RM-018",
    "STATE-001",
    "STATE-002",
    "STATE-003",
    "STATE-005",
    "STATE-006",
    "STATE-010",
    "NET-001",
    "NET-002",
    "NET-003",
    "NET-004",
    "NET-005",
    "NET-006",
    "PERSIST-001",
    "CONC-003",
    "CONC-004",
    "ERR-005",
    "FAULT-005",
    "IDEM-008",
    "PLUG-007",
];

const KNOWN_STORIES: Check = Check {
    id: KNOWN_STORIES_ID,
    title: "Stories that broke a driver once come out as the contract says",
    clauses: CLAUSES,
    needs: NEEDS,
    why: "What went wrong once goes wrong again. The suite's own stories are defects of real drivers; those of a folder \
          are what walks have found in this one.",
    good: "Create, power off at the provider, Start: the machine runs again, on the same instance and disk.",
    bad: "Start believes the record, in which the machine runs, and does nothing.",
    run: |cx| Box::pin(model::known(cx)),
};

const ONE_MACHINE: Check = Check {
    id: "walk::one_machine",
    title: "Whatever is done to a machine in whatever order, it ends where the contract says",
    clauses: CLAUSES,
    needs: NEEDS,
    why: "A driver is right in each state that somebody has thought of. Users reach the others.",
    good: "Ten random steps: operations that fit, operations that do not, and a provider that acts by itself. State, \
           addresses, instance, disk and inventory are right after each of them.",
    bad: "Stop, Start, Stop, Start: the second Start has lost the id of the instance.",
    run: |cx| Box::pin(model::generated(cx, Shape::OneMachine)),
};

const SEVERAL_MACHINES: Check = Check {
    id: "walk::several_machines",
    title: "Machines of one driver can be worked on at the same time, and none notices the others",
    clauses: CLAUSES,
    needs: &[Need::Machine, Need::Inventory, Need::Parallel],
    why: "Orchestrators stop, replace and create nodes at the same time.",
    good: "One machine is removed while another restarts and a third is created; each ends as if it were alone.",
    bad: "The driver keeps the id of the machine that it worked on last in a file, and restarts the wrong one.",
    run: |cx| Box::pin(model::generated(cx, Shape::SeveralMachines)),
};

const PARALLEL_CALLS: Check = Check {
    id: "walk::parallel_calls",
    title: "Getters beside every operation neither crash nor disturb it",
    clauses: CLAUSES,
    needs: NEEDS,
    why: "Hosts ask for state and address while they wait, in the process that works.",
    good: "All getters are asked again and again while Stop, Start and Restart run; each gets an answer or an error.",
    bad: "GetState reads the connection that Restart is just replacing, and the process ends.",
    run: |cx| Box::pin(model::generated(cx, Shape::ParallelCalls)),
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Clause ids in quotes in a source file.
    fn cited(source: &str) -> BTreeSet<String> {
        let texts = source.split('"').skip(1).step_by(2);
        let is_clause = |text: &&str| {
            text.split_once('-').is_some_and(|(group, number)| {
                group.len() > 1
                    && group.chars().all(|c| c.is_ascii_uppercase())
                    && number.len() == 3
                    && number.chars().all(|c| c.is_ascii_digit())
            })
        };
        texts.filter(is_clause).map(str::to_owned).collect()
    }

    #[test]
    fn the_clauses_are_those_that_walks_can_break() {
        let sources = [
            include_str!("../model/carry_out.rs"),
            include_str!("../model/contract.rs"),
            include_str!("../model/inspect.rs"),
            include_str!("../model/situation.rs"),
        ];
        let used: BTreeSet<String> = sources.into_iter().flat_map(cited).collect();
        let listed: BTreeSet<String> = CLAUSES.iter().map(|clause| (*clause).to_owned()).collect();
        assert_eq!(used, listed);
        assert_eq!(listed.len(), CLAUSES.len(), "a clause is listed twice");
    }
}
