//! The checks that have to do with networks, on a VirtualBox as it is on macOS since 7.0.

machine_conformance::conformance_main! {
    driver: env!("CARGO_BIN_EXE_docker-machine-driver-vbox"),
    profile: "conformance.toml",
    options: [
        "--provider", "vbox-macos", "--only", "create", "--only", "network", "--only", "start", "--only", "remove",
        "--only", "concurrency",
    ],
}
