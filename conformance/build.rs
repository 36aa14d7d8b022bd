//! `machine-conformance new` embeds the reference drivers: the executable is built again when one of them changes.

fn main() {
    for folder in ["ec2", "template", "vbox"] {
        println!("cargo::rerun-if-changed=../reference-drivers/{folder}");
    }
    println!("cargo::rerun-if-changed=../Cargo.toml");
}
