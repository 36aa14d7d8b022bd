//! The known-bad VirtualBox drivers' executable is also `VBoxManage`, and linked as the suite's: see `conformance/build.rs`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |property: &str| env::var(format!("CARGO_CFG_TARGET_{property}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bin=known-bad-vbox=-no-pie");
    }
}
