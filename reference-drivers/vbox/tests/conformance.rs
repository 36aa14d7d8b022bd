//! The conformance suite, check by check: `cargo test --test conformance -- remove` runs those about `Remove`.

machine_conformance::conformance_main! {
    driver: env!("CARGO_BIN_EXE_docker-machine-driver-vbox"),
    profile: "conformance.toml",
}
