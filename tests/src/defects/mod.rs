//! Known-bad drivers: the template driver with one thing wrong each, and what the suite must say about them.
//!
//! A defect is chosen by the environment variable [`VARIABLE`], so that all of them are one executable.

mod answers;
mod expected;
mod faulty;
pub(crate) mod inner;
mod making;
mod process;
mod provider;
mod remembering;
mod serial;
mod telling;
mod unverified;
mod wrapper;

pub use expected::TABLE;
pub use process::{SHARED_FOLDER, main};
pub use wrapper::Defective;

/// Environment variable that names the defect.
pub const VARIABLE: &str = "TEMPLATE_DRIVER_DEFECT";

macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        /// One thing that is wrong with a driver.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Defect {
            $($(#[doc = $doc])* $name,)*
        }

        impl Defect {
            /// All defects.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What is wrong, line by line.
            pub fn what(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($doc),*],)*
                }
            }

            /// Name, as [`VARIABLE`] takes it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Whether the driver must run as an executable to show it: it is about the process, its streams or its end.
            pub fn needs_a_process(self) -> bool {
                matches!(
                    self,
                    Self::Nothing
                        | Self::MalformedValueCrashes
                        | Self::RemoveCrashes
                        | Self::GetterExits
                        | Self::ErrorsSayNothing
                        | Self::TokenInErrors
                        | Self::TokenIsLogged
                        | Self::KeyIsPrinted
                        | Self::LineIsTooLong
                        | Self::PrintsBeforeTheAddress
                        | Self::StartsWithoutToken
                        | Self::IgnoresMissingHeartbeats
                        | Self::IgnoresClose
                        | Self::ReadsStandardInput
                        | Self::OneProcessAtATime
                        | Self::ServesOneCallAtATime
                        | Self::WritesBesideTheMachine
                        | Self::RecordCountsItsReads
                        | Self::UnknownKeysAreRefused
                        | Self::SecondLoadIsRefused
                        | Self::KilledCreateIsForgotten
                        | Self::UnrecordedServerIsForgotten
                        | Self::GetterCrashesDuringCreate
                        | Self::GetterCrashesAfterRemove
                        | Self::RunsAProgram
                        | Self::ProxyIsIgnored
                )
            }

            /// Whether it only shows when the provider fails.
            pub(crate) fn is_about_faults(self) -> bool {
                self.needs_a_relay()
                    || matches!(
                        self,
                        Self::NonsensePanics
                            | Self::RollBackHidesTheCause
                            | Self::KillHidesTheReason
                            | Self::StartIgnoresRefusals
                            | Self::FailedBootIsIgnored
                            | Self::WaitsForEverForAnAnswer
                            | Self::UnrecordedServerIsForgotten
                    )
            }

            /// Whether it is about how the driver talks to its provider.
            pub(crate) fn needs_a_relay(self) -> bool {
                matches!(
                    self,
                    Self::ThrottledCallIsNotRepeated
                        | Self::RepeatsInATightLoop
                        | Self::FailedReadIsNotRepeated
                        | Self::LostOrderIsPlacedAnew
                        | Self::FailedCreateKeepsItsKey
                        | Self::RemoveStopsAtTheFirstError
                        | Self::OnlyTheFirstPageIsRead
                        | Self::OnlyTheFirstOffersAreRead
                        | Self::LateObjectFailsCreate
                        | Self::FirewallIsForgotten
                )
            }

            /// The defect of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|defect| defect.name() == name)
            }
        }
    };
}

defects! {
    /// Nothing is wrong; for measuring the wrapper itself.
    Nothing;

    /// `DriverName` contains the machine's name.
    NameFollowsTheMachine;
    /// `GetMachineName` answers in lower case.
    MachineNameInLowerCase;
    /// Two flags have one name.
    FlagDeclaredTwice;
    /// A flag has the name of one that hosts own.
    FlagOfTheHost;
    /// A flag has no help text.
    FlagWithoutUsage;
    /// The list of flags changes once the machine has a name.
    FlagsDependOnTheMachine;
    /// A switch says that it is on by default, which switches cannot be.
    SwitchThatIsOn;
    /// A missing token is accepted.
    RequiredFlagIsOptional;
    /// A missing key is an error, although hosts leave defaults out.
    OptionsAreMixedUp;
    /// A negative number ends the process.
    MalformedValueCrashes;
    /// Options are added to the record again with each call.
    ListsGrow;
    /// Swarm options are not stored.
    SwarmOptionsAreDropped;

    /// Reading the record changes it.
    RecordCountsItsReads;
    /// The record lacks one of the shared fields.
    RecordWithoutSwarmHost;
    /// The record never holds the address.
    RecordWithoutAddress;
    /// A record with unknown keys is refused.
    UnknownKeysAreRefused;
    /// The second `SetConfigRaw` is refused.
    SecondLoadIsRefused;
    /// User and port of SSH are what the first configuration said: empty and 0.
    SshDefaultsAreLost;
    /// Files are written into the user's home.
    WritesBesideTheMachine;

    /// `PreCreateCheck` makes the machine's folder.
    PreCreateCheckMakesTheFolder;
    /// `PreCreateCheck` fails the second time.
    PreCreateCheckWorksOnce;

    /// `Create` leaves a machine that is off.
    MachineIsOffAfterCreate;
    /// A second `Create` makes a second server.
    SecondCreateMakesAnother;
    /// The private key can be read by everybody.
    KeyIsReadableByAll;
    /// The SSH user does not exist in the guest.
    SshUserCannotLogIn;
    /// `GetSSHHostname` is empty, without an error, before `Create`.
    SshHostIsEmptyBeforeCreate;
    /// `GetSSHHostname` has a port in it.
    SshHostWithPort;

    /// `GetURL` has no port.
    UrlWithoutPort;
    /// `GetURL` has another host than `GetIP`.
    UrlOfAnotherHost;
    /// `GetURL` of a stopped machine is a URL.
    UrlWhenStopped;
    /// `GetURL` is `tcp://:2376` while the address is unknown.
    UrlWithEmptyHost;
    /// `GetURL` of a stopped machine fails with a text that hosts do not know.
    NotRunningInOtherWords;
    /// `GetIP` has a scheme.
    AddressWithScheme;
    /// `GetIP` of a stopped machine is empty, without an error.
    AddressIsEmptyWhenStopped;
    /// `GetIP` remembers its first answer.
    AddressIsRemembered;

    /// `GetState` remembers that the machine was running.
    StateIsRemembered;
    /// `GetState` of a vanished server is Stopped.
    VanishedIsStopped;
    /// `GetState` is Stopped when the provider cannot be asked.
    UnknownIsStopped;
    /// `GetState` of a stopped server is Error.
    OffIsError;
    /// `GetState` is Running before `Create`.
    RunningBeforeCreate;
    /// `GetState` needs SSH.
    StateNeedsTheGuest;

    /// `Start` of a server that exists does nothing.
    StartDoesNothing;
    /// `Start` of a vanished server returns nil.
    StartOfVanishedSucceeds;
    /// `Start` of a running server reboots it.
    StartOfRunningReboots;
    /// `Start` of a running server fails.
    StartOfRunningFails;
    /// `Stop` of a server that exists does nothing.
    StopDoesNothing;
    /// `Stop` cuts the power.
    StopKills;
    /// `Stop` returns when the provider has accepted it.
    StopReturnsEarly;
    /// `Stop` of a vanished server returns nil.
    StopOfVanishedSucceeds;
    /// `Stop` deletes the server.
    StopDeletes;
    /// `Stop` returns nil although the guest ignored the request.
    StopHangsWhenIgnored;
    /// `Restart` of a running server does nothing.
    RestartDoesNothing;
    /// `Restart` of a vanished server returns nil.
    RestartOfVanishedSucceeds;
    /// `Restart` of a stopped server returns nil and does nothing.
    RestartOfStoppedDoesNothing;
    /// `Kill` asks the guest.
    KillAsksTheGuest;
    /// `Kill` deletes the server.
    KillDeletes;
    /// `Kill` of a stopped server starts it.
    KillStartsStopped;
    /// `Kill` of a machine that is stopping waits, as `Stop` does.
    KillWaitsForTheShutdown;

    /// `Remove` does nothing.
    RemoveDoesNothing;
    /// `Remove` ends the process.
    RemoveCrashes;
    /// `Remove` fails when the server is gone.
    RemoveFailsWhenGone;
    /// `Remove` fails when the server is off.
    RemoveOnlyWhenRunning;
    /// `Remove` fails without the key file.
    RemoveNeedsTheKey;
    /// `Remove` deletes the folders of all machines.
    RemoveDeletesTheStore;
    /// `Remove` shuts the server down first, and fails if the guest does not answer.
    RemoveStopsFirst;
    /// `Remove` returns nil when the provider refuses.
    RemoveSwallowsErrors;
    /// `Remove` takes every 404 for an object that is gone.
    EveryMissingPageIsAbsence;

    /// All machines get one and the same key.
    SameKeyForAllMachines;
    /// `GetSSHKeyPath` is the user's file.
    KeyOptionIsNotCopied;
    /// `Remove` deletes the key that the user supplied.
    ExistingKeyIsDeleted;
    /// A key that all machines share is looked for first and then made.
    SharedKeyIsLookedForThenMade;
    /// `Remove` deletes a key that all machines share.
    SharedKeyGoesWithTheFirst;
    /// A provider that is busy with another change is an error.
    BusyIsFatal;
    /// `GetState` lists everything that the account has.
    GettersListEverything;
    /// With several servers, `GetIP` is the address of the first.
    AddressOfTheFirst;
    /// A getter during `Create` ends the process.
    GetterCrashesDuringCreate;
    /// A getter after the server is gone ends the process, if it was there before.
    GetterCrashesAfterRemove;
    /// `Create` deletes a server of the same name that no driver made.
    NamesakeIsTakenOver;
    /// A `Create` that fails deletes every server of the machine's name.
    RollBackDeletesByName;
    /// `Remove` of a record without ids does nothing.
    KilledCreateIsForgotten;
    /// The size that an option asks for is not ordered.
    SizeIsIgnored;
    /// The image that an option asks for is not ordered.
    ImageIsFixed;
    /// User data loses its blank lines at both ends.
    UserDataIsTrimmed;
    /// User data is forgotten.
    UserDataIsForgotten;
    /// Of user data that is too long only the beginning is sent.
    LongUserDataIsCut;
    /// The port of a swarm master is not opened.
    SwarmPortStaysClosed;
    /// Ports are opened that nobody asked for.
    OpensFurtherPorts;
    /// The private key is sent to the provider.
    KeyIsSentToTheProvider;
    /// `PreCreateCheck` accepts images, sizes and regions that do not exist.
    UnknownOfferIsAccepted;
    /// `PreCreateCheck` makes a key and deletes it again.
    PreCreateCheckReservesAKey;
    /// A flag that nothing reads.
    FlagWithoutEffect;
    /// The default size does not exist at the provider.
    DefaultSizeIsWithdrawn;
    /// The default image is no Ubuntu.
    DefaultIsDebian;
    /// The default image has a password that everybody knows.
    DefaultIsBoot2Docker;
    /// The guest has neither package manager nor curl.
    GuestWithoutSoftware;
    /// The user gets a password that is easy to guess.
    UserHasAPassword;
    /// `Create` runs a program.
    RunsAProgram;
    /// The proxy of the environment is not used.
    ProxyIsIgnored;
    /// Any certificate is accepted.
    CertificatesAreNotVerified;
    /// A server that starts or stops is Running.
    TransitionsAreRunning;
    /// `Start` returns when the provider has accepted it.
    StartReturnsEarly;
    /// The record keeps the address from before `Start`.
    StartForgetsTheAddress;
    /// `GetSSHHostname` after `Restart` is the address from before.
    RestartForgetsTheAddress;
    /// `Kill` asks the guest before it cuts the power.
    KillAsksTheGuestFirst;
    /// `GetIP` is the first address that the guest reports.
    FirstAddressOfTheGuest;
    /// An option for the private address holds for `GetURL` alone.
    PrivateAddressIsMixedUp;
    /// `GetSSHHostname` is no IP address.
    HostIsNoAddress;

    /// A getter ends the process.
    GetterExits;
    /// Errors tell a user nothing.
    ErrorsSayNothing;
    /// Errors contain the token.
    TokenInErrors;
    /// The token is logged.
    TokenIsLogged;
    /// The private key is logged.
    KeyIsPrinted;
    /// A log line is longer than hosts read.
    LineIsTooLong;

    /// Something is printed before the address line.
    PrintsBeforeTheAddress;
    /// The executable starts without the token of hosts.
    StartsWithoutToken;
    /// The process does not end without heartbeats.
    IgnoresMissingHeartbeats;
    /// The process does not end after `Close`.
    IgnoresClose;
    /// The process reads its standard input before it serves.
    ReadsStandardInput;
    /// A second process fails while a first one runs.
    OneProcessAtATime;
    /// All calls are served one after the other.
    ServesOneCallAtATime;

    /// A call beyond the rate limit is an error at once.
    ThrottledCallIsNotRepeated;
    /// A call beyond the rate limit is repeated without a pause.
    RepeatsInATightLoop;
    /// A read that the provider fails once is an error at once.
    FailedReadIsNotRepeated;
    /// When the answer to the order of the server is lost, another one is ordered.
    LostOrderIsPlacedAnew;
    /// When the order of the server fails, the key stays, and `Remove` does not look for it.
    FailedCreateKeepsItsKey;
    /// `Remove` does not look for the firewall of a Swarm master.
    FirewallIsForgotten;
    /// `Remove` begins with the key, and ends if that fails.
    RemoveStopsAtTheFirstError;
    /// Only the first page of a list is read.
    OnlyTheFirstPageIsRead;
    /// Of the images only the first page is read.
    OnlyTheFirstOffersAreRead;
    /// An object that is not shown yet makes `Create` fail.
    LateObjectFailsCreate;
    /// An answer that makes no sense is a panic.
    NonsensePanics;
    /// The error of the roll-back takes the place of its cause.
    RollBackHidesTheCause;
    /// `Kill` does not pass on why the provider refuses.
    KillHidesTheReason;
    /// `Start` returns nil when the provider refuses or the server fails.
    StartIgnoresRefusals;
    /// `Create` returns nil when the server fails while it boots.
    FailedBootIsIgnored;
    /// `GetState` waits for ever for a provider that does not answer.
    WaitsForEverForAnAnswer;
    /// `Remove` of a record from before `Create` does not look for anything.
    UnrecordedServerIsForgotten;

    /// `Start` does nothing when the machine ran after the last operation.
    StartBelievesTheRecord;
    /// `Remove` fails when the machine was stopped and its server is gone.
    StoppedAndVanishedCannotBeRemoved;
    /// The second `Start` puts a wrong id into the record.
    SecondStartForgetsTheServer;
    /// `Stop` does nothing in a process that has restarted the machine.
    StopAfterRestartDoesNothing;
    /// A getter panics while `Restart` runs.
    GetterCrashesDuringRestart;
    /// `Stop` stops the server that is being killed at the same time, whoever's it is.
    WrongServerIsStopped;
}
