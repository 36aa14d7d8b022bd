//! The mock `VBoxManage` as a small program of its own, for tests and for installations by hand.

use std::process::ExitCode;

fn main() -> ExitCode {
    machine_mock_providers::vbox::executable::run()
}
