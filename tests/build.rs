//! The executables that are also `VBoxManage` are linked as the suite's: see `conformance/build.rs`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |property: &str| env::var(format!("CARGO_CFG_TARGET_{property}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        for program in ["known-bad-vbox", "vbox-driver"] {
            println!("cargo::rustc-link-arg-bin={program}=-no-pie");
        }
    }
}
