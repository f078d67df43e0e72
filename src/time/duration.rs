//! ISO 8601 durations: days, hours, minutes and seconds (`P1DT2H`, `PT0.5S`).

use std::time::Duration;

use crate::error::{Error, ErrorKind};

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The longest duration, about 292 years: what an `i64` of nanoseconds holds.
pub(crate) const MAX_DURATION: Duration = Duration::from_nanos(i64::MAX as u64);

/// The nanoseconds of a duration that was checked against [`MAX_DURATION`];
/// a longer one is cut to it.
pub(crate) fn nanos_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Reads an ISO 8601 duration of days, hours, minutes and seconds.
///
/// `P1D` is 24 hours; years, months and weeks are refused, for their length
/// depends on the calendar. Seconds may have up to nine fractional digits.
/// The longest duration is 292 years.
///
/// # Errors
///
/// [`ErrorKind::Syntax`] with the text where it is no such duration,
/// [`ErrorKind::Limit`] where it is too long.
///
/// ```
/// use tripline::time::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("PT10M")?, Duration::from_secs(600));
/// assert_eq!(parse_duration("P1DT0.5S")?, Duration::from_millis(86_400_500));
/// assert!(parse_duration("P1M").is_err());
/// # Ok::<(), tripline::Error>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, Error> {
    let refused = |why: &str| {
        Error::new(ErrorKind::Syntax, format!("{text:?} is not a duration such as PT10M or P1DT2H: {why}"))
    };
    let rest = text.strip_prefix('P').ok_or_else(|| refused("it does not start with P"))?;
    let (days, clock) = match rest.split_once('T') {
        Some((_, "")) => return Err(refused("nothing follows T")),
        Some((days, clock)) => (days, clock),
        None => (rest, ""),
    };
    if days.is_empty() && clock.is_empty() {
        return Err(refused("it names no length"));
    }
    let mut nanos: u128 = 0;
    let mut parts = Parts { rest: days };
    while let Some((number, unit)) = parts.next_part() {
        match unit {
            'D' if parts.rest.is_empty() => {
                nanos += whole(number).ok_or_else(|| refused("days are a whole number"))?
                    * 86_400
                    * NANOS_PER_SECOND
            }
            'Y' | 'M' | 'W' => {
                return Err(refused("years, months and weeks have no fixed length here; use days"));
            }
            _ => return Err(refused("before T only days are known")),
        }
    }
    let mut parts = Parts { rest: clock };
    let mut last = 0;
    while let Some((number, unit)) = parts.next_part() {
        let (order, seconds) = match unit {
            'H' => (1, 3_600),
            'M' => (2, 60),
            'S' => (3, 1),
            _ => return Err(refused("after T only H, M and S are known")),
        };
        if order <= last {
            return Err(refused("hours, minutes and seconds come once each, in this order"));
        }
        last = order;
        let amount = match unit {
            'S' => fraction(number),
            _ => whole(number).map(|n| n * NANOS_PER_SECOND),
        };
        nanos += amount.ok_or_else(|| {
            refused("a number is missing, too long, or has more than nine fractional digits")
        })? * seconds;
    }
    match u64::try_from(nanos) {
        Ok(nanos) if nanos <= i64::MAX as u64 => Ok(Duration::from_nanos(nanos)),
        _ => Err(Error::new(ErrorKind::Limit, format!("{text} is longer than the limit of 292 years"))),
    }
}

/// Writes a duration as ISO 8601, in the shortest form that
/// [`parse_duration`] reads back.
///
/// ```
/// use tripline::time::format_duration;
/// use std::time::Duration;
///
/// assert_eq!(format_duration(Duration::from_secs(5400)), "PT1H30M");
/// assert_eq!(format_duration(Duration::from_millis(500)), "PT0.5S");
/// assert_eq!(format_duration(Duration::ZERO), "PT0S");
/// ```
pub fn format_duration(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let mut text = String::from("P");
    push_unit(&mut text, seconds / 86_400, 'D');
    let clock = seconds % 86_400;
    if clock > 0 || nanos > 0 {
        text.push('T');
        push_unit(&mut text, clock / 3_600, 'H');
        push_unit(&mut text, clock / 60 % 60, 'M');
        if nanos > 0 {
            let digits = format!("{nanos:09}");
            text.push_str(&format!("{}.{}S", clock % 60, digits.trim_end_matches('0')));
        } else {
            push_unit(&mut text, clock % 60, 'S');
        }
    }
    if text.len() == 1 {
        text.push_str("T0S");
    }
    text
}

fn push_unit(text: &mut String, amount: u64, unit: char) {
    if amount > 0 {
        text.push_str(&amount.to_string());
        text.push(unit);
    }
}

struct Parts<'a> {
    rest: &'a str,
}

impl<'a> Parts<'a> {
    /// The next number and the letter behind it; `'\0'` where the letter is missing.
    fn next_part(&mut self) -> Option<(&'a str, char)> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        let mut letters = rest.chars();
        let unit = letters.next().unwrap_or('\0');
        self.rest = letters.as_str();
        Some((number, unit))
    }
}

/// At most 12 digits: the longest duration has 10.
fn whole(number: &str) -> Option<u128> {
    if number.is_empty() || number.len() > 12 || number.contains('.') {
        return None;
    }
    number.parse().ok()
}

/// Seconds with up to nine fractional digits, in nanoseconds.
fn fraction(number: &str) -> Option<u128> {
    let Some((seconds, digits)) = number.split_once('.') else {
        return whole(number).map(|n| n * NANOS_PER_SECOND);
    };
    if digits.is_empty() || digits.len() > 9 || digits.contains('.') {
        return None;
    }
    let nanos: u128 = format!("{digits:0<9}").parse().ok()?;
    Some(whole(seconds)? * NANOS_PER_SECOND + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for nanos in [
            0,
            1,
            999_999_999,
            1_000_000_000,
            59_000_000_001,
            3_600_000_000_000,
            86_400_000_000_000,
            90_061_100_000_000,
            i64::MAX as u64,
        ] {
            let duration = Duration::from_nanos(nanos);
            assert_eq!(parse_duration(&format_duration(duration)).unwrap(), duration, "{nanos}");
        }
    }

    #[test]
    fn each_malformed_duration_is_refused_with_its_text() {
        for text in [
            "",
            "P",
            "PT",
            "10M",
            "PT10",
            "P1Y",
            "P1M",
            "P2W",
            "PT1S1M",
            "PT1M1M",
            "PT-1S",
            "-PT1S",
            "PT.5S",
            "PT1.S",
            "PT1.0000000001S",
            "PT1.5M",
            "P1.5D",
            "PTS",
            "P1D2D",
            "P1DT",
            "pt1s",
            "PT1S ",
            "PT9999999999999S",
            "P1H",
            "PT1D",
            "PT1..5S",
            "PT٣S",
        ] {
            let error = parse_duration(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Syntax, "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn a_duration_over_292_years_is_refused_as_a_limit() {
        assert_eq!(parse_duration("P106752D").unwrap_err().kind(), ErrorKind::Limit);
        assert_eq!(parse_duration("PT9223372036.854775807S").unwrap(), MAX_DURATION);
        assert_eq!(parse_duration("PT9223372036.854775808S").unwrap_err().kind(), ErrorKind::Limit);
    }
}
