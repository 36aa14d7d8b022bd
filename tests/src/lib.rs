//! What the tests across crates share: executables of this workspace, peers written in Go and Python, running programs.

pub mod bench;
pub mod bench_ec2;
pub mod bench_lives;
pub mod console;
pub mod defects;
pub mod detection;
pub mod docker;
pub mod ec2_defects;
pub mod executables;
pub mod false_alarms;
pub mod go_program;
pub mod go_tools;
pub mod judge;
pub mod load;
pub mod mock_process;
pub mod mutation;
pub mod peers;
pub mod python_tools;
pub mod rancher_machine;
mod relay;
pub mod run;
pub mod suite;
pub mod vbox_defects;
