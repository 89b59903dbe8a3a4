//! Times in receipts: UTC, to the second, as RFC 3339 writes them.

use alloc::format;
use alloc::string::String;

const SECONDS_PER_DAY: u64 = 86_400;

/// A moment, given in seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use genolewm_core::provenance::rfc3339_utc;
/// assert_eq!(rfc3339_utc(1_795_392_000), "2026-11-23T00:00:00Z");
/// ```
#[must_use]
pub fn rfc3339_utc(unix_seconds: u64) -> String {
    let (year, month, day) = civil_from_days(unix_seconds / SECONDS_PER_DAY);
    let second = unix_seconds % SECONDS_PER_DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from 1 March, so that
/// the leap day comes last and month lengths follow a straight line.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    const DAYS_FROM_0000_03_01: u64 = 719_468;
    const DAYS_PER_ERA: u64 = 146_097; // 400 years
    let days = days + DAYS_FROM_0000_03_01;
    let era = days / DAYS_PER_ERA;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Whether a text has the form `YYYY-MM-DDThh:mm:ssZ` with fields in range.
pub(super) fn is_rfc3339_utc(text: &str) -> bool {
    let shape = b"0000-00-00T00:00:00Z";
    let fits = |(found, wanted): (u8, &u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        _ => found == *wanted,
    };
    let field = |at: usize| {
        text.get(at..at + 2)
            .and_then(|digits| digits.parse::<u8>().ok())
    };
    let within = |at, range: core::ops::RangeInclusive<u8>| {
        field(at).is_some_and(|value| range.contains(&value))
    };
    text.len() == shape.len()
        && text.bytes().zip(shape).all(fits)
        && within(5, 1..=12)
        && within(8, 1..=days_of_month(text))
        && within(11, 0..=23)
        && within(14, 0..=59)
        && within(17, 0..=60)
}

/// Days of the month that a text begins with, `YYYY-MM`.
fn days_of_month(text: &str) -> u8 {
    let number = |from, to| {
        text.get(from..to)
            .and_then(|digits: &str| digits.parse().ok())
    };
    let (year, month): (u32, u32) = (number(0, 4).unwrap_or(0), number(5, 7).unwrap_or(0));
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leap_days_and_ends_of_years() {
        assert_eq!(rfc3339_utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339_utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339_utc(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(rfc3339_utc(4_102_444_799), "2099-12-31T23:59:59Z");
    }

    #[test]
    fn other_forms_are_refused() {
        assert!(is_rfc3339_utc("2026-11-23T03:10:59Z"));
        assert!(is_rfc3339_utc("2028-02-29T03:10:59Z"));
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T03:10:59+00:00",
            "2026-13-23T03:10:59Z",
            "2026-02-30T03:10:59Z",
            "2026-04-31T03:10:59Z",
            "2100-02-29T03:10:59Z",
        ] {
            assert!(!is_rfc3339_utc(text), "{text}");
        }
    }
}
