//! Known-bad variations of the EC2 driver, and what the suite must say about them.

mod answers;
mod calls;
mod expected;
mod wrapper;

pub use expected::TABLE;
pub use wrapper::Defective;

macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        /// One thing that is wrong with a driver for EC2.
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
        }
    };
}

defects! {
    /// Nothing is wrong; for measuring the wrapper itself.
    Nothing;

    /// `Remove` leaves the security group.
    RemoveLeavesTheGroup;
    /// `Remove` leaves the key pair.
    RemoveLeavesTheKeyPair;
    /// `Remove` leaves the root volume.
    RemoveLeavesTheVolume;
    /// `Remove` terminates every instance with the machine's name as its tag Name.
    RemoveGoesByTheNameTag;
    /// `Remove` fails when the instance is terminated already.
    RemoveFailsWhenTerminated;
    /// `Remove` returns nil when EC2 refuses.
    RemoveIgnoresRefusals;
    /// `Remove` of a record without ids does nothing.
    RemoveNeedsTheIds;
    /// `Remove` deletes the key pair that the user supplied.
    SuppliedKeyPairIsDeleted;
    /// `Remove` deletes the security group that the user supplied.
    SuppliedGroupIsDeleted;
    /// `Create` opens a port in the security group that the user supplied.
    SuppliedGroupIsOpened;
    /// `Remove` deletes a security group that all machines share.
    SharedGroupGoesWithTheFirst;
    /// A security group that all machines share is looked for first and then made.
    SharedGroupIsLookedForThenMade;

    /// A `Create` that fails leaves the key pair.
    RollBackLeavesTheKeyPair;
    /// A `Create` that fails leaves the security group.
    RollBackLeavesTheGroup;
    /// A `Create` that fails leaves the instance.
    RollBackLeavesTheInstance;
    /// A `Create` that fails, and whose roll-back fails as well, tells of the roll-back alone.
    RollBackHidesTheCause;
    /// An instance that EC2 does not show yet makes `Create` fail.
    LateInstanceFailsCreate;
    /// `Remove` of a record without ids looks for the instance on the first page of a list.
    OnlyTheFirstPageIsRead;
    /// A call beyond the rate limit is an error at once.
    ThrottledCallIsNotRepeated;
    /// `PreCreateCheck` makes a security group and deletes it again.
    PreCreateCheckTriesTheGroup;
    /// `PreCreateCheck` accepts images, types and zones that do not exist.
    UnknownOfferIsAccepted;

    /// The instance type that an option asks for is not ordered.
    InstanceTypeIsIgnored;
    /// The image that an option asks for is not ordered.
    ImageIsIgnored;
    /// The zone that an option asks for is not ordered.
    ZoneIsIgnored;
    /// The tags that an option asks for are not set.
    TagsAreIgnored;
    /// User data is encoded twice.
    UserDataIsEncodedTwice;
    /// The port of a swarm master is not opened.
    SwarmPortStaysClosed;
    /// The port of the engine is not opened.
    EnginePortStaysClosed;
    /// The security group lets everything in.
    GroupLetsEverythingIn;

    /// `GetState` of a terminated instance is Stopped.
    TerminatedIsStopped;
    /// `GetState` of a pending instance is Running.
    PendingIsRunning;
    /// `GetState` ends in a panic when EC2's answer has no reservation.
    NoReservationPanics;
    /// `GetState` is Stopped when EC2 cannot be asked.
    OutageIsStopped;
    /// `GetState` lists all instances of the account.
    StateListsEverything;
    /// `GetIP` is the private address.
    PrivateAddressIsReported;
    /// `GetURL` has the public address although the private one was chosen.
    UrlKeepsThePublicAddress;
    /// A port that is none is left out, and nothing is said.
    PortZeroIsLeftOut;
    /// Options that contradict each other are taken.
    ContradictionIsTaken;
    /// Ports of UDP are refused.
    UdpIsRefused;
    /// `GetURL` has an IPv6 address without brackets.
    UrlLacksBrackets;
    /// `GetIP` remembers its first answer.
    AddressIsRemembered;
    /// The record keeps the address from before `Start`.
    StartKeepsTheOldAddress;

    /// `Stop` waits a moment and returns, also while the instance is stopping.
    StopReturnsEarly;
    /// `Stop` terminates the instance.
    StopTerminates;
    /// `Kill` stops without force.
    KillWithoutForce;
    /// `Start` returns when EC2 has accepted it.
    StartReturnsEarly;
    /// `Restart` returns when EC2 has accepted it.
    RestartReturnsEarly;
    /// `Restart` of a stopped instance returns nil and does nothing.
    RestartOfStoppedDoesNothing;
    /// Errors contain the secret key.
    SecretKeyInErrors;
}
