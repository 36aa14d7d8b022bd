//! The specification as data: clauses, their groups, and the recorded defects that show why they exist.

mod bugs;
mod clause;
mod coverage;
mod requirements;

pub use bugs::{Bug, bugs, bugs_citing};
pub use clause::{Clause, Gate, Section, Specification, specification};
pub use coverage::{Coverage, CoverageError, Exclusion, Standing, Tally};
pub use requirements::RequirementSet;
