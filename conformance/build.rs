//! `machine-conformance new` embeds the reference drivers: the executable is built again when one of them changes.
//!
//! Under the name `VBoxManage` the executable is started thousands of times in a run, and half of such a start was
//! adapting addresses to where it is loaded; so it is linked to a fixed place where that is known to work.

use std::env;

fn main() {
    for folder in ["ec2", "template", "vbox"] {
        println!("cargo::rerun-if-changed=../reference-drivers/{folder}");
    }
    println!("cargo::rerun-if-changed=../Cargo.toml");
    let target = |property: &str| env::var(format!("CARGO_CFG_TARGET_{property}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
