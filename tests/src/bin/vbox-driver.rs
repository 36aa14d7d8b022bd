//! The VirtualBox driver's executable, as tests of this package can find it; under the name `VBoxManage` it is that.

use std::process::ExitCode;

use docker_machine_driver_vbox::VBoxDriver;
use machine_mock_providers::vbox::executable;

fn main() -> ExitCode {
    executable::run_if_invoked().unwrap_or_else(machine_driver::plugin::main::<VBoxDriver>)
}
