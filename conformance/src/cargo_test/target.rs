/// What is tested, and by which test. [`conformance_main!`](crate::conformance_main) fills it in.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the macro fills it in")]
pub struct Target {
    /// The driver's executable.
    pub driver: &'static str,
    /// The driver's description, `conformance.toml`.
    pub profile: &'static str,
    /// Further options of `machine-conformance run`.
    pub options: &'static [&'static str],
    /// Package of the test.
    pub package: &'static str,
    /// Name of the test.
    pub test: &'static str,
    /// Folder for files of the test.
    pub folder: &'static str,
}

impl Target {
    /// Command line that runs one check again, with its seed.
    pub(super) fn rerun(&self, check: &str, seed: u64) -> String {
        format!(
            "MACHINE_CONFORMANCE_SEED={seed} cargo test -p {} --test {} -- --exact {check}",
            self.package, self.test
        )
    }
}
