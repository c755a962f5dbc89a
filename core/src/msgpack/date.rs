//! Moments, as JavaScript writes them in JSON.

use std::io::Write as _;

/// How far from 1970 a `Date` can be, in milliseconds. Source: ECMA-262, "Time Values and Time Range".
const MAX_MILLIS: u64 = 8_640_000_000_000_000;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// Adds a moment to JSON: a string as of `Date.prototype.toJSON`, which is `null` for no date.
pub(super) fn write(json: &mut Vec<u8>, millis: Option<i64>) {
    let Some(millis) = millis.filter(|millis| millis.unsigned_abs() <= MAX_MILLIS) else {
        json.extend_from_slice(b"null");
        return;
    };
    let (year, month, day) = civil(millis.div_euclid(MILLIS_PER_DAY));
    let time = millis.rem_euclid(MILLIS_PER_DAY);
    let (seconds, millis) = (time / 1000, time % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    json.push(b'"');
    let year = match year {
        0..=9999 => write!(json, "{year:04}"),
        _ => write!(json, "{year:+07}"),
    };
    year.and_then(|()| {
        write!(json, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z\"")
    })
    .expect("writing to a Vec does not fail");
}

/// The date in the Gregorian calendar of a day that is counted from 1970-01-01.
///
/// Years begin in March here, so that a leap day is the last of its year. Source: Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next((year, month, day): (i64, i64, i64)) -> (i64, i64, i64) {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        match (month, day) {
            (12, 31) => (year + 1, 1, 1),
            (_, day) if day == days => (year, month + 1, 1),
            _ => (year, month, day + 1),
        }
    }

    #[test]
    fn a_day_follows_the_day_before() {
        let last = MAX_MILLIS.cast_signed() / MILLIS_PER_DAY;
        for start in [-last, -400_000, last - 400_000] {
            for day in start..start + 400_000 {
                assert_eq!(civil(day + 1), next(civil(day)), "{day}");
            }
        }
        assert_eq!(civil(0), (1970, 1, 1));
    }
}
