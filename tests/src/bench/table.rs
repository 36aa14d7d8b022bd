//! Rows and numbers as they stand in the README.

use std::fmt::Write;

use crate::peers::NotTested;

/// One line of the table.
pub(super) struct Row {
    pub(super) figure: String,
    pub(super) ours: String,
    pub(super) other: String,
    pub(super) ratio: String,
}

pub(super) fn markdown(rows: &[Row], missing: &[NotTested]) -> String {
    let mut text = String::from("| figure | ours | Go | ratio |\n| --- | --- | --- | --- |\n");
    for Row { figure, ours, other, ratio } in rows {
        let _ = writeln!(text, "| {figure} | {ours} | {other} | {ratio} |");
    }
    for missing in missing {
        let _ = write!(text, "\nnot-tested: {missing}\n");
    }
    text
}

/// The middle value; of an even number the upper one of the two in the middle. 0 for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(super) fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1e3)
}

pub(super) fn per_second(rate: f64) -> String {
    format!("{:.1} k/s", rate / 1e3)
}

pub(super) fn times(ratio: f64) -> String {
    format!("{ratio:.1} ×")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 3.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
