//! The template driver with a defect, see `machine_tests::defects`.

fn main() -> std::process::ExitCode {
    machine_tests::defects::main()
}
