//! What the suite must say about each defect.

use super::Defect;

/// The checks that a defect must fail, and a part of what one of them must say.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Expected {
    /// The defect.
    pub defect: Defect,
    /// Clause that it breaks.
    pub clause: &'static str,
    /// Checks that must complain (fail, warn or time out); no other may.
    pub checks: &'static [&'static str],
    /// Text that the expected and got of the problems under `clause` must contain.
    pub says: &'static str,
}

const fn expect(
    defect: Defect,
    clause: &'static str,
    checks: &'static [&'static str],
    says: &'static str,
) -> Expected {
    Expected {
        defect,
        clause,
        checks,
        says,
    }
}

/// One entry per defect.
pub const TABLE: &[Expected] = &[
    expect(
        Defect::NameFollowsTheMachine,
        "NAME-001",
        &["name::is_constant", "name::survives_the_options"],
        "-mc-",
    ),
    expect(
        Defect::MachineNameInLowerCase,
        "NAME-004",
        &["name::machine_name_is_kept"],
        "MC-",
    ),
    expect(
        Defect::FlagDeclaredTwice,
        "FLAG-002",
        &["flags::names_are_unique"],
        "declared twice",
    ),
    expect(
        Defect::FlagOfTheHost,
        "FLAG-002",
        &["flags::names_are_unique", "flags::are_named_and_explained"],
        "engine-label",
    ),
    expect(
        Defect::FlagWithoutUsage,
        "FLAG-003",
        &["flags::are_named_and_explained"],
        "template-secret-feature",
    ),
    expect(
        Defect::FlagsDependOnTheMachine,
        "FLAG-004",
        &["flags::are_always_the_same"],
        "--template-tag is missing",
    ),
    expect(
        Defect::SwitchThatIsOn,
        "FLAG-012",
        &["flags::switches_are_off"],
        "template-enable-backups",
    ),
    expect(
        Defect::RequiredFlagIsOptional,
        "FLAG-008",
        &["flags::required_flag_is_named"],
        "template-token",
    ),
    expect(
        Defect::OptionsAreMixedUp,
        "FLAG-007",
        &["flags::missing_keys_are_zero"],
        "template-region",
    ),
    expect(
        Defect::MalformedValueCrashes,
        "FLAG-009",
        &["flags::nonsense_ends_no_process", "plugin::never_panics"],
        "the process ended",
    ),
    expect(
        Defect::ListsGrow,
        "IDEM-004",
        &["flags::second_time_changes_nothing"],
        "Seen",
    ),
    expect(
        Defect::SwarmOptionsAreDropped,
        "BASE-005",
        &["base::swarm_options_are_stored"],
        "Swarm",
    ),
    expect(
        Defect::RecordCountsItsReads,
        "PERSIST-003",
        &[
            "persistence::record_is_a_fixed_point",
            "persistence::getters_change_nothing",
        ],
        "Reads",
    ),
    expect(
        Defect::RecordWithoutSwarmHost,
        "BASE-001",
        &[
            "base::record_has_the_shared_fields",
            "base::swarm_options_are_stored",
        ],
        "SwarmHost",
    ),
    expect(
        Defect::RecordWithoutAddress,
        "NET-010",
        &["network::address_is_recorded"],
        "IPAddress",
    ),
    expect(
        Defect::UnknownKeysAreRefused,
        "PERSIST-004",
        &["persistence::older_and_newer_records_load"],
        "unknown field",
    ),
    expect(
        Defect::SecondLoadIsRefused,
        "PERSIST-009",
        &["persistence::loading_twice_is_loading_once"],
        "already loaded",
    ),
    expect(
        Defect::SshDefaultsAreLost,
        "BASE-002",
        &[
            "base::ssh_defaults_survive",
            "persistence::older_and_newer_records_load",
        ],
        "GetSSHPort",
    ),
    expect(
        Defect::WritesBesideTheMachine,
        "BASE-004",
        &["base::files_stay_in_the_store"],
        ".log",
    ),
    expect(
        Defect::PreCreateCheckMakesTheFolder,
        "PRE-002",
        &["pre_create::makes_no_folder"],
        "exists",
    ),
    expect(
        Defect::PreCreateCheckWorksOnce,
        "PRE-006",
        &["pre_create::can_be_repeated"],
        "already made",
    ),
    expect(
        Defect::MachineIsOffAfterCreate,
        "CREATE-002",
        &["create::machine_runs", "base::every_host_name_works"],
        "Stopped",
    ),
    expect(
        Defect::SecondCreateMakesAnother,
        "CREATE-014",
        &["create::second_create_makes_nothing"],
        "again",
    ),
    expect(
        Defect::KeyIsReadableByAll,
        "SSH-002",
        &["ssh::key_file_is_private", "secrets::files_are_private"],
        "0644",
    ),
    expect(
        Defect::SshUserCannotLogIn,
        "CREATE-003",
        &[
            "create::ssh_answers",
            "create::ssh_answers_at_once",
            "ssh::key_alone_suffices",
        ],
        "nobody",
    ),
    expect(
        Defect::SshHostIsEmptyBeforeCreate,
        "SSH-006",
        &["ssh::no_empty_host_before_create"],
        "no error",
    ),
    expect(
        Defect::SshHostWithPort,
        "SSH-006",
        &[
            "ssh::host_is_bare",
            "create::ssh_answers",
            "create::ssh_answers_at_once",
            "ssh::key_alone_suffices",
        ],
        ":22",
    ),
    expect(
        Defect::UrlWithoutPort,
        "NET-001",
        &["network::url_of_a_running_machine"],
        "port",
    ),
    expect(
        Defect::UrlOfAnotherHost,
        "NET-003",
        &["network::url_has_the_address"],
        "localhost",
    ),
    expect(
        Defect::UrlWhenStopped,
        "NET-002",
        &["network::no_url_when_stopped"],
        "203.0.113.9",
    ),
    expect(
        Defect::UrlWithEmptyHost,
        "NET-014",
        &["network::no_url_before_create", "network::no_url_when_stopped"],
        "tcp://:2376",
    ),
    expect(
        Defect::NotRunningInOtherWords,
        "ERR-003",
        &["network::no_url_when_stopped"],
        "machine is off",
    ),
    expect(
        Defect::AddressWithScheme,
        "NET-004",
        &[
            "network::url_of_a_running_machine",
            "create::engine_port_is_open",
            "network::address_is_not_cached",
            "network::address_is_recorded",
            "network::url_has_the_address",
        ],
        "tcp://",
    ),
    expect(
        Defect::AddressIsEmptyWhenStopped,
        "NET-005",
        &["network::address_when_stopped"],
        "no error",
    ),
    expect(
        Defect::AddressIsRemembered,
        "NET-006",
        &["network::address_is_not_cached"],
        "after the address changed",
    ),
    expect(
        Defect::StateIsRemembered,
        "STATE-002",
        &["state::seen_from_a_fresh_process"],
        "Running",
    ),
    expect(
        Defect::VanishedIsStopped,
        "STATE-006",
        &["state::vanished_is_not_alive"],
        "Stopped",
    ),
    expect(
        Defect::UnknownIsStopped,
        "STATE-005",
        &["state::unknown_is_an_error"],
        "Stopped",
    ),
    expect(
        Defect::OffIsError,
        "STATE-003",
        &[
            "state::powered_off_is_stopped",
            "kill::reaches_stopped",
            "kill::stops_a_hung_guest",
            "stop::reaches_stopped",
            "stop::returns_when_stopped",
        ],
        "Error",
    ),
    expect(
        Defect::RunningBeforeCreate,
        "STATE-010",
        &["state::before_create"],
        "Running",
    ),
    expect(
        Defect::StateNeedsTheGuest,
        "STATE-014",
        &["state::answers_for_a_hung_guest"],
        "while the guest hangs failed",
    ),
    expect(
        Defect::StartDoesNothing,
        "START-001",
        &["start::reaches_running", "kill::start_works_afterwards"],
        "Running",
    ),
    expect(
        Defect::StartOfVanishedSucceeds,
        "START-007",
        &["start::vanished_instance_is_an_error"],
        "no error",
    ),
    expect(
        Defect::StartOfRunningReboots,
        "START-005",
        &["start::on_running_is_harmless"],
        "boot id",
    ),
    expect(
        Defect::StartOfRunningFails,
        "IDEM-003",
        &["start::repeated_calls_return_nil"],
        "wrong state",
    ),
    expect(
        Defect::StopDoesNothing,
        "STOP-001",
        &[
            "stop::reaches_stopped",
            "stop::returns_when_stopped",
            "stop::ends_when_the_guest_ignores_it",
        ],
        "Stopped",
    ),
    expect(Defect::StopKills, "STOP-003", &["stop::is_orderly"], "power_off"),
    expect(
        Defect::StopOfVanishedSucceeds,
        "STOP-006",
        &["stop::vanished_instance_is_an_error"],
        "no error",
    ),
    expect(
        Defect::StopDeletes,
        "STOP-004",
        &[
            "stop::deletes_nothing",
            "stop::reaches_stopped",
            "stop::returns_when_stopped",
            "stop::ends_when_the_guest_ignores_it",
        ],
        "inventory",
    ),
    expect(
        Defect::StopHangsWhenIgnored,
        "STOP-007",
        &["stop::ends_when_the_guest_ignores_it"],
        "nil",
    ),
    expect(
        Defect::RestartDoesNothing,
        "RST-001",
        &["restart::boots_anew", "restart::returns_on_the_new_boot"],
        "boot id",
    ),
    expect(
        Defect::RestartOfVanishedSucceeds,
        "RST-007",
        &["restart::vanished_instance_is_an_error"],
        "no error",
    ),
    expect(
        Defect::RestartOfStoppedDoesNothing,
        "RST-005",
        &["restart::on_stopped_is_consistent"],
        "Running",
    ),
    expect(
        Defect::KillAsksTheGuest,
        "KILL-001",
        &["kill::stops_a_hung_guest"],
        "hung",
    ),
    expect(
        Defect::KillDeletes,
        "KILL-003",
        &[
            "kill::start_works_afterwards",
            "kill::reaches_stopped",
            "kill::stops_a_hung_guest",
            "kill::on_stopped_is_harmless",
            "start::repeated_calls_return_nil",
        ],
        "inventory",
    ),
    expect(
        Defect::KillStartsStopped,
        "KILL-004",
        &["kill::on_stopped_is_harmless", "start::repeated_calls_return_nil"],
        "Running",
    ),
    expect(
        Defect::RemoveDoesNothing,
        "RM-001",
        &[
            "remove::everything_is_gone",
            "remove::faults_are_not_absence",
            "remove::instance_already_gone",
            "remove::name_is_free_at_once",
            "remove::needs_no_guest",
            "remove::needs_no_local_files",
            "remove::works_from_the_record",
            "remove::works_when_stopped",
        ],
        "left behind",
    ),
    expect(
        Defect::RemoveCrashes,
        "PLUG-007",
        &[
            "plugin::never_panics",
            "remove::everything_is_gone",
            "remove::instance_already_gone",
            "remove::needs_no_guest",
            "remove::needs_no_local_files",
            "remove::never_created",
            "remove::works_from_the_record",
            "remove::works_when_stopped",
        ],
        "Remove",
    ),
    expect(
        Defect::RemoveFailsWhenGone,
        "RM-008",
        &["remove::instance_already_gone", "remove::is_repeatable"],
        "404",
    ),
    expect(
        Defect::RemoveOnlyWhenRunning,
        "RM-006",
        &["remove::works_when_stopped"],
        "not running",
    ),
    expect(
        Defect::RemoveNeedsTheKey,
        "RM-020",
        &["remove::needs_no_local_files", "remove::never_created"],
        "cannot read",
    ),
    expect(
        Defect::RemoveDeletesTheStore,
        "RM-022",
        &["remove::stays_in_its_folder"],
        "neighbour",
    ),
    expect(
        Defect::RemoveStopsFirst,
        "RM-019",
        &["remove::needs_no_guest"],
        "hung guest",
    ),
    expect(
        Defect::RemoveSwallowsErrors,
        "RM-011",
        &["remove::faults_are_not_absence"],
        "401",
    ),
    expect(
        Defect::GetterExits,
        "ERR-008",
        &[
            "errors::do_not_end_the_process",
            "network::url_of_a_running_machine",
        ],
        "GetIP",
    ),
    expect(
        Defect::ErrorsSayNothing,
        "ERR-001",
        &["errors::have_text"],
        "Remove",
    ),
    expect(
        Defect::TokenInErrors,
        "SEC-009",
        &["secrets::errors_are_clean"],
        "Remove",
    ),
    expect(
        Defect::TokenIsLogged,
        "SEC-001",
        &["secrets::streams_are_clean"],
        "token",
    ),
    expect(
        Defect::KeyIsPrinted,
        "SEC-001",
        &["secrets::streams_are_clean"],
        "key",
    ),
    expect(
        Defect::LineIsTooLong,
        "PLUG-008",
        &["plugin::lines_are_short_enough"],
        "100000",
    ),
    expect(
        Defect::PrintsBeforeTheAddress,
        "PLUG-001",
        &["plugin::first_line_is_the_address"],
        "template driver 0.1.0",
    ),
    expect(
        Defect::StartsWithoutToken,
        "PLUG-003",
        &["plugin::needs_the_token"],
        "went on running",
    ),
    expect(
        Defect::IgnoresMissingHeartbeats,
        "PLUG-005",
        &["plugin::ends_without_heartbeats"],
        "still runs",
    ),
    expect(
        Defect::IgnoresClose,
        "PLUG-006",
        &["plugin::close_ends_the_process"],
        "Close",
    ),
    expect(
        Defect::ReadsStandardInput,
        "PLUG-010",
        &["plugin::reads_no_input"],
        "input",
    ),
    expect(
        Defect::OneProcessAtATime,
        "PLUG-012",
        &["plugin::many_processes_run_at_once"],
        "another process",
    ),
    expect(
        Defect::ServesOneCallAtATime,
        "PLUG-009",
        &["plugin::answers_during_create"],
        "Create",
    ),
];
