//! Calls and events in any order.

use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// A call or an event. Numbers are places in lists, counted from the latest or from the oldest.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Run {
        group: usize,
        count: u32,
        token: Option<u8>,
        key: bool,
        fault: usize,
        protected: bool,
        spot: bool,
    },
    Start(usize),
    Stop(usize, bool),
    Reboot(usize),
    Terminate(usize, usize),
    Unprotect(usize),
    CreateGroup(usize),
    DeleteGroup(usize),
    Authorize(usize, i32, Option<usize>),
    Revoke(usize, usize),
    CreateKey(usize),
    DeleteKey(usize),
    RequestSpot(u32),
    CancelSpot(usize),
    Allocate,
    Associate(usize, usize, bool),
    Disassociate(usize),
    Release(usize),
    Tag(usize, usize),
    /// The guest switches itself off.
    GuestOff(usize),
    PowerOff(usize),
    Readdress(usize),
    Vanish(usize),
    Wait(u64),
    IgnoreButton(bool),
}

/// Any step.
pub(super) fn step() -> impl Strategy<Value = Step> {
    let run = (
        0..3_usize,
        1..3_u32,
        proptest::option::of(0..3_u8),
        any::<bool>(),
        0..5_usize,
        any::<bool>(),
        any::<bool>(),
    );
    prop_oneof![
        5 => run.prop_map(|(group, count, token, key, fault, protected, spot)| {
            Step::Run { group, count, token, key, fault, protected: protected && fault == 4, spot: spot && fault == 3 }
        }),
        3 => (0..5_usize).prop_map(Step::Start),
        3 => (0..5_usize, any::<bool>()).prop_map(|(index, force)| Step::Stop(index, force)),
        1 => (0..5_usize).prop_map(Step::Reboot),
        3 => (0..5_usize, 0..5_usize).prop_map(|(one, other)| Step::Terminate(one, other)),
        1 => (0..5_usize).prop_map(Step::Unprotect),
        2 => (0..3_usize).prop_map(Step::CreateGroup),
        2 => (0..4_usize).prop_map(Step::DeleteGroup),
        2 => (0..4_usize, 1..4_i32, proptest::option::of(0..4_usize))
            .prop_map(|(group, port, peer)| Step::Authorize(group, port, peer)),
        1 => (0..4_usize, 0..4_usize).prop_map(|(group, rule)| Step::Revoke(group, rule)),
        1 => (0..2_usize).prop_map(Step::CreateKey),
        1 => (0..2_usize).prop_map(Step::DeleteKey),
        1 => (1..3_u32).prop_map(Step::RequestSpot),
        1 => (0..3_usize).prop_map(Step::CancelSpot),
        1 => Just(Step::Allocate),
        2 => (0..3_usize, 0..5_usize, any::<bool>()).prop_map(|(address, instance, again)| Step::Associate(address, instance, again)),
        1 => (0..3_usize).prop_map(Step::Disassociate),
        1 => (0..3_usize).prop_map(Step::Release),
        1 => (0..5_usize, 0..60_usize).prop_map(|(index, key)| Step::Tag(index, key)),
        1 => (0..5_usize).prop_map(Step::GuestOff),
        1 => (0..5_usize).prop_map(Step::PowerOff),
        1 => (0..5_usize).prop_map(Step::Readdress),
        1 => (0..5_usize).prop_map(Step::Vanish),
        6 => (0..40_u64).prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::IgnoreButton),
    ]
}
