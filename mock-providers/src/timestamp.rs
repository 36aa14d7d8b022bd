//! Times in ISO 8601: `2026-06-21T04:00:00.000Z`.

/// Appends a time, given in milliseconds since 1970.
pub(crate) fn write(text: &mut String, milliseconds: u64) {
    let (year, month, day) = civil(milliseconds / 86_400_000);
    let seconds = milliseconds / 1000 % 86_400;
    digits::<4>(text, year);
    for (separator, number) in
        [('-', month), ('-', day), ('T', seconds / 3600), (':', seconds / 60 % 60), (':', seconds % 60)]
    {
        text.push(separator);
        digits::<2>(text, number);
    }
    text.push('.');
    digits::<3>(text, milliseconds % 1000);
    text.push('Z');
}

/// The time as text.
pub(crate) fn text(milliseconds: u64) -> String {
    let mut text = String::with_capacity(24);
    write(&mut text, milliseconds);
    text
}

/// Milliseconds since 1970 of a time in ISO 8601's basic form, as signatures have it: `20261122T232650Z`.
pub(crate) fn parse_basic(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || time.len() != 6 {
        return None;
    }
    let number = |text: &str, from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part)?.parse::<u64>().ok()
    };
    let (year, month, day) = (number(date, 0, 4)?, number(date, 4, 6)?, number(date, 6, 8)?);
    let (hour, minute, second) = (number(time, 0, 2)?, number(time, 2, 4)?, number(time, 4, 6)?);
    let exists = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    exists.then(|| ((days(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000)
}

fn digits<const LENGTH: usize>(text: &mut String, number: u64) {
    for place in (0..LENGTH).rev() {
        let digit = number / 10_u64.pow(place as u32) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

// The two conversions follow "chrono-Compatible Low-Level Date Algorithms" by Howard Hinnant, for days after 1970.

/// Year, month and day of a day since 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Days since 1970.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(text(1_795_643_210_987), "2026-11-25T21:46:50.987Z");
        for day in (0..200_000).step_by(7) {
            let (year, month, date) = civil(day);
            assert_eq!(days(year, month, date), day);
        }
    }

    #[test]
    fn basic_times_are_read() {
        assert_eq!(parse_basic("19700101T000001Z"), Some(1000));
        assert_eq!(parse_basic("20261122T232650Z").map(text).as_deref(), Some("2026-11-22T23:26:50.000Z"));
        for wrong in [
            "",
            "20261122T232650",
            "20261322T232650Z",
            "2026-11-22T23:26:50Z",
            "20261122T+32650Z",
            "00000101T000000Z",
        ] {
            assert_eq!(parse_basic(wrong), None, "{wrong}");
        }
    }
}
