//! The plugin's executable: hosts start it, and all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    machine_driver::plugin::main::<docker_machine_driver_vbox::VBoxDriver>()
}
