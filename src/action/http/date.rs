//! Dates as HTTP writes them: RFC 9110, section 5.6.7, all three forms.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The instant of an HTTP date; `now` tells the century of a year with two
/// digits. The name of the day is not held against the date.
///
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
pub(super) fn http_date(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // Fields are found by their bytes below.
    if !text.is_ascii() {
        return None;
    }
    match text.split_once(", ") {
        Some((day, rest)) if DAYS.contains(&day) => fixdate(rest),
        Some((day, rest)) if LONG_DAYS.contains(&day) => rfc850(rest, now),
        Some(_) => None,
        None => asctime(text),
    }
}

/// `06 Nov 1994 08:49:37 GMT`
fn fixdate(text: &str) -> Option<DateTime<Utc>> {
    let (date, clock) = text.strip_suffix(" GMT")?.split_at_checked(12)?;
    let [day, month, year] = parts(date.strip_suffix(' ')?, ' ')?;
    instant(digits(year, 4)?, month, digits(day, 2)?, clock)
}

/// `06-Nov-94 08:49:37 GMT`
fn rfc850(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (date, clock) = text.strip_suffix(" GMT")?.split_at_checked(10)?;
    let [day, month, year] = parts(date.strip_suffix(' ')?, '-')?;
    let (year, day) = (digits(year, 2)?, digits(day, 2)?);
    let century = now.year().div_euclid(100) * 100;
    // A date more than fifty years ahead means the century before; one that
    // lies far back may be of the next, as at the turn of one.
    let read = |century: i32| instant(u32::try_from(century).ok()? + year, month, day, clock);
    let is_far_ahead = |time: &DateTime<Utc>| fifty_years_after(now).is_some_and(|far| *time > far);
    let nearest = read(century + 100).filter(|time| !is_far_ahead(time));
    nearest.or_else(|| read(century).filter(|time| !is_far_ahead(time))).or_else(|| read(century - 100))
}

/// `Nov  6 08:49:37 1994`, the day's name before it.
fn asctime(text: &str) -> Option<DateTime<Utc>> {
    let (day_name, rest) = text.split_once(' ')?;
    let (month, rest) = rest.split_once(' ')?;
    let (day, rest) = rest.split_at_checked(2)?;
    let (clock, year) = rest.strip_prefix(' ')?.split_at_checked(9)?;
    let day = match day.strip_prefix(' ') {
        Some(day) => digits(day, 1)?,
        None => digits(day, 2)?,
    };
    DAYS.contains(&day_name).then_some(())?;
    instant(digits(year, 4)?, month, day, clock.strip_suffix(' ')?)
}

fn instant(year: u32, month: &str, day: u32, clock: &str) -> Option<DateTime<Utc>> {
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let [hour, minute, second] = parts(clock, ':')?;
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    // A leap second is the first instant of the next minute, as in RFC 3339 times.
    let leap = u32::from(second == 60);
    let date = NaiveDate::from_ymd_opt(year.try_into().ok()?, month.try_into().ok()?, day)?;
    let time = date.and_hms_opt(hour, minute, second - leap)?.and_utc();
    time.checked_add_signed(TimeDelta::seconds(leap.into()))
}

fn parts(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn fifty_years_after(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    now.checked_add_months(chrono::Months::new(600))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_three_forms_of_the_rfc_name_the_same_instant() {
        let now = at("1995-01-01T00:00:00Z");
        for text in
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
        {
            assert_eq!(http_date(text, now), Some(at("1994-11-06T08:49:37Z")), "{text}");
        }
        assert_eq!(http_date("Wed Nov 16 08:49:37 1994", now), Some(at("1994-11-16T08:49:37Z")));
        assert_eq!(http_date("Sat, 31 Dec 2016 23:59:60 GMT", now), Some(at("2017-01-01T00:00:00Z")));
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        for (now, year, expected) in [
            ("2026-01-01T00:00:00Z", "26", 2026),
            ("2026-01-01T00:00:00Z", "75", 2075),
            ("2026-01-01T00:00:00Z", "77", 1977),
            ("2026-01-01T00:00:00Z", "99", 1999),
            ("1999-12-31T23:59:59Z", "00", 2000),
            ("2099-12-31T23:59:59Z", "01", 2101),
            ("2051-01-01T00:00:00Z", "00", 2100),
            ("2000-06-01T00:00:00Z", "50", 2050),
            ("2000-06-01T00:00:00Z", "51", 1951),
        ] {
            let read = http_date(&format!("Sunday, 01-Jan-{year} 00:00:00 GMT"), at(now)).unwrap();
            assert_eq!(read.year(), expected, "{now} {year}");
        }
    }

    #[test]
    fn what_is_none_of_the_three_is_no_date() {
        for text in [
            "",
            "Sun",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Son, 06 Nov 1994 08:49:37 GMT",
            "Sun,06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06 Nov 94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov  6 08:49:37 94",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov \u{e9} 08:49:37 1994",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(http_date(text, DateTime::UNIX_EPOCH), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_second_is_written_and_read_back(second in 0_i64..253_402_300_800) {
            let time = DateTime::from_timestamp(second, 0).unwrap();
            for format in ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
                prop_assert_eq!(http_date(&time.format(format).to_string(), DateTime::UNIX_EPOCH), Some(time));
            }
            let short = time.format("%A, %d-%b-%y %H:%M:%S GMT").to_string();
            prop_assert_eq!(http_date(&short, time), Some(time));
        }

        #[test]
        fn no_text_breaks_the_reader(text in any::<String>(), tail in "[ ,:0-9A-Za-z-]{0,40}") {
            let _ = http_date(&text, DateTime::UNIX_EPOCH);
            let _ = http_date(&format!("Sun, {tail}"), DateTime::<Utc>::MAX_UTC);
            let _ = http_date(&format!("Sunday, {tail}"), DateTime::<Utc>::MIN_UTC);
            let _ = http_date(&format!("Sun {tail}"), DateTime::UNIX_EPOCH);
        }
    }
}
