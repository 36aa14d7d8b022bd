//! The conformance suite, check by check: `cargo test --test conformance -- remove` runs those about `Remove`.
//!
//! Without the sweeps: `tests/tests/ec2_driver.rs` runs them.

machine_conformance::conformance_main! {
    driver: env!("CARGO_BIN_EXE_docker-machine-driver-ec2"),
    profile: "conformance.toml",
    options: ["--skip", "sweep"],
}
