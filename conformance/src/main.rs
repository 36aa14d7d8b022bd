//! The executable `machine-conformance`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    machine_conformance::command_line::main()
}
