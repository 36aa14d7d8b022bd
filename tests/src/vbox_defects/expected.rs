//! What the suite must say about each defect.

use super::Defect;
use crate::judge::{Expected, expect};

/// Checks that create a machine, remove it, and look at what is left.
const REMOVING: &[&str] = &[
    "remove::everything_is_gone",
    "remove::instance_already_gone",
    "remove::needs_no_guest",
    "remove::needs_no_local_files",
    "remove::works_from_the_record",
    "remove::works_when_stopped",
    "remove::works_when_suspended",
];

/// One entry per defect.
pub const TABLE: &[Expected<Defect>] = &[
    expect(Defect::RemoveLeavesTheImage, "RM-002", REMOVING, "dvd"),
    expect(Defect::RemoveLeavesTheNetwork, "RM-002", REMOVING, "hostonlyif"),
    expect(Defect::RemoveTakesTheNetwork, "CONC-003", &["remove::other_machine_survives"], "hostonlyif"),
    expect(Defect::RemoveSwitchesOffFirst, "RM-007", &["remove::works_when_suspended"], "Saved"),
    expect(Defect::StopCutsThePower, "STOP-003", &["stop::is_orderly"], "poweroff"),
    expect(
        Defect::StopReturnsEarly,
        "STOP-002",
        &["stop::ends_when_the_guest_ignores_it", "stop::returns_when_stopped"],
        "Running",
    ),
    expect(Defect::StopOnlyPresses, "STOP-008", &["stop::works_when_paused"], "Paused"),
    expect(
        Defect::KillAsksTheGuest,
        "KILL-001",
        &["kill::stops_a_hung_guest", "kill::works_when_paused"],
        "hung guest",
    ),
    expect(Defect::KillKnowsRunningOnly, "KILL-005", &["kill::works_when_paused"], "Paused"),
    expect(Defect::StartDiscardsTheState, "START-008", &["start::resumes"], "boot id"),
    expect(Defect::StartKnowsOffOnly, "START-008", &["start::resumes"], "Paused"),
    expect(Defect::StartMakesANetwork, "RM-002", REMOVING, "hostonlyif"),
    expect(Defect::PausedIsNone, "STATE-013", &["state::suspended_is_told"], "Paused"),
    expect(Defect::TransitionsAreRunning, "STATE-004", &["state::transitions_are_told"], "Starting"),
    expect(
        Defect::MissingIsStopped,
        "STATE-006",
        &["state::before_create", "state::vanished_is_not_alive"],
        "Stopped",
    ),
    expect(Defect::FailureIsStopped, "STATE-005", &["state::unknown_is_an_error"], "500"),
    expect(Defect::StateWrites, "STATE-007", &["state::getters_only_read"], "guestproperty"),
    expect(Defect::DownloadIsNotChecked, "PRE-005", &["pre_create::download_happens_here"], "not there"),
    expect(Defect::PreCreateCheckMakesANetwork, "PRE-001", &["pre_create::only_reads"], "hostonlyif"),
    expect(
        Defect::ChecksumIsNotCompared,
        "PRE-005",
        &["pre_create::downloaded_image_is_whole"],
        "another checksum",
    ),
    expect(Defect::LeftServerIsForgotten, "RM-002", &["walk::known_stories"], "dhcpserver"),
    expect(Defect::RemoveTakesTheImportedVm, "RM-003", &["remove::supplied_objects_survive"], "supplied"),
    expect(Defect::DefaultImageIsAnother, "OS-002", &["guest::default_is_boot2docker"], "alpine"),
];
