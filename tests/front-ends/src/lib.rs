//! What the tests of the front ends share.

pub mod drivers;
#[path = "../../src/executables.rs"]
pub mod executables;
pub mod markdown;
pub mod process;
pub mod report;
#[path = "../../src/run.rs"]
pub mod run;
pub mod shell;
