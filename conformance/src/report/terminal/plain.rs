//! Parts of the terminal report as plain text, for other front ends.

use super::{conclusion, finding};
use crate::{event::CheckResult, report::RunRecord};

/// The block of one check.
pub(crate) fn finding_text(result: &CheckResult, width: usize) -> String {
    plain(|writer| finding::write(writer, result, width))
}

/// The last lines of a run: verdict, numbers, what was not looked at.
pub(crate) fn conclusion_text(run: &RunRecord, width: usize) -> String {
    plain(|writer| conclusion::write(writer, run, width, &[]))
}

fn plain(write: impl FnOnce(&mut anstream::StripStream<Vec<u8>>) -> std::io::Result<()>) -> String {
    let mut writer = anstream::StripStream::new(Vec::new());
    // Writing to memory does not fail.
    let _ = write(&mut writer);
    String::from_utf8_lossy(&writer.into_inner()).into_owned()
}
