//! Calendar dates in UTC, as far as profiles and reports need them.

use std::{
    fmt,
    str::FromStr,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a date has these three parts")]
pub struct CalendarDate {
    /// Year, for example 2027.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
}

impl CalendarDate {
    /// Day of a moment, in UTC.
    pub fn of(moment: SystemTime) -> Self {
        Self::from_days(seconds_since_epoch(moment) / SECONDS_OF_A_DAY)
    }

    /// Date of the `days`-th day after 1970-01-01: counted in eras of 400 years that begin on a 1st of March, so
    /// that the leap day is the last day of its year.
    fn from_days(days: u64) -> Self {
        let days = days + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
        let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self { year: small(year), month: small(month), day: small(day) }
    }
}

impl FromStr for CalendarDate {
    type Err = String;

    /// Reads a day such as `2027-03-01`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no day; write for example 2027-03-01");
        let mut parts = text.split('-').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u32>().ok()).flatten()
        });
        let (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let date = Self { year: year.try_into().map_err(|_| wrong())?, month, day };
        if year <= 9999 && (1..=12).contains(&month) && (1..=days_in(month, year)).contains(&day) {
            Ok(date)
        } else {
            Err(wrong())
        }
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A moment as RFC 3339 in UTC, to the second: `2027-03-01T09:30:00Z`.
pub fn rfc3339(moment: SystemTime) -> String {
    let second = seconds_since_epoch(moment) % SECONDS_OF_A_DAY;
    let date = CalendarDate::of(moment);
    format!("{date}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
}

const SECONDS_OF_A_DAY: u64 = 86_400;

fn seconds_since_epoch(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn small<T: TryFrom<u64> + Default>(number: u64) -> T {
    T::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> String {
        rfc3339(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn moments_are_written_in_utc() {
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_709_251_200), "2024-03-01T00:00:00Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        for text in ["2027-03-01", "2028-02-29", "1970-01-01"] {
            assert_eq!(text.parse().map(|day: CalendarDate| day.to_string()), Ok(text.to_owned()));
        }
        for text in
            ["2027-02-29", "2027-13-01", "2027-00-01", "2027-03", "2027-03-01-1", "+2027-03-01", "soon"]
        {
            assert!(text.parse::<CalendarDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn dates_compare_in_order_of_time() {
        let date = |year, month, day| CalendarDate { year, month, day };
        assert!(date(2026, 12, 31) < date(2027, 1, 1) && date(2027, 2, 28) < date(2027, 3, 1));
    }
}
