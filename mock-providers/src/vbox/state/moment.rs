//! Dates in file names.

use std::time::Duration;

/// A time since 1970 as VirtualBox writes it into names of saved states: `2026-11-22T23-33-24-428986000Z`.
pub(super) fn for_file_name(time: Duration) -> String {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let text = crate::timestamp::text(milliseconds);
    let text = text.trim_end_matches('Z').replace([':', '.'], "-");
    format!("{text}{:06}Z", time.subsec_nanos() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_form_of_virtualbox() {
        let time = Duration::new(1_795_390_404, 428_986_000);
        assert_eq!(for_file_name(time), "2026-11-22T23-33-24-428986000Z");
    }
}
