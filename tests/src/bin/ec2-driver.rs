//! The EC2 driver's executable, as tests of this package can find it.

use std::process::ExitCode;

use docker_machine_driver_ec2::Ec2Driver;

fn main() -> ExitCode {
    machine_driver::plugin::main::<Ec2Driver>()
}
