//! Known-bad variations of the VirtualBox driver, and what the suite must say about them.
//!
//! The driver finds VirtualBox through its environment, so each of its processes is one of its own: the executable
//! `known-bad-vbox`. Under the name `VBoxManage` the same executable stands between the driver and VirtualBox.

mod calls;
mod expected;
mod tool;
mod wrapper;

use std::{process::ExitCode, sync::Arc};

use machine_driver::plugin::{self, ServeOptions};

pub use expected::TABLE;

/// Variable that chooses the defect.
pub const VARIABLE: &str = "VBOX_DRIVER_DEFECT";

macro_rules! defects {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {
        /// One thing that is wrong with a driver for VirtualBox.
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

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

defects! {
    /// Nothing is wrong; for measuring the wrapper itself.
    Nothing;

    /// `Remove` leaves the image in VirtualBox's list of media.
    RemoveLeavesTheImage;
    /// `Remove` leaves the host-only network.
    RemoveLeavesTheNetwork;
    /// `Remove` deletes the host-only network, whoever uses it.
    RemoveTakesTheNetwork;
    /// `Create` forgets the DHCP server that a failed `Remove` left.
    LeftServerIsForgotten;
    /// `Remove` deletes the VM that was imported.
    RemoveTakesTheImportedVm;
    /// `Remove` switches the machine off first, whatever state it is in.
    RemoveSwitchesOffFirst;
    /// `Stop` cuts the power.
    StopCutsThePower;
    /// `Stop` returns when the button is pressed.
    StopReturnsEarly;
    /// `Stop` presses the button of a paused machine.
    StopOnlyPresses;
    /// `Kill` presses the power button.
    KillAsksTheGuest;
    /// `Kill` does nothing unless the machine runs.
    KillKnowsRunningOnly;
    /// `Start` discards a saved state.
    StartDiscardsTheState;
    /// `Start` does nothing unless the machine is off.
    StartKnowsOffOnly;
    /// `Start` makes one more host-only network.
    StartMakesANetwork;
    /// `GetState` of a paused machine is None.
    PausedIsNone;
    /// `GetState` of a machine between two states is Running.
    TransitionsAreRunning;
    /// `GetState` of a machine whose VM is gone is Stopped.
    MissingIsStopped;
    /// `GetState` is Stopped when VBoxManage fails.
    FailureIsStopped;
    /// `GetState` writes a property of the VM.
    StateWrites;
    /// `PreCreateCheck` accepts an image that cannot be downloaded.
    DownloadIsNotChecked;
    /// `PreCreateCheck` does not compare the checksum of the image.
    ChecksumIsNotCompared;
    /// `PreCreateCheck` makes a host-only network.
    PreCreateCheckMakesANetwork;
    /// The default image is not boot2docker.
    DefaultImageIsAnother;
}

impl Defect {
    /// The one that the environment names; `Nothing` without.
    ///
    /// # Errors
    /// A name that no defect has.
    pub fn chosen() -> Result<Self, String> {
        let Ok(name) = std::env::var(VARIABLE) else {
            return Ok(Self::Nothing);
        };
        let found = Self::ALL.iter().copied().find(|defect| defect.name() == name);
        found.ok_or_else(|| format!("{VARIABLE} is {name:?}, which is no defect of the VirtualBox driver"))
    }
}

/// The executable: `VBoxManage` under that name, else the driver.
#[expect(clippy::print_stderr, reason = "an executable that is called wrongly")]
pub fn main() -> ExitCode {
    let defect = match Defect::chosen() {
        Ok(defect) => defect,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(code) = tool::run_if_invoked(defect) {
        return code;
    }
    match plugin::waits_from_environment() {
        Ok(waits) => {
            let driver = wrapper::Defective::new(defect, plugin::standard_log(), waits);
            plugin::main_with(Arc::new(driver), ServeOptions::default())
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
