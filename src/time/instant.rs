//! Instants: RFC 3339 in, RFC 3339 out, nanoseconds since 1970 in between.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

use crate::error::{Error, ErrorKind};

/// Nanoseconds since 1970-01-01T00:00:00Z; `i64` bounds them to 1677-09-21 .. 2262-04-11.
pub(crate) type Nanos = i64;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The very ends stand for "long ago" and "never" in the machines.
fn is_in_range(nanos: Nanos) -> bool {
    nanos > Nanos::MIN && nanos < Nanos::MAX - 1
}

/// The instant of a host's time.
pub(crate) fn instant(time: DateTime<Utc>) -> Result<Nanos, Error> {
    time.timestamp_nanos_opt().filter(|&nanos| is_in_range(nanos)).ok_or_else(|| {
        Error::new(ErrorKind::Limit, format!("the time {time:?} is outside the years 1677 to 2262"))
    })
}

/// A host's time as a day and the nanoseconds since it began: two plain numbers, which compilers keep in registers.
/// Those of a leap second are the first of the next second's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DayTime {
    day: NaiveDate,
    nanos: i64,
}

impl From<DateTime<Utc>> for DayTime {
    #[inline(always)]
    fn from(time: DateTime<Utc>) -> Self {
        let (day, clock) = (time.naive_utc().date(), time.naive_utc().time());
        let second = i64::from(clock.num_seconds_from_midnight());
        Self { day, nanos: second * NANOS_PER_SECOND + i64::from(clock.nanosecond()) }
    }
}

impl DayTime {
    fn start(self) -> DateTime<Utc> {
        self.day.and_time(NaiveTime::MIN).and_utc()
    }

    pub(crate) fn instant(self) -> Result<Nanos, Error> {
        let time = self.start().checked_add_signed(TimeDelta::nanoseconds(self.nanos));
        instant(time.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }
}

/// Turns times into instants, fast where they are of one day, as those of a stream are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InstantReader {
    /// A day, at first that of 1970-01-01, and its first instant.
    day: NaiveDate,
    start: Nanos,
}

impl InstantReader {
    #[inline]
    pub(crate) fn read(&mut self, time: DayTime) -> Result<Nanos, Error> {
        self.of_the_day(time).map_or_else(|| self.turn_to(time), Ok)
    }

    /// The instant of a time of the same day as the one before.
    #[inline(always)]
    pub(crate) fn of_the_day(&self, time: DayTime) -> Option<Nanos> {
        (self.day == time.day).then_some(self.start + time.nanos)
    }

    #[cold]
    fn turn_to(&mut self, time: DayTime) -> Result<Nanos, Error> {
        // Only a day that is wholly within the range is kept.
        let start = time.start().timestamp_nanos_opt();
        let end = start.and_then(|start| start.checked_add(86_401 * NANOS_PER_SECOND));
        if let Some(start) = end.and(start) {
            *self = Self { day: time.day, start };
        }
        time.instant()
    }
}

/// The host's form of an instant.
pub(crate) fn datetime(nanos: Nanos) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(nanos)
}

/// Reads RFC 3339 strictly: a `T` and a zone, at most nine fractional digits, a
/// day that exists. A zone other than `Z` is taken into account. A leap second
/// (`:60`) is the first instant of the next minute.
pub(crate) fn parse_instant(text: &str) -> Result<Nanos, Error> {
    parse(text.as_bytes()).map_err(|why| {
        let kind = if why == RANGE { ErrorKind::Limit } else { ErrorKind::Syntax };
        Error::new(kind, format!("{text:?} is not an RFC 3339 time: {why}"))
    })
}

/// An instant as RFC 3339 in UTC, with as many fractional digits as it needs.
pub(crate) fn format_instant(nanos: Nanos) -> String {
    let mut text = String::with_capacity(30);
    push_instant(&mut text, nanos);
    text
}

/// Appends [`format_instant`]'s text.
pub(crate) fn push_instant(text: &mut String, nanos: Nanos) {
    let (second, nanosecond) = (nanos.div_euclid(NANOS_PER_SECOND), nanos.rem_euclid(NANOS_PER_SECOND));
    let (day, second) = (second.div_euclid(86_400), second.rem_euclid(86_400) as u32);
    // The range of instants has years of four digits.
    let (year, month, day) = civil(day);
    let mut digits = *b"0000-00-00T00:00:00.000000000Z";
    for (at, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, second / 3_600),
        (14, second / 60 % 60),
        (17, second % 60),
    ] {
        digits[at] = b'0' + (number / 10) as u8;
        digits[at + 1] = b'0' + (number % 10) as u8;
    }
    let mut end = 19;
    let (mut left, mut scale) = (nanosecond as u32, 100_000_000);
    if left > 0 {
        end = 20;
        while left > 0 {
            digits[end] = b'0' + (left / scale) as u8;
            left %= scale;
            scale /= 10;
            end += 1;
        }
    }
    digits[end] = b'Z';
    text.push_str(std::str::from_utf8(&digits[..=end]).unwrap_or_default());
}

/// The year, month and day of the days since 1970, by the proleptic Gregorian
/// calendar: Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: i64) -> (u32, u32, u32) {
    const DAYS_OF_ERA: i64 = 146_097;
    // Of the day after 0000-02-29, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(DAYS_OF_ERA), days.rem_euclid(DAYS_OF_ERA) as u32);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = i64::from(year) + era * 400 + i64::from(month <= 2);
    (year as u32, month, day)
}

const RANGE: &str = "it is outside the years 1677 to 2262";

fn parse(text: &[u8]) -> Result<Nanos, &'static str> {
    let Some((head, rest)) = text.split_first_chunk::<19>().filter(|(_, rest)| !rest.is_empty()) else {
        return Err("it is too short for YYYY-MM-DDThh:mm:ssZ");
    };
    let [.., b'-', _, _, b'-', _, _, b'T' | b't', _, _, b':', _, _, b':', _, _] = head else {
        return Err("it is not of the form YYYY-MM-DDThh:mm:ssZ");
    };
    let digits = |at: usize| match (head[at].wrapping_sub(b'0'), head[at + 1].wrapping_sub(b'0')) {
        (tens @ ..=9, ones @ ..=9) => Ok(u32::from(tens) * 10 + u32::from(ones)),
        _ => Err("a digit is missing"),
    };
    let (year, month, day) = (digits(0)? * 100 + digits(2)?, digits(5)?, digits(8)?);
    let (hour, minute, second) = (digits(11)?, digits(14)?, digits(17)?);
    if hour > 23 || minute > 59 || second > 60 {
        return Err("hours go to 23, minutes to 59, seconds to 59 (60 in a leap second)");
    }
    let (fraction, zone) = fraction(rest)?;
    let offset = offset(zone)?;
    let days = days_of(year, month, day).ok_or("there is no such day")?;
    let seconds = days * 86_400 + i64::from(hour * 3_600 + minute * 60 + second) - offset;
    let nanos = i128::from(seconds) * i128::from(NANOS_PER_SECOND) + i128::from(fraction);
    i64::try_from(nanos).ok().filter(|&nanos| is_in_range(nanos)).ok_or(RANGE)
}

/// The days from 1970-01-01 to a day, if there is such a day.
fn days_of(year: u32, month: u32, day: u32) -> Option<i64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    // Years from March on, so that the leap day is a year's last: <https://howardhinnant.github.io/date_algorithms.html>.
    let (year, month) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    // 719,468 days to 1970, and 400 years more so that no year is negative.
    Some(i64::from(days) - 719_468 - 146_097)
}

/// The fraction in nanoseconds, and what follows it.
fn fraction(text: &[u8]) -> Result<(i64, &[u8]), &'static str> {
    if text[0] != b'.' {
        return Ok((0, text));
    }
    // What one more digit is worth that many digits into the fraction.
    const WORTH: [i64; 9] = [100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let (mut nanos, mut count) = (0, 0);
    while let Some(digit @ b'0'..=b'9') = text.get(count + 1) {
        let worth = WORTH.get(count).ok_or("it has more than nine fractional digits")?;
        nanos += worth * i64::from(digit - b'0');
        count += 1;
    }
    if count == 0 {
        return Err("no digit follows the point");
    }
    Ok((nanos, &text[count + 1..]))
}

/// The zone's distance from UTC in seconds.
fn offset(zone: &[u8]) -> Result<i64, &'static str> {
    match zone {
        [b'Z' | b'z'] => Ok(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()) =>
        {
            let number = |tens: u8, ones: u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let (hours, minutes) = (number(*h1, *h2), number(*m1, *m2));
            if hours > 23 || minutes > 59 {
                return Err("the zone is over 23:59");
            }
            let seconds = hours * 3_600 + minutes * 60;
            Ok(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => Err("it does not end with Z or a zone such as +01:00"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_range_is_written_as_chrono_writes_it() {
        let day = 86_400 * NANOS_PER_SECOND;
        // Somewhere in the day, with the digits of a fraction that the day's number has.
        for number in Nanos::MIN / day + 1..Nanos::MAX / day {
            let nanos =
                number * day + number.rem_euclid(86_400) * NANOS_PER_SECOND + number.rem_euclid(1_000);
            let chrono = datetime(nanos).format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
            let chrono =
                if nanos % NANOS_PER_SECOND == 0 { &chrono[..19] } else { chrono.trim_end_matches('0') };
            assert_eq!(format_instant(nanos).strip_suffix('Z'), Some(chrono));
        }
    }

    #[test]
    fn an_instant_is_written_in_utc_and_read_back() {
        for nanos in [0, 1, -1, i64::MAX - 2, i64::MIN + 1, 1_772_330_407_000_000_000, 1_500_000_000] {
            assert_eq!(parse_instant(&format_instant(nanos)).unwrap(), nanos, "{}", format_instant(nanos));
        }
        assert_eq!(format_instant(1_500_000_000), "1970-01-01T00:00:01.5Z");
    }

    #[test]
    fn the_fast_reader_gives_the_same_instants() {
        let mut reader = InstantReader::default();
        for nanos in [0, 1, 86_399_999_999_999, 86_400_000_000_000, -1, i64::MAX - 2, i64::MIN + 1, 5] {
            assert_eq!(reader.read(datetime(nanos).into()).unwrap(), nanos);
            assert_eq!(reader.read(datetime(nanos).into()).unwrap(), nanos);
        }
        for time in [DateTime::<Utc>::MAX_UTC, datetime(i64::MAX), datetime(i64::MAX - 1), datetime(i64::MIN)]
        {
            assert!(reader.read(time.into()).is_err());
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        for year in (0..=2_400).chain(9_990..=9_999) {
            for month in 0..=13 {
                for day in [0, 1, 2, 28, 29, 30, 31, 32] {
                    let date = NaiveDate::from_ymd_opt(year as i32, month, day);
                    let expected = date.map(|date| i64::from(date.to_epoch_days()));
                    assert_eq!(days_of(year, month, day), expected, "{year}-{month}-{day}");
                }
            }
        }
    }

    #[test]
    fn zones_and_leap_seconds_name_the_instant_they_mean() {
        let utc = parse_instant("2026-03-01T02:00:07Z").unwrap();
        assert_eq!(parse_instant("2026-03-01T03:30:07+01:30").unwrap(), utc);
        assert_eq!(parse_instant("2026-02-28T21:00:07.000-05:00").unwrap(), utc);
        assert_eq!(
            parse_instant("2016-12-31T23:59:60Z").unwrap(),
            parse_instant("2017-01-01T00:00:00Z").unwrap()
        );
    }

    #[test]
    fn what_is_no_rfc_3339_time_is_refused_with_its_text() {
        for text in [
            "",
            "2026-03-01",
            "2026-03-01 02:00:07Z",
            "2026-03-01T02:00:07",
            "2026-02-30T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T02:00:07.Z",
            "2026-03-01T02:00:07.0000000001Z",
            "2026-03-01T02:00:07+1:00",
            "2026-03-01T02:00:07+24:00",
            "2026-3-01T02:00:07ZZ",
            "2026-03-01T02:00:61Z",
            "+026-03-01T02:00:07Z",
            "2026-03-01T02:00:07Zé",
            "20é6-03-01T02:00:07Z",
        ] {
            let error = parse_instant(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Syntax, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        assert_eq!(parse_instant("2300-01-01T00:00:00Z").unwrap_err().kind(), ErrorKind::Limit);
    }
}
