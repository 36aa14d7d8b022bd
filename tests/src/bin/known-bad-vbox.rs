//! The VirtualBox driver with a defect, and VBoxManage in its hands; see `machine_tests::vbox_defects`.

fn main() -> std::process::ExitCode {
    machine_tests::vbox_defects::main()
}
