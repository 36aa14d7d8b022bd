//! What the tests across crates share: executables of this workspace, peers written in Go, running programs.

pub mod bench;
pub mod defects;
pub mod ec2_defects;
pub mod executables;
pub mod go_tools;
pub mod judge;
pub mod peers;
pub mod rancher_machine;
mod relay;
pub mod run;
pub mod suite;
