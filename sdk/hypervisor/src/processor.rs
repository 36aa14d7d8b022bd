//! Whether this computer's processor can run VMs.

/// Whether it can: `false` only if it is known to lack VT-x and AMD-V, or they are switched off. Systems other than Linux,
/// and processors other than those of PCs, do not tell.
pub async fn can_run_vms() -> bool {
    can(&tokio::fs::read_to_string("/proc/cpuinfo").await.unwrap_or_default())
}

fn can(processor: &str) -> bool {
    let flags = processor.lines().find_map(|line| line.strip_prefix("flags"));
    flags.is_none_or(|flags| flags.split([' ', '\t', ':']).any(|flag| flag == "vmx" || flag == "svm"))
}

#[cfg(test)]
mod tests {
    use super::can;

    #[test]
    fn processors_without_virtualisation_are_recognised() {
        assert!(can("model name : x\nflags\t\t: fpu vmx sse\n"));
        assert!(can("flags : fpu svm\n"));
        assert!(!can("flags\t\t: fpu sse vmx_extra\n"));
        assert!(can("Features : fp asimd\n") && can(""));
    }
}
